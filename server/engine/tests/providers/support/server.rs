//! A stand-in for the other side.

use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// A request as the stand-in heard it.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) path: String,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Heard {
    /// The value of a header, or nothing.
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    /// The body as JSON; `Null` when it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// The fields of a body that is a form.
    pub(crate) fn form(&self) -> std::collections::BTreeMap<String, String> {
        url::form_urlencoded::parse(self.body.as_bytes()).into_owned().collect()
    }
}

/// What the stand-in answers.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: String,
}

impl Reply {
    pub(crate) fn text(status: u16, body: &str) -> Self {
        Self { status, headers: vec![("content-type", "text/plain".to_owned())], body: body.to_owned() }
    }

    pub(crate) fn json(status: u16, body: &Value) -> Self {
        let headers = vec![("content-type", "application/json".to_owned())];
        Self { status, headers, body: body.to_string() }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    fn written(&self) -> String {
        let mut head = format!("HTTP/1.1 {} Said\r\ncontent-length: {}\r\n", self.status, self.body.len());
        for (name, value) in &self.headers {
            head += &[*name, ": ", value, "\r\n"].concat();
        }
        // RFC 9110: these have no body.
        let body = if matches!(self.status, 204 | 304) { "" } else { &self.body };
        format!("{head}\r\n{body}")
    }
}

/// An HTTP server that answers with a closure and remembers what it heard.
pub(crate) struct Server {
    /// Scheme, host and port, without a slash at the end.
    pub(crate) url: String,
    heard: Arc<Mutex<Vec<Heard>>>,
}

impl Server {
    pub(crate) async fn start(answer: impl Fn(&Heard) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (answer, heard) = (Arc::new(answer), Arc::new(Mutex::new(Vec::new())));
        let all = Arc::clone(&heard);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (answer, all) = (Arc::clone(&answer), Arc::clone(&all));
                tokio::spawn(async move { serve(socket, &*answer, &all).await });
            }
        });
        Self { url, heard }
    }

    /// A server that always says the same.
    pub(crate) async fn saying(reply: Reply) -> Self {
        Self::start(move |_| reply.clone()).await
    }

    /// What was heard since the last time.
    pub(crate) fn heard(&self) -> Vec<Heard> {
        std::mem::take(&mut *self.heard.lock().unwrap())
    }

    /// The only request since the last time.
    pub(crate) fn one(&self) -> Heard {
        let heard = self.heard();
        assert_eq!(heard.len(), 1, "{heard:#?}");
        heard.into_iter().next().unwrap()
    }
}

async fn serve(mut socket: TcpStream, answer: &(impl Fn(&Heard) -> Reply + Sync), all: &Mutex<Vec<Heard>>) {
    let (mut bytes, mut buffer) = (Vec::new(), [0; 8_192]);
    loop {
        let read = socket.read(&mut buffer).await.unwrap_or(0);
        if read == 0 {
            return;
        }
        bytes.extend_from_slice(&buffer[..read]);
        let Some(request) = parse(&bytes) else { continue };
        let reply = answer(&request).written();
        all.lock().unwrap().push(request);
        bytes.clear();
        if socket.write_all(reply.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// A whole request; nothing while there is more to come.
fn parse(bytes: &[u8]) -> Option<Heard> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).unwrap();
    let mut lines = head.lines();
    let mut first = lines.next()?.split(' ');
    let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let mut request = Heard { method, path, headers, body: String::new() };
    let length = request.header("content-length").parse().unwrap_or(0);
    let body = bytes.get(end + 4..end + 4 + length)?;
    request.body = String::from_utf8(body.to_vec()).unwrap();
    Some(request)
}
