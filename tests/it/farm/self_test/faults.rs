//! The gateway and the faults.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::time::Duration;

use super::super::{ALICE, Farm, FarmOptions, Fault, GatewayOptions, Rule, json};
use super::client::{ask, ask_as_alice, ask_with};

#[test]
fn the_gateway_counts_minutes_and_punishes_haste() {
    let farm = Farm::start(FarmOptions {
        simulated_time: true,
        ..FarmOptions::wikis(4)
    });
    farm.set_gateway(Some(GatewayOptions::per_minute(3)));
    farm.advance(Duration::from_secs(10));
    for wiki in ["enwiki", "dewiki", "frwiki"] {
        assert_eq!(ask_as_alice(&farm, wiki, "meta=userinfo").status, 200);
    }
    let refused = ask_as_alice(&farm, "enwiki", "meta=userinfo");
    assert_eq!(
        (refused.status, refused.header("Retry-After")),
        (429, Some("50"))
    );
    assert_eq!(refused.header("x-wmf-ratelimit-class"), Some("authed-user"));
    assert!(json::members(refused.text()).is_empty());
    assert_eq!(
        ask(&farm, "enwiki", "meta=userinfo").status,
        200,
        "somebody else has a bucket of her own"
    );
    assert_eq!(farm.early_requests(), 0);
    farm.advance(Duration::from_secs(20));
    std::thread::sleep(Duration::from_millis(60));
    let early = ask_as_alice(&farm, "enwiki", "meta=userinfo");
    assert_eq!(
        (early.status, early.header("Retry-After")),
        (429, Some("40"))
    );
    assert_eq!(farm.early_requests(), 1);
    farm.advance(Duration::from_secs(40));
    assert_eq!(ask_as_alice(&farm, "enwiki", "meta=userinfo").status, 200);
    assert_eq!(farm.early_requests(), 1);
}

#[test]
fn a_rule_meets_a_share_that_depends_on_its_seed_alone() {
    let farm = Farm::of(60);
    let failing = |seed: u64, backwards: bool| {
        farm.behave();
        farm.misbehave(Rule::new(Fault::Http503 { retry_after: None }).rate(0.3, seed));
        let mut wikis = farm.wiki_ids();
        if backwards {
            wikis.reverse();
        }
        let failed = wikis
            .into_iter()
            .filter(|wiki| ask(&farm, wiki, "meta=userinfo").status == 503);
        failed.collect::<BTreeSet<_>>()
    };
    let first = failing(7, false);
    assert!((8..30).contains(&first.len()), "{}", first.len());
    assert_eq!(first, failing(7, true));
    assert_ne!(first, failing(8, false));
}

#[test]
fn rules_choose_wiki_module_and_number() {
    let farm = Farm::of(3);
    let rule = Rule::new(Fault::EmptyBody)
        .on("enwiki")
        .only("meta=siteinfo")
        .skip(1)
        .times(1);
    let rule = farm.misbehave(rule);
    let empty = |wiki: &str, query: &str| ask(&farm, wiki, query).body.is_empty();
    assert!(!empty("enwiki", "meta=userinfo") && !empty("dewiki", "meta=siteinfo"));
    assert!(
        !empty("enwiki", "meta=siteinfo")
            && empty("enwiki", "meta=siteinfo")
            && !empty("enwiki", "meta=siteinfo")
    );
    assert_eq!(farm.met(rule), 1);
}

#[test]
fn answers_that_never_reached_mediawiki() {
    let farm = Farm::of(2);
    let html = "text/html; charset=utf-8";
    let raw = Fault::Raw {
        status: 299,
        headers: vec![("X-A".into(), "b".into())],
        body: vec![0xff],
    };
    let cases = [
        (
            Fault::Http429Text {
                retry_after: Some(7),
            },
            429,
            Some("text/plain"),
        ),
        (Fault::Http429Html { retry_after: None }, 429, Some(html)),
        (
            Fault::Http503 {
                retry_after: Some(3),
            },
            503,
            Some(html),
        ),
        (Fault::Http401, 401, Some("text/plain")),
        (Fault::Http403, 403, Some("text/plain")),
        (Fault::NotFound404, 404, Some("text/html")),
        (Fault::WrongContentType, 200, Some(html)),
        (
            Fault::RedirectTo("https://evil.example/".into()),
            302,
            Some(html),
        ),
        (raw, 299, None),
    ];
    for (fault, status, content_type) in cases {
        farm.behave();
        farm.misbehave(fault.clone());
        let answer = ask(&farm, "enwiki", "meta=userinfo");
        assert_eq!(
            (answer.status, answer.header("Content-Type")),
            (status, content_type),
            "{fault:?}"
        );
    }
}

