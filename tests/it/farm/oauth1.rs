//! OAuth 1.0a with HMAC-SHA1, checked the way RFC 5849 says.

use std::collections::HashMap;

use base64::Engine as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;

use super::auth::{Grants, Refusal, invalid, revoked};
use super::http::Request;
use super::params::{Params, decode, encode};
use super::world::World;

/// The user of a signed request.
pub fn verify(
    world: &mut World,
    request: &Request,
    wiki: usize,
    params: &Params,
) -> Result<(usize, Grants), Refusal> {
    let header = request.header("authorization").unwrap_or_default();
    let given = parse(header.trim_start_matches("OAuth "));
    let field = |name: &str| given.get(name).map(String::as_str).unwrap_or_default();
    let credentials = &mut world.credentials;
    let known = credentials
        .consumers
        .iter()
        .find(|one| one.key == field("oauth_consumer_key"));
    let Some(consumer) = known else {
        return Err(invalid("Consumer not found"));
    };
    if consumer.token != field("oauth_token") {
        return Err(invalid("Token not found"));
    }
    let url = format!("http://{}{}", world.wikis[wiki].host(), request.path());
    let text = base_string(&request.method, &url, &given, params);
    let key = format!(
        "{}&{}",
        encode(&consumer.secret),
        encode(&consumer.token_secret)
    );
    if signature(&key, &text) != field("oauth_signature") {
        return Err(invalid("Invalid signature"));
    }
    if consumer.access.revoked {
        return Err(revoked());
    }
    let nonce = format!(
        "{} {} {}",
        field("oauth_token"),
        field("oauth_timestamp"),
        field("oauth_nonce")
    );
    if !credentials.nonces.insert(nonce) {
        return Err(invalid(&format!(
            "Nonce already used: {}",
            field("oauth_nonce")
        )));
    }
    Ok((consumer.access.user, consumer.access.grants.clone()))
}

/// HMAC-SHA1 in base64.
pub fn signature(key: &str, text: &str) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(key.as_bytes()).expect("any key length will do");
    mac.update(text.as_bytes());
    base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes())
}

/// What is signed: method, address, and all parameters sorted.
pub fn base_string(
    method: &str,
    url: &str,
    oauth: &HashMap<String, String>,
    params: &Params,
) -> String {
    let oauth = oauth
        .iter()
        .filter(|(key, _)| *key != "oauth_signature" && *key != "realm");
    let query = params.pairs().iter().map(|(key, value)| (key, value));
    let mut pairs: Vec<String> = oauth
        .chain(query)
        .map(|(key, value)| format!("{}={}", encode(key), encode(value)))
        .collect();
    // Sorted by name, then value: `=` sorts before all that may follow a shorter name but `-` and `%`.
    pairs.sort_by(|a, b| a.split('=').cmp(b.split('=')));
    format!("{method}&{}&{}", encode(url), encode(&pairs.join("&")))
}

fn parse(header: &str) -> HashMap<String, String> {
    let fields = header
        .split(',')
        .filter_map(|field| field.trim().split_once('='));
    fields
        .map(|(key, value)| (decode(key), decode(value.trim_matches('"'))))
        .collect()
}
