//! Where the page begins and ends: what a browser may do with it, and how it looks.

use std::io::{self, Write};

use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

use super::super::html::escape;
use super::words::Words;

const STYLE: &str = include_str!("style.css");

/// A picture for the tab: without one, a browser asks the server that the page came from.
const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E\
    %3Cpath d='M2 13V8h3v5zm4.5 0V5h3v8zM11 13V2h3v11z' fill='%230f62ac'/%3E%3C/svg%3E";

/// Everything up to the content. The title may hold text from wikis.
pub(super) fn write(out: &mut dyn Write, title: &str) -> io::Result<()> {
    let hash = STANDARD.encode(Sha256::digest(STYLE));
    let title = escape(title);
    // The policy stands before anything that comes from a wiki.
    writeln!(
        out,
        r##"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-{hash}'; img-src data:; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="{ICON}">
<title>{title}</title>
<style>{STYLE}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>"##
    )
}

/// The foot of the page; `note` is one more sentence.
pub(super) fn write_end(out: &mut dyn Write, words: &Words, note: &str) -> io::Result<()> {
    writeln!(
        out,
        "<footer><p>Written {} by sultrail. Times are those of {}. {note} This page holds no script and asks \
         nobody for anything.</p></footer>\n</body>\n</html>",
        words.instant(words.now()),
        escape(words.zone().name()),
    )
}
