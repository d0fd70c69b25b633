//! Whether a rename is running.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sultrail::mediawiki::rename_status;

fuzz_target!(|body: &[u8]| {
    let _ = rename_status::is_running(body);
});
