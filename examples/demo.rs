//! The newcomer's first command: a farm of wikis on this machine, a month of nightly runs in
//! seconds, then what happened in the last week.
//!
//! Nothing leaves this machine. The nights are simulated; everything else is the program as users
//! run it.

#[path = "../tests/it/farm/mod.rs"]
mod farm;
#[path = "demo/story.rs"]
mod story;

use std::{
    fs,
    io::{self, Write, stdout},
    process::ExitCode,
};

use farm::ALICE;
use story::{Demo, NIGHTS, WIKIS};

fn main() -> io::Result<ExitCode> {
    let directory = std::env::temp_dir().join("sultrail-demo");
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory)?;
    let demo = Demo::new(&directory)?;

    say(&format!(
        "A farm of {WIKIS} wikis; {ALICE} has an account on each. {NIGHTS} nights:"
    ))?;
    for night in 1..=NIGHTS {
        demo.live_through(night);
        let code = demo.sultrail(&["snapshot", "--quiet"]);
        if code != 0 {
            return Ok(ExitCode::from(code));
        }
        write!(stdout(), ".")?;
        stdout().flush()?;
    }
    say("\n\n$ sultrail report\n")?;
    demo.sultrail(&["report"]);
    say("\n$ sultrail groups\n")?;
    demo.sultrail(&["groups"]);

    let database = demo.database.display();
    say(&format!(
        "\nThe database is {database}. Worth trying:

sqlite3 -box {database} \"select run, accounts, unchanged, changed, requests from runs limit 5\"
sqlite3 -box {database} \"select name, before, after, cause, count(*) as wikis from changes
    where kind = 'preference' group by 1, 2, 3, 4 order by wikis desc\"
sqlite3 -box {database} \"select wiki, value, valid_from, valid_to from history
    where kind = 'group' and name = 'rollbacker'\""
    ))?;
    Ok(ExitCode::SUCCESS)
}

fn say(text: &str) -> io::Result<()> {
    writeln!(stdout(), "{text}")
}
