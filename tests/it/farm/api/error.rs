//! API errors: HTTP 200, a header, and one of two shapes.

use std::borrow::Cow;

use super::super::http::Reply;
use super::super::json::{Object, list};
use super::super::params::Params;

const HELP: &str = "for API usage. Subscribe to the mediawiki-api-announce mailing list at \
    &lt;https://lists.wikimedia.org/postorius/lists/mediawiki-api-announce.lists.wikimedia.org/&gt; \
    for notice of API deprecations and breaking changes.";

#[derive(Clone)]
pub struct ApiError {
    pub code: Cow<'static, str>,
    pub text: String,
    /// Empty where the servers name none.
    pub module: &'static str,
    /// An object as JSON text.
    pub data: Option<String>,
    pub headers: Vec<(&'static str, String)>,
}

impl ApiError {
    pub fn new(code: impl Into<Cow<'static, str>>, text: &str, module: &'static str) -> Self {
        Self {
            code: code.into(),
            text: text.to_owned(),
            module,
            data: None,
            headers: Vec::new(),
        }
    }

    /// Only if the request carries a smaller `maxlag`.
    pub fn maxlag(lag: u64, params: &Params) -> Option<Self> {
        let asked: i64 = params.get("maxlag")?.parse().ok()?;
        if asked >= lag as i64 {
            return None;
        }
        let host = "localhost:/srv/mediawiki/run/mysql.sock";
        let mut error = Self::new(
            "maxlag",
            &format!("Waiting for {host}: {lag} seconds lagged."),
            "main",
        );
        error.data = Some(format!(
            "{{\"host\":\"{host}\",\"lag\":{lag},\"type\":\"db\"}}"
        ));
        error.headers = vec![
            ("Retry-After", asked.max(5).to_string()),
            ("X-Database-Lag", lag.to_string()),
        ];
        Some(error)
    }

    pub fn readonly() -> Self {
        let mut error = Self::new(
            "readonly",
            "The wiki is currently in read-only mode.",
            "main",
        );
        error.data = Some("{\"readonlyreason\":\"Maintenance of the test farm\"}".into());
        error
    }

    pub fn internal() -> Self {
        let text =
            "[57e740c2a59337ddde5287e4] Caught exception of type Wikimedia\\Rdbms\\DBQueryError";
        let mut error = Self::new("internal_api_error_DBQueryError", text, "main");
        error.data = Some("{\"errorclass\":\"Wikimedia\\\\Rdbms\\\\DBQueryError\"}".into());
        error
    }

    pub fn render(&self, base: &str, params: &Params) -> Reply {
        let docref = format!("See {base}/w/api.php {HELP}");
        let mut body = String::with_capacity(600);
        let mut top = Object::open(&mut body);
        if matches!(params.get("errorformat"), None | Some("bc")) {
            let mut error = Object::open(top.key("error"));
            error.text("code", &self.code);
            error.text("info", &self.text);
            for (key, value) in super::json::members(self.data.as_deref().unwrap_or_default()) {
                error.raw(key, value);
            }
            error.text("docref", &docref);
            error.close();
        } else {
            list(top.key("errors"), [self], |out, error| error.write(out));
            top.text("docref", &docref);
        }
        top.text("servedby", "vm");
        top.close();
        let mut reply = Reply::json(body);
        reply.header("MediaWiki-API-Error", self.code.clone());
        for (name, value) in &self.headers {
            reply.header(name, value.clone());
        }
        reply
    }

    fn write(&self, out: &mut String) {
        let mut error = Object::open(out);
        error.text("code", &self.code);
        error.text("text", &self.text);
        if let Some(data) = &self.data {
            error.raw("data", data);
        }
        if !self.module.is_empty() {
            error.text("module", self.module);
        }
        error.close();
    }
}
