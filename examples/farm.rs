//! A simulated farm of wikis in a process of its own: for benchmarks, and for trying sultrail by hand.
//!
//! `cargo run --release --example farm -- --wikis 1000 --port 8100`
#![allow(
    clippy::print_stdout,
    reason = "this program talks to whoever started it"
)]

#[path = "../tests/it/farm/mod.rs"]
mod farm;

use std::str::FromStr;
use std::time::{Duration, Instant};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use farm::{ALICE, ALICE_ID, Farm, FarmOptions, Fault, GatewayOptions, Recording, Rule, TOKEN};

const HELP: &str = "\
farm: a simulated farm of wikis on loopback

  --wikis N        how many wikis (1000)
  --options N      preferences of each wiki (300)
  --users N        how many users, each with an account on every wiki (1)
  --port P         the port (8100; 0: any)
  --seconds N      stop after so many seconds (never)
  --gateway N      let so many requests a minute through
  --latency MS     each answer comes so many milliseconds late (0)
  --misbehave R    this share of the answers is a 503 (0)
  --flip-after N   after N seconds a default changes on 300 wikis and Alice is made sysop on dewiki
  --gzip           compress for clients that accept it
  --old            answer like MediaWiki 1.39
";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let flag = |name: &str| arguments.iter().any(|argument| argument == name);
    if flag("--help") {
        print!("{HELP}");
        return;
    }
    let farm = Farm::start(FarmOptions {
        wikis: value(&arguments, "--wikis").unwrap_or(1000),
        options_per_wiki: value(&arguments, "--options").unwrap_or(300),
        port: value(&arguments, "--port").unwrap_or(8100),
        latency_ms: value(&arguments, "--latency").unwrap_or(0),
        gzip: flag("--gzip"),
        modern: !flag("--old"),
        recording: Recording::Counts,
        ..FarmOptions::default()
    });
    farm.set_gateway(value(&arguments, "--gateway").map(GatewayOptions::per_minute));
    if let Some(rate) = value(&arguments, "--misbehave") {
        farm.misbehave(
            Rule::new(Fault::Http503 {
                retry_after: Some(1),
            })
            .rate(rate, 1),
        );
    }
    introduce(&farm);
    for number in 2..=value(&arguments, "--users").unwrap_or(1) {
        add_user(&farm, number);
    }
    live(
        &farm,
        value(&arguments, "--seconds"),
        value(&arguments, "--flip-after"),
    );
}

fn value<T: FromStr>(arguments: &[String], name: &str) -> Option<T> {
    let at = arguments.iter().position(|argument| argument == name)?;
    arguments.get(at + 1)?.parse().ok()
}

fn introduce(farm: &Farm) {
    println!("central API   {}", farm.central_api());
    println!("user          {ALICE}, central user ID {ALICE_ID}");
    println!("bearer token  {TOKEN}");
    println!("counts        {}/farm/counts", farm.base("metawiki"));
    println!(
        "\n[farm]\ncentral_api = \"{}\"\nhosts = [\"{}\"]\ninsecure_http = true",
        farm.central_api(),
        farm.hosts()
    );
    println!(
        "\n[[user]]\nname = \"{ALICE}\"\nauth = \"oauth2\"\ncredential_file = \"alice.token\"\n"
    );
}

/// Somebody else, with a token of their own. The token says whose it is, as those of `MediaWiki` do.
fn add_user(farm: &Farm, number: u64) {
    let (name, id) = (format!("Bob Example {number}"), 50_000 + number);
    let claims = URL_SAFE_NO_PAD.encode(format!("{{\"sub\":\"{id}\"}}"));
    let token = format!("eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.{claims}.bobs-secret-{number}");
    farm.add_user(&name, id, &[]);
    farm.add_token(&name, &token, &["basic", "privateinfo"]);
    println!("another user  {name}: {token}");
}

/// Until the time is over, or until somebody ends the process.
fn live(farm: &Farm, seconds: Option<f64>, flip_after: Option<f64>) {
    let start = Instant::now();
    let over =
        |limit: Option<f64>| limit.is_some_and(|limit| start.elapsed().as_secs_f64() >= limit);
    let mut flipped = false;
    while !over(seconds) {
        std::thread::sleep(Duration::from_millis(50));
        if over(flip_after) && !flipped {
            flipped = true;
            let wikis = farm.wiki_ids();
            let some: Vec<&str> = wikis.iter().map(String::as_str).take(300).collect();
            farm.set_default(&some, "rclimit", "100");
            farm.grant("dewiki", ALICE, "sysop", None, "Admin", "elected");
            println!(
                "flipped       rclimit = 100 on {} wikis, sysop on dewiki",
                some.len()
            );
        }
    }
    println!(
        "{} requests, at most {} in flight, {} early",
        farm.requests(),
        farm.max_in_flight(),
        farm.early_requests()
    );
}
