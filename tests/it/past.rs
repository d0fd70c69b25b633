//! What was before the first snapshot, and what she did: read from the lists of the wikis, page by page,
//! without a gap and without a duplicate, whatever happens on the way.

use std::{cell::Cell, time::Duration};

use sultrail::collect::RunError;
use tokio_util::sync::CancellationToken;

use crate::{
    farm::{ALICE, Farm, FarmOptions, Fault, GatewayOptions, Rule, parse_time},
    nights::Nights,
    scene::Scene,
};

fn at(instant: &str) -> i64 {
    parse_time(instant).expect("an instant")
}

/// A farm of few wikis, whose pages of lists are short.
fn small() -> FarmOptions {
    FarmOptions {
        wiki_ids: ["metawiki", "enwiki", "dewiki", "commonswiki"]
            .map(str::to_owned)
            .to_vec(),
        options_per_wiki: 4,
        simulated_time: true,
        now: Some(at("2026-11-20T12:00:00Z")),
        most_entries: 3,
        ..FarmOptions::default()
    }
}

/// A long life in few entries: under two names, on the wikis and from Meta, hidden in part, several
/// in one second.
fn live(farm: &Farm) {
    be_told_of(farm);
    be_renamed(farm);
    act(farm);
}

fn groups(old: &str, new: &str) -> String {
    format!("{{\"oldgroups\":{old},\"newgroups\":{new}}}")
}

const RIGHTS: (&str, &str) = ("rights", "rights");

/// On the wikis.
fn be_told_of(farm: &Farm) {
    // Before 2012 nothing but this was kept.
    farm.log_at(
        at("2009-02-01T10:00:00Z"),
        "enwiki",
        RIGHTS,
        ALICE,
        "{\"0\":\"\",\"1\":\"rollbacker\"}",
        "Old Admin",
        "asked for",
    );
    for n in 0..5 {
        let params = groups("[\"a\"]", &format!("[\"a\",\"g{n}\"]"));
        farm.log_at(
            at("2014-05-05T05:05:05Z"),
            "enwiki",
            RIGHTS,
            ALICE,
            &params,
            "Admin",
            "same second",
        );
    }
    let hidden = farm.log_at(
        at("2015-01-01T00:00:00Z"),
        "enwiki",
        ("block", "block"),
        ALICE,
        "{\"duration\":\"infinity\",\"sitewide\":true}",
        "Harsh Admin",
        "libel",
    );
    farm.hide_log_entry("enwiki", hidden, &["user", "comment", "suppressed"]);
    farm.log_at(
        at("2015-01-02T00:00:00Z"),
        "enwiki",
        ("block", "unblock"),
        ALICE,
        "{}",
        "Admin",
        "sorry",
    );
    farm.log_at(
        at("2015-01-03T00:00:00Z"),
        "enwiki",
        ("thanks", "thank"),
        ALICE,
        "{}",
        "Fan",
        "",
    );
    farm.log_at(
        at("2010-10-10T10:10:10Z"),
        "dewiki",
        ("newusers", "autocreate"),
        ALICE,
        "{\"userid\":7}",
        ALICE,
        "",
    );
}

/// On Meta.
fn be_renamed(farm: &Farm) {
    let meta = "metawiki";
    // She was called otherwise until 2013; the old name is somebody else's now.
    let old = "Alicia";
    farm.log_at(
        at("2013-03-03T03:03:03Z"),
        meta,
        ("gblrename", "rename"),
        &format!("CentralAuth/{ALICE}"),
        &format!("{{\"olduser\":\"{old}\",\"newuser\":\"{ALICE}\"}}"),
        "Renamer",
        "on request",
    );
    farm.log_at(
        at("2013-03-03T03:05:00Z"),
        "dewiki",
        ("renameuser", "renameuser"),
        old,
        &format!("{{\"olduser\":\"{old}\",\"newuser\":\"{ALICE}\"}}"),
        "Renamer",
        "",
    );
    farm.log_at(
        at("2012-12-12T00:00:00Z"),
        meta,
        RIGHTS,
        &format!("{old}@dewiki"),
        &groups("[]", "[\"sysop\"]"),
        "Steward",
        "elected",
    );
    farm.log_at(
        at("2013-03-05T00:00:00Z"),
        meta,
        RIGHTS,
        &format!("{old}@dewiki"),
        &groups("[]", "[\"bureaucrat\"]"),
        "Steward",
        "somebody else by now",
    );
    farm.log_at(
        at("2016-06-06T00:00:00Z"),
        meta,
        RIGHTS,
        &format!("{ALICE}@dewiki"),
        &groups("[\"sysop\"]", "[]"),
        "Steward",
        "resigned",
    );
    farm.log_at(
        at("2017-07-07T00:00:00Z"),
        meta,
        ("gblrights", "usergroups"),
        ALICE,
        "{\"oldGroups\":[],\"newGroups\":[\"global-rollbacker\"]}",
        "Steward",
        "why not",
    );
    farm.log_at(
        at("2018-08-08T00:00:00Z"),
        meta,
        ("globalauth", "setstatus"),
        &format!("{ALICE}@global"),
        "{\"added\":[\"locked\"],\"removed\":[]}",
        "Steward",
        "compromised",
    );
}

