//! The smallest HTTP client that will do.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use super::super::{Farm, TOKEN, json};

pub const QUERY: &str = "action=query&format=json&formatversion=2&errorformat=plaintext";
/// All that 1.39 knows.
pub const ALL_UI: &str = "blockinfo|hasmsg|groups|groupmemberships|implicitgroups|rights|changeablegroups|options|\
    editcount|ratelimits|theoreticalratelimits|email|realname|acceptlang|registrationdate|unreadcount|centralids|\
    latestcontrib";
pub const ALL_GUI: &str = "groups|rights|merged|unattached|editcount";
pub const ALL_US: &str = "groups|groupmemberships|implicitgroups|rights|editcount|registration|emailable|gender|blockinfo|centralids";

/// What came back.
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> &str {
        str::from_utf8(&self.body).unwrap_or_default()
    }

    /// The value at a path of keys, or "".
    pub fn at(&self, path: &[&str]) -> &str {
        json::at(self.text(), path).unwrap_or_default()
    }

    pub fn error(&self) -> String {
        let errors = json::items(self.at(&["errors"]));
        errors
            .first()
            .and_then(|error| json::at(error, &["code"]))
            .map(json::unquoted)
            .unwrap_or_default()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines
            .rfind(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    pub fn cookie(&self, name: &str) -> String {
        let cookies = self
            .head
            .lines()
            .filter_map(|line| line.strip_prefix("Set-Cookie: "));
        let mut cookie = cookies
            .filter_map(|line| line.split(';').next()?.split_once('='))
            .filter(|(key, _)| *key == name);
        cookie
            .next_back()
            .map(|(key, value)| format!("{key}={value}"))
            .unwrap_or_default()
    }
}

/// A request as it stands; whatever comes until the connection ends.
pub fn send(
    farm: &Farm,
    host: &str,
    method: &str,
    target: &str,
    headers: &str,
    body: &str,
) -> Answer {
    let mut stream = TcpStream::connect(("127.0.0.1", farm.port())).expect("the farm");
    let length = body.len();
    let request = format!(
        "{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nUser-Agent: test/1 (me@example.net)\r\n\
         {headers}Content-Length: {length}\r\n\r\n{body}"
    );
    stream
        .write_all(request.as_bytes())
        .expect("a request sent");
    let mut bytes = Vec::new();
    _ = stream.read_to_end(&mut bytes);
    let end = bytes
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .map_or(bytes.len(), |end| end + 4);
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|text| text.parse().ok())
        .unwrap_or(0);
    Answer {
        status,
        head,
        body: bytes[end..].to_vec(),
    }
}

pub fn host(farm: &Farm, wiki: &str) -> String {
    farm.base(wiki).trim_start_matches("http://").to_owned()
}

/// A query without login.
pub fn ask(farm: &Farm, wiki: &str, query: &str) -> Answer {
    ask_with(farm, wiki, query, "")
}

/// A query as Alice.
pub fn ask_as_alice(farm: &Farm, wiki: &str, query: &str) -> Answer {
    ask_with(
        farm,
        wiki,
        query,
        &format!("Authorization: Bearer {TOKEN}\r\n"),
    )
}

pub fn ask_with(farm: &Farm, wiki: &str, query: &str, headers: &str) -> Answer {
    let query = query.replace(' ', "%20").replace('|', "%7C");
    send(
        farm,
        &host(farm, wiki),
        "GET",
        &format!("/w/api.php?{QUERY}&{query}"),
        headers,
        "",
    )
}

pub fn options(farm: &Farm, wiki: &str) -> String {
    let answer = ask_as_alice(farm, wiki, "meta=userinfo&uiprop=options");
    answer.at(&["query", "userinfo", "options"]).to_owned()
}
