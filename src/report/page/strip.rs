//! One row of the map: a state a bucket, drawn as bars whose height says as much as their colour.

use std::fmt::Write;

use super::Axis;

/// What was so in a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum State {
    /// Before the first look: nothing is drawn.
    Before,
    /// Nobody could look.
    Unknown,
    /// Not held.
    None,
    /// Held for a part of it.
    Part,
    /// Held.
    Held,
}

impl State {
    pub(super) const ALL: [Self; 5] = [
        Self::Held,
        Self::Part,
        Self::None,
        Self::Unknown,
        Self::Before,
    ];

    /// What the key says.
    pub(super) fn meaning(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Part => "held for a part of it",
            Self::None => "not held",
            Self::Unknown => "not known: nobody could look",
            Self::Before => "before the first look",
        }
    }

    /// Class, middle of the bar, and its height, of 12.
    fn look(self) -> Option<(&'static str, f32, f32)> {
        match self {
            Self::Before => None,
            Self::Unknown => Some(("unknown", 6.0, 3.0)),
            Self::None => Some(("none", 11.5, 1.0)),
            Self::Part => Some(("some", 9.0, 6.0)),
            Self::Held => Some(("held", 6.0, 12.0)),
        }
    }
}

/// The picture of a row of states. It says nothing that stands not beside it in words.
pub(super) fn states(states: &[State]) -> String {
    let mut svg = open(states.len());
    for state in State::ALL {
        let Some((class, y, height)) = state.look() else {
            continue;
        };
        let mut path = String::new();
        for (at, length) in runs(states, state) {
            _ = write!(path, "M{at} {y}h{length}");
        }
        if path.is_empty() {
            continue;
        }
        let dashes = match state {
            // Dotted, one dot a bucket or, of few buckets, more.
            State::Unknown => format!(r#" stroke-dasharray="{0} {0}""#, dot(states.len())),
            _ => String::new(),
        };
        _ = write!(
            svg,
            r#"<path class="{class}" stroke-width="{height}"{dashes} d="{path}"/>"#
        );
    }
    svg + "</svg>"
}

/// The picture of a row of numbers.
pub(super) fn counts(counts: &[usize], most: usize) -> String {
    let mut svg = open(counts.len());
    let mut path = String::new();
    let most = most.max(1);
    let mut at = 0;
    for run in counts.chunk_by(|a, b| a == b) {
        // In tenths of 12; whatever is there can be seen.
        let tenths = (run[0] * 120)
            .div_ceil(most)
            .max(usize::from(run[0] > 0) * 10);
        if tenths > 0 {
            let (whole, rest) = (tenths / 10, tenths % 10);
            let width = run.len();
            _ = write!(path, "M{at} 12v-{whole}.{rest}h{width}v{whole}.{rest}z");
        }
        at += run.len();
    }
    _ = write!(svg, r#"<path class="many" d="{path}"/></svg>"#);
    svg
}

/// What stands above the pictures: when was when.
pub(super) fn labels(axis: &Axis, height: u32) -> String {
    let mut svg = format!(r#"<svg height="{height}" aria-hidden="true" focusable="false">"#);
    let bottom = height - 5;
    for (at, (bucket, label)) in axis.labels().into_iter().enumerate() {
        // On a phone there is room for half of them.
        let class = if at % 2 == 1 { r#" class="odd""# } else { "" };
        let x = axis.percent(bucket);
        // The last one would leave the picture.
        if x > 88.0 {
            continue;
        }
        _ = write!(
            svg,
            r#"<line class="grid" x1="{x:.2}%" x2="{x:.2}%" y1="0" y2="{height}"/><text{class} x="{x:.2}%" dx="4" y="{bottom}">{label}</text>"#
        );
    }
    svg + "</svg>"
}

fn open(buckets: usize) -> String {
    format!(
        r#"<svg class="strip" viewBox="0 0 {buckets} 12" preserveAspectRatio="none" aria-hidden="true" focusable="false">"#
    )
}

#[expect(clippy::cast_precision_loss, reason = "a few hundred buckets")]
fn dot(buckets: usize) -> f64 {
    (buckets as f64 / 120.0).min(0.5)
}

/// Where a state begins, and for how many buckets it lasts.
fn runs(states: &[State], wanted: State) -> impl Iterator<Item = (usize, usize)> {
    let mut at = 0;
    states.chunk_by(|a, b| a == b).filter_map(move |run| {
        let begin = at;
        at += run.len();
        (run[0] == wanted).then_some((begin, run.len()))
    })
}
