//! Makes text safe: control and invisible characters become visible, private text is masked.

use std::borrow::Cow;
use std::fmt::Write;

/// The text on one line, with every control, bidirectional and invisible character spelled out: `\n`, `\x1b`, `\u{202e}`.
///
/// A backslash stays as it is, so doing it twice changes nothing, and a stranger may write `\x1b` in letters:
/// the result is for eyes, and never to be decoded.
pub fn visible(text: &str) -> Cow<'_, str> {
    let is_plain = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if is_plain || !text.chars().any(is_invisible) {
        return Cow::Borrowed(text);
    }
    let mut line = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            '\t' => line.push_str("\\t"),
            c if !is_invisible(c) => line.push(c),
            c if c <= '\u{ff}' => _ = write!(line, "\\x{:02x}", u32::from(c)),
            c => _ = write!(line, "\\u{{{:x}}}", u32::from(c)),
        }
    }
    Cow::Owned(line)
}

/// Whether a character drives a terminal, turns the direction of text, or hides.
///
/// General categories Cc, Cf, Zl and Zp of Unicode 17, the letters that look like nothing, and all tags. Variation
/// selectors up to U+FE0F stay: they only choose between two looks of a visible character.
pub(super) fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}'
            | '\u{890}'..='\u{891}' | '\u{8e2}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether the text holds a letter that is written from right to left.
pub(super) fn is_right_to_left(text: &str) -> bool {
    text.chars().any(|c| {
        matches!(c,
            '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}'
            | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
    })
}

/// Each character between its neighbours, for escapes that depend on them.
pub(super) fn neighbours(text: &str) -> impl Iterator<Item = (Option<char>, char, Option<char>)> {
    let mut before = None;
    let mut rest = text.chars().peekable();
    std::iter::from_fn(move || {
        let c = rest.next()?;
        Some((before.replace(c), c, rest.peek().copied()))
    })
}

/// Whether a character stands between two digits, as the colons of a time do.
pub(super) fn is_between_digits(before: Option<char>, after: Option<char>) -> bool {
    let is_digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    is_digit(before) && is_digit(after)
}

/// `a***@example.org` for an e-mail address and `***` for anything else, plain or as a JSON string.
pub fn mask(text: &str) -> String {
    if let Ok(serde_json::Value::String(string)) = serde_json::from_str(text) {
        return serde_json::Value::String(mask_plain(&string)).to_string();
    }
    match text {
        "null" => text.to_owned(),
        _ => mask_plain(text),
    }
}

fn mask_plain(text: &str) -> String {
    match text.rsplit_once('@') {
        Some((local, domain)) => {
            let first = local.chars().next().map(String::from).unwrap_or_default();
            format!("{first}***@{domain}")
        }
        None if text.is_empty() => String::new(),
        None => "***".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_what_a_terminal_would_obey_or_hide() {
        let hostile = "a\u{1b}[2J\n\t\r\u{7f}\u{9b}\u{202e}\u{200d}\u{2028}\u{e0041}é";
        let shown = r"a\x1b[2J\n\t\r\x7f\x9b\u{202e}\u{200d}\u{2028}\u{e0041}é";
        assert_eq!(visible(hostile), shown);
    }

    #[test]
    fn leaves_ordinary_text_alone() {
        for text in ["", "日本語", "שלום", "❤\u{fe0f}", r"C:\new", "e\u{301}"] {
            assert!(matches!(visible(text), Cow::Borrowed(same) if same == text));
        }
    }

    #[test]
    fn masks_an_address_but_not_its_absence() {
        assert_eq!(mask("alice@example.org"), "a***@example.org");
        assert_eq!(mask(r#""alice@example.org""#), r#""a***@example.org""#);
        assert_eq!(mask(r#""\u0022@example.org""#), r#""\"***@example.org""#);
        assert_eq!(mask("not an address"), "***");
        assert_eq!(mask("null"), "null");
        assert_eq!(mask(""), "");
    }
}
