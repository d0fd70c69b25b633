//! The list of accounts: no wiki is in it twice.
#![no_main]

use chrono::DateTime;
use libfuzzer_sys::fuzz_target;
use sultrail::mediawiki::global_user_info::{self, Found};

fuzz_target!(|body: &[u8]| {
    let Ok(Found::Account(list, _)) = global_user_info::enumeration(body, DateTime::UNIX_EPOCH)
    else {
        return;
    };
    let mut wikis: Vec<_> = list.attached.iter().map(|account| &account.wiki).collect();
    wikis.sort();
    wikis.dedup();
    assert_eq!(wikis.len(), list.attached.len());
});
