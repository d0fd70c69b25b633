//! For calendars: RFC 5545, an event for each instant at which something ends.
//!
//! Nothing in it comes from a clock or from dice, so the same events are the same bytes.

use std::io::{self, Write};

use chrono::{DateTime, Utc};

use super::sanitize::visible;

/// No line may be longer, its end not counted. From RFC 5545, 3.1.
const LONGEST_LINE: usize = 75;

/// Something that happens at an instant, and is told of a week before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The same for the same event in every calendar ever written: letters, digits, `-` and `@`.
    pub uid: String,
    /// When it was last known to be so.
    pub known_at: DateTime<Utc>,
    /// When it happens.
    pub at: DateTime<Utc>,
    /// In a few words; may come from a wiki.
    pub summary: String,
    /// In a sentence; may come from a wiki.
    pub description: String,
}

/// Writes a calendar. Lines end with CR LF, as the format wants. Does not flush `out`.
pub fn write_calendar(out: &mut dyn Write, events: &[Event]) -> io::Result<()> {
    for head in [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//sultrail//sultrail//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
    ] {
        line(out, head)?;
    }
    for event in events {
        write_event(out, event)?;
    }
    line(out, "END:VCALENDAR")
}

fn write_event(out: &mut dyn Write, event: &Event) -> io::Result<()> {
    let (summary, description) = (text(&event.summary), text(&event.description));
    line(out, "BEGIN:VEVENT")?;
    line(out, &format!("UID:{}", text(&event.uid)))?;
    line(out, &format!("DTSTAMP:{}", instant(event.known_at)))?;
    line(out, &format!("DTSTART:{}", instant(event.at)))?;
    line(out, &format!("SUMMARY:{summary}"))?;
    line(out, &format!("DESCRIPTION:{description}"))?;
    // It takes nobody's time.
    line(out, "TRANSP:TRANSPARENT")?;
    line(out, "BEGIN:VALARM")?;
    line(out, "ACTION:DISPLAY")?;
    line(out, &format!("DESCRIPTION:{summary}"))?;
    line(out, "TRIGGER:-P7D")?;
    line(out, "END:VALARM")?;
    line(out, "END:VEVENT")
}

fn instant(at: DateTime<Utc>) -> impl std::fmt::Display {
    at.format("%Y%m%dT%H%M%SZ")
}

/// A text on one line of visible characters, with the four signs escaped that mean something.
fn text(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in visible(text).chars() {
        if matches!(c, '\\' | ';' | ',') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// One line, folded between characters: what goes on begins with a space.
fn line(out: &mut dyn Write, content: &str) -> io::Result<()> {
    let mut length = 0;
    for c in content.chars() {
        if length + c.len_utf8() > LONGEST_LINE {
            out.write_all(b"\r\n ")?;
            length = 1;
        }
        out.write_all(c.encode_utf8(&mut [0; 4]).as_bytes())?;
        length += c.len_utf8();
    }
    out.write_all(b"\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calendar(summary: &str) -> String {
        let at = DateTime::from_timestamp(1_700_000_000, 0).expect("an instant");
        let event = Event {
            uid: "1@x".into(),
            known_at: at,
            at,
            summary: summary.into(),
            description: String::new(),
        };
        let mut out = Vec::new();
        write_calendar(&mut out, &[event]).expect("a Vec takes everything");
        String::from_utf8(out).expect("no character is cut")
    }

    #[test]
    fn no_line_is_too_long_and_no_character_is_cut() {
        for width in 60..80 {
            let summary = format!("{}{}", "a".repeat(width), "日本語🦉".repeat(30));
            let text = calendar(&summary);
            for line in text.split("\r\n") {
                assert!(line.len() <= LONGEST_LINE, "{line}");
                assert!(!line.contains(['\r', '\n']), "{line:?}");
            }
            let unfolded = text.replace("\r\n ", "");
            assert!(unfolded.contains(&format!("\r\nSUMMARY:{summary}\r\n")));
        }
    }

    #[test]
    fn no_text_is_a_property_of_its_own() {
        let text = calendar("a;b,c\\d\r\nEND:VCALENDAR\u{202e}");
        assert!(text.contains("SUMMARY:a\\;b\\,c\\\\d\\\\r\\\\nEND:VCALENDAR\\\\u{202e}\r\n"));
        assert_eq!(text.matches("\r\nEND:VCALENDAR").count(), 1);
    }
}
