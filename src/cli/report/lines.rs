//! What happened, as the page of a user tells it.

use super::{
    Report,
    pages::{self, Look},
};
use crate::{
    findings::{
        digest::{Line, Subject},
        instant,
    },
    model::{Kind, Zone},
    report::{
        Cell,
        page::{ChangeLine, ChangePart, Digest},
    },
};

/// The lines of a report, by what they are about.
pub(crate) fn digest(report: &Report, time_zone: Zone) -> Digest {
    let look = Look {
        time_zone,
        all_wikis: true,
    };
    let lines = |lines: &mut dyn Iterator<Item = &Line>| -> Vec<ChangeLine> {
        lines.map(|line| told(line, look)).collect()
    };
    let mut parts: Vec<ChangePart> = Subject::ALL
        .into_iter()
        .map(|subject| ChangePart {
            title: pages::heading(subject).to_owned(),
            lines: lines(&mut report.lines.iter().filter(|line| line.subject == subject)),
        })
        .collect();
    parts.push(ChangePart {
        title: "Told before, explained now".to_owned(),
        lines: lines(&mut report.explained.iter()),
    });
    parts.retain(|part| !part.lines.is_empty());
    Digest {
        since: report.coverage.since.as_deref().and_then(instant),
        was_read: report.coverage.read > 0,
        parts,
    }
}

fn told(line: &Line, look: Look) -> ChangeLine {
    let is_account = line.kind == "account";
    let performer = line.performer.clone().filter(|_| !is_account);
    let comment = line.comment.clone().filter(|_| !is_account);
    let has_log = performer.is_some() || comment.as_ref().is_some_and(|text| !text.is_empty());
    let (before, after) = values(line, look);
    ChangeLine {
        sign: line.change().chars().next().unwrap_or('~'),
        name: pages::name(line).to_owned(),
        // The values say so.
        event: match line.event {
            "changed" if line.subject == Subject::Preferences => String::new(),
            event => event.to_owned(),
        },
        before,
        after,
        wikis: line.wikis.iter().cloned().collect(),
        happened_after: line.happened_after.as_deref().and_then(instant),
        happened_by: instant(&line.happened_by),
        cause: if has_log {
            String::new()
        } else {
            pages::why(line, look)
        },
        performer,
        comment,
    }
}

/// The values as far as they say more than the event.
fn values(line: &Line, look: Look) -> (Option<Cell>, Option<Cell>) {
    let is_state = line.subject == Subject::Rights || line.kind == Kind::Block.as_str();
    if is_state && line.after.is_none() {
        return (None, None);
    }
    let value = |json: &Option<String>| match pages::value(line, json.as_ref(), look) {
        Cell::Null => None,
        cell => Some(cell),
    };
    (value(&line.before), value(&line.after))
}
