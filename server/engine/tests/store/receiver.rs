//! A receiver of messages, for tests of the store and for stories.

use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// A web server that writes down what it is told, and answers as it is asked to.
#[derive(Clone)]
pub(crate) struct Receiver {
    pub(crate) url: String,
    pub(crate) heard: Arc<Mutex<Vec<Heard>>>,
    /// Status and further header lines of the answers to come; the last one stays.
    pub(crate) answers: Arc<Mutex<Vec<(u16, String)>>>,
    /// The body of all answers; `#` is how many there have been.
    pub(crate) said: Arc<Mutex<String>>,
}

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) delivery: String,
    pub(crate) body: Value,
}

impl Receiver {
    pub(crate) async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let receiver = Self {
            url,
            heard: Arc::default(),
            answers: Arc::new(Mutex::new(vec![(200, String::new())])),
            said: Arc::default(),
        };
        let this = receiver.clone();
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let this = this.clone();
                tokio::spawn(async move {
                    let mut text = String::new();
                    let mut buffer = [0; 8_192];
                    loop {
                        let read = socket.read(&mut buffer).await.unwrap_or(0);
                        if read == 0 {
                            return;
                        }
                        text.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
                        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                        let header = |name: &str| {
                            head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
                        };
                        let length: usize = header("content-length").unwrap().parse().unwrap();
                        if body.len() < length {
                            continue;
                        }
                        let request = Heard {
                            delivery: header("x-delivery-id").unwrap_or_default().to_owned(),
                            body: serde_json::from_str(body).unwrap(),
                        };
                        let count = {
                            let mut all = this.heard.lock().unwrap();
                            all.push(request);
                            all.len()
                        };
                        let (status, more) = {
                            let mut answers = this.answers.lock().unwrap();
                            if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() }
                        };
                        let said = this.said.lock().unwrap().replace('#', &count.to_string());
                        let length = said.len();
                        let answer =
                            format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\n{more}\r\n{said}");
                        socket.write_all(answer.as_bytes()).await.unwrap();
                        text.clear();
                    }
                });
            }
        });
        receiver
    }

    pub(crate) fn answers(&self, answers: &[(u16, &str)]) {
        *self.answers.lock().unwrap() =
            answers.iter().map(|(status, more)| (*status, (*more).to_owned())).collect();
    }

    /// What was heard since the last time, as `incident_status` of the seed.
    pub(crate) fn statuses(&self) -> Vec<String> {
        let heard = std::mem::take(&mut *self.heard.lock().unwrap());
        heard.iter().map(|heard| heard.body["incident_status"].as_str().unwrap().to_owned()).collect()
    }
}

/// The address of a page that answers after so many milliseconds.
pub(crate) async fn slow_page(after_ms: u64) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let _ = socket.read(&mut [0; 4_096]).await;
                tokio::time::sleep(std::time::Duration::from_millis(after_ms)).await;
                let _ = socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
            });
        }
    });
    url
}
