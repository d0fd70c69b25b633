//! Feeds `readers::rename_status`.
#![no_main]
#![allow(dead_code, reason = "each target feeds one of the readers")]

#[path = "../readers.rs"]
mod readers;

libfuzzer_sys::fuzz_target!(|fed: &[u8]| readers::rename_status(fed));
