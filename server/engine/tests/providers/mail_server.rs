//! Mail servers: a real one in a process of its own, and one that says what a test wants it to.

use std::process::Stdio;
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::net::TcpListener;
use tokio::process::{Child, ChildStdout, Command};

/// The user that the real server knows.
pub(crate) const USER: &str = "pharos";
/// That user's password.
pub(crate) const PASSWORD: &str = "p4ssw0rd-of-the-relay";

/// A real mail server.
pub(crate) struct RealServer {
    pub(crate) port: u16,
    /// The authority that its certificate is from.
    pub(crate) root: Vec<u8>,
    said: Lines<BufReader<ChildStdout>>,
    _process: Child,
    _folder: TempDir,
}

impl RealServer {
    /// Starts one; nothing where it is not installed, which fails in CI.
    pub(crate) async fn start(security: &str) -> Option<Self> {
        let python = python().await?;
        let folder = tempfile::tempdir().unwrap();
        let (root, certificate, key) = certificate();
        let (certificate_file, key_file) =
            (folder.path().join("certificate.pem"), folder.path().join("key.pem"));
        std::fs::write(&certificate_file, certificate).unwrap();
        std::fs::write(&key_file, key).unwrap();
        let mut process = Command::new(python)
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/providers/mail_server.py"))
            .arg(security)
            .args([&certificate_file, &key_file])
            .args([USER, PASSWORD])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // It warns of what these tests want.
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut said = BufReader::new(process.stdout.take().unwrap()).lines();
        let first: Value = serde_json::from_str(&said.next_line().await.unwrap().unwrap()).unwrap();
        let port = u16::try_from(first["port"].as_u64().unwrap()).unwrap();
        Some(Self { port, root, said, _process: process, _folder: folder })
    }

    /// The next mail that it took.
    pub(crate) async fn mail(&mut self) -> Value {
        let line = tokio::time::timeout(std::time::Duration::from_secs(10), self.said.next_line()).await;
        serde_json::from_str(&line.unwrap().unwrap().unwrap()).unwrap()
    }
}

/// A Python that has aiosmtpd: the user's or the system's.
async fn python() -> Option<&'static str> {
    for python in ["python3", "/usr/bin/python3"] {
        let has = Command::new(python).args(["-c", "import aiosmtpd"]).stderr(Stdio::null()).status().await;
        if has.is_ok_and(|status| status.success()) {
            return Some(python);
        }
    }
    missing("aiosmtpd", "python3-aiosmtpd");
    None
}

/// Says what is missing; in CI that fails the test.
#[expect(clippy::print_stdout, reason = "whoever runs the tests must see what was not tested")]
pub(crate) fn missing(program: &str, package: &str) {
    #[expect(clippy::disallowed_methods, reason = "a test reads its own environment")]
    let ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
    assert!(!ci, "{program} is missing: apt-get install {package}");
    println!("skipped: {program} is missing (apt-get install {package})");
}

/// An authority and a certificate of it for this machine: DER, and PEM with its key.
fn certificate() -> (Vec<u8>, String, String) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
    let authority_key = KeyPair::generate().unwrap();
    let root = params.self_signed(&authority_key).unwrap().der().to_vec();
    let issuer = Issuer::new(params, authority_key);
    let key = KeyPair::generate().unwrap();
    let leaf =
        CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    (root, leaf.pem(), key.serialize_pem())
}

/// A server that answers each line with what a test wants, and takes mails after `354`. An empty answer closes the connection.
pub(crate) struct Scripted {
    pub(crate) port: u16,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Scripted {
    /// `answer` is asked for the greeting first, with an empty line.
    pub(crate) async fn start(answer: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (answer, heard) = (Arc::new(answer), Arc::new(Mutex::new(Vec::new())));
        let all = Arc::clone(&heard);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (answer, all) = (Arc::clone(&answer), Arc::clone(&all));
                tokio::spawn(async move {
                    let mut stream = BufReader::new(socket);
                    let mut line = String::new();
                    loop {
                        let said = answer(line.trim_end());
                        if said.is_empty() || stream.write_all(said.as_bytes()).await.is_err() {
                            return;
                        }
                        let mail = said.starts_with("354");
                        line.clear();
                        loop {
                            let read = stream.read_line(&mut line).await.unwrap_or(0);
                            if read == 0 {
                                return;
                            }
                            if !mail || line.ends_with("\r\n.\r\n") {
                                break;
                            }
                        }
                        all.lock().unwrap().push(line.trim_end().to_owned());
                    }
                });
            }
        });
        Self { port, heard }
    }

    /// One that takes everything but what begins with `command`, to which it says `answer`.
    pub(crate) async fn but(command: &'static str, answer: &'static str) -> Self {
        Self::start(move |line| match line {
            _ if command == line || (!command.is_empty() && line.starts_with(command)) => {
                format!("{answer}\r\n")
            }
            other => usual(other),
        })
        .await
    }

    /// What it heard since the last time.
    pub(crate) fn heard(&self) -> Vec<String> {
        std::mem::take(&mut *self.heard.lock().unwrap())
    }
}

/// What a friendly server without encryption says.
pub(crate) fn usual(line: &str) -> String {
    let answer = match line.split([' ', ':']).next().unwrap_or_default() {
        "" => "220 mail.test ESMTP",
        "EHLO" => "250-mail.test\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME",
        "AUTH" => "235 2.7.0 welcome",
        "DATA" => "354 go on",
        "QUIT" => return String::new(),
        _ => "250 OK",
    };
    format!("{answer}\r\n")
}

/// A port where something listens that never says a word.
pub(crate) async fn silence() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut buffer = [0; 1_024];
                while socket.read(&mut buffer).await.is_ok_and(|read| read > 0) {}
            });
        }
    });
    port
}
