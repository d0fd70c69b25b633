//! `check`: would a run work? One line each, with what to do about it.

use std::{fs::OpenOptions, path::Path};

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    Context,
    collector::{self, Plan, Whose},
    daemon,
    exit::{Exit, Trouble},
    output::FormatArgument,
};
use crate::{
    config::{Settings, User},
    mediawiki::{CredentialKind, Purpose, Question, identity},
    model::same_name,
    report::{Column, ColumnKind, Listing},
    store::Store,
};

/// How to print.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    format: FormatArgument,
}

/// Our clock may differ from a wiki's by so much before it is worth a line: OAuth 1.0a signatures
/// are refused at five minutes.
const CLOCK_TOLERANCE: TimeDelta = TimeDelta::minutes(2);

/// One thing that was looked at.
struct Finding {
    subject: String,
    verdict: Verdict,
    detail: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Ok,
    /// A run would work, and yet.
    Note,
    /// A run would end with this.
    Wrong(Exit),
}

pub(super) async fn run(context: &mut Context<'_>, arguments: &Arguments) -> Result<Exit, Trouble> {
    let mut findings = Vec::new();
    match context.settings() {
        Err(trouble) => findings.push(wrong("configuration", &trouble)),
        Ok(settings) => {
            findings.push(configuration(&settings));
            for user in &settings.users {
                check_user(context, &settings, user, &mut findings).await;
            }
        }
    }
    findings.push(database(context).await);
    let worst = findings.iter().find_map(|finding| match finding.verdict {
        Verdict::Wrong(exit) => Some(exit),
        _ => None,
    });
    context
        .output()
        .print(&listing(findings), &arguments.format)?;
    Ok(worst.unwrap_or(Exit::Done))
}

fn listing(findings: Vec<Finding>) -> Listing {
    let columns = vec![
        Column::new("result", "result", ColumnKind::Word),
        Column::new("subject", "subject", ColumnKind::Word),
        Column::new("detail", "detail", ColumnKind::Text),
    ];
    let mut listing = Listing::new("Check", columns, "Nothing was looked at.");
    for finding in findings {
        let result = match finding.verdict {
            Verdict::Ok => "ok",
            Verdict::Note => "note",
            Verdict::Wrong(_) => "wrong",
        };
        listing.push(vec![
            result.into(),
            finding.subject.into(),
            finding.detail.into(),
        ]);
    }
    listing
}

fn configuration(settings: &Settings) -> Finding {
    let subject = "configuration";
    let Some(file) = &settings.file else {
        let text = "there is no configuration file; `sultrail init` writes one";
        return wrong(subject, &Trouble::new(Exit::Configuration, text));
    };
    if settings.users.is_empty() {
        let text = format!("{}: add a [[user]] section", file.display());
        return wrong(subject, &Trouble::new(Exit::Configuration, text));
    }
    ok(subject, file.display().to_string())
}

async fn database(context: &Context<'_>) -> Finding {
    let path = context.database();
    if let Err(trouble) = prove_writable(&path) {
        return wrong("database", &trouble);
    }
    if !path.exists() {
        let text = format!(
            "{} is not there yet; the first run creates it",
            path.display()
        );
        return note("database", text);
    }
    let checked = async {
        let store = Store::open_as_it_is(&path).await?;
        store.prove_writable().await?;
        let fault = store.integrity().await?;
        let is_old = store.is_of_earlier_program().await?;
        store.close().await;
        Ok::<_, crate::store::StoreError>((fault, is_old))
    };
    match checked.await {
        Ok((None, false)) => ok("database", path.display().to_string()),
        Ok((None, true)) => note(
            "database",
            format!(
                "{} is of an earlier sultrail: the next run brings it up to date, and the earlier one \
                 will not read it any more (`sultrail backup FILE` keeps a copy)",
                path.display()
            ),
        ),
        Ok((Some(fault), _)) => {
            let text = format!("{} is damaged ({fault}); restore a backup", path.display());
            wrong("database", &Trouble::new(Exit::Failed, text))
        }
        Err(error) => wrong("database", &error.into()),
    }
}

/// SQLite writes its log beside the database, and so do we our lock: the directory, or the nearest
/// one there is, has to take new files.
fn prove_writable(database: &Path) -> Result<(), Trouble> {
    let failed = |path: &Path, error: std::io::Error| {
        let text = format!(
            "cannot write to {}: {error}; change its owner, or name another place with --database",
            path.display()
        );
        Trouble::new(Exit::Failed, text)
    };
    let path = std::path::absolute(database).map_err(|error| failed(database, error))?;
    let directory = path.ancestors().skip(1).find(|parent| parent.exists());
    let directory = directory.unwrap_or(Path::new("/"));
    let file = directory.join(format!(".sultrail-check.{}", std::process::id()));
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&file)
        .and_then(|_| std::fs::remove_file(&file))
        .map_err(|error| failed(directory, error))
}

