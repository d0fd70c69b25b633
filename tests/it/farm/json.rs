//! JSON text, written and cut by hand: no value tree for each request, and the order of keys stays.

use std::fmt::Write as _;

/// Appends `text` quoted, the way `MediaWiki` does: UTF-8 and slashes as they are.
pub fn text(out: &mut String, text: &str) {
    out.push('"');
    if text.bytes().any(|b| b < 0x20 || b == b'"' || b == b'\\') {
        for c in text.chars() {
            match c {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                c if (c as u32) < 0x20 => _ = write!(out, "\\u{:04x}", c as u32),
                c => out.push(c),
            }
        }
    } else {
        out.push_str(text);
    }
    out.push('"');
}

/// `text` as a JSON string.
pub fn quoted(value: &str) -> String {
    let mut out = String::with_capacity(value.len() + 2);
    text(&mut out, value);
    out
}

/// `["a","b"]`
pub fn texts<S: AsRef<str>>(out: &mut String, items: impl IntoIterator<Item = S>) {
    list(out, items, |out, item| text(out, item.as_ref()));
}

/// `[…]`, each item written by `write`.
pub fn list<T>(
    out: &mut String,
    items: impl IntoIterator<Item = T>,
    mut write: impl FnMut(&mut String, T),
) {
    out.push('[');
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write(out, item);
    }
    out.push(']');
}

/// An object being written.
pub struct Object<'a> {
    out: &'a mut String,
    empty: bool,
}

impl<'a> Object<'a> {
    pub fn open(out: &'a mut String) -> Self {
        out.push('{');
        Self { out, empty: true }
    }

    /// Writes the key; the caller writes the value.
    pub fn key(&mut self, key: &str) -> &mut String {
        if !std::mem::replace(&mut self.empty, false) {
            self.out.push(',');
        }
        text(self.out, key);
        self.out.push(':');
        self.out
    }

    pub fn text(&mut self, key: &str, value: &str) {
        text(self.key(key), value);
    }

    pub fn number(&mut self, key: &str, value: impl std::fmt::Display) {
        _ = write!(self.key(key), "{value}");
    }

    pub fn flag(&mut self, key: &str, value: bool) {
        self.raw(key, if value { "true" } else { "false" });
    }

    pub fn raw(&mut self, key: &str, json: &str) {
        self.key(key).push_str(json);
    }

    pub fn texts<S: AsRef<str>>(&mut self, key: &str, items: impl IntoIterator<Item = S>) {
        texts(self.key(key), items);
    }

    pub fn close(self) {
        self.out.push('}');
    }
}

/// The members of an object's text, in their order, values as they stand. Empty for anything else.
pub fn members(object: &str) -> Vec<(&str, &str)> {
    let bytes = object.as_bytes();
    let mut found = Vec::new();
    let mut at = skip_space(bytes, 0);
    if bytes.get(at) != Some(&b'{') {
        return found;
    }
    at = skip_space(bytes, at + 1);
    while bytes.get(at) == Some(&b'"') {
        let key_end = value_end(bytes, at);
        let start = skip_space(bytes, skip_space(bytes, key_end) + 1);
        let end = value_end(bytes, start);
        found.push((&object[at + 1..key_end - 1], &object[start..end]));
        at = skip_space(bytes, end);
        if bytes.get(at) == Some(&b',') {
            at = skip_space(bytes, at + 1);
        }
    }
    found
}

/// The value at `path` (keys only), as it stands.
pub fn at<'a>(json: &'a str, path: &[&str]) -> Option<&'a str> {
    path.iter().try_fold(json, |object, key| {
        members(object)
            .into_iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value)
    })
}

/// The items of an array's text.
pub fn items(array: &str) -> Vec<&str> {
    let bytes = array.as_bytes();
    let mut found = Vec::new();
    let mut at = skip_space(bytes, 1);
    while at < bytes.len() && bytes[at] != b']' {
        let end = value_end(bytes, at);
        found.push(&array[at..end]);
        at = skip_space(bytes, end);
        if bytes.get(at) == Some(&b',') {
            at = skip_space(bytes, at + 1);
        }
    }
    found
}

/// The text of a JSON string.
pub fn unquoted(json: &str) -> String {
    serde_json::from_str(json).unwrap_or_default()
}

fn skip_space(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
        at += 1;
    }
    at
}

/// Where the value that starts at `at` ends; well-formed JSON is taken for granted.
fn value_end(bytes: &[u8], mut at: usize) -> usize {
    let mut depth = 0_usize;
    let mut in_string = false;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\\' if in_string => at += 1,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' | b',' if depth == 0 => return at,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
        if depth == 0 && !in_string && matches!(byte, b'"' | b'}' | b']') {
            return at;
        }
    }
    at
}
