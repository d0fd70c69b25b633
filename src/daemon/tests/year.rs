//! A year of nights in twelve time zones, with reboots, clock jumps and a suspended week: each night
//! has exactly one run or a recorded reason.

use std::cell::Cell;

use super::*;
use crate::{
    daemon::{Why, jitter::mixed},
    model::zone,
};

const ZONES: [&str; 12] = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Sydney",
    "Australia/Lord_Howe",
    "America/Santiago",
    "Africa/Cairo",
    "Pacific/Chatham",
    "Antarctica/Troll",
    "Africa/Casablanca",
    "Asia/Beirut",
    "America/Havana",
    "America/St_Johns",
];
const DAYS: i64 = 365;
const RUN_MINUTES: u64 = 20;

/// What happens to the machine, at a true time.
#[derive(Clone, Copy, Debug)]
enum Event {
    /// SIGTERM, or else the power goes; off for so long.
    Reboot {
        by_signal: bool,
        off: TimeDelta,
    },
    Suspend(TimeDelta),
    /// The wall clock is wrong by this much for a while.
    Wrong {
        by: TimeDelta,
        during: TimeDelta,
    },
}

/// The machine: its clock, and what is true.
struct Machine {
    clock: Clock,
    /// How far the wall clock is ahead of the truth.
    wrong_by: Cell<TimeDelta>,
    /// Time during which nothing could run, as seen so far.
    asleep: Cell<TimeDelta>,
    zone: Zone,
    /// Finished runs: the tick, and how long the machine had been awake when the run began.
    finished: RefCell<Vec<(DateTime<Utc>, TimeDelta)>>,
    notes: RefCell<Vec<Note>>,
    last_good_at: Cell<Option<DateTime<Utc>>>,
    restarts: Cell<usize>,
}

impl Machine {
    fn truth(&self) -> DateTime<Utc> {
        self.clock.now() - self.wrong_by.get()
    }

    fn schedule(&self) -> Schedule {
        Schedule::parse("30 2 * * *", self.zone).expect("a schedule")
    }

    /// Runs the daemon as systemd would, restarting it after each reboot.
    async fn live(&self, start: DateTime<Utc>, events: &[(DateTime<Utc>, Event)]) {
        let mut events = events.iter();
        let mut back_at = None;
        loop {
            let daemon = Daemon {
                jitter: Jitter::new(Duration::from_mins(10), 42),
                ..daemon(&self.clock)
            };
            let job = Job {
                user: "Alice".to_owned(),
                kind: Kind::Full,
                schedule: self.schedule(),
                last_good_at: self.last_good_at.get(),
            };
            let act = async |due: Due| {
                let (wall, awake) = (self.clock.now(), self.truth() - start - self.asleep.get());
                for _ in 0..RUN_MINUTES {
                    self.clock.sleep(Duration::from_mins(1)).await;
                    if daemon.stop.is_cancelled() {
                        return Ended::<()>::Done;
                    }
                }
                self.finished.borrow_mut().push((due.tick, awake));
                self.last_good_at.set(Some(wall));
                Ended::Done
            };
            // The world turns beside the daemon; it ends with a reboot or with the year.
            let world = async {
                loop {
                    let (at, event) = *events.next()?;
                    while self.truth() < at {
                        if back_at.is_some_and(|back_at| self.truth() >= back_at) {
                            back_at = None;
                            self.set_wrong(TimeDelta::zero());
                        }
                        tokio::task::yield_now().await;
                    }
                    match event {
                        Event::Suspend(period) => self.sleep(period),
                        Event::Wrong { by, during } => {
                            back_at = Some(at + during);
                            self.set_wrong(by);
                        }
                        Event::Reboot { by_signal, off } => {
                            if by_signal {
                                daemon.stop.cancel();
                                tokio::task::yield_now().await;
                            }
                            return Some(off);
                        }
                    }
                }
            };
            let hangup = Notify::new();
            let note = |note: &Note| self.notes.borrow_mut().push(note.clone());
            let reload = async || Err(String::new());
            let jobs = vec![job];
            let off = {
                let running = daemon.run(jobs, act, reload, &hangup, note);
                tokio::pin!(running, world);
                tokio::select! {
                    biased;
                    off = &mut world => off,
                    _ = &mut running => world.await,
                }
            };
            let Some(off) = off else { return };
            self.sleep(off);
            self.restarts.set(self.restarts.get() + 1);
        }
    }

    fn sleep(&self, period: TimeDelta) {
        self.clock.set(self.clock.now() + period);
        self.asleep.set(self.asleep.get() + period);
    }

    fn set_wrong(&self, by: TimeDelta) {
        let truth = self.truth();
        self.wrong_by.set(by);
        self.clock.set(truth + by);
    }

    /// The reason on record for there being no run for a tick.
    fn has_reason(&self, tick: DateTime<Utc>) -> bool {
        let notes = self.notes.borrow();
        notes.iter().any(|note| match note {
            Note::Skipped {
                first, tick: last, ..
            }
            | Note::MadeUp {
                first, tick: last, ..
            } => (*first..=*last).contains(&tick),
            _ => false,
        })
    }

