//! The listener and its connections. One thread, its own runtime: a test may pause its own time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, UNIX_EPOCH};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use super::http::{Reply, Request};
use super::world::World;

/// What the server thread and the test share.
pub struct Shared {
    pub world: Mutex<World>,
    in_flight: AtomicUsize,
    most_in_flight: AtomicUsize,
}

impl Shared {
    pub fn new(world: World) -> Self {
        Self {
            world: Mutex::new(world),
            in_flight: AtomicUsize::new(0),
            most_in_flight: AtomicUsize::new(0),
        }
    }

    pub fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::SeqCst)
    }

    pub fn most_in_flight(&self) -> usize {
        self.most_in_flight.load(Ordering::SeqCst)
    }

    /// For those who run the farm in another process: `/farm/counts`, itself not counted.
    fn counts(&self) -> String {
        let (most, now) = (self.most_in_flight(), self.in_flight());
        let counts = &self.lock().counts;
        let refused = counts.by_status.get(&429).copied().unwrap_or_default();
        format!(
            "{{\"requests\":{},\"most_in_flight\":{most},\"in_flight\":{now},\"early\":{},\"refused\":{refused},\"writes\":{},\"autocreated\":{}}}\n",
            counts.requests, counts.early, counts.writes, counts.autocreated
        )
    }

    pub fn forget_in_flight(&self) {
        self.most_in_flight.store(0, Ordering::SeqCst);
    }
}

/// A request counts as in flight until its answer is sent or given up.
struct InFlight<'a>(&'a Shared);

impl<'a> InFlight<'a> {
    fn new(shared: &'a Shared) -> Self {
        let now = shared.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
        shared.most_in_flight.fetch_max(now, Ordering::SeqCst);
        Self(shared)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Serves until told to stop. A listener with a number belongs to that wiki alone.
pub fn run(
    listeners: Vec<(std::net::TcpListener, Option<usize>)>,
    shared: &Arc<Shared>,
    stop: oneshot::Receiver<()>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        for (listener, wiki) in listeners {
            let listener = TcpListener::from_std(listener).expect("a listener of this thread");
            let shared = shared.clone();
            tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(serve(stream, shared.clone(), wiki));
                }
            });
        }
        _ = stop.await;
    });
    runtime.shutdown_background();
}

async fn serve(mut stream: TcpStream, shared: Arc<Shared>, wiki: Option<usize>) {
    _ = stream.set_nodelay(true);
    let mut buffer = Vec::with_capacity(4096);
    let mut nth = 0;
    while let Some(mut request) = read(&mut stream, &mut buffer).await {
        if request.path() == "/farm/counts" {
            let reply = Reply::new(200, "application/json", shared.counts());
            deliver(&mut stream, reply, 0).await;
            return;
        }
        let in_flight = InFlight::new(&shared);
        request.nth_on_connection = nth;
        nth += 1;
        let (reply, now) = {
            let mut world = shared.lock();
            (world.reply(&request, wiki), world.clock.now())
        };
        let going_on = deliver(&mut stream, reply, now).await;
        drop(in_flight);
        if going_on.is_none() || request.header("connection") == Some("close") {
            return;
        }
    }
}

/// One request, or nothing when the client has gone or talks nonsense.
async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Request> {
    let end = loop {
        if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        if buffer.len() > 64 << 10 || stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    };
    let mut request = Request::parse(str::from_utf8(&buffer[..end]).ok()?)?;
    buffer.drain(..end + 4);
    let length: usize = request
        .header("content-length")
        .and_then(|text| text.parse().ok())
        .unwrap_or(0);
    while buffer.len() < length {
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
    request.body = String::from_utf8_lossy(&buffer[..length]).into_owned();
    buffer.drain(..length);
    Some(request)
}

/// Sends an answer with whatever goes wrong on the way; `None` ends the connection.
async fn deliver(stream: &mut TcpStream, reply: Reply, now: i64) -> Option<()> {
    let delivery = &reply.delivery;
    if delivery.hang {
        // Until the client gives up.
        let mut waste = [0; 64];
        while stream.read(&mut waste).await.ok()? > 0 {}
        return None;
    }
    if delivery.reset {
        return None;
    }
    if !delivery.delay.is_zero() {
        tokio::time::sleep(delivery.delay).await;
    }
    let mut bytes = reply.head(&http_date(now)).into_bytes();
    if delivery.endless {
        stream.write_all(&bytes).await.ok()?;
        return endless(stream).await;
    }
    let body = &reply.body;
    bytes.extend_from_slice(if delivery.cut {
        &body[..body.len() / 2]
    } else {
        body
    });
    match delivery.drip {
        None => stream.write_all(&bytes).await.ok()?,
        Some((size, pause)) => {
            for part in bytes.chunks(size) {
                stream.write_all(part).await.ok()?;
                tokio::time::sleep(pause).await;
            }
        }
    }
    (!delivery.cut).then_some(())
}

async fn endless(stream: &mut TcpStream) -> Option<()> {
    stream
        .write_all(b"1f\r\n{\"batchcomplete\":true,\"query\":\"\r\n")
        .await
        .ok()?;
    let mut chunk = b"10000\r\n".to_vec();
    chunk.resize(chunk.len() + 0x10000, b'a');
    chunk.extend_from_slice(b"\r\n");
    loop {
        stream.write_all(&chunk).await.ok()?;
    }
}

fn http_date(now: i64) -> String {
    let at = UNIX_EPOCH + Duration::from_secs(u64::try_from(now).unwrap_or_default());
    httpdate::fmt_http_date(at)
}

impl World {
    /// Everything between reading a request and sending its answer.
    fn reply(&mut self, request: &Request, pinned: Option<usize>) -> Reply {
        let host = request
            .header("host")
            .unwrap_or_default()
            .to_ascii_lowercase();
        let wiki = pinned.or_else(|| self.hosts.get(&host).copied());
        let reply = match wiki {
            Some(wiki) => self.reply_of(wiki, request),
            None => super::spoil::not_found(),
        };
        let sent = !reply.delivery.hang && !reply.delivery.reset;
        self.record(request, &host, wiki, if sent { reply.status } else { 0 });
        reply
    }

    fn record(&mut self, request: &Request, host: &str, wiki: Option<usize>, status: u16) {
        let elapsed = self.clock.elapsed();
        let farm_now = self.clock.now();
        let id = wiki.map_or("", |wiki| self.wikis[wiki].id.as_str());
        let counts = &mut self.counts;
        counts.requests += 1;
        super::counts::Counts::bump(&mut counts.by_host, host);
        super::counts::Counts::bump(&mut counts.by_wiki, id);
        *counts.by_status.entry(status).or_default() += 1;
        *counts.by_minute.entry(elapsed.as_secs() / 60).or_default() += 1;
        if counts.recording == super::Recording::Full {
            counts.records.push(super::Record {
                at: Instant::now(),
                farm_ms: elapsed.as_millis() as u64,
                farm_now,
                host: host.to_owned(),
                wiki: id.to_owned(),
                method: request.method.clone(),
                path_and_query: request.target.clone(),
                body: request.body.clone(),
                headers: request.headers.clone(),
                status,
                nth_on_connection: request.nth_on_connection,
            });
        }
    }
}
