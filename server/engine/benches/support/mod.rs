//! What the benches share: a target in a process of its own, the CPU time of this one, and how results are printed.

#![expect(clippy::print_stdout, reason = "a bench's result is what it prints")]
#![allow(dead_code, clippy::allow_attributes, reason = "each bench uses its part")]

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// The one that the program has.
#[cfg(target_os = "linux")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Tells the program that it is to be the target.
const VARIABLE: &str = "PHAROS_BENCH_TARGET";

/// Whether a part of the bench is to be made: each, unless the command line names some.
pub(crate) fn wanted(part: &str) -> bool {
    // Cargo adds options of its own.
    let mut named = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).peekable();
    named.peek().is_none() || named.any(|named| named == part)
}

/// A web server in a process of its own, so that its work is not counted as ours.
pub(crate) struct Target {
    process: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
}

impl Target {
    /// Starts one.
    pub(crate) fn start() -> Self {
        let mut process = Command::new(std::env::current_exe().expect("this program"))
            .env(VARIABLE, "1")
            .stdout(Stdio::piped())
            .spawn()
            .expect("the target starts");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("a pipe")).read_line(&mut line).expect("an address");
        Self { process, address: line.trim().parse().expect("an address") }
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Serves for ever, when this process is the target.
pub(crate) fn serve_if_target() {
    #[expect(
        clippy::disallowed_methods,
        reason = "the bench says in the environment that this is the target"
    )]
    if std::env::var(VARIABLE).is_err() {
        return;
    }
    runtime(1).block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        println!("{}", listener.local_addr().expect("an address"));
        loop {
            let Ok((mut socket, _)) = listener.accept().await else { continue };
            tokio::spawn(async move {
                let mut request = [0; 2_048];
                let read = socket.read(&mut request).await.unwrap_or(0);
                if request.starts_with(b"POST") {
                    return take(socket, request[..read].to_vec()).await;
                }
                let answer = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 12\r\nconnection: close\r\n\r\nhello, world";
                let _ = socket.write_all(answer).await;
                let _ = socket.shutdown().await;
            });
        }
    });
}

/// Takes what is posted on one connection, as receivers do that keep it open.
async fn take(mut socket: tokio::net::TcpStream, mut bytes: Vec<u8>) {
    let mut buffer = vec![0; 16_384];
    loop {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        let length = end.and_then(|end| {
            let head = std::str::from_utf8(&bytes[..end]).ok()?;
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "))?;
            Some(end + 4 + length.parse::<usize>().ok()?)
        });
        if let Some(length) = length.filter(|length| bytes.len() >= *length) {
            bytes.drain(..length);
            if socket.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.is_err() {
                return;
            }
            continue;
        }
        match socket.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(read) => bytes.extend_from_slice(&buffer[..read]),
        }
    }
}

/// Binds every thread of this process to one core; without `taskset` the figures are of all cores, and it says so.
#[allow(dead_code, clippy::allow_attributes, reason = "not every bench is bound to a core")]
pub(crate) fn pin(core: u32) {
    let process = std::process::id().to_string();
    let done =
        Command::new("taskset").args(["-acp", &core.to_string(), &process]).stdout(Stdio::null()).status();
    if !done.is_ok_and(|status| status.success()) {
        println!("     (taskset is missing: the following is not bound to one core)");
    }
}

/// A runtime with so many threads.
pub(crate) fn runtime(threads: usize) -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()
        .expect("a runtime")
}

/// CPU time that this process has used so far, all threads, in user and kernel mode.
pub(crate) fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("a Linux /proc");
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks: u64 = [11, 12].iter().map(|place| fields[*place].parse::<u64>().unwrap_or(0)).sum();
    // Linux counts in hundredths of a second for programs, whatever the kernel uses inside.
    Duration::from_millis(ticks * 10)
}

/// Memory of this process that is in RAM, in bytes.
pub(crate) fn resident() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("a Linux /proc");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kilobytes| kilobytes.parse::<i64>().ok()).unwrap_or(0) * 1_024
}

/// Prints a ratio beside its goal. `at_most` says on which side of the goal it should be.
pub(crate) fn ratio(name: &str, value: f64, goal: f64, at_most: bool, figures: &str) {
    let good = if at_most { value <= goal } else { value >= goal };
    let (mark, side) = (if good { "ok  " } else { "MISS" }, if at_most { "at most" } else { "at least" });
    println!("{mark} {name}: {value:.2} ({side} {goal}); {figures}");
}

/// Prints a figure beside its goal.
pub(crate) fn figure(name: &str, value: f64, unit: &str, goal: f64) {
    let mark = if value <= goal { "ok  " } else { "MISS" };
    println!("{mark} {name}: {value:.2} {unit} (at most {goal})");
}
