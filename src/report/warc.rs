//! Answers as a WARC file, version 1.1 (ISO 28500:2017): what web archives read. The same answers give
//! the same bytes.

use std::{
    fmt::Write as _,
    io::{self, Write},
};

use chrono::{DateTime, SecondsFormat, Utc};
use sha2::{Digest, Sha256};

use crate::model::KeptAnswer;

/// An answer and what it was about.
#[derive(Clone, Copy, Debug)]
pub struct WarcAnswer<'a> {
    /// The run that asked.
    pub run: i64,
    /// Whose account.
    pub user: &'a str,
    /// Where; `global` for the global account.
    pub wiki: &'a str,
    /// The answer.
    pub answer: &'a KeptAnswer,
}

/// Writes the record that a file begins with: who made it, when (the time of its newest answer).
pub fn write_warc_info(out: &mut dyn Write, at: DateTime<Utc>) -> io::Result<()> {
    let block = format!(
        "software: sultrail/{}\r\nformat: WARC File Format 1.1\r\n\
         conformsTo: http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/\r\n\
         description: answers of wikis about the accounts of a user. What stood for a secret was \
         replaced by a keyed hash; the metadata record of each answer says where\r\n",
        env!("CARGO_PKG_VERSION")
    );
    let record = Record {
        kind: "warcinfo",
        content_type: "application/warc-fields",
        at,
        url: None,
        more: String::new(),
    };
    record.write(out, block.as_bytes(), None).map(drop)
}

/// Writes an answer: the request, the response, and what is to be known of them.
pub fn write_warc_answer(out: &mut dyn Write, about: WarcAnswer<'_>) -> io::Result<()> {
    let answer = about.answer;
    let record = |kind, content_type, more| Record {
        kind,
        content_type,
        at: answer.received_at,
        url: Some(&answer.url),
        more,
    };
    let mut response = format!("HTTP/1.1 {} {}\r\n", answer.status, reason(answer.status));
    write_headers(&mut response, &answer.headers);
    let head = response.len();
    let mut response = response.into_bytes();
    response.extend_from_slice(&answer.body);
    let kind = "application/http; msgtype=response";
    let id = record("response", kind, String::new()).write(out, &response, Some(head))?;

    let target = answer.url.split_once("://").map_or("", |(_, rest)| rest);
    let (host, path) = target.split_once('/').unwrap_or((target, ""));
    let mut request = format!("GET /{path} HTTP/1.1\r\nHost: {}\r\n", one_line(host));
    write_headers(&mut request, &answer.request_headers);
    let kind = "application/http; msgtype=request";
    let concurrent = format!("WARC-Concurrent-To: {id}\r\n");
    record("request", kind, concurrent.clone()).write(out, request.as_bytes(), None)?;

    let mut notes = format!(
        "run: {}\r\nuser: {}\r\nwiki: {}\r\npurpose: {}\r\n\
         omitted: the headers of the request with the credential, cookies, the encoding of the transfer\r\n",
        about.run,
        one_line(about.user),
        one_line(about.wiki),
        one_line(&answer.purpose)
    );
    for place in &answer.cut {
        let _ = write!(notes, "cut-out: {}\r\n", one_line(place));
    }
    let refers = format!("{concurrent}WARC-Refers-To: {id}\r\n");
    record("metadata", "application/warc-fields", refers)
        .write(out, notes.as_bytes(), None)
        .map(drop)
}

struct Record<'a> {
    kind: &'static str,
    content_type: &'static str,
    at: DateTime<Utc>,
    url: Option<&'a str>,
    more: String,
}

impl Record<'_> {
    /// Writes the record and returns its ID. `head`: how long the HTTP headers are, where there is a
    /// payload behind them.
    fn write(&self, out: &mut dyn Write, block: &[u8], head: Option<usize>) -> io::Result<String> {
        let id = self.id(block);
        let at = self.at.to_rfc3339_opts(SecondsFormat::Millis, true);
        write!(
            out,
            "WARC/1.1\r\nWARC-Type: {}\r\nWARC-Record-ID: {id}\r\n",
            self.kind
        )?;
        write!(out, "WARC-Date: {at}\r\n")?;
        if let Some(url) = self.url {
            write!(out, "WARC-Target-URI: {}\r\n", one_line(url))?;
        }
        write!(out, "{}WARC-Block-Digest: {}\r\n", self.more, digest(block))?;
        if let Some(payload) = head.and_then(|head| block.get(head..)) {
            write!(out, "WARC-Payload-Digest: {}\r\n", digest(payload))?;
        }
        write!(
            out,
            "Content-Type: {}\r\nContent-Length: {}\r\n\r\n",
            self.content_type,
            block.len()
        )?;
        out.write_all(block)?;
        out.write_all(b"\r\n\r\n")?;
        Ok(id)
    }

    /// A number that follows from what is in it (RFC 9562, version 8).
    fn id(&self, block: &[u8]) -> String {
        let mut hash = Sha256::new();
        hash.update(self.kind);
        hash.update(self.at.timestamp_millis().to_le_bytes());
        hash.update(self.url.unwrap_or_default());
        hash.update([0xff]);
        hash.update(block);
        let hex = hash.finalize().iter().take(16).enumerate().fold(
            String::new(),
            |mut hex, (nth, byte)| {
                let byte = match nth {
                    6 => byte & 0x0f | 0x80,
                    8 => byte & 0x3f | 0x80,
                    _ => *byte,
                };
                if [4, 6, 8, 10].contains(&nth) {
                    hex.push('-');
                }
                let _ = write!(hex, "{byte:02x}");
                hex
            },
        );
        format!("<urn:uuid:{hex}>")
    }
}

fn write_headers(to: &mut String, headers: &[(String, String)]) {
    for (name, value) in headers {
        let _ = write!(to, "{}: {}\r\n", one_line(name), one_line(value));
    }
    to.push_str("\r\n");
}

/// No header may begin another one.
fn one_line(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

fn reason(status: u16) -> &'static str {
    if status == 200 { "OK" } else { "" }
}

/// SHA-256 in base 32 (RFC 4648), as other writers do it.
fn digest(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut text = "sha256:".to_owned();
    let (mut buffer, mut bits) = (0_u32, 0);
    for byte in Sha256::digest(bytes) {
        buffer = buffer << 8 | u32::from(byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(char::from(ALPHABET[(buffer >> bits & 31) as usize]));
        }
        buffer &= (1 << bits) - 1;
    }
    if bits > 0 {
        text.push(char::from(ALPHABET[(buffer << (5 - bits) & 31) as usize]));
        text.push_str("====");
    }
    text
}
