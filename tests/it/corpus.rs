//! What the fuzzer fed to the readers of outside data and was worth keeping, fed to them again.

#[path = "../../fuzz/readers.rs"]
mod readers;

use std::{fs, panic};

#[test]
fn every_reader_bears_what_the_fuzzer_found() {
    for (name, reader) in readers::ALL {
        let directory = format!("fuzz/corpus/{name}");
        let files = fs::read_dir(&directory).expect("a corpus for each reader");
        let mut fed = 0;
        for file in files {
            let path = file.expect("a file").path();
            let input = fs::read(&path).expect("its content");
            let borne = panic::catch_unwind(|| reader(&input));
            assert!(borne.is_ok(), "{} is not borne", path.display());
            fed += 1;
        }
        assert!(fed >= 3, "{directory} holds {fed} inputs");
    }
}