fn act(farm: &Farm) {
    // What she did herself.
    farm.log_at(
        at("2011-11-11T11:11:11Z"),
        "commonswiki",
        ("upload", "upload"),
        "Cat.jpg",
        "{\"img_sha1\":\"x\"}",
        ALICE,
        "a cat",
    );
    let hers = farm.log_at(
        at("2011-11-11T11:11:11Z"),
        "commonswiki",
        ("move", "move"),
        "Cat.jpg",
        "{\"target_title\":\"Dog.jpg\"}",
        ALICE,
        "no, a dog",
    );
    farm.hide_log_entry("commonswiki", hers, &["action", "comment"]);
    let revision = farm.edit_at(ALICE, "dewiki", at("2020-02-02T02:02:02Z"));
    for _ in 0..4 {
        farm.edit_at(ALICE, "dewiki", at("2020-02-02T02:02:02Z"));
    }
    farm.hide_edit(ALICE, "dewiki", revision, &["text", "comment"]);
    farm.delete_edit(ALICE, "dewiki", revision + 1, true);
}

/// What is kept, row by row; when it was read does not matter.
const KEPT: [&str; 6] = [
    "select 'log', logged_on, wiki, log_id, type, action, logged_at, performer, comment, params, hidden \
     from log_event order by logged_on, log_id",
    "select 'first', a.wiki, f.revision, f.made_at from first_edit f join account a on a.id = f.account order by 2",
    "select 'list', asked_on, list, about, read_until, go_on is null from reading order by 2, 3, 4",
    "select 'edit', a.wiki, e.revision, e.parent, e.page, e.made_at, e.size, e.size_diff, e.flags, e.hidden, \
     t.json, e.comment from edit e join account a on a.id = e.account join tag_list t on t.id = e.tags order by 2, 3",
    "select 'page', a.wiki, p.page, p.namespace, p.title from page p join account a on a.id = p.account order by 2, 3",
    "select 'action', a.wiki, c.log_id, c.done_at, k.type, k.action, c.hidden, c.title, c.comment, c.params \
     from action c join account a on a.id = c.account join action_kind k on k.id = c.kind order by 2, 3",
];

async fn kept(nights: &Nights) -> Vec<String> {
    use sqlx::Row;
    let mut lines = Vec::new();
    for question in KEPT {
        for row in nights.ask(question).await {
            let cells = (0..row.len()).map(|at| {
                let cell: Option<String> = row.try_get_unchecked(at).expect("text");
                cell.unwrap_or_default()
            });
            lines.push(cells.collect::<Vec<_>>().join("|"));
        }
    }
    lines
}

async fn nights(options: FarmOptions) -> Nights {
    let mut nights = Nights::begin(options).await;
    nights.contributions = Some(500);
    nights.clock.advance(Duration::ZERO);
    live(&nights.farm);
    nights.farm.reset_counts();
    nights
}

async fn backfill(nights: &Nights) -> Result<sultrail::collect::Backfilled, RunError> {
    let collector = nights.collector().await;
    collector
        .backfill(&[], &CancellationToken::new(), &|_| {})
        .await
}

fn few_edits() -> FarmOptions {
    FarmOptions {
        home_edits: 7,
        ..small()
    }
}

