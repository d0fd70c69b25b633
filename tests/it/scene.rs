//! A scene: a farm, a user at home in a temporary directory, and the program as she starts it.
//!
//! `run` starts the real binary with an empty environment but `HOME`. `at` goes in through the same
//! door, `cli::run`, with a clock that shows another day and on which waiting takes no time. Whatever
//! is run is searched for the token and for panics; when the scene ends, so is every file it left.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    ffi::OsString,
    fs,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::Command,
    rc::Rc,
    time::{Duration, Instant},
};

use sqlx::{AssertSqlSafe, Connection, Row, SqliteConnection, sqlite::SqliteConnectOptions};
use sultrail::{cli, clock::Clock};
use tempfile::TempDir;

use crate::farm::{ALICE, Farm, FarmOptions, TOKEN, parse_time};

/// The program, as cargo built it.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_sultrail");

/// Longer than any run on a small farm takes.
const PATIENCE: Duration = Duration::from_mins(1);

/// A farm, a home directory with a configuration and a token, and the program.
pub(crate) struct Scene {
    pub(crate) farm: Farm,
    home: TempDir,
}

/// What came of one run of the program.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Scene {
    /// On a farm of so many wikis with a few dozen preferences each.
    pub(crate) fn of(wikis: usize) -> Self {
        Self::with(FarmOptions {
            wikis,
            options_per_wiki: 40,
            ..FarmOptions::default()
        })
    }

    pub(crate) fn with(options: FarmOptions) -> Self {
        Self::on(Farm::start(options))
    }

    /// On this farm; Alice Example is configured, and her token lies beside the configuration.
    pub(crate) fn on(farm: Farm) -> Self {
        let home = tempfile::tempdir().expect("a temporary directory");
        let scene = Self { farm, home };
        fs::create_dir_all(scene.config_dir()).expect("a directory");
        let text = format!(
            r#"contact = "https://meta.wikimedia.org/wiki/User:Alice_Example"

[farm]
central_api = "{}"
hosts = ["{}"]
insecure_http = true

[pace]
requests_per_minute = 60000
max_in_flight = 3

[[user]]
name = "{ALICE}"
auth = "oauth2"
credential_file = "alice.token"
"#,
            scene.farm.central_api(),
            scene.farm.hosts(),
        );
        scene.write_config(&text);
        scene.write_token(TOKEN, 0o600);
        scene
    }

    /// Starts the program and waits for its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        let mut command = self.command(PROGRAM);
        command.args(arguments);
        finish(command)
    }

    /// Runs a shell script, in which `$0` is the program.
    pub(crate) fn shell(&self, script: &str) -> Run {
        let mut command = self.command("/bin/sh");
        command.args(["-c", script, PROGRAM]);
        finish(command)
    }

    /// A command with nothing in its environment but what the scene has.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("HOME", self.home())
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .envs(counts());
        command
    }

    /// Runs a command line on another day, given as `2026-11-21T03:17:00Z`. The farm's clock goes
    /// along; it has to have one of its own.
    pub(crate) fn at(&self, instant: &str, arguments: &[&str]) -> Run {
        self.inside(instant, arguments, &[], false)
    }

    /// The same on a terminal.
    pub(crate) fn on_terminal(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Run {
        self.inside("2026-11-30T12:00:00Z", arguments, variables, true)
    }

    fn inside(
        &self,
        instant: &str,
        arguments: &[&str],
        variables: &[(&str, &str)],
        is_terminal: bool,
    ) -> Run {
        self.farm.set_now(parse_time(instant).expect("an instant"));
        let mut environment: BTreeMap<String, String> = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        environment.insert("HOME".into(), self.home().display().to_string());
        let (out, err) = (Sink::default(), Sink::default());
        let world = cli::World {
            variables: environment,
            clock: Clock::simulated(instant.parse().expect("an instant")),
            stdout_is_terminal: is_terminal,
            stderr_is_terminal: false,
            stdout: Box::new(out.clone()),
            stderr: Box::new(err.clone()),
        };
        let arguments = ["sultrail"].iter().chain(arguments).map(OsString::from);
        let code = cli::run(arguments, world);
        checked(i32::from(code), &out.0.borrow(), &err.0.borrow())
    }

    /// Waits until something holds on the farm or in the home directory.
    pub(crate) fn wait_for(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let since = Instant::now();
        while !holds(self) {
            assert!(since.elapsed() < PATIENCE, "waited too long for {what}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Places and files.
impl Scene {
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    fn config_dir(&self) -> PathBuf {
        self.home().join(".config/sultrail")
    }

    pub(crate) fn config_file(&self) -> PathBuf {
        self.config_dir().join("config.toml")
    }

    pub(crate) fn token_file(&self) -> PathBuf {
        self.config_dir().join("alice.token")
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.home().join(".local/share/sultrail/sultrail.db")
    }

    /// Makes a database of these bytes.
    pub(crate) fn write_database(&self, bytes: &[u8]) {
        let directory = self.database().with_file_name("");
        fs::create_dir_all(directory).expect("a directory");
        fs::write(self.database(), bytes).expect("a file");
    }

    pub(crate) fn write_config(&self, text: &str) {
        fs::write(self.config_file(), text).expect("a configuration");
    }

    /// Takes the configuration away. On a machine that has one for everybody, which would take its
    /// place, an empty one stays.
    pub(crate) fn forget_config(&self) {
        if Path::new("/etc/sultrail/config.toml").exists() {
            self.write_config("");
        } else {
            fs::remove_file(self.config_file()).expect("a configuration");
        }
    }

    /// Replaces a part of the configuration.
    pub(crate) fn edit_config(&self, part: &str, by: &str) {
        let text = fs::read_to_string(self.config_file()).expect("a configuration");
        assert!(text.contains(part), "{part:?} is in {text}");
        self.write_config(&text.replace(part, by));
    }

    pub(crate) fn write_token(&self, text: &str, mode: u32) {
        _ = fs::remove_file(self.token_file());
        let mut options = fs::OpenOptions::new();
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(self.token_file())
            .expect("a file for the token");
        file.write_all(text.as_bytes()).expect("the token");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(mode);
        file.set_permissions(mode).expect("a mode");
    }
}

/// The database, as anybody with SQLite sees it.
impl Scene {
    /// The rows of a question, every value as text and null as "".
    pub(crate) fn sql(&self, question: &str) -> Vec<Vec<String>> {
        ask_sqlite(&self.database(), question, true)
    }

    /// The only value of the only row.
    pub(crate) fn value(&self, question: &str) -> String {
        let rows = self.sql(question);
        match rows.as_slice() {
            [row] if row.len() == 1 => row[0].clone(),
            _ => panic!("one value was expected of {question}: {rows:?}"),
        }
    }

    /// The rows of a question, columns joined by a space.
    pub(crate) fn lines(&self, question: &str) -> Vec<String> {
        let rows = self.sql(question);
        rows.iter().map(|row| row.join(" ")).collect()
    }

    /// Changes the database behind the program's back.
    pub(crate) fn tamper(&self, statement: &str) {
        ask_sqlite(&self.database(), statement, false);
    }

    /// The columns of a table or a view.
    pub(crate) fn columns(&self, view: &str) -> Vec<String> {
        self.lines(&format!("select name from pragma_table_info('{view}')"))
    }
}

/// The rows of a question to any database.
pub(crate) fn ask_sqlite(database: &Path, sql: &str, read_only: bool) -> Vec<Vec<String>> {
    let options = SqliteConnectOptions::new()
        .filename(database)
        .read_only(read_only);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let rows = runtime.block_on(async {
        let mut connection = SqliteConnection::connect_with(&options).await?;
        let rows = sqlx::query(AssertSqlSafe(sql.to_owned()))
            .fetch_all(&mut connection)
            .await;
        connection.close().await?;
        rows
    });
    let rows = rows.unwrap_or_else(|error| panic!("{sql}: {error}"));
    let text = |row: &sqlx::sqlite::SqliteRow, at| {
        row.try_get_unchecked::<Option<String>, _>(at)
            .expect("text")
            .unwrap_or_default()
    };
    rows.iter()
        .map(|row| (0..row.len()).map(|at| text(row, at)).collect())
        .collect()
}

impl Run {
    /// Asserts the exit code, and that something that was said contains each of these.
    #[track_caller]
    pub(crate) fn says(&self, code: i32, parts: &[&str]) {
        assert_eq!(self.code, code, "{self:#?}");
        for part in parts {
            let is_said = self.out.contains(part) || self.err.contains(part);
            assert!(is_said, "{part:?} in {self:#?}");
        }
    }

    /// Asserts the exit code 0.
    #[track_caller]
    pub(crate) fn succeeds(self) -> Self {
        assert_eq!(self.code, 0, "{self:#?}");
        self
    }

    /// The lines on standard output.
    pub(crate) fn lines(&self) -> Vec<&str> {
        self.out.lines().collect()
    }
}

impl Drop for Scene {
    /// The token is in no file but its own.
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let files = files_below(self.home());
            assert!(!files.is_empty(), "a scene leaves files");
            for file in files.iter().filter(|file| **file != self.token_file()) {
                let bytes = fs::read(file).unwrap_or_default();
                assert!(!holds_token(&bytes), "{} holds the token", file.display());
            }
        }
    }
}

/// Every plain file below a directory.
pub(crate) fn files_below(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => found.extend(files_below(&entry.path())),
            Ok(kind) if kind.is_file() => found.push(entry.path()),
            _ => {}
        }
    }
    found
}

