//! A successful answer being put together.

use super::super::clock;
use super::super::http::Reply;
use super::super::json::{self, Object, list};
use super::super::params::Params;

#[derive(Default)]
pub struct Page {
    /// The members of `query`, without braces.
    query: String,
    /// What stands in place of `query`: the object of another action, with its name.
    pub other: Option<(&'static str, String)>,
    warnings: Vec<Warning>,
    pub continues: Vec<(&'static str, String)>,
    pub limits: Vec<(&'static str, u32)>,
    pub cookies: Vec<String>,
    pub curtimestamp: Option<i64>,
}

struct Warning {
    module: String,
    code: &'static str,
    text: String,
    data: String,
}

const KNOWN: [&str; 24] = [
    "action",
    "format",
    "formatversion",
    "errorformat",
    "errorlang",
    "uselang",
    "assert",
    "assertuser",
    "maxlag",
    "smaxage",
    "maxage",
    "requestid",
    "servedby",
    "curtimestamp",
    "responselanginfo",
    "origin",
    "meta",
    "list",
    "prop",
    "continue",
    "rawcontinue",
    "utf8",
    "type",
    "token",
];
const PREFIXES: [&str; 10] = [
    "ui", "gui", "us", "si", "le", "uc", "gpr", "grs", "gus", "lg",
];

impl Page {
    /// Writes the key of a module's member of `query`; the caller writes the value.
    pub fn member(&mut self, key: &str) -> &mut String {
        if !self.query.is_empty() {
            self.query.push(',');
        }
        json::text(&mut self.query, key);
        self.query.push(':');
        &mut self.query
    }

    /// Closes an array that was opened in the last member.
    pub fn close_list(&mut self) {
        self.query.push(']');
    }

    /// Members that are written already.
    pub fn members(&mut self, members: &[(String, String)]) {
        for (key, value) in members {
            self.member(key).push_str(value);
        }
    }

    pub fn warn(&mut self, module: &str, code: &'static str, text: &str, data: &str) {
        self.warnings.push(Warning {
            module: module.into(),
            code,
            text: text.into(),
            data: data.into(),
        });
    }

    pub fn unknown_values<'a>(
        &mut self,
        module: &str,
        parameter: &str,
        values: impl Iterator<Item = &'a str>,
    ) {
        let values: Vec<&str> = values.collect();
        if values.is_empty() {
            return;
        }
        let s = if values.len() == 1 { "" } else { "s" };
        let text = format!(
            "Unrecognized value{s} for parameter \"{parameter}\": {}",
            values.join(", ")
        );
        let mut data = "{\"values\":".to_owned();
        json::texts(&mut data, &values);
        data.push('}');
        self.warn(module, "unrecognizedvalues", &text, &data);
    }

    pub fn unknown_params(&mut self, params: &Params) {
        let known = |name: &str| {
            KNOWN.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        };
        let unknown: Vec<&str> = params.names().filter(|name| !known(name)).collect();
        if !unknown.is_empty() {
            let s = if unknown.len() == 1 { "" } else { "s" };
            self.warn(
                "main",
                "unrecognizedparams",
                &format!("Unrecognized parameter{s}: {}.", unknown.join(", ")),
                "",
            );
        }
    }

    pub fn render(&self, params: &Params) -> Reply {
        let mut body = String::with_capacity(self.query.len() + 200);
        let mut top = Object::open(&mut body);
        if let Some(now) = self.curtimestamp {
            top.text("curtimestamp", &clock::iso(now));
        }
        let early =
            self.other.is_some() || self.warnings.iter().any(|warning| warning.module == "main");
        if early {
            self.render_warnings(&mut top, params);
        }
        if let Some((name, object)) = &self.other {
            top.raw(name, object);
        } else {
            top.flag("batchcomplete", true);
            self.render_query(&mut top, params, early);
        }
        top.close();
        Reply::json(body)
    }

    fn render_query(&self, top: &mut Object, params: &Params, warned: bool) {
        if !self.continues.is_empty() {
            let mut more = Object::open(top.key("continue"));
            for (name, value) in &self.continues {
                more.text(name, value);
            }
            more.text("continue", "-||");
            more.close();
        }
        if !warned {
            self.render_warnings(top, params);
        }
        if !self.limits.is_empty() {
            let mut limits = Object::open(top.key("limits"));
            for (module, limit) in &self.limits {
                limits.number(module, limit);
            }
            limits.close();
        }
        if !self.query.is_empty() {
            let out = top.key("query");
            out.push('{');
            out.push_str(&self.query);
            out.push('}');
        }
    }

    fn render_warnings(&self, top: &mut Object, params: &Params) {
        if self.warnings.is_empty() {
            return;
        }
        if matches!(params.get("errorformat"), None | Some("bc")) {
            let mut modules = Object::open(top.key("warnings"));
            for warning in &self.warnings {
                let module = warning.module.trim_start_matches("query+");
                let mut object = Object::open(modules.key(module));
                object.text("warnings", &warning.text);
                object.close();
            }
            modules.close();
            return;
        }
        list(top.key("warnings"), &self.warnings, |out, warning| {
            let mut object = Object::open(out);
            object.text("code", warning.code);
            object.text("text", &warning.text);
            if !warning.data.is_empty() {
                object.raw("data", &warning.data);
            }
            object.text("module", &warning.module);
            object.close();
        });
    }
}