#[tokio::test]
async fn a_backfill_that_is_killed_at_any_request_keeps_the_same() {
    let calm = nights(few_edits()).await;
    let report = backfill(&calm).await.expect("a backfill");
    assert_eq!((report.failures.len(), report.stopped), (0, false));
    let (expected, total) = (kept(&calm).await, calm.farm.requests());
    assert!(total > 18, "{total} requests");
    let logged = expected.iter().filter(|line| line.starts_with("log|"));
    assert_eq!(logged.count(), 15, "{expected:#?}");
    for requests in 1..=total {
        let nights = nights(few_edits()).await;
        let polls = u32::try_from(requests * 7 % 23).expect("a small number");
        let killed = nights.killed_at(requests, polls, backfill(&nights)).await;
        // And once more, a little later.
        if killed.is_none() {
            let later = nights.farm.requests() + 3;
            _ = nights.killed_at(later, polls / 2, backfill(&nights)).await;
        }
        let report = backfill(&nights).await.expect("a backfill");
        assert_eq!(report.failures, []);
        let kept = kept(&nights).await;
        assert_eq!(kept, expected, "killed at request {requests}, poll {polls}");
    }
}

#[tokio::test]
async fn contributions_that_are_killed_at_any_request_are_the_same() {
    let calm = nights(few_edits()).await;
    let report = calm.run().await.expect("a run");
    assert!(report.contributed.is_some_and(|done| done.new > 25));
    let (expected, total) = (kept(&calm).await, calm.farm.requests());
    assert!(total > 20, "{total} requests");
    for requests in 1..=total {
        let nights = nights(few_edits()).await;
        let polls = u32::try_from(requests * 7 % 23).expect("a small number");
        _ = nights.killed_at(requests, polls, nights.run()).await;
        nights.run().await.expect("a run");
        let kept = kept(&nights).await;
        assert_eq!(kept, expected, "killed at request {requests}, poll {polls}");
    }
}

/// Progress is made however often it is cut short: no page that was kept is asked for again, and a
/// reading that begins anew, after one that was killed at its very end, can go on as well.
///
/// How many tries it takes is not told beforehand: what was under way when one ended may only reach
/// the farm during the next, and counts there.
#[tokio::test]
async fn whoever_is_killed_again_and_again_comes_to_the_end() {
    let pages = "select count(*) from requests where purpose = 'logevents'";
    let unread = "select count(*) from readings where finished_at is null";
    let calm = nights(few_edits()).await;
    backfill(&calm).await.expect("a backfill");
    let expected = kept(&calm).await;
    let lists = calm.number("select count(*) from readings").await;
    let nights = nights(few_edits()).await;
    let (mut tries, mut readings) = (1, 1);
    loop {
        let until = nights.farm.requests() + 5;
        match nights.killed_at(until, 3, backfill(&nights)).await {
            Some(done) => {
                done.expect("a backfill");
                break;
            }
            None => tries += 1,
        }
        let told = nights.number("select count(*) from readings").await;
        if told == lists && nights.number(unread).await == 0 {
            readings += 1;
        }
        assert!(tries < 1_000, "{readings} readings");
    }
    assert!(tries > 3, "{tries}");
    assert_eq!(kept(&nights).await, expected);
    let (pages, enough) = (nights.number(pages).await, calm.number(pages).await);
    assert!(enough >= lists && pages >= enough, "{pages} pages");
    assert!(
        pages <= readings * enough,
        "{pages} pages, {readings} readings"
    );
}

#[tokio::test]
async fn what_replicas_show_late_is_not_left_out() {
    let calm = nights(few_edits()).await;
    let lagging = nights(few_edits()).await;
    let now = calm.clock.now().timestamp();
    let mut late = None;
    for nights in [&calm, &lagging] {
        let farm = &nights.farm;
        // Written in the same minute, shown an hour later: an entry that is older than others.
        let slow = farm.edit_at(ALICE, "dewiki", now - 300);
        farm.edit_at(ALICE, "dewiki", now - 60);
        let entry = ("rights", "rights");
        let log = farm.log_at(now - 200, "dewiki", entry, ALICE, "{}", "Admin", "late");
        farm.log_at(now - 100, "dewiki", entry, ALICE, "{}", "Admin", "in time");
        late = Some((slow, log));
    }
    let (slow, log) = late.expect("it happened");
    lagging.farm.delay_edit(ALICE, "dewiki", slow, now + 3600);
    lagging.farm.delay_log_entry("dewiki", log, now + 3600);
    for nights in [&calm, &lagging] {
        nights.run().await.expect("a run");
        backfill(nights).await.expect("a backfill");
    }
    assert_ne!(kept(&calm).await, kept(&lagging).await, "it is late");
    for nights in [&calm, &lagging] {
        nights.wait_until(1, 3);
        nights.run().await.expect("a run");
        backfill(nights).await.expect("a backfill");
    }
    assert_eq!(kept(&calm).await, kept(&lagging).await);
}

