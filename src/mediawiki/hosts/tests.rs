//! Which addresses may be asked.

use proptest::prelude::*;

use super::*;

const WIKIMEDIA_CENTRAL_API: &str = "https://meta.wikimedia.org/w/api.php";

/// The preset: what the default configuration says.
fn wikimedia_hosts() -> Vec<String> {
    let defaults: toml::Table = include_str!("../../../config/default.toml")
        .parse()
        .expect("TOML");
    assert_eq!(
        defaults["farm"]["central_api"].as_str(),
        Some(WIKIMEDIA_CENTRAL_API)
    );
    let hosts = defaults["farm"]["hosts"].as_array().expect("a list");
    hosts
        .iter()
        .map(|host| host.as_str().expect("text").to_owned())
        .collect()
}

fn wikimedia() -> AllowedHosts {
    AllowedHosts::new(&wikimedia_hosts(), WIKIMEDIA_CENTRAL_API, false).expect("the preset is good")
}

fn loopback() -> AllowedHosts {
    let central = "http://metawiki.localhost:8100/w/api.php";
    AllowedHosts::new(&["*.localhost"], central, true).expect("good hosts")
}

#[test]
fn wikis_of_the_farm_are_allowed() {
    let hosts = wikimedia();
    for address in [
        "https://en.wikipedia.org",
        "https://en.wikipedia.org/",
        "https://be-tarask.wikipedia.org",
        "https://zh-min-nan.wiktionary.org",
        "https://wikisource.org",
        "https://commons.wikimedia.org",
        "https://login.wikimedia.org",
        "https://www.wikidata.org",
        "https://test.wikidata.org",
        "https://www.mediawiki.org",
        "https://www.wikifunctions.org",
    ] {
        let api = hosts.api(address).expect(address);
        let address = address.trim_end_matches('/');
        assert_eq!(api.to_string(), format!("{address}/w/api.php"));
        assert_eq!(format!("https://{}", api.host()), address);
    }
    assert_eq!(hosts.central().to_string(), WIKIMEDIA_CENTRAL_API);
}

#[test]
fn hostile_spellings_are_refused() {
    let hosts = wikimedia();
    for address in [
        "",
        "en.wikipedia.org",
        "//en.wikipedia.org",
        "https:en.wikipedia.org",
        "https:/en.wikipedia.org",
        "https:///en.wikipedia.org",
        "http://en.wikipedia.org",
        "ftp://en.wikipedia.org",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "HTTPS://en.wikipedia.org",
        "https://EN.wikipedia.org",
        "https://en.wikipedia.org.",
        "https://en.wikipedia.org..",
        "https://en.wikipedia.org:443",
        "https://en.wikipedia.org@evil.test",
        "https://evil.test@en.wikipedia.org",
        "https://user:password@en.wikipedia.org",
        "https://@en.wikipedia.org",
        "https://evil.test\\.wikipedia.org",
        "https://evil.test\\@en.wikipedia.org",
        "https:\\\\en.wikipedia.org",
        "https://evil.test%2f.wikipedia.org",
        "https://en.wikipedia.org%00.evil.test",
        "https://en%2ewikipedia.org",
        "https://%65n.wikipedia.org",
        "https://en.wikipedia.org/w/api.php",
        "https://en.wikipedia.org//",
        "https://en.wikipedia.org/..",
        "https://en.wikipedia.org?x",
        "https://en.wikipedia.org/?",
        "https://en.wikipedia.org#x",
        "https://en.wikipedia.org/#",
        "https://en.wikipedia.org\n",
        "https://en.wiki\npedia.org",
        "https://en.wiki\tpedia.org",
        " https://en.wikipedia.org",
        "https://en.wikipedia.org ",
        "https://evilwikipedia.org",
        "https://en-wikipedia.org",
        "https://wikipedia.org",
        "https://.wikipedia.org",
        "https://en.wikipedia.org.evil.test",
        "https://evil.test/en.wikipedia.org",
        "https://evil.test#.wikipedia.org",
        "https://evil.test?.wikipedia.org",
        "https://en.wikipediа.org", // a Cyrillic а
        "https://en。wikipedia.org",
        "https://ｅn.wikipedia.org",
        "https://2130706433",
        "https://0x7f.1",
        "https://127.0.0.1",
        "https://[::1]",
        "https://localhost",
        "https://metawiki.localhost",
    ] {
        assert!(hosts.api(address).is_err(), "{address:?}");
    }
}

#[test]
fn unencrypted_hosts_need_to_be_asked_for() {
    let refused = wikimedia().api("http://en.wikipedia.org");
    assert!(
        matches!(refused, Err(HostRefused::Insecure(_))),
        "{refused:?}"
    );
    let api = loopback()
        .api("http://enwiki.localhost:8100")
        .expect("allowed");
    assert_eq!(api.to_string(), "http://enwiki.localhost:8100/w/api.php");
    assert_eq!(api.host(), "enwiki.localhost");
    assert!(loopback().api("https://enwiki.localhost").is_ok());
    assert!(loopback().api("http://localhost:8100").is_err());
    assert!(
        loopback()
            .api("http://enwiki.localhost.evil.test:8100")
            .is_err()
    );
}

#[test]
fn patterns_are_checked() {
    for pattern in [
        "",
        "*",
        "*.",
        ".org",
        "*.org",
        "a..b",
        "*wikipedia.org",
        "*.*.org",
        "en.wikipedia.org:443",
        "EN.wikipedia.org",
        "https://en.wikipedia.org",
        "en.wikipedia.org/",
        "en.wikipedia.org.",
        "é.org",
    ] {
        let hosts = AllowedHosts::new(
            &["meta.wikimedia.org", pattern],
            WIKIMEDIA_CENTRAL_API,
            false,
        );
        assert!(matches!(hosts, Err(HostRefused::Pattern(_))), "{pattern:?}");
    }
}

#[test]
fn the_central_api_has_to_be_one_of_the_hosts() {
    for central in [
        "https://meta.example.org/w/api.php",
        "https://meta.wikimedia.org",
        "https://meta.wikimedia.org/w/api.php?x=1",
        "https://meta.wikimedia.org/w/../w/api.php",
        "https://a@meta.wikimedia.org/w/api.php",
        "http://meta.wikimedia.org/w/api.php",
        "meta.wikimedia.org/w/api.php",
    ] {
        assert!(
            AllowedHosts::new(&wikimedia_hosts(), central, false).is_err(),
            "{central}"
        );
    }
}

proptest! {
    #[test]
    fn whatever_is_allowed_goes_to_a_host_of_the_list(address in "https://[a-z.@:/\\\\%#?0-9-]{0,20}(wikipedia|evil)\\.(org|test)[a-z.@:/\\\\%#?]{0,10}") {
        if let Ok(api) = wikimedia().api(&address) {
            prop_assert!(api.host().ends_with(".wikipedia.org"));
            prop_assert_eq!(api.url().host_str(), Some(api.host()));
            prop_assert_eq!(api.url().username(), "");
        }
    }

    #[test]
    fn no_text_makes_it_panic(address in "\\PC*") {
        let _ = wikimedia().api(&address);
    }
}
