//! `pharos healthcheck`: asks the server on this machine, so that a container needs no curl.

use std::process::ExitCode;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::config::Config;

/// How long the server has to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);

/// 0 when the server answers, else 1.
pub(super) async fn run(config: &Config) -> ExitCode {
    let (host, port) = (host(&config.server.host), config.server.port);
    let answer = match tokio::time::timeout(ANSWER_WITHIN, ask(host, port)).await {
        Ok(Ok(status)) if status.starts_with("HTTP/1.1 200 ") => return ExitCode::SUCCESS,
        Ok(Ok(status)) => format!("it answered “{}”", status.lines().next().unwrap_or_default()),
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no answer within {} s", ANSWER_WITHIN.as_secs()),
    };
    super::say(&format!("the server at {host}, port {port}, is not healthy: {answer}"));
    ExitCode::from(super::FAILED)
}

/// Where a server that listens on `host` is reached from this machine.
fn host(host: &str) -> &str {
    match host.trim_matches(['[', ']']) {
        "0.0.0.0" | "" => "127.0.0.1",
        "::" => "::1",
        host => host,
    }
}

async fn ask(host: &str, port: u16) -> std::io::Result<String> {
    let mut stream = TcpStream::connect((host, port)).await?;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await?;
    let mut answer = Vec::new();
    stream.take(1_024).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
