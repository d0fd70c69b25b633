//! One value has one form.

use super::*;

fn normal(name: &str, json: &str, default: &str) -> String {
    let raw = |text: &str| RawValue::from_string(text.to_owned()).expect("JSON");
    normal_form(name, &raw(json), Some(&raw(default)))
}

#[test]
fn one_value_has_one_form() {
    for same in [["1", "\"1\"", "true"], ["0", "\"0\"", "false"]] {
        let forms = same.map(|json| normal("x", json, "0"));
        assert!(forms.iter().all(|form| *form == forms[0]), "{forms:?}");
    }
    assert_eq!(normal("x", "\"\"", "false"), "0");
    assert_eq!(normal("x", "\"\"", "\"\""), "\"\"");
    assert_eq!(normal("x", "1.5", "0"), normal("x", "\"1.5\"", "0"));
}

#[test]
fn different_values_stay_different() {
    let different = [
        "null",
        "0",
        "\"\"",
        "\"05\"",
        "5",
        "\"-0\"",
        "\"5 \"",
        "[]",
        "{\"a\":1}",
        "\"1e3\"",
        "18446744073709551616",
        "18446744073709551617",
    ];
    for (i, a) in different.iter().enumerate() {
        for b in &different[i + 1..] {
            assert_ne!(normal("x", a, "\"\""), normal("x", b, "\"\""), "{a} {b}");
        }
    }
}

#[test]
fn the_offset_of_a_named_zone_is_folded() {
    let winter = normal("timecorrection", "\"ZoneInfo|60|Europe/Warsaw\"", "\"\"");
    let summer = normal("timecorrection", "\"ZoneInfo|120|Europe/Warsaw\"", "\"\"");
    assert_eq!(winter, summer);
    let own = normal("timecorrection", "\"Offset|60\"", "\"\"");
    assert_ne!(own, normal("timecorrection", "\"Offset|120\"", "\"\""));
}

#[test]
fn a_number_is_what_php_would_print_of_it() {
    for number in [
        "0",
        "-1",
        "10",
        "1.5",
        "-0.25",
        "123456789012345",
        "1234567.8901234",
        "-12345678901234",
    ] {
        assert_eq!(normal("x", &format!("\"{number}\""), "\"\""), number);
    }
    for text in [
        "-0",
        "05",
        "00",
        "-05",
        "1.50",
        "1.",
        ".5",
        "-",
        "1-",
        "1.5.1",
        "1.a",
        "a.1",
        "1e3",
        "+1",
        "1 ",
        "1234567890123456",
        "0.123456789012345",
    ] {
        let json = format!("\"{text}\"");
        assert_eq!(normal("x", &json, "\"\""), json);
    }
}

#[test]
fn only_a_switch_is_off_when_it_is_empty() {
    assert_eq!(normal("x", "\"\"", "1"), "0");
    assert_eq!(normal("x", "\"\"", "null"), "\"\"");
    let empty = RawValue::from_string("\"\"".to_owned()).expect("JSON");
    assert_eq!(normal_form("x", &empty, None), "\"\"");
    assert_eq!(normal("x", "\"on\"", "false"), "\"on\"");
    assert_eq!(normal("x", "null", "0"), "null");
}

#[test]
fn lists_and_objects_have_one_order_and_no_bottomless_depth() {
    assert_eq!(
        normal("x", "{\"b\": 1, \"a\": [true]}", "0"),
        "{\"a\":[true],\"b\":1}"
    );
    let deep = "[".repeat(3000) + &"]".repeat(3000);
    assert_eq!(normal("x", &deep, "0"), format!("\"{deep}\""));
}

#[test]
fn only_the_time_zone_is_read_as_one() {
    assert_eq!(
        normal("timecorrection", "\"System|60\"", "\"\""),
        "\"System\""
    );
    assert_eq!(normal("other", "\"System|60\"", "\"\""), "\"System|60\"");
    assert_eq!(
        normal("timecorrection", "\"ZoneInfo|60|Europe/Warsaw\"", "\"\""),
        "\"ZoneInfo|Europe/Warsaw\""
    );
}

fn redaction() -> Redaction {
    Redaction::new(
        [7; 32],
        vec!["*token*".to_owned()],
        crate::mediawiki::EmailPrivacy::Plain,
    )
}

