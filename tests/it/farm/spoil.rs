//! What a fault does: to the question, instead of the answer, to the answer, to its delivery.

use std::io::Write as _;
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::Value;

use super::api::ApiError;
use super::faults::Fault;
use super::http::Reply;
use super::params::Params;

/// What a wiki gets wrong about the question while it answers in all seriousness.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fault of its own")]
pub struct Lie {
    pub anonymous: bool,
    /// `assert` is not checked.
    pub unasserted: bool,
    pub other_user: bool,
    pub default_options: bool,
    pub vanished: Vec<String>,
    pub duplicate_accounts: bool,
    pub missing_accounts: bool,
    pub warnings: bool,
    pub suppressed: bool,
    pub error: Option<ApiError>,
}

impl Lie {
    pub fn new(faults: &[Fault], params: &Params) -> Self {
        let mut lie = Self::default();
        for fault in faults {
            match fault {
                Fault::Anonymous200 => (lie.anonymous, lie.unasserted) = (true, true),
                Fault::LostLogin => lie.anonymous = true,
                Fault::LoginSuppressed => {
                    (lie.anonymous, lie.unasserted, lie.suppressed) = (true, true, true);
                }
                Fault::OtherUser200 => lie.other_user = true,
                Fault::OptionsAllDefault => lie.default_options = true,
                Fault::PropVanished(prop) => lie.vanished.push(prop.clone()),
                Fault::DuplicateAccounts => lie.duplicate_accounts = true,
                Fault::MissingAccounts => lie.missing_accounts = true,
                Fault::Warnings => lie.warnings = true,
                Fault::Maxlag { lag } => lie.error = ApiError::maxlag(*lag, params).or(lie.error),
                Fault::ApiError { code, text } => {
                    lie.error = Some(ApiError::new(code.clone(), text, "main"));
                }
                Fault::InternalApiError => lie.error = Some(ApiError::internal()),
                Fault::Readonly => lie.error = Some(ApiError::readonly()),
                _ => {}
            }
        }
        lie
    }
}

/// The answer that takes the place of the real one, if a fault demands it.
pub fn instead(fault: &Fault) -> Option<Reply> {
    let html = |status, body: &str| Reply::new(status, "text/html; charset=utf-8", body);
    let text = |status, body: &str| Reply::new(status, "text/plain", body);
    let waiting = |mut reply: Reply, retry_after: &Option<u64>| {
        if let Some(seconds) = retry_after {
            reply.header("Retry-After", seconds.to_string());
        }
        reply
    };
    Some(match fault {
        Fault::Http429Text { retry_after } => waiting(text(429, TOO_MANY), retry_after),
        Fault::Http429Html { retry_after } => waiting(html(429, TOO_MANY_HTML), retry_after),
        Fault::Http503 { retry_after } => waiting(html(503, MAINTENANCE), retry_after),
        Fault::Http401 => {
            let mut reply = text(401, "Jwt is expired");
            reply.header(
                "WWW-Authenticate",
                "Bearer realm=\"farm\", error=\"invalid_token\"",
            );
            reply
        }
        Fault::Http403 => text(403, FORBIDDEN),
        Fault::NotFound404 => not_found(),
        Fault::RedirectTo(url) => {
            let mut reply = html(302, "<html><body>Found</body></html>");
            reply.header("Location", url.clone());
            reply
        }
        Fault::WrongContentType => html(200, MAINTENANCE),
        Fault::EmptyBody => Reply::json(String::new()),
        Fault::GzipBomb => {
            let mut reply = Reply::json(String::new());
            reply.header("Content-Encoding", "gzip");
            reply.body.clone_from(bomb());
            reply
        }
        Fault::EndlessBody => {
            let mut reply = Reply::json(String::new());
            reply.delivery.endless = true;
            reply
        }
        Fault::Raw {
            status,
            headers,
            body,
        } => {
            let mut reply = Reply::new(*status, "", body.clone());
            reply.headers.clear();
            reply.headers.extend(
                headers
                    .iter()
                    .map(|(name, value)| (name.clone().into(), value.clone())),
            );
            reply
        }
        _ => return None,
    })
}