/// The next run asks for what is new, and a night has its share.
#[tokio::test]
async fn a_share_of_requests_a_night_comes_to_the_same_end() {
    let calm = nights(few_edits()).await;
    calm.run().await.expect("a run");
    let expected = kept(&calm).await;
    let mut slow = nights(few_edits()).await;
    slow.contributions = Some(4);
    let mut night = 0;
    loop {
        slow.farm.reset_counts();
        let report = slow.run().await.expect("a run");
        let asked = slow
            .number("select count(*) from requests where purpose = 'usercontribs'")
            .await;
        night += 1;
        assert!(asked <= 4 * night, "{asked} requests in {night} nights");
        if report.contributed.expect("contributions").left == 0 {
            break;
        }
        slow.wait_until(night, 6);
        assert!(night < 40);
    }
    assert!(night > 2, "{night} nights");
    assert_eq!(kept(&slow).await, expected);
    // One request a wiki where nothing is new.
    calm.wait_until(1, 3);
    calm.farm.reset_counts();
    let report = calm.run().await.expect("a run");
    assert_eq!(report.contributed.expect("contributions").new, 0);
    assert_eq!(calm.farm.requests(), 1 + 4 + 4);
}

#[tokio::test]
async fn lists_are_read_within_the_pace_and_its_ledger() {
    let mut nights = nights(FarmOptions {
        home_edits: 400,
        ..small()
    })
    .await;
    nights
        .farm
        .set_gateway(Some(GatewayOptions::per_minute(200)));
    let fault = Fault::Http429Text {
        retry_after: Some(20),
    };
    let rule = Rule::new(fault).only("list=usercontribs").times(1).skip(40);
    let rule = nights.farm.misbehave(rule);
    nights.farm.set_lag("dewiki", 60);
    let report = nights.run().await.expect("a run");
    assert_eq!(nights.farm.met(rule), 1);
    let contributed = report.contributed.expect("contributions");
    assert_eq!((contributed.failures.len(), contributed.left), (0, 0));
    let backfilled = backfill(&nights).await.expect("a backfill");
    assert_eq!(backfilled.failures, []);
    let farm = &nights.farm;
    assert!(farm.requests() > 180, "{}", farm.requests());
    assert_eq!(farm.early_requests(), 0);
    assert!(farm.max_in_flight() <= 3);
    let fullest = farm.requests_by_minute().into_values().max();
    assert!(fullest <= Some(161), "{fullest:?}");
    let in_ledger = nights.number("select count(*) from requests").await;
    assert_eq!(in_ledger.unsigned_abs(), farm.requests());
    let in_run = "select count(*) = (select requests from runs) from requests where run = 1";
    assert_eq!(nights.number(in_run).await, 1);
    let outside = "select count(*) from requests where run is null and purpose = 'logevents'";
    assert!(nights.number(outside).await > 20);
    let lists = farm.records();
    let with_maxlag = |record: &&crate::farm::Record| record.path_and_query.contains("maxlag=5");
    let asked = lists.iter().filter(|record| record.wiki == "dewiki");
    let asked: Vec<_> = asked
        .filter(|one| one.path_and_query.contains("list=usercontribs%7C"))
        .collect();
    assert!(asked.first().as_ref().is_some_and(|one| with_maxlag(one)));
    assert!(
        asked.last().as_ref().is_some_and(|one| !with_maxlag(one)),
        "asked at the end all the same"
    );
    assert_eq!(farm.writes() + farm.autocreated(), 0);
    nights.contributions = None;
}

/// What she did is nobody else's.
#[tokio::test]
async fn lists_about_somebody_else_are_refused() {
    let nights = nights(few_edits()).await;
    nights
        .farm
        .misbehave(Rule::new(Fault::OtherUser200).only("list=usercontribs"));
    let rule = nights
        .farm
        .misbehave(Rule::new(Fault::OtherUser200).only("list=logevents"));
    let report = nights.run().await.expect("a run");
    let contributed = report.contributed.expect("contributions");
    assert_eq!((contributed.new, contributed.failures.len()), (0, 4));
    let report = backfill(&nights).await.expect("a backfill");
    assert!(report.failures.len() >= 4 && nights.farm.met(rule) > 0);
    for table in ["edit", "page", "action", "log_event", "first_edit"] {
        let rows = nights
            .number(&format!("select count(*) from {table}"))
            .await;
        assert_eq!(rows, 0, "{table}");
    }
    nights.farm.behave();
    backfill(&nights).await.expect("a backfill");
    nights.wait_until(1, 3);
    nights.run().await.expect("a run");
    let calm = self::nights(few_edits()).await;
    calm.run().await.expect("a run");
    backfill(&calm).await.expect("a backfill");
    assert_eq!(
        kept(&nights).await,
        kept(&calm).await,
        "and then nothing is missing"
    );
}