#[test]
fn options_are_recorded_with_what_their_defaults_tell() {
    let options =
        r#"{"skin":"vector","rows":"25","off":"","new":1,"echo-last-seen":"5","atoken":"secret"}"#;
    let defaults =
        r#"{"skin":"monobook","rows":25,"off":0,"echo-last-seen":null,"atoken":"secret"}"#;
    let options: Options = serde_json::from_str(options).expect("options");
    let defaults: Options = serde_json::from_str(defaults).expect("options");
    let told = |defaults| {
        let mut snapshot = Snapshot::default();
        record(&mut snapshot, &options, defaults, &redaction());
        assert!(snapshot.coverage.covers(Subject::Preferences));
        snapshot.properties
    };
    let with = told(Some(&defaults));
    let of = |name: &str, kind| {
        let value: &Value = &with[&Property::new(kind, name)];
        (value.json().to_owned(), value.is_default())
    };
    assert_eq!(
        of("skin", Kind::Preference),
        ("\"vector\"".into(), Some(false))
    );
    assert_eq!(of("rows", Kind::Preference), ("25".into(), Some(true)));
    assert_eq!(of("off", Kind::Preference), ("0".into(), Some(true)));
    assert_eq!(of("new", Kind::Preference), ("1".into(), Some(false)));
    assert_eq!(of("echo-last-seen", Kind::Counter).0, "5");
    let (json, is_default) = of("atoken", Kind::Preference);
    assert!(json.starts_with(Value::REDACTED) && !json.contains("secret"));
    assert_eq!(is_default, Some(true));
    assert!(
        told(None)
            .values()
            .all(|value| value.is_default().is_none())
    );
}

#[test]
fn preferences_for_all_wikis_are_recorded_as_such() {
    let options: Options =
        serde_json::from_str(r#"{"skin":"vector","atoken":"secret"}"#).expect("options");
    let mut snapshot = Snapshot::default();
    record_global(&mut snapshot, &options, &redaction());
    assert!(snapshot.coverage.covers(Subject::GlobalPreferences));
    let skin = &snapshot.properties[&Property::new(Kind::GlobalPreference, "skin")];
    assert_eq!(skin.json(), "\"vector\"");
    let token = &snapshot.properties[&Property::new(Kind::GlobalPreference, "atoken")];
    assert!(token.is_redacted());
}

#[test]
fn an_answer_to_nobody_is_told_by_how_much_fell_to_defaults() {
    let set = |names: &[&str], is_default: bool| -> BTreeMap<Property, Value> {
        let value = Value::from_json_text("1").with_default(Some(is_default));
        let named = |name: &&str| (Property::new(Kind::Preference, *name), value.clone());
        names.iter().map(named).collect()
    };
    let four = set(&["a", "b", "c", "d"], false);
    let fell = |names: &[&str]| {
        let mut after = four.clone();
        after.extend(set(names, true));
        fell_to_defaults(&four, &after)
    };
    assert!(!fell(&[]) && !fell(&["a"]) && !fell(&["a", "b"]));
    assert!(fell(&["a", "b", "c"]) && fell(&["a", "b", "c", "d"]));
    assert!(fell_to_defaults(&four, &BTreeMap::new()));
    // Of two nobody can tell, and what was at its default cannot fall.
    let two = set(&["a", "b"], false);
    assert!(!fell_to_defaults(&two, &set(&["a", "b"], true)));
    let three = set(&["a", "b", "c"], false);
    assert!(fell_to_defaults(&three, &set(&["a", "b", "c"], true)));
    let defaults = set(&["a", "b", "c", "d"], true);
    assert!(!fell_to_defaults(&defaults, &BTreeMap::new()));
    // Three of five are most, two are not.
    let five = set(&["a", "b", "c", "d", "e"], false);
    let mut after = five.clone();
    after.extend(set(&["a", "b"], true));
    assert!(!fell_to_defaults(&five, &after));
    after.extend(set(&["c"], true));
    assert!(fell_to_defaults(&five, &after));
    // Other kinds of facts are no preferences.
    let groups: BTreeMap<_, _> = ["a", "b", "c", "d"]
        .map(|name| {
            (
                Property::new(Kind::Group, name),
                Value::from_json_text("1").with_default(Some(false)),
            )
        })
        .into();
    assert!(!fell_to_defaults(&groups, &BTreeMap::new()));
}
