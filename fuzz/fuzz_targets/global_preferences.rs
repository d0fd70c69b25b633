//! The preferences for all wikis.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sultrail::{
    mediawiki::{EmailPrivacy, Redaction, global_preferences},
    model::CentralUserId,
};

fuzz_target!(|body: &[u8]| {
    let _ = global_preferences::snapshot(body, CentralUserId(50_001), &redaction());
});

fn redaction() -> Redaction {
    Redaction::new([7; 32], vec!["*token*".to_owned()], EmailPrivacy::Hash)
}