/// Where an instrumented program leaves its counts, which `tests/coverage.sh` reads.
pub(crate) fn counts() -> Option<(&'static str, &'static str)> {
    option_env!("COUNTS").map(|files| ("LLVM_PROFILE_FILE", files))
}

fn finish(command: Command) -> Run {
    let output = assert_cmd::Command::from(command)
        .timeout(PATIENCE)
        .output()
        .expect("the program starts");
    let code = output.status.code();
    let code = code.unwrap_or_else(|| panic!("ended by a signal: {output:?}"));
    checked(code, &output.stdout, &output.stderr)
}

/// A run in which nothing panicked and no token was said.
pub(crate) fn checked(code: i32, out: &[u8], err: &[u8]) -> Run {
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    let (out, err) = (text(out.to_vec()), text(err.to_vec()));
    let run = Run { code, out, err };
    let said = [run.out.as_bytes(), run.err.as_bytes()].concat();
    assert!(!holds_token(&said), "the token was said");
    assert!(!run.err.contains("panicked"), "{run:#?}");
    run
}

/// The last part of the token is what nobody else knows.
fn holds_token(bytes: &[u8]) -> bool {
    let secret = TOKEN.rsplit('.').next().unwrap_or(TOKEN).as_bytes();
    bytes.windows(secret.len()).any(|window| window == secret)
}

/// Where the program writes when it runs in this process.
#[derive(Clone, Default)]
struct Sink(Rc<RefCell<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