    fn count(&self, is_it: impl Fn(&Note) -> bool) -> usize {
        self.notes
            .borrow()
            .iter()
            .filter(|note| is_it(note))
            .count()
    }
}

/// Twenty reboots, five clock jumps there and back, a suspended week; never two at once.
fn events(start: DateTime<Utc>, seed: u64) -> Vec<(DateTime<Utc>, Event)> {
    let random = |index: u64, below: i64| {
        let number = mixed(seed ^ mixed(index)) >> 33;
        i64::try_from(number).expect("31 bits") % below
    };
    let jump = |by: TimeDelta| Event::Wrong {
        by,
        during: minutes(45),
    };
    let mut kinds = vec![
        Event::Suspend(TimeDelta::days(7)),
        jump(minutes(180)),
        jump(minutes(-60)),
        jump(TimeDelta::days(-1)),
        jump(TimeDelta::days(3653)),
        jump(TimeDelta::days(-20_400)), // 1970
    ];
    for index in 0..20 {
        let off = minutes(2 + random(index, 40 * 60));
        let by_signal = index % 2 == 0;
        kinds.insert(
            usize::try_from(random(100 + index, 6)).expect("few"),
            Event::Reboot { by_signal, off },
        );
    }
    let mut at = start + TimeDelta::days(3);
    let mut events = Vec::new();
    for (index, event) in (200..).zip(kinds) {
        // Some at night, when it hurts most: around 02:30 UTC runs are near in European zones.
        at += TimeDelta::days(4) + minutes(random(index, 9 * 24 * 60));
        events.push((at, event));
        let lasts = match event {
            Event::Reboot { off, .. } | Event::Suspend(off) => off,
            Event::Wrong { during, .. } => during,
        };
        at += lasts;
    }
    let end = start + TimeDelta::days(DAYS);
    assert!(at < end, "all of it happens within the year: {at}");
    // Nothing happens at the end; it only has to be reached.
    events.push((end, Event::Suspend(TimeDelta::zero())));
    events
}

async fn live_through(zone: Zone, seed: u64) -> Machine {
    let start = at("2026-01-01T12:00:00Z");
    let machine = Machine {
        clock: Clock::simulated(start),
        wrong_by: Cell::new(TimeDelta::zero()),
        asleep: Cell::new(TimeDelta::zero()),
        zone,
        finished: RefCell::default(),
        notes: RefCell::default(),
        last_good_at: Cell::new(None),
        restarts: Cell::new(0),
    };
    machine.live(start, &events(start, seed)).await;
    let schedule = machine.schedule();
    let end = start + TimeDelta::days(DAYS - 1);
    let first = schedule.next_after(start);
    let ticks = std::iter::successors(first, |tick| schedule.next_after(*tick));
    let finished = machine.finished.borrow().clone();
    for tick in ticks.take_while(|tick| *tick < end) {
        let runs = finished.iter().filter(|run| run.0 == tick).count();
        let is_fine = runs == 1 || (runs == 0 && machine.has_reason(tick));
        assert!(is_fine, "{zone} seed {seed}: {tick} has {runs} runs");
    }
    // Awake all the time, it is never long without a run; a jump may cost half a night more.
    let jumped = machine.count(|note| matches!(note, Note::ClockWentBack { .. }));
    let awake = TimeDelta::days(DAYS) - machine.asleep.get();
    let begun = finished.iter().map(|run| run.1).chain([awake]);
    let begun: Vec<_> = begun.collect();
    let gaps: Vec<_> = begun.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let long = gaps.iter().filter(|gap| **gap > minutes(26 * 60)).count();
    assert!(long <= jumped, "{zone} seed {seed}: {long} long gaps");
    assert!(
        gaps.iter().all(|gap| *gap < minutes(38 * 60)),
        "{zone} seed {seed}: {gaps:?}"
    );
    drop(finished);
    machine
}

#[test]
fn each_night_of_a_year_has_one_run_or_a_reason() {
    let totals = std::thread::scope(|scope| {
        let halves = [&ZONES[..6], &ZONES[6..]].map(|zones| {
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().build();
                let runtime = runtime.expect("a runtime");
                let mut totals = (0, 0, 0, 0);
                for (seed, name) in (1..).zip(zones) {
                    let machine = runtime.block_on(live_through(zone(name), seed));
                    assert_eq!(machine.restarts.get(), 20);
                    let made_up = |note: &Note| matches!(note, Note::MadeUp { .. });
                    let repeated = |note: &Note| {
                        matches!(
                            note,
                            Note::Skipped {
                                why: Why::Repeated,
                                ..
                            }
                        )
                    };
                    let back = |note: &Note| matches!(note, Note::ClockWentBack { .. });
                    totals.0 += machine.finished.borrow().len();
                    totals.1 += machine.count(made_up);
                    totals.2 += machine.count(repeated);
                    totals.3 += machine.count(back);
                }
                totals
            })
        });
        halves.map(|half| half.join().expect("a year"))
    });
    for (runs, made_up, repeated, back) in totals {
        // Something did happen.
        assert!(runs > 6 * 330, "{runs} runs");
        assert!(made_up > 6 * 5, "{made_up} made up");
        assert!(repeated > 0, "{repeated} repeated");
        assert!(back >= 6 * 5, "{back} times put back");
    }
}
