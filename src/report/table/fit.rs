//! How wide each column may be on a terminal, and how a text is cut to it.
//!
//! Whole lines beat whole values, and long texts give first: their end says least. Then times go without seconds,
//! then without the time of day; at last words and headings are cut. Numbers and signs never are: half a number is
//! a wrong one.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::{ColumnKind, GAP, Natural, WIDEST_IN_A_PIPE};

/// How much of an instant (`2026-11-21T03:17:04Z`) is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Times {
    Seconds,
    /// `2026-11-21T03:17Z`
    Minutes,
    /// `2026-11-21`
    Days,
}

impl Times {
    fn width(self) -> usize {
        match self {
            Self::Seconds => usize::MAX,
            Self::Minutes => 17,
            Self::Days => 10,
        }
    }
}

/// How far a table may be shortened: at least so many columns for a text, a word, a heading.
struct Stage {
    times: Times,
    text: usize,
    word: usize,
    heading: usize,
}

/// From the least loss to the largest that still reads as a table.
const STAGES: [Stage; 6] = [
    Stage {
        times: Times::Seconds,
        text: 24,
        word: usize::MAX,
        heading: usize::MAX,
    },
    Stage {
        times: Times::Minutes,
        text: 24,
        word: usize::MAX,
        heading: usize::MAX,
    },
    Stage {
        times: Times::Minutes,
        text: 16,
        word: usize::MAX,
        heading: usize::MAX,
    },
    Stage {
        times: Times::Days,
        text: 16,
        word: usize::MAX,
        heading: 10,
    },
    Stage {
        times: Times::Days,
        text: 10,
        word: 12,
        heading: 8,
    },
    Stage {
        times: Times::Days,
        text: 7,
        word: 7,
        heading: 6,
    },
];

/// The widths of a table.
pub(super) struct Fit {
    pub(super) widths: Vec<usize>,
    times: Times,
    cuts: bool,
}

impl Fit {
    /// Nothing is cut.
    pub(super) fn pipe(natural: &[Natural]) -> Self {
        let width = |n: &Natural| n.heading.max(n.cells).min(WIDEST_IN_A_PIPE);
        Self {
            widths: natural.iter().map(width).collect(),
            times: Times::Seconds,
            cuts: false,
        }
    }

    /// The least loss with which a line is at most `limit` columns long; `None` where there is none.
    pub(super) fn terminal(natural: &[Natural], limit: usize) -> Option<Self> {
        STAGES.iter().find_map(|stage| {
            let least: Vec<usize> = natural.iter().map(|n| n.least(stage)).collect();
            let mut widths: Vec<usize> = natural.iter().map(|n| n.most(stage)).collect();
            shrink(&mut widths, &least, natural, limit).then_some(Self {
                widths,
                times: stage.times,
                cuts: true,
            })
        })
    }

    /// The text as it stands in a column of that width.
    pub(super) fn shorten<'t>(
        &self,
        text: Cow<'t, str>,
        kind: ColumnKind,
        width: usize,
    ) -> Cow<'t, str> {
        let text = match kind {
            ColumnKind::Time => self.shorten_time(text),
            _ => text,
        };
        if self.cuts && text.width() > width {
            return Cow::Owned(cut(&text, width));
        }
        text
    }

    fn shorten_time<'t>(&self, text: Cow<'t, str>) -> Cow<'t, str> {
        let is_instant = text.len() == 20 && text.is_ascii() && text.ends_with('Z');
        match self.times {
            Times::Minutes if is_instant => Cow::Owned(format!("{}Z", &text[..16])),
            Times::Days if is_instant => Cow::Owned(text[..10].to_owned()),
            _ => text,
        }
    }
}

impl Natural {
    /// What the column takes if there is room enough.
    fn most(&self, stage: &Stage) -> usize {
        let cells = match self.kind {
            ColumnKind::Time => self.cells.min(stage.times.width()),
            _ => self.cells,
        };
        cells.max(self.heading)
    }

    /// What it cannot do without.
    fn least(&self, stage: &Stage) -> usize {
        let cells = match self.kind {
            ColumnKind::Text | ColumnKind::Json => self.cells.min(stage.text),
            ColumnKind::Word => self.cells.min(stage.word),
            ColumnKind::Time => self.cells.min(stage.times.width()),
            ColumnKind::Number | ColumnKind::Change => self.cells,
        };
        cells.max(self.heading.min(stage.heading))
    }

    fn is_text(&self) -> bool {
        matches!(self.kind, ColumnKind::Text | ColumnKind::Json)
    }
}

/// Takes from the widest text until the line fits, then from the widest of the others; says whether it fits.
fn shrink(widths: &mut [usize], least: &[usize], natural: &[Natural], limit: usize) -> bool {
    let gaps = GAP * widths.len().saturating_sub(1);
    if least.iter().sum::<usize>() + gaps > limit {
        return false;
    }
    while widths.iter().sum::<usize>() + gaps > limit {
        let able = (0..widths.len()).filter(|&i| widths[i] > least[i]);
        let Some(widest) = able.max_by_key(|&i| (natural[i].is_text(), widths[i])) else {
            return false;
        };
        widths[widest] -= 1;
    }
    true
}

/// The beginning of a text and `…`, at most `width` columns together. What a reader takes for one character is
/// never taken apart.
pub(super) fn cut(text: &str, width: usize) -> String {
    let room = width.saturating_sub(1);
    let mut start = String::new();
    for character in text.graphemes(true) {
        start.push_str(character);
        // Measured as a whole: characters can be wider together than each alone.
        if start.width() > room {
            start.truncate(start.len() - character.len());
            break;
        }
    }
    start.push('…');
    start
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_between_characters_only() {
        for (text, width, expected) in [
            ("e\u{301}e\u{301}e\u{301}", 3, "e\u{301}e\u{301}…"),
            ("日本語", 4, "日…"),
            ("👍🏽👍🏽", 3, "👍🏽…"),
            ("👍🏽👍🏽", 2, "…"),
            ("🇩🇪🇫🇷", 4, "🇩🇪…"),
            ("한국어", 5, "한국…"),
            ("abc", 1, "…"),
        ] {
            assert_eq!(cut(text, width), expected, "{text} in {width}");
        }
    }
}
