//! Who runs this program, as the User-Agent says.
//!
//! The Foundation's User-Agent policy (2026-03-27) asks for a contact that reaches the operator of
//! this installation; placeholders are answered with HTTP 403.

/// Longest contact, in bytes; some edges refuse long headers.
const LONGEST: usize = 250;

/// Checks that a contact can reach somebody: an e-mail address, a web page or `User:Name`.
pub fn check_contact(contact: &str) -> Result<(), ContactRefused> {
    if contact.trim().is_empty() {
        return Err(ContactRefused("it is missing".to_owned()));
    }
    if contact.len() > LONGEST {
        return Err(ContactRefused(format!("it is longer than {LONGEST} bytes")));
    }
    let sendable = |c: char| c.is_ascii_graphic() || c == ' ';
    if !contact.chars().all(sendable) {
        return Err(ContactRefused(
            "it has characters that a header cannot carry; write them percent-encoded".to_owned(),
        ));
    }
    if let Some(word) = words(contact).find(|word| is_placeholder(word)) {
        return Err(ContactRefused(format!("{word:?} is a placeholder")));
    }
    if !words(contact).any(reaches_somebody) {
        return Err(ContactRefused(
            "it names no e-mail address, no web page and no User:Name".to_owned(),
        ));
    }
    Ok(())
}

/// The contact reaches nobody.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the contact cannot be used: {0}. The wikis want to reach whoever runs this program before they \
     block it; set contact to your e-mail address or your user page, such as \
     \"https://meta.wikimedia.org/wiki/User:YOUR_NAME\""
)]
pub struct ContactRefused(String);

/// The User-Agent, in the form of the policy: client/version (contact) library/version.
pub(super) fn user_agent(contact: &str) -> String {
    let contact = contact.trim();
    format!(
        "sultrail/{} ({contact}) reqwest/0.13",
        env!("CARGO_PKG_VERSION")
    )
}

fn words(contact: &str) -> impl Iterator<Item = &str> {
    contact
        .split(|c: char| c.is_whitespace() || ";,<>()\"".contains(c))
        .filter(|word| !word.is_empty())
}

fn reaches_somebody(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    if let Some(host) = web_host(&lower) {
        return host.contains('.');
    }
    if let Some((local, domain)) = lower.split_once('@') {
        return !local.is_empty() && domain.contains('.') && !domain.contains('@');
    }
    lower
        .strip_prefix("user:")
        .is_some_and(|name| !name.is_empty())
}

fn is_placeholder(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    if lower.ends_with("user:example") || lower.contains("user:your") || lower == "changeme" {
        return true;
    }
    if let Some(host) = web_host(&lower) {
        return is_reserved(host);
    }
    let Some((local, domain)) = lower.split_once('@') else {
        return false;
    };
    let local: String = local.chars().filter(char::is_ascii_alphanumeric).collect();
    is_reserved(domain)
        || matches!(
            local.as_str(),
            "noreply" | "donotreply" | "you" | "youremail"
        )
}

fn web_host(lower: &str) -> Option<&str> {
    let rest = lower
        .strip_prefix("https://")
        .or_else(|| lower.strip_prefix("http://"))?;
    rest.split(['/', ':', '?', '#']).next()
}

/// Names that belong to nobody (RFC 2606, RFC 6761).
fn is_reserved(host: &str) -> bool {
    let below = |name: &str| {
        host == name
            || host
                .strip_suffix(name)
                .is_some_and(|rest| rest.ends_with('.'))
    };
    [
        "example.com",
        "example.org",
        "example.net",
        "example.edu",
        "example",
        "invalid",
        "test",
        "localhost",
    ]
    .into_iter()
    .any(below)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contact_that_reaches_somebody_is_accepted() {
        for contact in [
            "https://meta.wikimedia.org/wiki/User:Alice_Example",
            "alice@wikimedia.de",
            "User:Bob",
            "Bob (https://bob.dev/about; bob@bob.dev)",
            "https://meta.wikimedia.org/wiki/User:%C5%BB%C3%B3%C5%82%C4%87",
        ] {
            assert_eq!(check_contact(contact), Ok(()), "{contact}");
        }
    }

    #[test]
    fn a_placeholder_is_refused() {
        for contact in [
            "",
            "  ",
            "me",
            "Bob",
            "user:",
            "@",
            "bob@",
            "bob@localhost",
            "alice@example.org",
            "alice@mail.example.com",
            "https://example.net/me",
            "https://www.example.com",
            "no-reply@wikimedia.org",
            "noreply@wikimedia.org",
            "https://meta.wikimedia.org/wiki/User:Example",
            "User:Example",
            "User:YOUR_NAME",
            "https://meta.wikimedia.org/wiki/User:Bob; me@example.net",
            "bob@bob.dev\r\nX-Evil: 1",
            "User:Żółć",
        ] {
            assert!(check_contact(contact).is_err(), "{contact}");
        }
    }

    #[test]
    fn the_user_agent_has_the_form_of_the_policy() {
        let agent = user_agent("User:Bob ");
        let version = env!("CARGO_PKG_VERSION");
        assert_eq!(agent, format!("sultrail/{version} (User:Bob) reqwest/0.13"));
    }
}
