//! Which hosts may be asked at all, and so may see the credential.
//!
//! The address of each wiki comes from the network (`merged[].url`), so it is compared letter by
//! letter with the one spelling that it can have, and its host with the list of the farm.

use std::fmt;

use url::{Host, Url};

/// The hosts of one farm, and where the API is on them.
#[derive(Clone, Debug)]
pub struct AllowedHosts {
    patterns: Vec<Pattern>,
    insecure_http: bool,
    central: Api,
}

impl AllowedHosts {
    /// The hosts of a farm. A pattern is an exact name, or `*.suffix` for every name below the
    /// suffix, at any depth, but not the suffix itself. Ports are not part of it.
    ///
    /// All wikis are expected to have their API where the central one has it.
    pub fn new<P: AsRef<str>>(
        patterns: &[P],
        central_api: &str,
        insecure_http: bool,
    ) -> Result<Self, HostRefused> {
        let patterns = patterns
            .iter()
            .map(|text| Pattern::parse(text.as_ref()))
            .collect::<Result<Vec<_>, _>>()?;
        let central = Url::parse(central_api)
            .ok()
            .filter(|url| url.as_str() == central_api && url.path().len() > 1)
            .filter(is_bare)
            .ok_or_else(|| HostRefused::Address(shown(central_api)))?;
        let central = checked(central, &patterns, insecure_http)?;
        Ok(Self {
            patterns,
            insecure_http,
            central,
        })
    }

    /// The API of the central wiki.
    pub fn central(&self) -> &Api {
        &self.central
    }

    /// The API of a wiki, from the address that the central wiki gave of it: scheme and host, such
    /// as `https://en.wikipedia.org`, in the one spelling that it can have.
    pub fn api(&self, address: &str) -> Result<Api, HostRefused> {
        let spelling = || HostRefused::Address(shown(address));
        let mut url = Url::parse(address).map_err(|_| spelling())?;
        let one_spelling = url.as_str();
        let without_slash = one_spelling.strip_suffix('/').unwrap_or(one_spelling);
        if !is_bare(&url) || (address != one_spelling && address != without_slash) {
            return Err(spelling());
        }
        if url.path() != "/" {
            return Err(spelling());
        }
        url.set_path(self.central.url.path());
        checked(url, &self.patterns, self.insecure_http)
    }

    /// Whether `http://` is allowed too.
    pub(super) fn insecure_http(&self) -> bool {
        self.insecure_http
    }
}

/// The API of one wiki on an allowed host. Nothing but [`AllowedHosts`] makes one, and the
/// credential goes to nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Api {
    url: Url,
    host: String,
}

impl Api {
    /// Its address, such as `https://en.wikipedia.org/w/api.php`.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Its host without port.
    pub fn host(&self) -> &str {
        &self.host
    }
}

/// The address is none that may be asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostRefused {
    /// It is not spelled as the address of a wiki is.
    #[error(
        "{0} is not the plain address of a wiki (scheme and host, nothing else); \
         it was not asked, and got no credential"
    )]
    Address(String),
    /// It is `http://`.
    #[error(
        "{0} would be asked without encryption; it was not asked, and got no credential. \
         Only for a farm on a private network: insecure_http = true in [farm]"
    )]
    Insecure(String),
    /// Its host is not in the list.
    #[error(
        "{0} is none of the farm's hosts; it was not asked, and got no credential. \
         If it is a wiki of the farm, add it to hosts in [farm]"
    )]
    Foreign(String),
    /// A pattern of the list is none.
    #[error("{0} is neither a host name nor *.suffix (in lower case, without port)")]
    Pattern(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Pattern {
    Exactly(String),
    /// The suffix with its leading dot.
    Below(String),
}

impl Pattern {
    fn parse(text: &str) -> Result<Self, HostRefused> {
        let (name, below) = match text.strip_prefix("*.") {
            Some(suffix) => (suffix, true),
            None => (text, false),
        };
        if !is_host_name(name) || (below && is_public_label(name)) {
            return Err(HostRefused::Pattern(shown(text)));
        }
        Ok(if below {
            Self::Below(format!(".{name}"))
        } else {
            Self::Exactly(name.to_owned())
        })
    }

    fn matches(&self, host: &str) -> bool {
        match self {
            Self::Exactly(name) => host == name,
            Self::Below(suffix) => host.len() > suffix.len() && host.ends_with(suffix.as_str()),
        }
    }
}

fn checked(url: Url, patterns: &[Pattern], insecure_http: bool) -> Result<Api, HostRefused> {
    let host = match url.host() {
        Some(Host::Domain(host)) => host.to_owned(),
        Some(Host::Ipv4(address)) => address.to_string(),
        _ => return Err(HostRefused::Address(shown(url.as_str()))),
    };
    if !patterns.iter().any(|pattern| pattern.matches(&host)) {
        return Err(HostRefused::Foreign(shown(&host)));
    }
    match url.scheme() {
        "https" => Ok(Api { url, host }),
        "http" if insecure_http => Ok(Api { url, host }),
        "http" => Err(HostRefused::Insecure(shown(&host))),
        _ => Err(HostRefused::Address(shown(url.as_str()))),
    }
}

fn is_bare(url: &Url) -> bool {
    url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none()
}

fn is_host_name(name: &str) -> bool {
    let allowed = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
    name.len() <= 253
        && name
            .split('.')
            .all(|label| !label.is_empty() && label.len() <= 63 && label.bytes().all(allowed))
}

/// One label is a whole top-level domain, unless it is a name for private use (RFC 6761, 9476).
fn is_public_label(name: &str) -> bool {
    let private = ["localhost", "test", "internal", "lan", "local", "example"];
    !name.contains('.') && !private.contains(&name)
}

/// Text from elsewhere as part of a message.
fn shown(text: &str) -> String {
    let text: String = text.chars().take(100).collect();
    format!("{text:?}")
}

impl fmt::Display for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.url.as_str())
    }
}

#[cfg(test)]
mod tests;
