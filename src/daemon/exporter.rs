//! Answers whoever asks on this machine for the figures: HTTP/1.1, one short answer a connection.
//!
//! Nothing is looked up for an answer, and nobody who asks is trusted: eight connections at most,
//! five seconds each, and no more than 8 KiB of what they say is kept. So nobody can hold up a run.

use std::{convert::Infallible, io, net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time::{sleep, timeout},
};

const MOST_CLIENTS: usize = 8;
const PATIENCE: Duration = Duration::from_secs(5);
const LONGEST_HEAD: usize = 8 * 1024;

/// Listens wherever it is told to, for ever; `None` is nowhere.
pub async fn serve_figures(
    mut address: watch::Receiver<Option<SocketAddr>>,
    page: watch::Receiver<String>,
) -> Infallible {
    loop {
        let wanted = *address.borrow_and_update();
        tokio::select! {
            never = listen(wanted, &page) => match never {},
            changed = address.changed() => if changed.is_err() {
                // Nobody is left who could tell another address.
                match listen(wanted, &page).await {}
            },
        }
    }
}

async fn listen(address: Option<SocketAddr>, page: &watch::Receiver<String>) -> Infallible {
    let Some(address) = address else {
        return std::future::pending().await;
    };
    let listener = match TcpListener::bind(address).await {
        Ok(listener) => listener,
        Err(error) => {
            tracing::error!("nobody can ask for the metrics on {address}: {error}");
            return std::future::pending().await;
        }
    };
    let mut clients = JoinSet::new();
    loop {
        while clients.try_join_next().is_some() {}
        if clients.len() >= MOST_CLIENTS {
            clients.join_next().await;
        }
        match listener.accept().await {
            Ok((stream, _)) => {
                let page = page.clone();
                clients.spawn(async move {
                    // Whoever is too slow, or gone, gets no answer; the next one does.
                    _ = timeout(PATIENCE, answer(stream, &page)).await;
                });
            }
            Err(error) => {
                tracing::debug!("a client of the metrics could not be let in: {error}");
                sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

async fn answer(mut stream: TcpStream, page: &watch::Receiver<String>) -> io::Result<()> {
    let head = read_head(&mut stream).await?;
    let (status, more) = judge(head.as_deref());
    let body = if status == "200 OK" {
        page.borrow().clone()
    } else {
        format!("{status}\n")
    };
    let text = format!(
        "HTTP/1.1 {status}\r\n\
         Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n\
         Content-Length: {}\r\n\
         Connection: close\r\n\
         X-Content-Type-Options: nosniff\r\n{more}\r\n",
        body.len()
    );
    stream.write_all(text.as_bytes()).await?;
    if !head.is_some_and(|head| head.starts_with("HEAD ")) {
        stream.write_all(body.as_bytes()).await?;
    }
    stream.shutdown().await?;
    // Closing before all was read that was sent would take the answer back.
    let mut rest = [0; 4096];
    while stream.read(&mut rest).await? > 0 {}
    Ok(())
}

/// What the client says up to the empty line. `None`: too much, or no text.
async fn read_head(stream: &mut TcpStream) -> io::Result<Option<String>> {
    let mut head = Vec::with_capacity(1024);
    loop {
        if let Some(end) = head.windows(4).position(|four| four == b"\r\n\r\n") {
            head.truncate(end);
            return Ok(String::from_utf8(head).ok());
        }
        if head.len() >= LONGEST_HEAD {
            return Ok(None);
        }
        if stream.read_buf(&mut head).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// The status of the answer, and a header line that goes with it.
fn judge(head: Option<&str>) -> (&'static str, &'static str) {
    let Some(head) = head else {
        return ("431 Request Header Fields Too Large", "");
    };
    let mut lines = head.split("\r\n");
    let words: Vec<&str> = lines.next().unwrap_or_default().split(' ').collect();
    let [method, target, version] = words[..] else {
        return ("400 Bad Request", "");
    };
    if !version.starts_with("HTTP/1.") {
        return ("505 HTTP Version Not Supported", "");
    }
    let host = lines
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("host"));
    if host.is_some_and(|(_, host)| !is_this_machine(host.trim())) {
        return ("421 Misdirected Request", "");
    }
    if target.split('?').next() != Some("/metrics") {
        return ("404 Not Found", "");
    }
    match method {
        "GET" | "HEAD" => ("200 OK", ""),
        _ => ("405 Method Not Allowed", "Allow: GET, HEAD\r\n"),
    }
}

/// A page in a browser could ask by another name that leads here, and read the answer: so only names
/// of this machine are taken.
fn is_this_machine(host: &str) -> bool {
    let without_port = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => name,
        _ => host,
    };
    let name = without_port.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || name
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}
