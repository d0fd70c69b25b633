//! Signatures, against the examples of RFC 5849.

use super::*;

/// RFC 5849, section 1.2.
#[test]
fn the_photograph_of_the_rfc_is_signed_as_it_says() {
    let url = Url::parse("http://photos.example.net/photos?file=vacation.jpg&size=original")
        .expect("a URL");
    let own = [
        ("oauth_consumer_key", "dpf43f3p2l4k3l03"),
        ("oauth_token", "nnch734d00sl2jdk"),
        ("oauth_signature_method", "HMAC-SHA1"),
        ("oauth_timestamp", "137131202"),
        ("oauth_nonce", "chapoH"),
    ];
    let base = signature_base("GET", &url, &own);
    let signature = sign(&base, "kd94hf93k423kf44", "pfkkdhi9sl3r4s00");
    assert_eq!(signature, "MdpQcU8iPSUjWoN/UDMsK2sui9I=");
}

/// RFC 5849, section 3.4.1.1; what is in its body stands among our own parameters here.
#[test]
fn the_signature_base_of_the_rfc_is_built_as_it_says() {
    let url =
        Url::parse("http://EXAMPLE.COM:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b").expect("a URL");
    let own = [
        ("c2", ""),
        ("a3", "2 q"),
        ("oauth_consumer_key", "9djdj82h48djs9d2"),
        ("oauth_token", "kkk9d7dh3k39sjv7"),
        ("oauth_signature_method", "HMAC-SHA1"),
        ("oauth_timestamp", "137131201"),
        ("oauth_nonce", "7d8f3e4a"),
    ];
    assert_eq!(
        signature_base("POST", &url, &own),
        "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D\
         %25253D%26c%2540%3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a\
         %26oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7d\
         h3k39sjv7"
    );
}

/// RFC 5849, section 3.4.2: both secrets are escaped before they are joined.
#[test]
fn the_key_tells_the_two_secrets_apart() {
    assert_ne!(sign("x", "a", "b"), sign("x", "b", "a"));
    assert_ne!(sign("x", "a&", "b"), sign("x", "a", "&b"));
}

#[test]
fn the_header_holds_what_the_server_needs_and_no_secret() {
    let text = "consumer_key=ck\nconsumer_secret=SECRET1\naccess_token=at\naccess_secret=SECRET2";
    let oauth1 = OAuth1::parse(text).expect("four values");
    let url = Url::parse("https://en.wikipedia.org/w/api.php?titles=Żółć+%26+x").expect("a URL");
    let now = "2026-11-21T03:17:04Z".parse().expect("an instant");
    let header = oauth1.authorization(&url, "n0", now);
    let expected = "OAuth oauth_consumer_key=\"ck\", oauth_nonce=\"n0\", \
                    oauth_signature_method=\"HMAC-SHA1\", oauth_timestamp=\"1795231024\", \
                    oauth_token=\"at\", oauth_version=\"1.0\", oauth_signature=\"";
    assert!(header.starts_with(expected), "{header}");
    assert!(header.ends_with("%3D\""), "{header}");
    assert!(!header.contains("SECRET"));
    assert_ne!(header, oauth1.authorization(&url, "n1", now));
}
