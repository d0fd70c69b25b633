//! The servers never have to push back: one budget over all wikis, and their wishes obeyed to the
//! second. The gateway is a thousand wikis' and keeps the program's own, simulated time.

use std::{num::NonZeroU32, time::Duration};

use sqlx::{Column, Row, ValueRef};
use sultrail::mediawiki::{PaceOptions, Rate};

use super::{
    farm::{FarmOptions, Fault, GatewayOptions, Recording, Rule},
    nights::{Nights, fetch},
};

/// Four fifths of 200 a minute.
const PACE: f64 = 160.0;

async fn nights(wikis: usize) -> Nights {
    let nights = Nights::begin(FarmOptions {
        wikis,
        options_per_wiki: 6,
        ..FarmOptions::default()
    })
    .await;
    let gateway = GatewayOptions::per_minute(200);
    nights.farm.set_gateway(Some(gateway));
    nights
}

#[tokio::test]
async fn a_thousand_wikis_are_asked_within_the_limit_and_without_losing_time() {
    let nights = nights(1000).await;
    let began = nights.clock.now();
    let report = nights.run().await.expect("a run");
    let took = (nights.clock.now() - began).as_seconds_f64();
    let farm = &nights.farm;
    assert_eq!(report.failures, []);
    assert_eq!(farm.requests(), 1001, "one enumeration, one request a wiki");
    assert_eq!(farm.early_requests(), 0);
    assert_eq!(
        farm.requests_by_status().into_iter().collect::<Vec<_>>(),
        [(200, 1001)]
    );
    assert!(
        farm.max_in_flight() <= 3,
        "{} in flight",
        farm.max_in_flight()
    );
    assert!(
        (150..=161).contains(&report.pace.highest_in_any_minute),
        "{:?}",
        report.pace
    );
    let fair = 1001.0 / PACE * 60.0;
    assert!(
        (took / fair - 1.0).abs() < 0.03,
        "{took} s instead of {fair} s"
    );
    let fullest = farm.requests_by_minute().into_values().max();
    assert!(
        fullest <= Some(161),
        "{fullest:?} requests in a minute of the gateway's"
    );
    the_ledger_shows_it(&nights).await;
}

/// Slow answers pile up, and whoever is to ask would ask eight at a time.
#[tokio::test]
async fn never_more_than_three_requests_are_under_way() {
    let mut nights = Nights::begin(FarmOptions {
        wikis: 60,
        options_per_wiki: 6,
        latency_ms: 40,
        ..FarmOptions::default()
    })
    .await;
    nights.max_in_flight = 8;
    nights.pace.max_in_flight = 8;
    let report = nights.run().await.expect("a run");
    assert_eq!(report.failures, []);
    assert_eq!(
        nights.farm.max_in_flight(),
        3,
        "as many as are allowed, and no more"
    );
    assert_eq!(report.pace.most_in_flight, 3);
}

