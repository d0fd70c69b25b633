//! One HTTP request: never redirected, never longer than its time, never larger than the cap.

use std::{
    error::Error,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};

use reqwest::{
    dns::{Addrs, Name, Resolve, Resolving},
    redirect, retry,
};

use super::{
    client::Timeouts,
    verdict::{NotReceived, Received},
};

/// MediaWiki's own limit is 8 MiB (`$wgAPIMaxResultSize`) of values; counted after unpacking.
const LARGEST_BODY: usize = 16 * 1024 * 1024;
/// How long a connection is kept where a wiki is asked several times in a row (logging in).
const IDLE: Duration = Duration::from_secs(2);

/// Sends requests.
#[derive(Clone, Debug)]
pub(super) struct Wire {
    http: reqwest::Client,
}

/// What came of a request, and what is worth noting even if it failed.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) status: Option<u16>,
    pub(super) bytes: u64,
    pub(super) result: Result<Received, NotReceived>,
}

impl Wire {
    pub(super) fn new(
        user_agent: &str,
        timeouts: Timeouts,
        insecure_http: bool,
        reuses_connections: bool,
    ) -> Result<Self, reqwest::Error> {
        // Fails if there is a provider already, and then there is one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .user_agent(user_agent)
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .referer(false)
            .no_proxy()
            .https_only(!insecure_http)
            .gzip(true)
            .connect_timeout(timeouts.connect)
            .read_timeout(timeouts.read)
            .pool_idle_timeout(IDLE)
            // A thousand hosts are asked once each: 27 KB and a file descriptor for each connection
            // that is kept (measured).
            .pool_max_idle_per_host(usize::from(reuses_connections))
            .dns_resolver(LoopbackNames)
            .build()?;
        Ok(Self { http })
    }

    /// An empty request, to be given its headers.
    pub(super) fn http(&self) -> &reqwest::Client {
        &self.http
    }

    pub(super) async fn send(&self, request: reqwest::Request) -> Exchange {
        let mut exchange = Exchange {
            status: None,
            bytes: 0,
            result: Err(NotReceived::TooSlow),
        };
        let response = match self.http.execute(request).await {
            Ok(response) => response,
            Err(error) => {
                exchange.result = Err(absence(error));
                return exchange;
            }
        };
        exchange.status = Some(response.status().as_u16());
        exchange.result = read(response, &mut exchange.bytes).await;
        exchange
    }
}

async fn read(mut response: reqwest::Response, bytes: &mut u64) -> Result<Received, NotReceived> {
    let status = response.status().as_u16();
    let headers = std::mem::take(response.headers_mut());
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(absence)? {
        *bytes += chunk.len() as u64;
        if body.len() + chunk.len() > LARGEST_BODY {
            return Err(NotReceived::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Received {
        status,
        headers,
        body,
    })
}

/// The error without the URL, whose query says whom we ask about.
fn absence(error: reqwest::Error) -> NotReceived {
    let error = error.without_url();
    if error.is_timeout() && !error.is_connect() {
        return NotReceived::TooSlow;
    }
    let mut text = String::new();
    let mut source: Option<&dyn Error> = error.source();
    while let Some(cause) = source {
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    if text.is_empty() {
        text = error.to_string();
    }
    if error.is_connect() || error.is_builder() {
        NotReceived::Connection(text)
    } else {
        NotReceived::Cut(text)
    }
}

/// Names below `localhost` are this machine (RFC 6761), whatever the resolver says; a farm on
/// loopback has them.
struct LoopbackNames;

impl Resolve for LoopbackNames {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let name = name.as_str();
            if name == "localhost" || name.ends_with(".localhost") {
                let loopback = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
                return Ok(Box::new(std::iter::once(loopback)) as Addrs);
            }
            let addresses: Vec<_> = tokio::net::lookup_host((name, 0)).await?.collect();
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}
