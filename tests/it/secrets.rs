//! No credential reaches a foreign host, a message, or the database, whichever way the account logs
//! in and whatever the wikis answer. Everything the program wrote is searched.

use std::{
    fs,
    io::Write,
    net::TcpListener,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use tempfile::TempDir;

use super::{
    farm::{ALICE, Farm, FarmOptions, Fault, Rule, TOKEN},
    scene::counts,
};

const APP_PASSWORD: &str = "0123456789abcdefghijklmnopqrstuv";

/// A host that is none of the farm's, and counts who comes.
struct Foreign {
    address: String,
    connections: Arc<AtomicU64>,
}

impl Foreign {
    fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let connections = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&connections);
        // Ends with the test's process.
        std::thread::spawn(move || {
            while listener.accept().is_ok() {
                counter.fetch_add(1, Ordering::SeqCst);
            }
        });
        Self {
            address: format!("http://127.0.0.1:{port}"),
            connections,
        }
    }

    fn connections(&self) -> u64 {
        self.connections.load(Ordering::SeqCst)
    }
}

/// One way to log in: its name, the file, and all that must never be seen.
struct Login {
    auth: &'static str,
    file: String,
    secrets: Vec<String>,
}

fn logins(farm: &Farm) -> Vec<Login> {
    let grants = ["basic", "privateinfo"];
    let oauth1 = farm.add_oauth1(ALICE, &grants);
    farm.add_bot_password(ALICE, "sultrail", APP_PASSWORD, &grants);
    let file = format!(
        "consumer_key = {}\nconsumer_secret = {}\naccess_token = {}\naccess_secret = {}\n",
        oauth1.consumer_key, oauth1.consumer_secret, oauth1.token, oauth1.token_secret
    );
    vec![
        Login {
            auth: "oauth2",
            file: TOKEN.to_owned(),
            secrets: vec![TOKEN.to_owned()],
        },
        Login {
            auth: "oauth1",
            file,
            secrets: vec![
                oauth1.consumer_key,
                oauth1.consumer_secret,
                oauth1.token,
                oauth1.token_secret,
            ],
        },
        Login {
            auth: "bot-password",
            file: format!("{ALICE}@sultrail\n{APP_PASSWORD}\n"),
            secrets: vec![APP_PASSWORD.to_owned()],
        },
    ]
}

/// The program at home in a directory of its own.
struct Home {
    directory: TempDir,
}

impl Home {
    fn new(farm: &Farm, login: &Login) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let home = Self { directory };
        let config = format!(
            "contact = \"https://meta.wikimedia.org/wiki/User:Alice_Tester\"\n\
             [farm]\ncentral_api = \"{}\"\nhosts = [\"*.localhost\"]\ninsecure_http = true\n\
             [pace]\nrequests_per_minute = 60000\n\
             [[user]]\nname = \"{ALICE}\"\nauth = \"{}\"\ncredential_file = \"secret\"\n",
            farm.central_api(),
            login.auth
        );
        fs::write(home.path("config.toml"), config).expect("a configuration");
        let secret = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(home.path("secret"));
        let mut secret = secret.expect("a file for the secret");
        secret.write_all(login.file.as_bytes()).expect("the secret");
        home
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Everything is said that can be said.
    fn run(&self, format: &str) -> Output {
        Command::new(env!("CARGO_BIN_EXE_sultrail"))
            .args(["snapshot", "-vv", "--log-format", format])
            .arg("--config")
            .arg(self.path("config.toml"))
            .arg("--database")
            .arg(self.path("state/history.db"))
            .env_clear()
            .env("HOME", self.directory.path())
            .env("RUST_BACKTRACE", "1")
            .env("RUST_LOG", "trace")
            .envs(counts())
            .output()
            .expect("the program")
    }

    /// Every file but the secret's own and the cookies (which are for the user alone).
    fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut found = Vec::new();
        read_all(self.directory.path(), &mut found);
        found.retain(|(path, _)| !path.ends_with("secret"));
        found
    }
}

fn read_all(directory: &Path, found: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            read_all(&path, found);
        } else {
            let bytes = fs::read(&path).expect("a file");
            found.push((path, bytes));
        }
    }
}

fn holds(text: &[u8], secret: &str) -> bool {
    text.windows(secret.len())
        .any(|part| part == secret.as_bytes())
}

/// As it is, percent-encoded, in base64 at any offset: a secret is a secret.
fn disguises(secret: &str) -> Vec<String> {
    use base64::Engine;
    let engine = base64::engine::general_purpose::STANDARD_NO_PAD;
    let mut all = vec![secret.to_owned(), secret.replace('=', "%3D")];
    for offset in 0..3 {
        // The middle, which does not depend on what stands around it.
        let encoded = engine.encode(format!("{}{secret}", "x".repeat(offset)));
        all.push(encoded[4..encoded.len() - 4].to_owned());
    }
    all
}

