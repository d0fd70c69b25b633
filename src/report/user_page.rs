//! Where a user's page is on a wiki, as a link that works on any other wiki.

use std::fmt::Write as _;

use super::sanitize::is_invisible;

/// A link to a user page in wikitext. Whatever the names in it, it is this one link and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserPage {
    user: String,
    wiki: String,
    target: Target,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Target {
    /// What stands before the `|` of a wiki link.
    Interwiki(String),
    /// A URL.
    External(String),
}

/// The prefixes of Wikimedia's interwiki map for projects of a single language
/// (<https://meta.wikimedia.org/wiki/Help:Interwiki_linking>).
const SITES: [(&str, &str); 9] = [
    ("commons.wikimedia.org", "c"),
    ("meta.wikimedia.org", "m"),
    ("www.wikidata.org", "d"),
    ("www.mediawiki.org", "mw"),
    ("species.wikimedia.org", "species"),
    ("incubator.wikimedia.org", "incubator"),
    ("outreach.wikimedia.org", "outreach"),
    ("wikisource.org", "oldwikisource"),
    ("beta.wikiversity.org", "betawikiversity"),
];

/// The same for projects with a wiki for each language: `w:de:`.
const PROJECTS: [(&str, &str); 8] = [
    ("wikipedia", "w"),
    ("wiktionary", "wikt"),
    ("wikisource", "s"),
    ("wikiquote", "q"),
    ("wikibooks", "b"),
    ("wikinews", "n"),
    ("wikivoyage", "voy"),
    ("wikiversity", "v"),
];

/// Hosts that look like a language and are none.
const NO_LANGUAGES: [&str; 4] = ["www", "test", "test2", "m"];

impl UserPage {
    /// The page of `user` on the wiki that is asked at `api_url`: by interwiki prefix where Wikimedia has one for it,
    /// else by URL. `None` where either could not be a link.
    pub fn new(user: &str, wiki: &str, api_url: &str) -> Option<Self> {
        let host = api_url.split("//").nth(1)?.split('/').next()?;
        let target = match prefix(host) {
            Some(prefix) => Target::Interwiki(format!(":{prefix}:User:{}", title(user)?)),
            None => Target::External(url(api_url, user)?),
        };
        Some(Self {
            user: user.to_owned(),
            wiki: wiki.to_owned(),
            target,
        })
    }

    /// The wiki's ID.
    pub(super) fn wiki(&self) -> &str {
        &self.wiki
    }

    /// Whether it is that user's, if one is named.
    pub(super) fn is_of(&self, user: Option<&str>) -> bool {
        user.is_none_or(|user| self.user == user)
    }

    /// The link, under a label that is wikitext already.
    pub(super) fn link(&self, label: &str) -> String {
        match &self.target {
            Target::Interwiki(target) => format!("[[{target}|{label}]]"),
            Target::External(url) => format!("[{url} {label}]"),
        }
    }
}

fn prefix(host: &str) -> Option<String> {
    let site = SITES.iter().find(|(site, _)| *site == host);
    if let Some((_, prefix)) = site {
        return Some((*prefix).to_owned());
    }
    let (language, project) = host.strip_suffix(".org")?.split_once('.')?;
    let (_, prefix) = PROJECTS.iter().find(|(name, _)| *name == project)?;
    let is_code = |c: char| c.is_ascii_lowercase() || c == '-';
    (language.chars().all(is_code) && !NO_LANGUAGES.contains(&language))
        .then(|| format!("{prefix}:{language}"))
}

/// A name as part of a wiki link: signs that could be markup are percent-encoded, which `MediaWiki` undoes. `None` for
/// names that no title can have.
fn title(name: &str) -> Option<String> {
    if name.contains(['#', '<', '>', '[', ']', '|', '{', '}']) || name.contains(is_invisible) {
        return None;
    }
    let is_kept = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '.' | ',' | '(' | ')');
    Some(percent_encoded(name, is_kept))
}

fn url(api_url: &str, user: &str) -> Option<String> {
    let base = api_url.strip_suffix("api.php")?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '/' | '.' | '-' | '_');
    let is_web = base.starts_with("https://") || base.starts_with("http://");
    if !is_web || !base.chars().all(is_plain) || base.contains("__") {
        return None;
    }
    let user = percent_encoded(&user.replace(' ', "_"), |c| c.is_ascii_alphanumeric());
    Some(format!("{base}index.php?title=User:{user}"))
}

fn percent_encoded(text: &str, is_kept: impl Fn(char) -> bool) -> String {
    let mut encoded = String::with_capacity(text.len());
    for c in text.chars() {
        if is_kept(c) {
            encoded.push(c);
            continue;
        }
        for byte in c.encode_utf8(&mut [0; 4]).bytes() {
            _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(user: &str, api_url: &str) -> Option<String> {
        Some(UserPage::new(user, "wiki", api_url)?.link("wiki"))
    }

    #[test]
    fn links_by_prefix_where_there_is_one() {
        for (host, expected) in [
            ("de.wikipedia.org", "[[:w:de:User:Alice Example|wiki]]"),
            (
                "zh-yue.wikipedia.org",
                "[[:w:zh-yue:User:Alice Example|wiki]]",
            ),
            ("en.wiktionary.org", "[[:wikt:en:User:Alice Example|wiki]]"),
            ("commons.wikimedia.org", "[[:c:User:Alice Example|wiki]]"),
            ("meta.wikimedia.org", "[[:m:User:Alice Example|wiki]]"),
            ("www.wikidata.org", "[[:d:User:Alice Example|wiki]]"),
        ] {
            let found = link("Alice Example", &format!("https://{host}/w/api.php"));
            assert_eq!(found.as_deref(), Some(expected));
        }
    }

    #[test]
    fn links_by_url_elsewhere() {
        for (api_url, expected) in [
            (
                "https://login.wikimedia.org/w/api.php",
                "[https://login.wikimedia.org/w/index.php?title=User:Alice%5FExample wiki]",
            ),
            (
                "http://en.localhost:8100/w/api.php",
                "[http://en.localhost:8100/w/index.php?title=User:Alice%5FExample wiki]",
            ),
            (
                "https://test.wikipedia.org/w/api.php",
                "[https://test.wikipedia.org/w/index.php?title=User:Alice%5FExample wiki]",
            ),
        ] {
            assert_eq!(link("Alice Example", api_url).as_deref(), Some(expected));
        }
    }

    #[test]
    fn no_name_gets_out_of_its_link() {
        let wikipedia = "https://de.wikipedia.org/w/api.php";
        assert_eq!(
            link("D'Arc ~~~~ שלום", wikipedia).as_deref(),
            Some("[[:w:de:User:D%27Arc %7E%7E%7E%7E שלום|wiki]]")
        );
        for name in ["a]]b", "a|b", "{{x}}", "<b>", "a\u{202e}b", "a\nb"] {
            assert_eq!(link(name, wikipedia), None, "{name:?}");
        }
        assert_eq!(
            link("]{{x}} <b>", "https://a.example/api.php").as_deref(),
            Some("[https://a.example/index.php?title=User:%5D%7B%7Bx%7D%7D%5F%3Cb%3E wiki]")
        );
        assert_eq!(link("Alice", "https://a.example/ x]/api.php"), None);
        assert_eq!(link("Alice", "javascript://a/api.php"), None);
    }
}
