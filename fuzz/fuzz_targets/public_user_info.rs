//! What a wiki says of an account to everybody.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sultrail::{mediawiki::user_info, model::CentralUserId};

fuzz_target!(|body: &[u8]| {
    let _ = user_info::public_snapshot(body, CentralUserId(50_001));
});
