//! `meta=siteinfo`: what a wiki says about itself. The large parts are the recorded wiki's.

use super::super::clock::iso;
use super::super::json;
use super::super::world::{Wiki, World};
use super::{ApiError, Ask, Page};

const GENERAL: &str = include_str!("../../../recorded/siteinfo-enwiki.json");
const FULL: &str = include_str!("../../../recorded/siteinfo-full.json");

pub fn run(world: &World, ask: &Ask, page: &mut Page) -> Result<(), ApiError> {
    let mut props = ask.props("siprop");
    if !ask.params.has("siprop") {
        props.push("general");
    }
    let wiki = &world.wikis[ask.wiki];
    for prop in props {
        match prop {
            "general" => general(world, wiki, ask.now, page.member("general")),
            "defaultoptions" => page.member("defaultoptions").push_str(&wiki.defaults.json),
            other => match json::at(FULL, &["query", other]) {
                Some(recorded) => page.member(other).push_str(recorded),
                None => page.unknown_values("query+siteinfo", "siprop", std::iter::once(other)),
            },
        }
    }
    Ok(())
}

/// The recorded answer with this wiki's name and addresses, cut once where time and readonly go.
fn general(world: &World, wiki: &Wiki, now: i64, out: &mut String) {
    let pieces = wiki.general.get_or_init(|| {
        let recorded = json::at(GENERAL, &["query", "general"]).unwrap_or_default();
        let host = wiki.host().split(':').next().unwrap_or_default();
        let generator = if world.options.modern {
            "MediaWiki 1.47.0-wmf.16"
        } else {
            "MediaWiki 1.39.17"
        };
        let text = recorded
            .replace("http://en.sul.test:8100", &wiki.base)
            .replace("en.sul.test", host)
            .replace("Testpedia EN", &format!("Testpedia {}", wiki.id))
            .replace("\"enwiki\"", &json::quoted(&wiki.id))
            .replace(
                "\"lang\":\"en\"",
                &format!("\"lang\":{}", json::quoted(&wiki.language)),
            )
            .replace("MediaWiki 1.39.17", generator);
        let (before, rest) = text.split_once("\"readonly\":false").unwrap_or((&text, ""));
        let (middle, rest) = rest.split_once("\"time\":\"").unwrap_or((rest, ""));
        let after = rest.get(20..).unwrap_or_default();
        [
            before.to_owned(),
            format!("{middle}\"time\":\""),
            after.to_owned(),
        ]
    });
    out.push_str(&pieces[0]);
    out.push_str(if wiki.readonly {
        "\"readonly\":true,\"readonlyreason\":\"Maintenance of the test farm\""
    } else {
        "\"readonly\":false"
    });
    out.push_str(&pieces[1]);
    out.push_str(&iso(now));
    out.push_str(&pieces[2]);
}