#[test]
fn whichever_way_the_account_logs_in_its_secrets_are_written_nowhere() {
    let farm = Farm::start(FarmOptions {
        wikis: 12,
        options_per_wiki: 20,
        issue_session_jwt: true,
        ..FarmOptions::default()
    });
    let foreign = Foreign::listen();
    farm.set_central_url_of("dewiki", Some(&foreign.address));
    let mut searched = 0;
    for login in logins(&farm) {
        let home = Home::new(&farm, &login);
        farm.behave();
        let good = home.run("json");
        assert_eq!(
            good.status.code(),
            Some(3),
            "{}: {}",
            login.auth,
            shown(&good)
        );
        let read = farm.requests_to("enwiki");
        assert!(read > 0, "{}: nobody was asked", login.auth);
        misbehave(&farm, &foreign, &login);
        let bad = [home.run("text"), home.run("json")];
        let outputs = [&good, &bad[0], &bad[1]];
        let mut written = home.files();
        for output in outputs {
            written.push((PathBuf::from("stdout"), output.stdout.clone()));
            written.push((PathBuf::from("stderr"), output.stderr.clone()));
        }
        let said: usize = outputs.iter().map(|output| output.stderr.len()).sum();
        assert!(said > 2000, "{}: little was said: {said}", login.auth);
        for (path, bytes) in &written {
            for secret in login.secrets.iter().flat_map(|secret| disguises(secret)) {
                let path = path.display();
                assert!(
                    !holds(bytes, &secret),
                    "{}: {path} holds {secret}",
                    login.auth
                );
                searched += bytes.len();
            }
        }
        let database = fs::read(home.path("state/history.db")).expect("a database");
        assert!(
            holds(&database, "could") || holds(&database, "enwiki"),
            "a database of substance"
        );
    }
    assert_eq!(foreign.connections(), 0, "a foreign host was asked");
    assert!(searched > 1_000_000, "{searched} bytes were searched");
}

/// Wikis that send back what they were sent, and everything else that leads to a message.
fn misbehave(farm: &Farm, foreign: &Foreign, login: &Login) {
    let all = login.secrets.join(" ");
    let echo = Fault::ApiError {
        code: "strange".to_owned(),
        text: format!("Authorization: Bearer {all} is not understood"),
    };
    farm.misbehave(Rule::new(echo).on("enwiki").only("userinfo"));
    let echo = Fault::Raw {
        status: 200,
        headers: vec![("Content-Type".to_owned(), format!("text/plain; {all}"))],
        body: all.clone().into_bytes(),
    };
    farm.misbehave(Rule::new(echo).on("frwiki"));
    let echo = Fault::Raw {
        status: 200,
        headers: vec![("Content-Type".to_owned(), "application/json".to_owned())],
        body: format!("{{\"batchcomplete\":true,\"query\":{{\"userinfo\":{{\"id\":\"{all}\"}}}}}}")
            .into_bytes(),
    };
    farm.misbehave(Rule::new(echo).on("commonswiki"));
    let away = Fault::RedirectTo(format!("{}/{}", foreign.address, login.secrets[0]));
    farm.misbehave(Rule::new(away).on("wikidatawiki"));
    farm.misbehave(Rule::new(Fault::Anonymous200).on("loginwiki"));
}

fn shown(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{}\n{}", text(&output.stdout), text(&output.stderr))
}

#[test]
fn no_foreign_host_is_asked_whatever_the_central_wiki_says() {
    let foreign = Foreign::listen();
    let port = foreign
        .address
        .rsplit(':')
        .next()
        .unwrap_or_default()
        .to_owned();
    let farm = Farm::start(FarmOptions {
        wikis: 9,
        options_per_wiki: 10,
        ..FarmOptions::default()
    });
    let spellings = [
        foreign.address.clone(),
        format!("http://enwiki.localhost@127.0.0.1:{port}"),
        format!("http://127.0.0.1:{port}/.localhost"),
        format!("http://127.1:{port}"),
        format!("http://2130706433:{port}"),
        format!("http://[::ffff:127.0.0.1]:{port}"),
        format!("http://127.0.0.1:{port}#.localhost"),
        format!("http://127.0.0.1:{port}\\.localhost"),
    ];
    let wikis: Vec<String> = farm.wiki_ids().into_iter().skip(1).collect();
    for (wiki, spelling) in wikis.iter().zip(&spellings) {
        farm.set_central_url_of(wiki, Some(spelling));
    }
    let login = &logins(&farm)[0];
    let home = Home::new(&farm, login);
    let output = home.run("text");
    assert_eq!(output.status.code(), Some(3), "{}", shown(&output));
    assert_eq!(foreign.connections(), 0, "{}", shown(&output));
    assert_eq!(
        farm.requests_by_wiki().len(),
        1,
        "only metawiki is left to ask"
    );
    for wiki in wikis.iter().take(spellings.len()) {
        assert!(
            shown(&output).contains(wiki.as_str()),
            "{wiki} is named in a warning"
        );
    }
}

/// Control: the listener would have noticed.
#[test]
fn the_foreign_host_notices_whoever_comes() {
    let foreign = Foreign::listen();
    let address = foreign.address.trim_start_matches("http://").to_owned();
    let connection = std::net::TcpStream::connect(address);
    assert!(connection.is_ok());
    for _ in 0..100 {
        if foreign.connections() == 1 {
            return;
        }
        std::thread::yield_now();
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    panic!("nobody was noticed");
}
