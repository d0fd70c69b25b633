//! Which answers tell the same.

use std::collections::BTreeSet;

use super::*;
use crate::mediawiki::EmailPrivacy;

fn answer(options: &str, defaults: &str, email: &str) -> String {
    let us = r#""groupmemberships":[],"centralids":{"CentralAuth":7}"#;
    format!(
        r#"{{"query":{{"general":{{"wikiid":"enwiki","time":"TIME"}},
        "defaultoptions":{defaults},"userinfo":{{"id":1,"name":"A","email":"{email}",
        "options":{options},{us}}},"users":[{{"userid":1,{us}}}]}}}}"#
    )
}

fn redaction(key: u8, patterns: &[&str], email: EmailPrivacy) -> Redaction {
    let patterns = patterns.iter().map(|text| (*text).to_owned()).collect();
    Redaction::new([key; 32], patterns, email)
}

fn told(answer: &str, redaction: &Redaction) -> ([u8; 16], Snapshot) {
    let wiki = "enwiki".parse().expect("a wiki");
    let told = Told::own(answer.as_bytes(), &wiki, CentralUserId(7), redaction);
    let told = told.expect("it is about us");
    let fingerprint = told.fingerprint(redaction);
    (fingerprint, told.snapshot(redaction).expect("preferences"))
}

#[test]
fn whatever_may_be_told_in_another_way_has_another_fingerprint() {
    let (plain, hidden) = (EmailPrivacy::Plain, EmailPrivacy::Hash);
    let usual = redaction(1, &["*token*"], plain);
    let base = answer(r#"{"skin":"a"}"#, r#"{"skin":"b"}"#, "");
    let (fingerprint, snapshot) = told(&base, &usual);
    let others = [
        (answer(r#"{"skin":"b"}"#, r#"{"skin":"b"}"#, ""), &usual),
        (answer(r#"{"skin":"a"}"#, r#"{"skin":"a"}"#, ""), &usual),
        (answer(r#"{"skin":"b"}"#, r#"{"skin":"a"}"#, ""), &usual),
        (answer(r#"{"skin":"a"}"#, "null", ""), &usual),
        (answer("null", r#"{"skin":"a"}"#, ""), &usual),
        (answer(r#"{"skin":"a"}"#, r#"{"skin":"b"}"#, "a@b"), &usual),
        (base.clone(), &redaction(2, &["*token*"], plain)),
        (base.clone(), &redaction(1, &["*token*", "skin"], plain)),
        (base.clone(), &redaction(1, &[], plain)),
    ];
    let mut fingerprints = BTreeSet::from([fingerprint]);
    for (answer, redaction) in &others {
        let (other, _) = told(answer, redaction);
        assert!(fingerprints.insert(other), "{answer}");
    }
    // What is of no account changes nothing.
    let later = base.replace("TIME", "LATER");
    assert_eq!(told(&later, &usual), (fingerprint, snapshot));
    let without_address = told(&base, &redaction(1, &["*token*"], hidden));
    assert_eq!(without_address.0, fingerprint);
}

#[test]
fn preferences_that_are_none_are_refused_when_they_are_read() {
    let usual = redaction(1, &[], EmailPrivacy::Plain);
    let wiki = "enwiki".parse().expect("a wiki");
    for options in ["7", "[1]", r#"{"a":1,"a":2}"#] {
        let body = answer(options, "{}", "");
        let told = Told::own(body.as_bytes(), &wiki, CentralUserId(7), &usual);
        let snapshot = told.and_then(|told| told.snapshot(&usual));
        assert!(matches!(snapshot, Err(Unusable::Malformed(_))), "{options}");
    }
}

/// If this fails, the same text tells something else than it did: raise `READING`.
#[test]
fn preferences_are_read_as_they_were() {
    let options = r#"{"a":"1","b":true,"c":"","echo-last-seen":"2","d":{"y":1,"x":[2]},
        "timecorrection":"ZoneInfo|120|Europe/Berlin","my-token":"secret"}"#;
    let answer = answer(options, r#"{"a":1,"c":true,"b":0}"#, "a@example.org");
    let (_, snapshot) = told(&answer, &redaction(1, &["*token*"], EmailPrivacy::Hash));
    let fingerprint = u128::from_be_bytes(snapshot.fingerprint());
    let known = 0x6397_f044_564a_864e_80b6_05f5_419f_d9d1;
    assert_eq!((READING, fingerprint), (b"1".as_slice(), known));
}