#[tokio::test]
async fn a_place_that_the_wiki_has_forgotten_is_found_again() {
    let nights = nights(few_edits()).await;
    let fault = Fault::ApiError {
        code: "badcontinue".into(),
        text: "Invalid continue param.".into(),
    };
    let rule = nights
        .farm
        .misbehave(Rule::new(fault).only("uccontinue").times(1));
    nights.run().await.expect("a run");
    assert_eq!(nights.farm.met(rule), 1);
    let calm = self::nights(few_edits()).await;
    calm.run().await.expect("a run");
    assert_eq!(kept(&nights).await, kept(&calm).await);
}

#[tokio::test]
async fn a_list_that_goes_round_in_circles_is_left() {
    let nights = nights(few_edits()).await;
    let body = format!(
        "{{\"batchcomplete\":true,\"continue\":{{\"lecontinue\":\"x\",\"uccontinue\":\"x\"}},\
         \"query\":{{\"logevents\":[],\"usercontribs\":[{{\"user\":\"{ALICE}\",\"revid\":1,\
         \"timestamp\":\"2011-01-01T00:00:00Z\"}}]}}}}"
    );
    let fault = Fault::Raw {
        status: 200,
        headers: vec![("Content-Type".into(), "application/json".into())],
        body: body.into_bytes(),
    };
    nights
        .farm
        .misbehave(Rule::new(fault).only("list=").on("dewiki"));
    let asked = Cell::new(0);
    let report = backfill(&nights).await.expect("a backfill");
    asked.set(nights.farm.requests_to("dewiki"));
    assert!(
        report
            .failures
            .iter()
            .any(|(wiki, why)| wiki == "dewiki" && why.contains("circles"))
    );
    assert!(asked.get() <= 4, "{} requests", asked.get());
}

#[test]
fn a_backfill_tells_the_past_and_where_it_disagrees() {
    let scene = Scene::with(FarmOptions {
        most_entries: 500,
        ..few_edits()
    });
    live(&scene.farm);
    scene.farm.null_registration("dewiki", ALICE);
    let now = "2026-11-21T03:17:00Z";
    scene.at(now, &["snapshot"]).succeeds();
    let run = scene.at("2026-11-21T04:00:00Z", &["backfill"]);
    run.says(0, &["backfill done", "15 new entries", "disagree in"]);
    let log = "select wiki, type, action, logged_at, performer, comment, hidden from log_events \
               where logged_on <> 'enwiki' or type = 'block' order by logged_at, log_id";
    assert_eq!(
        scene.lines(log),
        [
            "dewiki newusers autocreate 2010-10-10T10:10:10Z Alice Example  ",
            "dewiki rights rights 2012-12-12T00:00:00Z Steward elected ",
            "global gblrename rename 2013-03-03T03:03:03Z Renamer on request ",
            "dewiki renameuser renameuser 2013-03-03T03:05:00Z Renamer  ",
            "enwiki block block 2015-01-01T00:00:00Z   user comment suppressed",
            "enwiki block unblock 2015-01-02T00:00:00Z Admin sorry ",
            "dewiki rights rights 2016-06-06T00:00:00Z Steward resigned ",
            "global gblrights usergroups 2017-07-07T00:00:00Z Steward why not ",
            "global globalauth setstatus 2018-08-08T00:00:00Z Steward compromised ",
        ]
    );
    let first = "select wiki from first_edits order by wiki";
    assert_eq!(scene.lines(first).len(), 4, "{:?}", scene.lines(first));
    // Both are kept: what the log says, and what was observed.
    let run = scene
        .run(&["log", "--disagreements", "--format", "csv"])
        .succeeds();
    for line in [
        "global,global_group,global-rollbacker,true,false,metawiki",
        "global,lock,locked,true,false,metawiki",
        "enwiki,group,g4,true,false,enwiki",
        "enwiki,group,rollbacker,false,true,enwiki",
    ] {
        assert!(run.out.contains(line), "{line} in {}", run.out);
    }
    assert!(!run.out.contains("dewiki"), "{}", run.out);
    scene
        .run(&["log", "--type", "gbl*"])
        .says(0, &["gblrename", "why not"]);
    scene
        .run(&["log", "--wiki", "nowiki"])
        .says(1, &["no account on nowiki"]);
    // Once more: nothing is new, and each list is asked for once.
    let run = scene.at("2026-11-22T04:00:00Z", &["backfill"]);
    run.says(0, &[" 0 new entries"]);
}