/// Asks the central wiki once, as the user.
async fn check_user(
    context: &Context<'_>,
    settings: &Settings,
    user: &User,
    findings: &mut Vec<Finding>,
) {
    let subject = format!("user {}", user.name);
    let whose = Whose {
        name: Some(&user.name),
        contact: None,
    };
    let plan = match collector::plan(settings, &whose, &context.world.variables) {
        Err(trouble) => return findings.push(wrong(&subject, &trouble)),
        Ok(plan) => plan,
    };
    for text in [&user.schedule, &user.pulse].into_iter().flatten() {
        if let Err(trouble) = daemon::schedule(settings, user, text) {
            findings.push(wrong(&subject, &trouble));
        }
    }
    let answer = ask(context, plan).await;
    let identity = match answer {
        Err(trouble) => return findings.push(wrong(&subject, &trouble)),
        Ok(identity) => identity,
    };
    let generator = identity.generator.clone().unwrap_or_default();
    findings.push(ok(
        &settings.farm.central_api,
        format!("answers ({generator})"),
    ));
    if let Some(time) = identity.server_time {
        findings.push(clock(context.world.clock.now(), time));
    }
    findings.extend(credential(user, &subject, &identity));
}

async fn ask(context: &Context<'_>, plan: Plan<'_>) -> Result<identity::Identity, Trouble> {
    let question = Question::new(Purpose::SiteInfo, identity::question());
    let answer = plan.ask_once(context, &question).await?;
    identity::identity(&answer.body).map_err(|unusable| {
        Trouble::new(
            Exit::Unreachable,
            format!("the central wiki's answer: {unusable}"),
        )
    })
}

fn clock(ours: DateTime<Utc>, theirs: DateTime<Utc>) -> Finding {
    let ahead = (ours - theirs).num_seconds();
    if ahead.abs() <= CLOCK_TOLERANCE.num_seconds() {
        return ok(
            "clock",
            format!("{} s from the central wiki's", ahead.abs()),
        );
    }
    let side = if ahead > 0 { "ahead of" } else { "behind" };
    note(
        "clock",
        format!(
            "{} s {side} the central wiki's: times in the history will be off, and signatures are \
             refused; set the clock (timedatectl set-ntp true)",
            ahead.abs()
        ),
    )
}

fn credential(user: &User, subject: &str, identity: &identity::Identity) -> Vec<Finding> {
    if user.auth == CredentialKind::None {
        return vec![ok(
            subject,
            "public view: groups, blocks and edit counts, no preferences",
        )];
    }
    let Some(name) = &identity.name else {
        let text = "the central wiki takes us for somebody who is not logged in: the credential \
                    has no effect there; make a new one";
        return vec![wrong(subject, &Trouble::new(Exit::Refused, text))];
    };
    if !same_name(name, &user.name) {
        let text = format!(
            "the credential belongs to {name:?}: put that name into the configuration, or make a \
             credential while logged in as {:?}",
            user.name
        );
        return vec![wrong(subject, &Trouble::new(Exit::Refused, text))];
    }
    let mut findings = vec![ok(subject, format!("logged in by {}", user.auth))];
    if !identity.sees_email {
        findings.push(note(
            subject,
            "may not see the e-mail address: if you want its history, add the grant \"Access \
             private information\"",
        ));
    }
    if !identity.may_write.is_empty() {
        findings.push(note(
            subject,
            format!(
                "may write ({}): sultrail never does; a credential without such grants is safer",
                identity.may_write.join(", ")
            ),
        ));
    }
    findings
}

fn ok(subject: &str, detail: impl Into<String>) -> Finding {
    finding(subject, Verdict::Ok, detail.into())
}

fn note(subject: &str, detail: impl Into<String>) -> Finding {
    finding(subject, Verdict::Note, detail.into())
}

fn wrong(subject: &str, trouble: &Trouble) -> Finding {
    finding(subject, Verdict::Wrong(trouble.exit), trouble.text())
}

fn finding(subject: &str, verdict: Verdict, detail: String) -> Finding {
    let subject = subject.to_owned();
    Finding {
        subject,
        verdict,
        detail,
    }
}