#[test]
fn lies_of_a_wiki() {
    let farm = Farm::of(4);
    let query = "meta=userinfo&uiprop=options|centralids|groups&assert=user";
    let lie = |fault: Fault| {
        farm.behave();
        farm.misbehave(fault);
        ask_as_alice(&farm, "enwiki", query)
    };
    assert_eq!(
        lie(Fault::Anonymous200).at(&["query", "userinfo", "id"]),
        "0"
    );
    assert_eq!(lie(Fault::LostLogin).error(), "assertuserfailed");
    assert_eq!(
        lie(Fault::LoginSuppressed).header("MediaWiki-Login-Suppressed"),
        Some("true")
    );
    assert_eq!(
        lie(Fault::OtherUser200).at(&["query", "userinfo", "centralids", "CentralAuth"]),
        "59999"
    );
    assert_eq!(
        lie(Fault::PropVanished("options".into())).at(&["query", "userinfo", "options"]),
        ""
    );
    let defaults = lie(Fault::OptionsAllDefault)
        .at(&["query", "userinfo", "options"])
        .to_owned();
    assert!(defaults.len() > 1000 && !defaults.contains("watchlisttoken"));
    assert_eq!(
        lie(Fault::InternalApiError).error(),
        "internal_api_error_DBQueryError"
    );
    assert_eq!(lie(Fault::Readonly).error(), "readonly");
    assert_eq!(
        lie(Fault::Maxlag { lag: 9 }).error(),
        "",
        "no maxlag was asked for"
    );
    let lagged = ask_as_alice(&farm, "enwiki", "meta=userinfo&maxlag=5");
    assert_eq!(
        (lagged.error().as_str(), lagged.header("X-Database-Lag")),
        ("maxlag", Some("9"))
    );
    assert!(
        lie(Fault::ListsAsObjects)
            .at(&["query", "userinfo", "groups"])
            .starts_with("{\"0\":")
    );
    assert!(
        lie(Fault::UnknownFields)
            .at(&["query", "userinfo"])
            .contains("newinversion")
    );
    assert!(
        lie(Fault::Warnings)
            .text()
            .starts_with("{\"warnings\":[{\"code\":\"deprecation\"")
    );
}

#[test]
fn lists_of_accounts_that_are_wrong() {
    let farm = Farm::of(9);
    let merged = || {
        let answer = ask(
            &farm,
            "metawiki",
            "meta=globaluserinfo&guiid=50001&guiprop=merged",
        );
        json::items(answer.at(&["query", "globaluserinfo", "merged"])).len()
    };
    farm.misbehave(Fault::DuplicateAccounts);
    assert_eq!(merged(), 12);
    farm.behave();
    farm.misbehave(Fault::MissingAccounts);
    assert_eq!(merged(), 6);
}

#[test]
fn bodies_that_break_off() {
    let farm = Farm::of(2);
    let whole = ask(&farm, "enwiki", "meta=userinfo&uiprop=options").body;
    let broken = |fault: Fault| {
        farm.behave();
        farm.misbehave(fault);
        ask(&farm, "enwiki", "meta=userinfo&uiprop=options")
    };
    let cut = broken(Fault::CutInMiddle);
    assert_eq!(
        cut.header("Content-Length"),
        Some(whole.len().to_string().as_str())
    );
    assert!(cut.body.len() < whole.len());
    let invalid = broken(Fault::InvalidJson);
    assert_eq!(
        invalid.header("Content-Length"),
        Some(invalid.body.len().to_string().as_str())
    );
    assert!(serde_json::from_slice::<serde_json::Value>(&invalid.body).is_err());
    let gzip = broken(Fault::TruncatedGzip).body;
    assert!(
        flate2::read::GzDecoder::new(&gzip[..])
            .read_to_end(&mut Vec::new())
            .is_err()
    );
    let bomb = broken(Fault::GzipBomb).body;
    let mut unpacked = Vec::new();
    _ = flate2::read::GzDecoder::new(&bomb[..]).read_to_end(&mut unpacked);
    assert!(bomb.len() < 100_000 && unpacked.len() > 64 << 20);
    assert_eq!(
        broken(Fault::Drip {
            bytes: 5000,
            every_ms: 1
        })
        .body,
        whole
    );
    assert_eq!(broken(Fault::Reset).status, 0);
    assert_eq!(farm.requests_by_status()[&0], 1);
}

#[test]
fn gzip_only_for_those_who_ask() {
    let farm = Farm::start(FarmOptions {
        gzip: true,
        ..FarmOptions::wikis(2)
    });
    let plain = ask(&farm, "enwiki", "meta=userinfo&uiprop=options").body;
    let packed = ask_with(
        &farm,
        "enwiki",
        "meta=userinfo&uiprop=options",
        "Accept-Encoding: gzip\r\n",
    );
    assert_eq!(packed.header("Content-Encoding"), Some("gzip"));
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(&packed.body[..])
        .read_to_end(&mut unpacked)
        .expect("gzip");
    assert_eq!(unpacked, plain);
}

#[test]
fn hanging_requests_are_in_flight() {
    let farm = Farm::of(2);
    farm.misbehave(Rule::new(Fault::Slow(100)));
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| ask(&farm, "enwiki", "meta=userinfo"));
        }
    });
    assert_eq!((farm.max_in_flight(), farm.in_flight()), (3, 0));
    assert_eq!(farm.met(0), 3);
    assert_eq!(
        farm.local_id(ALICE, "enwiki"),
        farm.local_id(ALICE, "enwiki")
    );
}
