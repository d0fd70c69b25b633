//! What a wiki answers to one request: gateway, faults, the API, in that order.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;

use super::gateway::Identity;
use super::http::{Reply, Request};
use super::params::Params;
use super::spoil::{self, Lie};
use super::world::World;
use super::{api, profile};

/// Compressed bodies by the hash of the plain ones.
pub type Compressed = HashMap<u64, Vec<u8>>;

impl World {
    pub fn reply_of(&mut self, wiki: usize, request: &Request) -> Reply {
        let params = Params::parse(request.query(), &request.body);
        self.counts.writes += u64::from(is_write(request, &params));
        let identity = self.identity(request);
        let elapsed = self.clock.elapsed();
        let verdict = self
            .gateway
            .pass(&identity, elapsed, is_counted(request, &params));
        self.counts.early += u64::from(verdict.early);
        let mut reply = match verdict.retry_after {
            Some(seconds) => {
                let mut reply = Reply::new(429, "text/plain", spoil::TOO_MANY);
                reply.header("Retry-After", seconds.to_string());
                reply
            }
            None => self.pass_on(wiki, request, &params, &identity, elapsed),
        };
        if self.gateway.options.is_some() {
            reply.header("x-wmf-ratelimit-class", identity.class);
        } else if let Some(class) = &self.gateway.default_class {
            reply.header("x-wmf-ratelimit-class", class.clone());
        }
        reply.delivery.delay += Duration::from_millis(self.options.latency_ms);
        reply
    }

    fn pass_on(
        &mut self,
        wiki: usize,
        request: &Request,
        params: &Params,
        who: &Identity,
        elapsed: Duration,
    ) -> Reply {
        let faults = self.faults(wiki, request);
        let mut reply = match faults.iter().find_map(spoil::instead) {
            Some(reply) => reply,
            None => self.ask_mediawiki(wiki, request, params, &Lie::new(&faults, params)),
        };
        if [429, 503].contains(&reply.status)
            && let Some(seconds) = retry_after(&reply)
        {
            self.gateway.told_to_wait(who, elapsed, seconds);
        }
        for fault in &faults {
            spoil::after(fault, &mut reply);
        }
        if self.options.gzip
            && request
                .header("accept-encoding")
                .is_some_and(|all| all.contains("gzip"))
        {
            self.compress(&mut reply);
        }
        reply
    }

    fn ask_mediawiki(
        &mut self,
        wiki: usize,
        request: &Request,
        params: &Params,
        lie: &Lie,
    ) -> Reply {
        let mut reply = match request.path() {
            "/w/api.php" => api::answer(self, request, wiki, params, lie),
            "/w/rest.php/oauth2/resource/profile" => profile::answer(self, request, wiki, params),
            _ => spoil::not_found(),
        };
        if self.wikis[wiki].lag > 0 {
            reply.header("X-Database-Lagged", "true");
        }
        reply
    }

    fn compress(&mut self, reply: &mut Reply) {
        if reply.body.len() < 500
            || reply
                .headers
                .iter()
                .any(|(name, _)| name == "Content-Encoding")
        {
            return;
        }
        let mut hasher = DefaultHasher::new();
        reply.body.hash(&mut hasher);
        if self.compressed.len() > 5000 {
            self.compressed.clear();
        }
        let packed = self
            .compressed
            .entry(hasher.finish())
            .or_insert_with(|| spoil::gzip(&reply.body));
        reply.body.clone_from(packed);
        reply.header("Content-Encoding", "gzip");
        reply.header(
            "Vary",
            "Accept-Encoding, Treat-as-Untrusted, Cookie, Authorization",
        );
    }
}

fn retry_after(reply: &Reply) -> Option<u64> {
    reply
        .headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("retry-after"))?
        .1
        .parse()
        .ok()
}

/// Any action that changes something, as far as one can tell from outside.
fn is_write(request: &Request, params: &Params) -> bool {
    match params.get("action") {
        Some("login") => false,
        Some("query") | None => request.method == "POST",
        Some(_) => true,
    }
}

/// The gateway exempts logins (if the URL says so) and pure token requests.
fn is_counted(request: &Request, params: &Params) -> bool {
    let login = request
        .query()
        .split('&')
        .any(|pair| pair == "action=login");
    let tokens = request.method == "GET"
        && params.list("meta").contains(&"tokens")
        && params
            .list("meta")
            .iter()
            .all(|meta| ["tokens", "userinfo"].contains(meta))
        && !params.has("list");
    !login && !tokens
}