/// Changes an answer, or the way it is sent.
pub fn after(fault: &Fault, reply: &mut Reply) {
    match fault {
        Fault::InvalidJson => reply.body.truncate(reply.body.len() * 2 / 3),
        Fault::ListsAsObjects => rewrite(reply, &lists_as_objects),
        Fault::UnknownFields => rewrite(reply, &unknown_fields),
        Fault::TruncatedGzip => {
            reply.body = gzip(&reply.body);
            reply.body.truncate(reply.body.len() * 2 / 3);
            reply.header("Content-Encoding", "gzip");
        }
        Fault::Slow(ms) => reply.delivery.delay += Duration::from_millis(*ms),
        Fault::Drip { bytes, every_ms } => {
            reply.delivery.drip = Some(((*bytes).max(1), Duration::from_millis(*every_ms)));
        }
        Fault::CutInMiddle => reply.delivery.cut = true,
        Fault::Reset => reply.delivery.reset = true,
        Fault::Hang => reply.delivery.hang = true,
        _ => {}
    }
}

/// nginx's answer to a host it does not know.
pub fn not_found() -> Reply {
    let body = "<html>\r\n<head><title>404 Not Found</title></head>\r\n<body>\r\n\
        <center><h1>404 Not Found</h1></center>\r\n<hr><center>nginx/1.22.1</center>\r\n</body>\r\n</html>\r\n";
    Reply::new(404, "text/html", body)
}

pub fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    _ = encoder.write_all(body);
    encoder.finish().unwrap_or_default()
}

fn bomb() -> &'static Vec<u8> {
    static BOMB: OnceLock<Vec<u8>> = OnceLock::new();
    BOMB.get_or_init(|| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        _ = encoder.write_all(b"{\"batchcomplete\":true,\"query\":\"");
        let megabyte = vec![b'a'; 1 << 20];
        for _ in 0..64 {
            _ = encoder.write_all(&megabyte);
        }
        encoder.finish().unwrap_or_default()
    })
}

fn rewrite(reply: &mut Reply, change: &dyn Fn(&mut Value)) {
    if let Ok(mut value) = serde_json::from_slice(&reply.body) {
        change(&mut value);
        reply.body = value.to_string().into_bytes();
    }
}

fn lists_as_objects(value: &mut Value) {
    match value {
        Value::Array(items) if items.iter().all(Value::is_string) && !items.is_empty() => {
            let keyed = std::mem::take(items).into_iter().enumerate();
            *value = Value::Object(
                keyed
                    .map(|(index, item)| (index.to_string(), item))
                    .collect(),
            );
        }
        Value::Array(items) => items.iter_mut().for_each(lists_as_objects),
        Value::Object(members) => members.values_mut().for_each(lists_as_objects),
        _ => {}
    }
}

fn unknown_fields(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(unknown_fields),
        // Preferences are a map of names: an unknown one there would be a change, not a field.
        Value::Object(members) => {
            members
                .iter_mut()
                .filter(|(key, _)| !key.ends_with("options"))
                .for_each(|(_, member)| unknown_fields(member));
            members.insert(
                "newinversion".to_owned(),
                serde_json::json!({"2":["x"],"y":null}),
            );
        }
        _ => {}
    }
}

pub const TOO_MANY: &str = "You are making too many requests to the API. Please slow down, see \
    https://www.mediawiki.org/wiki/Wikimedia_APIs/Rate_limits (5ae1b2c3)\n";
const TOO_MANY_HTML: &str = "<!DOCTYPE html><html><head><title>Wikimedia Error</title></head><body><h1>Error</h1>\
    <p>Too many requests (f061ab2)</p></body></html>";
const FORBIDDEN: &str = "Please set a user-agent and respect our robot policy \
    https://w.wiki/4wJS. See also T400119.\n";
const MAINTENANCE: &str = "<!DOCTYPE html><html><head><title>Wikimedia Error</title></head><body><h1>Error</h1>\
    <p>Our servers are currently under maintenance or experiencing a technical problem. Please try again \
    in a few minutes.</p></body></html>";
