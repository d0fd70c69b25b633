//! What SIGHUP, SIGTERM and systemd get.

use std::os::unix::net::UnixDatagram;

use super::*;

#[tokio::test]
async fn a_reload_replaces_the_jobs_unless_the_new_ones_are_wrong() {
    let clock = Clock::simulated(at("2026-11-21T03:00:00Z"));
    let record = Record::default();
    let act = async |due: Due| {
        record.begun.borrow_mut().push((clock.now(), due));
        Ended::<()>::Done
    };
    let answers = RefCell::new(vec![
        Ok(vec![
            job("Alice", Kind::Full, "0 4 * * *"),
            job("Bob", Kind::Full, "0 5 * * *"),
        ]),
        Err("line 3: the hour is \"24\"".to_owned()),
    ]);
    let reload = async || answers.borrow_mut().pop().expect("two reloads");
    let hangup = Notify::new();
    let script = async {
        reaches(&clock, at("2026-11-21T04:30:00Z")).await;
        hangup.notify_one();
        reaches(&clock, at("2026-11-22T03:30:00Z")).await;
        hangup.notify_one();
        reaches(&clock, at("2026-11-22T06:00:00Z")).await;
    };
    let daemon = daemon(&clock);
    let jobs = vec![job("Alice", Kind::Full, "0 4 * * *")];
    let note = |note: &Note| record.notes.borrow_mut().push(note.clone());
    tokio::select! {
        _ = daemon.run(jobs, act, reload, &hangup, note) => {}
        () = script => {}
    }
    let expected = [
        "21 04:00 Alice full run",
        "22 04:00 Alice full run",
        "22 05:00 Bob full run",
    ];
    assert_eq!(record.lines(), expected);
    let reason = "line 3: the hour is \"24\"".to_owned();
    let expected = [Note::NotReloaded { reason }, Note::Reloaded { jobs: 2 }];
    assert_eq!(record.notes.borrow()[..], expected);
}

#[tokio::test]
async fn it_ends_when_told_to_and_lets_a_run_end_first() {
    for obeys in [true, false] {
        let clock = Clock::simulated(at("2026-11-21T03:00:00Z"));
        let daemon = daemon(&clock);
        let act = async |_: Due| {
            if obeys {
                daemon.stop.cancelled().await;
            } else {
                std::future::pending::<()>().await;
            }
            Ended::Stop("ended by the run")
        };
        let notes = RefCell::new(Vec::new());
        let jobs = vec![job("Alice", Kind::Full, "0 4 * * *")];
        let note = |note: &Note| notes.borrow_mut().push(note.clone());
        let reload = async || Err(String::new());
        let hangup = Notify::new();
        let tell = async {
            reaches(&clock, at("2026-11-21T04:00:30Z")).await;
            daemon.stop.cancel();
            clock.elapsed()
        };
        let run = daemon.run(jobs, act, reload, &hangup, note);
        let (ended, told_at) = tokio::join!(run, tell);
        assert_eq!(ended, obeys.then_some("ended by the run"));
        let took = clock.elapsed().saturating_sub(told_at);
        assert!(took < Duration::from_secs(10), "{took:?}");
        assert_eq!(notes.borrow().len(), usize::from(!obeys));
    }
}

#[tokio::test]
async fn systemd_hears_how_things_stand() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("notify");
    let systemd = UnixDatagram::bind(&path).expect("a socket");
    let clock = Clock::simulated(at("2026-11-21T03:58:30Z"));
    let mut daemon = daemon(&clock);
    // Killed after 20 seconds: it says every 10 that it lives.
    daemon.systemd = Systemd::connect(path.to_str(), Some("20000000")).expect("a line");
    let act = async |_: Due| {
        daemon.systemd.status("12 of 34 wikis\nread");
        Ended::<()>::Done
    };
    systemd.set_nonblocking(true).expect("a socket");
    let heard = RefCell::new(Vec::new());
    let hear = || {
        let mut buffer = [0; 1000];
        while let Ok(length) = systemd.recv(&mut buffer) {
            let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
            heard.borrow_mut().extend(text.lines().map(str::to_owned));
        }
    };
    let hangup = Notify::new();
    let script = async {
        while clock.now() < at("2026-11-21T04:00:50Z") {
            hear();
            tokio::task::yield_now().await;
        }
        hangup.notify_one();
    };
    let jobs = vec![job("Alice", Kind::Full, "0 4 * * *")];
    let reload = async || {
        daemon.stop.cancel();
        Err(String::new())
    };
    let run = daemon.run(jobs, act, reload, &hangup, |_| {});
    let (ended, ()) = tokio::join!(run, script);
    assert_eq!(ended, None);
    hear();
    let mut heard = heard.into_inner();
    let alive = heard.iter().filter(|line| *line == "WATCHDOG=1").count();
    assert!((10..25).contains(&alive), "{alive} in 140 seconds");
    heard.retain(|line| line != "WATCHDOG=1" && !line.starts_with("MONOTONIC_USEC="));
    heard.dedup();
    let expected = [
        "READY=1",
        "STATUS=Waiting; next is a full run at 2026-11-21 04:00 UTC",
        "STATUS=A full run is under way",
        "STATUS=12 of 34 wikis read",
        "STATUS=Waiting; next is a full run at 2026-11-22 04:00 UTC",
        "RELOADING=1",
        "READY=1",
        "STATUS=Waiting; next is a full run at 2026-11-22 04:00 UTC",
        "STOPPING=1",
        "STATUS=Stopping",
    ];
    assert_eq!(heard, expected);
}

#[tokio::test]
async fn without_systemd_nobody_is_told() {
    let nobody = Systemd::connect(None, Some("20000000")).expect("nobody");
    assert_eq!(nobody.interval(), None);
    nobody.status("nothing happens");
    assert!(Systemd::connect(Some("/nonexistent/notify"), None).is_err());
}
