//! Preferences in one normal form.
//!
//! MediaWiki shows one and the same option as `1`, `"1"` or `true`, as it was stored, set or is a
//! default. Core's own equality (`UserOptionsManager::isValueEqual`) takes booleans for numbers and
//! compares as text; so does the normal form.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::{php_json::Options, redact::Redaction};
use crate::model::{Kind, Property, Snapshot, Subject, Value};

/// Writes the options of an answer into a snapshot, with what the wiki's defaults tell about them.
pub(super) fn record(
    snapshot: &mut Snapshot,
    options: &Options<'_>,
    defaults: Option<&Options<'_>>,
    redaction: &Redaction,
) {
    snapshot.coverage.add(Subject::Preferences);
    for (name, raw) in &options.0 {
        let default = defaults.and_then(|defaults| defaults.0.get(name).copied());
        let json = normal_form(name, raw, default);
        let is_default = defaults.map(|_| {
            default.is_some_and(|default| {
                default.get() == raw.get() || normal_form(name, default, Some(default)) == json
            })
        });
        let json = redaction.preference(name, json);
        let value = Value::from_json_text(json).with_default(is_default);
        snapshot.insert(Property::new(kind(name), name.as_str()), value);
    }
}

/// Writes the preferences set for all wikis into a snapshot of the global account.
pub(super) fn record_global(snapshot: &mut Snapshot, options: &Options<'_>, redaction: &Redaction) {
    snapshot.coverage.add(Subject::GlobalPreferences);
    for (name, raw) in &options.0 {
        let json = redaction.preference(name, normal_form(name, raw, None));
        let property = Property::new(Kind::GlobalPreference, name.as_str());
        snapshot.insert(property, Value::from_json_text(json));
    }
}

/// Preferences in which software notes what the user has seen already change by use: they count
/// with the counters.
fn kind(name: &str) -> Kind {
    const NOTES: [&str; 4] = ["-last-seen", "-timestamp", "-notified", "-skipped-until"];
    if NOTES.iter().any(|note| name.ends_with(note)) {
        Kind::Counter
    } else {
        Kind::Preference
    }
}

/// The value as JSON text, alike for all ways in which MediaWiki shows the same value.
fn normal_form(name: &str, raw: &RawValue, default: Option<&RawValue>) -> String {
    let text = match raw.get().as_bytes().first() {
        Some(b'n') => return "null".to_owned(),
        Some(b't') => "1".to_owned(),
        Some(b'f') => "0".to_owned(),
        Some(b'"') => serde_json::from_str::<String>(raw.get()).unwrap_or_default(),
        Some(b'[' | b'{') => return nested(raw),
        _ => raw.get().to_owned(),
    };
    // A switch that is off may be stored as the empty text.
    let is_switch = || default.is_some_and(|default| !matches!(first(default), b'"' | b'n'));
    if text.is_empty() && is_switch() {
        return "0".to_owned();
    }
    let text = if name == "timecorrection" {
        without_offset(text)
    } else {
        text
    };
    if is_plain_number(&text) {
        text
    } else {
        serde_json::Value::String(text).to_string()
    }
}

fn first(raw: &RawValue) -> u8 {
    raw.get().as_bytes().first().copied().unwrap_or(b'n')
}

/// A list or an object, its keys in order. Nested deeper than anybody means it, or with numbers beyond
/// all measure, it is kept as text: the database takes no JSON that deep.
fn nested(raw: &RawValue) -> String {
    serde_json::from_str::<serde_json::Value>(raw.get())
        .unwrap_or_else(|_| raw.get().into())
        .to_string()
}

/// The offset of a time zone with a name is computed at each request: it turns with daylight-saving
/// time, and nobody changed anything.
fn without_offset(text: String) -> String {
    let parts: Vec<&str> = text.splitn(3, '|').collect();
    match parts[..] {
        ["ZoneInfo", _, zone] => format!("ZoneInfo|{zone}"),
        ["System", _] => "System".to_owned(),
        _ => text,
    }
}

/// Whether PHP prints a number with just this text, so that `5` and `"5"` are one value and `"05"`
/// stays text. At most 15 digits, which every reader of JSON holds exactly.
fn is_plain_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = match digits.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (digits, None),
    };
    let only_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    only_digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(|fraction| only_digits(fraction) && !fraction.ends_with('0'))
        && digits.len() <= 15
        && text != "-0"
}

/// Whether most of the preferences that the user had changed are at the wiki's defaults now. That is
/// what an answer to nobody looks like, and rarely what a user does.
pub fn fell_to_defaults(
    before: &BTreeMap<Property, Value>,
    after: &BTreeMap<Property, Value>,
) -> bool {
    let own = |(property, value): &(&Property, &Value)| {
        property.kind == Kind::Preference && value.is_default() == Some(false)
    };
    let had: Vec<&Property> = before
        .iter()
        .filter(own)
        .map(|(property, _)| property)
        .collect();
    let lost = had
        .iter()
        .filter(|property| {
            after
                .get(**property)
                .is_none_or(|value| value.is_default() == Some(true))
        })
        .count();
    had.len() >= 3 && lost * 2 > had.len()
}

#[cfg(test)]
mod tests;
