//! One request as it is sent: what every question has in common, and the one place where secrets
//! are put into it.

use std::{borrow::Cow, error::Error, time::Duration};

use chrono::{DateTime, Utc};
use reqwest::{
    Method, Request,
    header::{AUTHORIZATION, COOKIE, HeaderValue},
};
use secrecy::ExposeSecret;

use super::{
    Api, Credential, CredentialKind, Purpose, Question,
    cookies::CookieJar,
    error::{Decision, Trouble},
};

/// In every question: one form of answer, in one language.
const FORM: [(&str, &str); 5] = [
    ("format", "json"),
    ("formatversion", "2"),
    ("errorformat", "plaintext"),
    ("errorlang", "en"),
    ("uselang", "en"),
];

/// One request, to be sent as often as it takes.
#[derive(Clone, Debug)]
pub(super) struct Call<'a> {
    pub(super) api: &'a Api,
    pub(super) purpose: Purpose,
    query: Vec<(&'a str, Cow<'a, str>)>,
    /// The body of a POST; without it, it is a GET.
    form: Option<[(&'a str, &'a str); 3]>,
    total_time: Duration,
    as_nobody: bool,
}

impl<'a> Call<'a> {
    /// A question; what it says itself goes before what every question has.
    pub(super) fn question(
        api: &'a Api,
        question: &Question<'a>,
        kind: CredentialKind,
        maxlag_seconds: u32,
    ) -> Self {
        let mut call = Self::new(api, question.purpose, question.parameters.clone());
        call.total_time = question.total_time;
        call.as_nobody = question.as_nobody;
        call.add("action", "query");
        if kind != CredentialKind::None {
            // A lost login is an error then, and not the answer of a stranger.
            call.add("assert", "user");
        }
        if !question.without_maxlag {
            call.add("maxlag", maxlag_seconds.to_string());
        }
        call
    }

    /// The token that a login begins with.
    pub(super) fn login_token(api: &'a Api) -> Self {
        let query = [("action", "query"), ("meta", "tokens"), ("type", "login")];
        let query = query.map(|(name, value)| (name, Cow::from(value)));
        Self::new(api, Purpose::Login, query.into())
    }

    /// The login. Its action is in the address, since the gateway knows logins by that.
    pub(super) fn login(api: &'a Api, form: [(&'a str, &'a str); 3]) -> Self {
        let query = vec![("action", Cow::from("login"))];
        Self {
            form: Some(form),
            ..Self::new(api, Purpose::Login, query)
        }
    }

    /// The request, with the credential in it.
    pub(super) fn request(
        &self,
        http: &reqwest::Client,
        credential: &Credential,
        cookies: &CookieJar,
        now: DateTime<Utc>,
    ) -> Result<Request, Trouble> {
        let mut url = self.api.url().clone();
        url.query_pairs_mut().extend_pairs(&self.query);
        let builder = match &self.form {
            Some(form) => http.request(Method::POST, url).form(form),
            None => http.request(Method::GET, url),
        };
        let mut request = builder
            .timeout(self.total_time)
            .build()
            .map_err(|error| unsendable(&error.without_url()))?;
        if !self.as_nobody {
            authorize(&mut request, self.api, credential, cookies, now)?;
        }
        Ok(request)
    }

    fn new(api: &'a Api, purpose: Purpose, query: Vec<(&'a str, Cow<'a, str>)>) -> Self {
        let mut call = Self {
            api,
            purpose,
            query,
            form: None,
            total_time: purpose.total_time(),
            as_nobody: false,
        };
        for (name, value) in FORM {
            call.add(name, value);
        }
        call
    }

    fn add(&mut self, name: &'a str, value: impl Into<Cow<'a, str>>) {
        if !self.query.iter().any(|(given, _)| *given == name) {
            self.query.push((name, value.into()));
        }
    }
}

/// The one place where secrets are put into a request; an [`Api`] is always on an allowed host.
fn authorize(
    request: &mut Request,
    api: &Api,
    credential: &Credential,
    cookies: &CookieJar,
    now: DateTime<Utc>,
) -> Result<(), Trouble> {
    let authorization = match credential {
        Credential::None => return Ok(()),
        Credential::BotPassword(_) => None,
        Credential::OAuth2(token) => Some(format!("Bearer {}", token.expose_secret())),
        Credential::OAuth1(oauth1) => {
            // It has to be new, not secret.
            let nonce = format!("{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..));
            Some(oauth1.authorization(request.url(), &nonce, now))
        }
    };
    if let Some(text) = authorization {
        let mut value = HeaderValue::from_str(&text).map_err(|error| unsendable(&error))?;
        value.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, value);
    }
    if let Some(cookies) = cookies.header(api, now) {
        request.headers_mut().insert(COOKIE, cookies);
    }
    Ok(())
}

fn unsendable(error: &dyn Error) -> Trouble {
    let text = format!("the question cannot be put as a request ({error})");
    Trouble::new(Decision::SkipWiki, text)
}
