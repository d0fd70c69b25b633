//! Figures for Prometheus: what they are, whom they do not name, and who can ask for them.

use std::{
    fs,
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    os::unix::fs::PermissionsExt,
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use crate::{
    farm::{ALICE, Fault, Rule, parse_time},
    scene::{PROGRAM, Scene},
};

/// Configures a key of section `metrics`.
fn with_metrics(scene: &Scene, key: &str, value: &str) {
    scene.edit_config("[pace]", &format!("[metrics]\n{key} = \"{value}\"\n[pace]"));
}

/// The value of a figure.
fn value(page: &str, figure: &str) -> i64 {
    let found = page
        .lines()
        .find_map(|line| line.strip_prefix(figure)?.strip_prefix(' '));
    let text = found.unwrap_or_else(|| panic!("{figure} in {page}"));
    text.parse().expect("a number")
}

#[test]
fn each_run_renews_the_file() {
    let scene = Scene::of(4);
    let now = parse_time("2026-11-18T01:00:00Z").expect("an instant");
    scene.farm.set_now(now);
    let directory = scene.home().join("textfile");
    fs::create_dir(&directory).expect("a directory");
    let file = directory.join("sultrail.prom");
    with_metrics(&scene, "file", &file.display().to_string());
    scene.at("2026-11-18T03:17:00Z", &["snapshot"]).succeeds();
    let (first, last) = (
        parse_time("2026-12-01T00:00:00Z"),
        parse_time("2026-12-24T00:00:00Z"),
    );
    scene
        .farm
        .grant("dewiki", ALICE, "sysop", last, "Steward", "a trial");
    scene
        .farm
        .grant("enwiki", ALICE, "sysop", first, "Steward", "a trial");
    scene
        .farm
        .misbehave(Rule::new(Fault::NotFound404).on("frwiki"));
    scene
        .at("2026-11-19T03:17:00Z", &["snapshot"])
        .says(3, &["1 not read"]);

    let page = fs::read_to_string(&file).expect("the figures");
    let at = parse_time("2026-11-19T03:17:00Z").expect("an instant");
    for (figure, expected) in [
        ("sultrail_users_without_good_run", 0),
        ("sultrail_last_run_wikis{user=\"1\",outcome=\"changed\"}", 2),
        (
            "sultrail_last_run_wikis{user=\"1\",outcome=\"unchanged\"}",
            1,
        ),
        (
            "sultrail_last_run_wikis{user=\"1\",outcome=\"first_seen\"}",
            0,
        ),
        ("sultrail_last_run_wikis{user=\"1\",outcome=\"failed\"}", 1),
        ("sultrail_unreadable_wikis{user=\"1\"}", 1),
        ("sultrail_runs_total{user=\"1\",status=\"finished\"}", 2),
        ("sultrail_changes_total{user=\"1\",kind=\"group\"}", 2),
        ("sultrail_last_run_requests{user=\"1\",class=\"4xx\"}", 1),
        ("sultrail_last_run_requests{user=\"1\",class=\"none\"}", 0),
        (
            "sultrail_group_expiry_timestamp_seconds{user=\"1\",group=\"sysop\"}",
            first.expect("an instant"),
        ),
    ] {
        assert_eq!(value(&page, figure), expected, "{figure}");
    }
    let good = value(
        &page,
        "sultrail_last_good_run_timestamp_seconds{user=\"1\"}",
    );
    assert!((at..at + 60).contains(&good), "{good}");
    let requests: i64 = scene
        .value("select sum(requests) from runs")
        .parse()
        .expect("a number");
    assert_eq!(
        value(&page, "sultrail_requests_total{user=\"1\"}"),
        requests
    );
    assert!(value(&page, "sultrail_database_bytes") > 4096);

    for name in ["Alice", "wiki\"", "Steward", "metawiki", "dewiki"] {
        assert!(!page.contains(name), "{name} in {page}");
    }
    let mode = fs::metadata(&file).expect("the file").permissions().mode();
    assert_eq!(mode & 0o777, 0o644);
    assert_eq!(fs::read_dir(&directory).expect("a directory").count(), 1);
}

#[test]
fn everybody_may_read_the_file_whatever_the_umask() {
    let scene = Scene::of(1);
    let file = scene.home().join("sultrail.prom");
    with_metrics(&scene, "file", &file.display().to_string());
    scene.shell("umask 077; exec \"$0\" snapshot").succeeds();
    let mode = fs::metadata(&file).expect("the file").permissions().mode();
    assert_eq!(mode & 0o777, 0o644);
}

#[test]
fn figures_that_cannot_be_written_stop_no_run() {
    let scene = Scene::of(1);
    with_metrics(&scene, "file", "/proc/self/sultrail.prom");
    let run = scene.run(&["snapshot"]);
    run.says(
        0,
        &[
            "run 1 done",
            "the metrics could not be written to /proc/self",
        ],
    );
}

#[test]
fn only_this_machine_can_ask_and_only_for_a_file_that_is_collected() {
    for (key, value) in [
        ("listen", "0.0.0.0:9618"),
        ("listen", "192.0.2.1:9618"),
        ("listen", "[::]:9618"),
        ("listen", "9618"),
        ("listen", "127.0.0.1:0"),
        ("file", "sultrail.prom"),
        ("file", "/var/lib/sultrail/metrics"),
    ] {
        let scene = Scene::of(1);
        with_metrics(&scene, key, value);
        for command in ["check", "daemon", "snapshot"] {
            scene.run(&[command]).says(78, &[&format!("metrics.{key}")]);
        }
    }
}

/// The daemon with a run each second, asked for figures on a port of its own.
struct Watched {
    scene: Scene,
    daemon: Child,
    address: SocketAddr,
}

impl Watched {
    fn start() -> Self {
        let scene = Scene::of(2);
        let free = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = free.local_addr().expect("its number");
        drop(free);
        with_metrics(&scene, "listen", &address.to_string());
        scene.edit_config("auth = ", "schedule = \"* * * * * *\"\nauth = ");
        scene.edit_config("[pace]", "[daemon]\njitter_minutes = 0\n[pace]");
        let mut command = scene.command(PROGRAM);
        command.args(["--quiet", "daemon"]).stderr(Stdio::null());
        let daemon = command.spawn().expect("the daemon starts");
        let watched = Self {
            scene,
            daemon,
            address,
        };
        watched.scene.wait_for("somebody who answers", |_| {
            watched.try_to_connect().is_some()
        });
        watched
    }

    fn try_to_connect(&self) -> Option<TcpStream> {
        TcpStream::connect(self.address).ok()
    }

    /// The whole answer to these bytes.
    fn ask(&self, request: &[u8]) -> String {
        let mut stream = self.try_to_connect().expect("a connection");
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .expect("a timeout");
        // Whoever sends too much may be cut off.
        _ = stream.write_all(request);
        let mut answer = Vec::new();
        match stream.read_to_end(&mut answer) {
            Err(error) if error.kind() != ErrorKind::ConnectionReset => panic!("{error}"),
            _ => String::from_utf8(answer).expect("text"),
        }
    }

    fn page(&self) -> String {
        let answer = self.ask(b"GET /metrics HTTP/1.1\r\nHost: localhost:1\r\n\r\n");
        let (head, page) = answer.split_once("\r\n\r\n").expect("head and body");
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        assert!(head.contains("text/plain; version=0.0.4"), "{head}");
        page.to_owned()
    }

    fn runs(&self) -> i64 {
        let page = self.page();
        let figure = "sultrail_runs_total{user=\"1\",status=\"finished\"}";
        if page.contains(figure) {
            value(&page, figure)
        } else {
            0
        }
    }

    fn stop(mut self) {
        let since = Instant::now();
        let kill = format!("kill -TERM {}", self.daemon.id());
        self.scene.shell(&kill).succeeds();
        assert!(self.daemon.wait().expect("its end").success());
        assert!(since.elapsed() < Duration::from_secs(10));
    }
}

#[test]
fn prometheus_can_ask_the_daemon_and_gets_what_the_last_run_left() {
    let watched = Watched::start();
    watched.scene.wait_for("two runs", |_| watched.runs() >= 2);
    let page = watched.page();
    assert!(
        value(
            &page,
            "sultrail_last_good_run_timestamp_seconds{user=\"1\"}"
        ) > 0
    );
    assert!(!page.contains("Alice"), "{page}");
    let before = watched.runs();
    let (scene, address) = {
        let Watched {
            scene,
            mut daemon,
            address,
        } = watched;
        scene
            .shell(&format!("kill -TERM {}", daemon.id()))
            .succeeds();
        assert!(daemon.wait().expect("its end").success());
        (scene, address)
    };
    // The next daemon counts on.
    scene.edit_config("* * * * * *", "17 3 1 1 *");
    let mut command = scene.command(PROGRAM);
    let daemon = command
        .args(["--quiet", "daemon"])
        .spawn()
        .expect("the daemon starts");
    let watched = Watched {
        scene,
        daemon,
        address,
    };
    watched
        .scene
        .wait_for("an answer", |_| watched.try_to_connect().is_some());
    assert!(watched.runs() >= before);
    watched.stop();
}

#[test]
fn whoever_asks_badly_holds_nothing_up() {
    let watched = Watched::start();
    for (request, status) in [
        (&b"HEAD /metrics HTTP/1.0\r\n\r\n"[..], "200"),
        (
            b"GET /metrics?x=1 HTTP/1.1\r\nhost: [::1]:9618\r\n\r\n",
            "200",
        ),
        (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", "404"),
        (b"POST /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", "405"),
        (
            b"GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n",
            "421",
        ),
        (b"GET /metrics HTTP/2.0\r\n\r\n", "505"),
        (b"nonsense\r\n\r\n", "400"),
    ] {
        let answer = watched.ask(request);
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{answer}"
        );
        assert!(status == "200" || !answer.contains("sultrail_"), "{answer}");
    }
    let head = watched.ask(b"HEAD /metrics HTTP/1.1\r\n\r\n");
    assert!(head.ends_with("\r\n\r\n"), "{head}");
    let long = [&b"GET /metrics HTTP/1.1\r\nX: "[..], &vec![b'x'; 1 << 20]].concat();
    let answer = watched.ask(&long);
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");

    // Twenty who say nothing at all, and keep the line.
    let idle: Vec<_> = (0..20).filter_map(|_| watched.try_to_connect()).collect();
    assert_eq!(idle.len(), 20);
    let before: i64 = watched
        .scene
        .value("select coalesce(max(run), 0) from runs")
        .parse()
        .expect("a number");
    watched.scene.wait_for("another run", |scene| {
        let runs = scene.value("select count(*) from runs where status = 'finished'");
        runs.parse::<i64>().is_ok_and(|runs| runs > before)
    });
    assert!(
        watched.page().contains("sultrail_build_info"),
        "who waits gets an answer"
    );
    watched.stop();
    drop(idle);
}