#[test]
fn a_backfill_of_one_wiki_asks_for_no_other() {
    let scene = Scene::with(few_edits());
    live(&scene.farm);
    let run = scene.at(
        "2026-11-21T04:00:00Z",
        &["backfill", "--wiki", "commonswiki", "--wiki", "xxwiki"],
    );
    run.says(3, &["xxwiki: there is no attached account"]);
    assert_eq!(scene.farm.requests_to("dewiki"), 0);
    assert_eq!(scene.value("select count(*) from runs"), "0");
    assert_eq!(
        scene.value("select count(*) from requests where run is not null"),
        "0"
    );
    scene.farm.revoke_token(ALICE);
    scene
        .run(&["backfill"])
        .says(77, &["refuse the credential"]);
}

#[test]
fn a_wiki_whose_logs_cannot_be_read_is_listed() {
    let scene = Scene::with(few_edits());
    live(&scene.farm);
    let rule = Rule::new(Fault::NotFound404).on("dewiki").only("letitle");
    scene.farm.misbehave(rule);
    scene
        .at("2026-11-21T04:00:00Z", &["backfill"])
        .says(3, &["dewiki: not read: ", "HTTP 404"]);
    scene.farm.behave();
    scene.farm.reset_counts();
    // Only what is missing is asked for.
    scene
        .at("2026-11-21T05:00:00Z", &["backfill"])
        .says(0, &["backfill done"]);
    assert_eq!(scene.farm.requests_to("commonswiki"), 0);
    assert!(scene.farm.requests_to("dewiki") > 0);
}

#[test]
fn contributions_are_collected_for_those_who_want_it() {
    let scene = Scene::with(FarmOptions {
        most_entries: 500,
        ..few_edits()
    });
    live(&scene.farm);
    scene.at("2026-11-20T03:17:00Z", &["snapshot"]).succeeds();
    assert_eq!(scene.farm.requests(), 1 + 4);
    assert_eq!(scene.value("select count(*) from contributions"), "0");
    scene.edit_config(
        "auth = \"oauth2\"",
        "auth = \"oauth2\"\ncontributions = true",
    );
    let run = scene.at("2026-11-21T03:17:00Z", &["snapshot"]).succeeds();
    assert!(run.err.contains("contributions: "), "{run:?}");
    let hidden = "select is_new, comment, size is not null, hidden from contributions \
                  where wiki = 'dewiki' and hidden is not null";
    assert_eq!(scene.lines(hidden), ["1  1 text comment"]);
    let actions = "select type, action, title, comment, hidden from logged_actions where wiki = 'commonswiki'";
    assert_eq!(
        scene.lines(actions),
        [
            "upload upload User:Cat.jpg a cat ",
            "move move   action comment"
        ]
    );
    let run = scene.run(&[
        "contributions",
        "--by",
        "wiki-month",
        "--wiki",
        "dewiki",
        "--format",
        "csv",
    ]);
    assert!(
        run.out.contains("Alice Example,dewiki,2020-02,4,"),
        "{run:?}"
    );
    scene
        .run(&["contributions", "--by", "month"])
        .says(0, &["2011-11", "2020-02"]);
    scene
        .run(&["contributions"])
        .says(0, &["metawiki", "dewiki"]);
    scene.farm.set_now(at("2026-11-22T01:00:00Z"));
    scene.farm.edit(ALICE, "dewiki");
    scene
        .at("2026-11-22T03:17:00Z", &["snapshot"])
        .says(0, &["contributions: 1 new"]);
    let rule = Rule::new(Fault::NotFound404)
        .only("list=usercontribs|logevents")
        .on("dewiki");
    scene.farm.misbehave(rule);
    let run = scene.at("2026-11-23T03:17:00Z", &["snapshot"]);
    run.says(3, &["dewiki: contributions not read", " 0 not read"]);
}
