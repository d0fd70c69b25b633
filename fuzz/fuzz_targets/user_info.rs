//! What a wiki says of our own account.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sultrail::{
    mediawiki::{EmailPrivacy, Redaction, user_info},
    model::CentralUserId,
};

fuzz_target!(|body: &[u8]| {
    let wiki = "enwiki".parse().expect("a wiki");
    let _ = user_info::snapshot(body, &wiki, CentralUserId(50_001), &redaction());
});

fn redaction() -> Redaction {
    Redaction::new([7; 32], vec!["*token*".to_owned()], EmailPrivacy::Hash)
}
