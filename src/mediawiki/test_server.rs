//! A server on loopback that answers with the bytes it is told to, for the tests of this room.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use super::AllowedHosts;

/// What is answered to the request of this number (from 0) and text.
pub(super) type Script = dyn Fn(usize, &str) -> Canned + Send + Sync;

/// One answer.
pub(super) enum Canned {
    /// These bytes, then the connection is closed.
    Bytes(Vec<u8>),
    /// Nothing, for ever.
    Silence,
}

/// A server, until it is dropped.
pub(super) struct TestServer {
    port: u16,
    seen: Arc<Mutex<Vec<String>>>,
    _tasks: JoinSet<()>,
}

impl TestServer {
    pub(super) async fn start(
        script: impl Fn(usize, &str) -> Canned + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let seen = Arc::default();
        let mut tasks = JoinSet::new();
        tasks.spawn(serve(listener, Arc::new(script), Arc::clone(&seen)));
        Self {
            port,
            seen,
            _tasks: tasks,
        }
    }

    /// Every request with its headers and body, in order.
    pub(super) fn seen(&self) -> Vec<String> {
        self.seen.lock().expect("no panic").clone()
    }

    pub(super) fn address(&self, wiki: &str) -> String {
        format!("http://{wiki}.localhost:{}", self.port)
    }

    pub(super) fn hosts(&self) -> AllowedHosts {
        let central = format!("{}/w/api.php", self.address("metawiki"));
        AllowedHosts::new(&["*.localhost"], &central, true).expect("good hosts")
    }
}

/// A whole answer of JSON.
pub(super) fn json(body: &str) -> Canned {
    answer(
        "200 OK",
        &["Content-Type: application/json; charset=utf-8"],
        body,
    )
}

/// A whole answer.
pub(super) fn answer(status: &str, headers: &[&str], body: &str) -> Canned {
    let mut text = format!("HTTP/1.1 {status}\r\nConnection: close\r\n");
    for header in headers {
        text.push_str(header);
        text.push_str("\r\n");
    }
    let length = body.len();
    Canned::Bytes(format!("{text}Content-Length: {length}\r\n\r\n{body}").into_bytes())
}

async fn serve(listener: TcpListener, script: Arc<Script>, seen: Arc<Mutex<Vec<String>>>) {
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.expect("a connection");
        connections.spawn(respond(stream, Arc::clone(&script), Arc::clone(&seen)));
    }
}

async fn respond(mut stream: TcpStream, script: Arc<Script>, seen: Arc<Mutex<Vec<String>>>) {
    let request = read_request(&mut stream).await;
    if request.is_empty() {
        return;
    }
    let number = {
        let mut seen = seen.lock().expect("no panic");
        seen.push(request.clone());
        seen.len() - 1
    };
    match script(number, &request) {
        Canned::Bytes(bytes) => {
            // The client may have gone.
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
        }
        Canned::Silence => std::future::pending().await,
    }
}

async fn read_request(stream: &mut TcpStream) -> String {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&request);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(": ")?;
                let is_length = name.eq_ignore_ascii_case("content-length");
                is_length.then(|| value.parse::<usize>().ok()).flatten()
            });
            if body.len() >= length.unwrap_or(0) {
                return text.into_owned();
            }
        }
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return String::new(),
            Ok(read) => request.extend_from_slice(&buffer[..read]),
        }
    }
}
