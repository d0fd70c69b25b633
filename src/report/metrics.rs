//! For Prometheus: the text format of its exposition, version 0.0.4.
//!
//! Labels may hold what a wiki calls its groups, so they are made visible and escaped.

use std::fmt::Write;

use super::sanitize::visible;

/// Figures of one kind, under one name.
#[derive(Clone, Debug)]
pub struct Family {
    /// Letters and underscores, the unit last; `_total` behind a counter.
    pub name: &'static str,
    /// One sentence.
    pub help: &'static str,
    /// Whether it only ever grows.
    pub is_counter: bool,
    /// One a set of labels.
    pub samples: Vec<Sample>,
}

/// One figure.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Names and values.
    pub labels: Vec<(&'static str, String)>,
    /// All our figures are counts, bytes or whole seconds.
    pub value: i64,
}

impl Family {
    /// A family of figures that go up and down, without any yet.
    pub fn gauge(name: &'static str, help: &'static str) -> Self {
        Self {
            name,
            help,
            is_counter: false,
            samples: Vec::new(),
        }
    }

    /// A family of figures that only grow, without any yet.
    pub fn counter(name: &'static str, help: &'static str) -> Self {
        Self {
            is_counter: true,
            ..Self::gauge(name, help)
        }
    }

    /// Adds a figure.
    pub fn push(&mut self, labels: &[(&'static str, &str)], value: i64) {
        let labels = labels
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()));
        self.samples.push(Sample {
            labels: labels.collect(),
            value,
        });
    }
}

/// The page for Prometheus. Families without figures are left out.
pub fn exposition(families: &[Family]) -> String {
    let mut text = String::new();
    for family in families.iter().filter(|family| !family.samples.is_empty()) {
        let kind = if family.is_counter {
            "counter"
        } else {
            "gauge"
        };
        // Writing to a string does not fail.
        _ = writeln!(text, "# HELP {} {}", family.name, family.help);
        _ = writeln!(text, "# TYPE {} {kind}", family.name);
        for sample in &family.samples {
            _ = writeln!(text, "{}{} {}", family.name, labels(sample), sample.value);
        }
    }
    text
}

fn labels(sample: &Sample) -> String {
    if sample.labels.is_empty() {
        return String::new();
    }
    let pairs = sample.labels.iter();
    let pairs: Vec<String> = pairs
        .map(|(name, value)| format!("{name}=\"{}\"", escape(value)))
        .collect();
    format!("{{{}}}", pairs.join(","))
}

fn escape(value: &str) -> String {
    visible(value).replace('\\', "\\\\").replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_cannot_end_the_line_or_the_label() {
        let mut family = Family::gauge("sultrail_test", "A test.");
        family.push(&[("group", "a\"} 1\nb\\c\u{202e}")], 7);
        let text = exposition(&[family, Family::counter("sultrail_none_total", "None.")]);
        assert_eq!(
            text,
            "# HELP sultrail_test A test.\n# TYPE sultrail_test gauge\n\
             sultrail_test{group=\"a\\\"} 1\\\\nb\\\\c\\\\u{202e}\"} 7\n"
        );
    }
}
