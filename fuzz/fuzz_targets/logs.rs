//! Entries of logs.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sultrail::mediawiki::logs;

fuzz_target!(|body: &[u8]| {
    let Ok(events) = logs::events(body, "User:Alice Example") else {
        return;
    };
    for event in events {
        let _ = event.expiries("sysop");
    }
});