/// Every query of `docs/politeness.md`, on the database of that run.
async fn the_ledger_shows_it(nights: &Nights) {
    let page = std::fs::read_to_string("docs/politeness.md").expect("docs/politeness.md");
    let queries: Vec<&str> = page
        .split("```sql\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect();
    assert_eq!(queries.len(), 4, "queries of docs/politeness.md");
    let number = async |query: usize, column: &str| {
        let rows = nights.ask(queries[query]).await;
        let value: i64 = rows[0].get(column);
        value
    };
    let highest = number(0, "most_in_any_minute").await;
    assert!(
        (150..=165).contains(&highest),
        "{highest} in a minute, says the ledger"
    );
    assert_eq!(number(0, "requests").await, 1001);
    let in_flight = number(1, "most_in_flight").await;
    assert!(
        (1..=3).contains(&in_flight),
        "{in_flight} in flight, says the ledger"
    );
    assert_eq!(nights.ask(queries[2]).await.len(), 0, "nobody pushed back");
    let rows = nights.ask(queries[3]).await;
    let purposes: Vec<String> = rows.iter().map(|row| row.get("purpose")).collect();
    assert_eq!(purposes, ["userinfo", "globaluserinfo"]);
    for row in &rows {
        for column in row.columns() {
            let value = row.try_get_raw(column.ordinal()).expect("a value");
            assert!(!value.is_null(), "{} is null", column.name());
        }
    }
}

/// Control: the meter counts whoever does not wait.
#[tokio::test]
async fn the_gateway_notices_an_impolite_client() {
    let nights = nights(3).await;
    let farm = &nights.farm;
    // Its clock stands still but for real time, so all of these come within a minute or two.
    for _ in 0..420 {
        fetch(farm, "metawiki", "action=query&meta=userinfo&format=json");
    }
    let refused = farm.requests_by_status().get(&429).copied();
    assert!(
        refused.is_some_and(|count| count >= 10),
        "{refused:?} answers 429"
    );
    assert!(
        farm.early_requests() >= 8,
        "{} early",
        farm.early_requests()
    );
}

/// Control: a pace above the limit meets 429s, and even then nobody comes early.
#[tokio::test]
async fn a_pace_set_too_high_meets_429s_and_still_obeys_them() {
    let mut nights = nights(400).await;
    nights.pace = PaceOptions {
        rate: Rate::PerMinute(NonZeroU32::new(900).expect("a number")),
        ..PaceOptions::default()
    };
    let report = nights.run().await.expect("a run");
    assert!(report.pace.throttled > 0, "{:?}", report.pace);
    let records = nights.farm.records();
    let refused: Vec<u64> = records
        .iter()
        .filter(|one| one.status == 429)
        .map(|one| one.farm_ms)
        .collect();
    assert!(!refused.is_empty());
    for told_at in refused {
        let end_of_minute = (told_at / 60_000 + 1) * 60_000;
        let before = records
            .iter()
            .filter(|one| (told_at + 1..end_of_minute).contains(&one.farm_ms));
        assert!(
            before.count() <= 2,
            "only what was on its way came before the minute was over"
        );
    }
}

/// What an answer 429 or 503 says about waiting, and what it means.
struct Told {
    status: u16,
    retry_after: Option<String>,
    /// How long nothing is sent; `None`: no more in this run.
    quiet: Option<Duration>,
}

#[tokio::test]
async fn whatever_a_server_says_about_waiting_is_obeyed_to_the_second() {
    let told = |status, retry_after: Option<&str>, quiet: Option<u64>| Told {
        status,
        retry_after: retry_after.map(str::to_owned),
        quiet: quiet.map(Duration::from_secs),
    };
    for told in [
        told(429, Some("30"), Some(30)),
        told(429, Some("1"), Some(1)),
        told(429, Some("300"), Some(300)),
        told(429, None, Some(60)),
        told(429, Some("soon"), Some(60)),
        told(429, Some("-5"), Some(60)),
        told(429, Some("date"), Some(90)),
        told(503, Some("20"), Some(20)),
        told(503, None, Some(60)),
        told(429, Some("0"), None),
        told(429, Some("301"), None),
        told(429, Some("4000"), None),
        told(429, Some("99999999999999999999999"), None),
        told(503, Some("4000"), None),
    ] {
        obeys(told).await;
    }
}

async fn obeys(told: Told) {
    const BEFORE: u32 = 20;
    let nights = nights(60).await;
    let mut headers = vec![("Content-Type".to_owned(), "text/plain".to_owned())];
    // The date is 90 s after the moment when the request with the answer is sent: the enumeration,
    // then one request each 375 ms.
    let date = nights.clock.now() + Duration::from_secs(90) + Duration::from_millis(375) * BEFORE;
    let date = httpdate::fmt_http_date(date.into());
    if let Some(text) = &told.retry_after {
        let text = if text == "date" { &date } else { text };
        headers.push(("Retry-After".to_owned(), text.clone()));
    }
    let fault = Fault::Raw {
        status: told.status,
        headers,
        body: b"too many".to_vec(),
    };
    nights
        .farm
        .misbehave(Rule::new(fault).times(1).skip(BEFORE));
    let report = nights.run().await.expect("a run");
    let records = nights.farm.records();
    let at = records
        .iter()
        .position(|one| one.status == told.status)
        .expect("a refusal");
    let said = (&told.status, &told.retry_after);
    let refused_at = records[at].farm_ms;
    let quiet =
        u64::try_from(told.quiet.unwrap_or(Duration::from_mins(1)).as_millis()).expect("a time");
    let later = &records[at + 1..];
    // What was on its way is not early; it left within the time of two requests.
    let on_the_way = later
        .iter()
        .filter(|one| one.farm_ms < refused_at + 800)
        .count();
    let (early, after): (Vec<_>, Vec<_>) = later
        .iter()
        .partition(|one| one.farm_ms + 800 < refused_at + quiet);
    if quiet > 2000 {
        assert!(
            early.len() <= 2 && early.len() <= on_the_way,
            "{said:?}: {} came early",
            early.len()
        );
    }
    if told.quiet.is_none() {
        // What was queued waits its minute after a 0; for more than five nobody waits.
        let queued = if said.1.as_deref() == Some("0") { 2 } else { 0 };
        assert!(after.len() <= queued, "{said:?}: {} asked", after.len());
        assert!(
            report.failures.len() >= 37,
            "{said:?}: {} failed",
            report.failures.len()
        );
        let reason = &report.failures[report.failures.len() - 1].1;
        assert!(
            !reason.is_empty() && !report.warnings.is_empty(),
            "{said:?}: {reason}"
        );
        return;
    }
    assert_eq!(
        report.failures,
        [],
        "{said:?}: everybody was asked in the end"
    );
    let waited = after[0].farm_ms - refused_at;
    // The repetition waits for up to 5 s more, and on a simulated clock all wait with it.
    assert!(
        waited + 1000 >= quiet && waited <= quiet + 6500,
        "{said:?}: {waited} ms of silence"
    );
    // A 429 says that we were too fast; an outage does not.
    let usual = (after[16].farm_ms - after[4].farm_ms) / 12;
    let expected: u64 = if told.status == 429 { 750 } else { 375 };
    assert!(
        usual.abs_diff(expected) < 180,
        "{said:?}: a request each {usual} ms"
    );
}

#[tokio::test]
async fn after_a_429_the_pace_is_halved_and_comes_back() {
    let nights = nights(300).await;
    let too_many = Fault::Http429Text {
        retry_after: Some(10),
    };
    nights.farm.misbehave(Rule::new(too_many).times(1).skip(40));
    nights.run().await.expect("a run");
    let times: Vec<u64> = nights
        .farm
        .records()
        .iter()
        .map(|one| one.farm_ms)
        .collect();
    // Time goes on by itself when somebody waits, so single arrivals are off by a request or two.
    let mean = |requests: std::ops::Range<usize>| {
        (times[requests.end] - times[requests.start]) / requests.len() as u64
    };
    assert!(mean(5..35).abs_diff(375) < 50, "before: {} ms", mean(5..35));
    assert!(
        mean(45..60).abs_diff(750) < 150,
        "after: {} ms",
        mean(45..60)
    );
    assert!(
        mean(200..280).abs_diff(375) < 30,
        "at the end: {} ms",
        mean(200..280)
    );
}

/// Recording every request in full is for small farms.
#[tokio::test]
async fn a_later_run_keeps_to_the_same_minute() {
    let mut options = FarmOptions::wikis(150);
    options.options_per_wiki = 6;
    options.recording = Recording::Full;
    let nights = Nights::begin(options).await;
    nights
        .farm
        .set_gateway(Some(GatewayOptions::per_minute(200)));
    for _ in 0..3 {
        nights.run().await.expect("a run");
    }
    assert_eq!(nights.farm.early_requests(), 0);
    assert_eq!(nights.farm.requests_by_status().get(&429), None);
}
