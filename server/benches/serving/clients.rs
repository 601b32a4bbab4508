//! The other side of the connections, in a process of its own, so that its work is not counted as the server's.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures::StreamExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use crate::support;

/// Tells the program what to be, and whom to call.
const VARIABLE: &str = "PHAROS_BENCH_CLIENTS";
/// Sockets that are opened at a time.
const AT_A_TIME: usize = 50;

/// The process of the clients.
pub(crate) struct Clients {
    process: Child,
    lines: BufReader<ChildStdout>,
}

impl Clients {
    /// Readers of a page, on connections that stay open, for so long.
    pub(crate) fn readers(address: SocketAddr, connections: usize, length: Duration) -> Self {
        Self::start(&format!("read {address} {connections} {}", length.as_millis()))
    }

    /// Listeners at a WebSocket. What counts are frames with `marker`; the first frame of each does not if it is a `greeting`.
    pub(crate) fn listeners(
        address: SocketAddr,
        path: &str,
        count: usize,
        marker: &str,
        greeting: bool,
    ) -> Self {
        Self::start(&format!("listen {address} {count} {path} {} {marker}", u8::from(greeting)))
    }

    fn start(task: &str) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .env(VARIABLE, task)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap());
        Self { process, lines }
    }

    /// The next thing that the process says; waits for it.
    pub(crate) fn next(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        assert!(!line.is_empty(), "the clients ended early");
        line.trim().to_owned()
    }
}

impl Drop for Clients {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Does what the environment asks for instead of being the bench.
#[expect(
    clippy::disallowed_methods,
    reason = "the bench says in the environment that this process is the clients"
)]
pub(crate) fn become_them_if_asked() {
    let Ok(task) = std::env::var(VARIABLE) else { return };
    let words: Vec<&str> = task.splitn(6, ' ').collect();
    let (address, count) = (words[1].parse().unwrap(), words[2].parse().unwrap());
    support::runtime(1).block_on(async {
        match words[0] {
            "read" => read(address, count, Duration::from_millis(words[3].parse().unwrap())).await,
            _ => listen(address, count, words[3], words[4] == "1", words[5]).await,
        }
    });
    std::process::exit(0);
}

async fn read(address: SocketAddr, connections: usize, length: Duration) {
    let (begun, done) = (Instant::now(), Arc::new(AtomicUsize::new(0)));
    let readers: Vec<_> = (0..connections)
        .map(|_| {
            let done = done.clone();
            tokio::spawn(async move {
                let mut stream = TcpStream::connect(address).await.unwrap();
                let mut buffer = vec![0; 1 << 20];
                while begun.elapsed() < length {
                    ask(&mut stream, &mut buffer).await;
                    done.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for reader in readers {
        reader.await.unwrap();
    }
    println!("{}", done.load(Ordering::Relaxed));
}

/// One request as a browser sends it, and the whole answer.
async fn ask(stream: &mut TcpStream, buffer: &mut [u8]) {
    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: status.example.org\r\naccept: text/html\r\n\
        accept-encoding: gzip, deflate, br\r\nuser-agent: bench\r\n\r\n";
    stream.write_all(REQUEST).await.unwrap();
    let (mut filled, mut whole) = (0, None);
    while whole.is_none_or(|whole| filled < whole) {
        let read = stream.read(&mut buffer[filled..]).await.unwrap();
        assert!(read > 0, "the server closed");
        filled += read;
        if whole.is_none()
            && let Some(end) = buffer[..filled].windows(4).position(|bytes| bytes == b"\r\n\r\n")
        {
            let head = std::str::from_utf8(&buffer[..end]).unwrap();
            assert!(head.starts_with("HTTP/1.1 200"), "{head}");
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
            whole = Some(end + 4 + length.parse::<usize>().unwrap());
        }
    }
}

async fn listen(address: SocketAddr, count: usize, path: &str, greeting: bool, marker: &str) {
    let config = WebSocketConfig::default().read_buffer_size(4_096).write_buffer_size(0);
    let (heard, marker) = (Arc::new(AtomicUsize::new(0)), Arc::<str>::from(marker));
    let url = Arc::new(format!("ws://{address}{path}"));
    let sockets = futures::stream::iter(0..count).map(|_| {
        let url = url.clone();
        async move {
            let stream = TcpStream::connect(address).await.unwrap();
            let opened = tokio_tungstenite::client_async_with_config(url.as_str(), stream, Some(config));
            opened.await.unwrap().0
        }
    });
    let sockets: Vec<_> = sockets.buffer_unordered(AT_A_TIME).collect().await;
    for mut socket in sockets {
        if greeting {
            assert!(socket.next().await.is_some_and(|greeting| greeting.is_ok()));
        }
        let (heard, marker) = (heard.clone(), marker.clone());
        tokio::spawn(async move {
            while let Some(Ok(message)) = socket.next().await {
                if let Message::Text(text) = message
                    && text.contains(&*marker)
                    && heard.fetch_add(1, Ordering::Relaxed) + 1 == count
                {
                    heard.store(0, Ordering::Relaxed);
                    println!("all");
                }
            }
            panic!("the server closed a socket");
        });
    }
    println!("ready");
    std::future::pending::<()>().await;
}
