//! The parameters of a request: query string and form body together.

/// Decoded parameters in their order; a later one wins.
#[derive(Default)]
pub struct Params(Vec<(String, String)>);

impl Params {
    pub fn parse(query: &str, body: &str) -> Self {
        let pairs = [query, body].into_iter().flat_map(|part| part.split('&'));
        let parse = |pair: &str| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(key), decode(value))
        };
        Self(pairs.filter(|pair| !pair.is_empty()).map(parse).collect())
    }

    pub fn get(&self, key: &str) -> Option<&str> {
        self.0
            .iter()
            .rev()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value.as_str())
    }

    pub fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// A multi-value: `a|b`, or `\u{1f}a\u{1f}b` where a value holds a bar.
    pub fn list(&self, key: &str) -> Vec<&str> {
        let Some(value) = self.get(key).filter(|value| !value.is_empty()) else {
            return Vec::new();
        };
        match value.strip_prefix('\u{1f}') {
            Some(rest) => rest.split('\u{1f}').collect(),
            None => value.split('|').collect(),
        }
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    pub fn pairs(&self) -> &[(String, String)] {
        &self.0
    }
}

/// Undoes form encoding.
pub fn decode(text: &str) -> String {
    if !text.bytes().any(|b| b == b'%' || b == b'+') {
        return text.to_owned();
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = (bytes[at] == b'%')
            .then(|| bytes.get(at + 1..at + 3))
            .flatten();
        if let Some(byte) =
            hex.and_then(|hex| u8::from_str_radix(str::from_utf8(hex).ok()?, 16).ok())
        {
            out.push(byte);
            at += 3;
        } else {
            out.push(if bytes[at] == b'+' { b' ' } else { bytes[at] });
            at += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Percent-encodes all but unreserved characters, as OAuth 1.0a wants it.
pub fn encode(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes()
        .fold(String::with_capacity(text.len()), |mut out, byte| {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                out.push(byte as char);
            } else {
                _ = write!(out, "%{byte:02X}");
            }
            out
        })
}
