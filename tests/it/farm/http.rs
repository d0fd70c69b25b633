//! As much HTTP/1.1 as the farm needs: requests in, answers out.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::time::Duration;

/// A request, read whole.
pub struct Request {
    pub method: String,
    pub target: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: String,
    pub nth_on_connection: u32,
}

impl Request {
    /// Parses a head without its empty line; `None` if it is not HTTP.
    pub fn parse(head: &str) -> Option<Self> {
        let mut lines = head.split("\r\n");
        let mut first = lines.next()?.split(' ');
        let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
        let header = |line: &str| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_ascii_lowercase(), value.trim().to_owned()))
        };
        let headers = lines.filter_map(header).collect();
        Some(Self {
            method,
            target,
            headers,
            body: String::new(),
            nth_on_connection: 0,
        })
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    pub fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }

    /// A cookie's value; of several of that name the last.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        let jars = self.headers.iter().filter(|(key, _)| key == "cookie");
        let mut pairs = jars
            .flat_map(|(_, jar)| jar.split(';'))
            .filter_map(|pair| pair.trim().split_once('='));
        pairs.rfind(|(key, _)| *key == name).map(|(_, value)| value)
    }
}

/// An answer and how it is to be delivered.
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(Cow<'static, str>, String)>,
    pub body: Vec<u8>,
    pub delivery: Delivery,
}

/// What may go wrong on the way; by default nothing does.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "they combine")]
pub struct Delivery {
    pub delay: Duration,
    /// So many bytes at a time, with a pause after each.
    pub drip: Option<(usize, Duration)>,
    pub cut: bool,
    pub endless: bool,
    pub hang: bool,
    pub reset: bool,
}

impl Reply {
    pub fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![(Cow::Borrowed("Content-Type"), content_type.to_owned())];
        Self {
            status,
            headers,
            body: body.into(),
            delivery: Delivery::default(),
        }
    }

    /// An API answer: 200, JSON, the headers a real one has.
    pub fn json(body: String) -> Self {
        let mut reply = Self::new(200, "application/json; charset=utf-8", body);
        reply.header("X-Frame-Options", "DENY");
        reply.header("Content-Disposition", "inline; filename=api-result.json");
        reply.header("Cache-Control", "private, must-revalidate, max-age=0");
        reply
    }

    pub fn header(&mut self, name: &'static str, value: impl Into<String>) {
        self.headers.push((name.into(), value.into()));
    }

    /// The status line and headers, empty line included.
    pub fn head(&self, date: &str) -> String {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        _ = write!(head, "Server: nginx/1.22.1\r\nDate: {date}\r\n");
        for (name, value) in &self.headers {
            _ = write!(head, "{name}: {value}\r\n");
        }
        if self.delivery.endless {
            head.push_str("Transfer-Encoding: chunked\r\n\r\n");
        } else {
            _ = write!(
                head,
                "Content-Length: {}\r\nX-Content-Type-Options: nosniff\r\n\r\n",
                self.body.len()
            );
        }
        head
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        301 => "Moved Permanently",
        302 => "Found",
        307 => "Temporary Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Status",
    }
}
