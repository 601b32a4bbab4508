//! SSH servers: OpenSSH's in a process of its own, and one that says what a test wants it to.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use russh::keys::{Algorithm, PrivateKey};
use russh::server::{self, Auth, Msg, Response, Session};
use russh::{Channel, ChannelId, MethodKind, MethodSet, Sig};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};

use crate::mail_server::missing;

/// Stands where `sudo` would: it writes down how it was called, and does what the test's files say.
const SUDO: &str = "#!/bin/sh
folder=$(dirname \"$0\")/..
echo \"$*\" >>\"$folder/ran\"
[ ! -f \"$folder/refuse\" ] || { echo 'sudo: a password is required' >&2; exit 1; }
[ ! -f \"$folder/vanish\" ] || kill -KILL \"$PPID\"
echo going down
";

/// OpenSSH's server.
pub(crate) struct RealServer {
    pub(crate) port: u16,
    pub(crate) user: String,
    pub(crate) folder: TempDir,
    sshd: PathBuf,
    process: Child,
}

impl RealServer {
    /// Starts one that lets the user of these tests in with the key `user` of its folder; nothing where it is not installed, which fails
    /// in CI.
    pub(crate) async fn start() -> Option<Self> {
        let Some(sshd) = ["/usr/sbin/sshd", "/usr/bin/sshd", "/usr/local/sbin/sshd"]
            .map(PathBuf::from)
            .into_iter()
            .find(|path| path.is_file())
        else {
            missing("sshd", "openssh-server");
            return None;
        };
        // As root it wants this, which the system's own service would make.
        let _ = std::fs::create_dir_all("/run/sshd");
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        keygen(at, "host", "ed25519", "").await;
        keygen(at, "user", "ed25519", "").await;
        keygen(at, "rsa", "rsa", "").await;
        keygen(at, "locked", "ed25519", "open s3same").await;
        keygen(at, "stranger", "ed25519", "").await;
        let known = ["user.pub", "rsa.pub", "locked.pub"].map(|name| read(&at.join(name)));
        std::fs::write(at.join("authorized"), known.concat()).unwrap();
        std::fs::create_dir(at.join("bin")).unwrap();
        std::fs::write(at.join("bin/sudo"), SUDO).unwrap();
        let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(at.join("bin/sudo"), executable).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let process = run(&sshd, at, port).await;
        let user = Command::new("id").arg("-un").output().await.unwrap().stdout;
        let user = String::from_utf8(user).unwrap().trim().to_owned();
        Some(Self { port, user, folder, sshd, process })
    }

    /// A file of its folder.
    pub(crate) fn file(&self, name: &str) -> String {
        read(&self.folder.path().join(name))
    }

    /// Makes a file that its `sudo` looks for.
    pub(crate) fn mark(&self, name: &str) {
        std::fs::write(self.folder.path().join(name), "").unwrap();
    }

    /// How `sudo` was called so far.
    pub(crate) fn ran(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.folder.path().join("ran")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// The fingerprint of its host key, as OpenSSH's own program reads it.
    pub(crate) async fn fingerprint(&self) -> String {
        let key = self.folder.path().join("host.pub");
        let output = Command::new("ssh-keygen").arg("-lf").arg(key).output().await.unwrap();
        String::from_utf8(output.stdout).unwrap().split(' ').nth(1).unwrap().to_owned()
    }

    /// Starts it again with another host key.
    pub(crate) async fn change_host_key(&mut self) {
        self.process.kill().await.unwrap();
        let at = self.folder.path();
        std::fs::remove_file(at.join("host")).unwrap();
        keygen(at, "host", "ed25519", "").await;
        self.process = run(&self.sshd, at, self.port).await;
    }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

async fn keygen(folder: &Path, name: &str, kind: &str, passphrase: &str) {
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", kind, "-N", passphrase, "-C", name, "-f"])
        .arg(folder.join(name))
        .status()
        .await;
    assert!(made.unwrap().success());
}

async fn run(sshd: &Path, folder: &Path, port: u16) -> Child {
    let at = folder.display();
    let config = format!(
        "ListenAddress 127.0.0.1:{port}\nHostKey {at}/host\nAuthorizedKeysFile {at}/authorized\nPidFile none\nUsePAM no\n\
         StrictModes no\nPermitRootLogin prohibit-password\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n\
         SetEnv PATH={at}/bin:/usr/bin:/bin\n"
    );
    std::fs::write(folder.join("config"), config).unwrap();
    let process = Command::new(sshd)
        .args(["-D", "-e", "-f"])
        .arg(folder.join("config"))
        .stdin(Stdio::null())
        .stderr(std::fs::File::create(folder.join("log")).unwrap())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    for _ in 0..200 {
        if TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
            return process;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("sshd did not start: {}", read(&folder.join("log")));
}

/// How a scripted server lets people in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    /// By a password.
    Password,
    /// By an answer to a question.
    Question,
    /// Not at all: it closes the connection when somebody tries.
    Slammed,
}

/// What a scripted server does with a command.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    /// Says that it runs it, and closes the connection.
    Vanish,
    /// Closes the connection before that.
    Hang,
    /// Refuses to run it.
    Refuse,
    /// Runs it until a signal ends it.
    Signal(&'static str),
    /// Runs it with a status and without a word.
    Status(u32),
}

/// A server that knows the user `deploy` with the password `hunter2`.
pub(crate) struct Scripted {
    pub(crate) port: u16,
    ran: Arc<Mutex<Vec<String>>>,
}

#[derive(Clone)]
struct Handler {
    door: Door,
    act: Act,
    ran: Arc<Mutex<Vec<String>>>,
}

impl Scripted {
    pub(crate) async fn start(door: Door, act: Act) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let method = match door {
            Door::Password | Door::Slammed => MethodKind::Password,
            Door::Question => MethodKind::KeyboardInteractive,
        };
        let config = Arc::new(server::Config {
            methods: MethodSet::from(&[method][..]),
            auth_rejection_time: Duration::from_millis(10),
            keys: vec![PrivateKey::random(&mut rand::rng(), Algorithm::Ed25519).unwrap()],
            ..server::Config::default()
        });
        let handler = Handler { door, act, ran: Arc::default() };
        let ran = Arc::clone(&handler.ran);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (config, handler) = (Arc::clone(&config), handler.clone());
                tokio::spawn(async move {
                    if let Ok(session) = server::run_stream(config, socket, handler).await {
                        let _ = session.await;
                    }
                });
            }
        });
        Self { port, ran }
    }

    /// The commands that it was given.
    pub(crate) fn ran(&self) -> Vec<String> {
        self.ran.lock().unwrap().clone()
    }
}

impl server::Handler for Handler {
    type Error = russh::Error;

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, Self::Error> {
        if self.door == Door::Slammed {
            return Err(russh::Error::Disconnect);
        }
        let right = self.door == Door::Password && (user, password) == ("deploy", "hunter2");
        Ok(if right { Auth::Accept } else { Auth::reject() })
    }

    async fn auth_keyboard_interactive<'a>(
        &'a mut self,
        user: &str,
        _: &str,
        response: Option<Response<'a>>,
    ) -> Result<Auth, Self::Error> {
        let Some(mut response) = response else {
            return Ok(Auth::Partial {
                name: "".into(),
                instructions: "".into(),
                prompts: vec![("Password: ".into(), false)].into(),
            });
        };
        let right = user == "deploy" && response.next().is_some_and(|answer| answer.as_ref() == b"hunter2");
        Ok(if right && self.door == Door::Question { Auth::Accept } else { Auth::reject() })
    }

    async fn channel_open_session(
        &mut self,
        _: Channel<Msg>,
        reply: server::ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        reply.accept().await;
        Ok(())
    }

    async fn exec_request(
        &mut self,
        channel: ChannelId,
        command: &[u8],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        if self.act == Act::Hang {
            return Err(russh::Error::Disconnect);
        }
        if self.act == Act::Refuse {
            return session.channel_failure(channel);
        }
        self.ran.lock().unwrap().push(String::from_utf8_lossy(command).into_owned());
        session.channel_success(channel)?;
        match self.act {
            Act::Signal(name) => {
                let signal = if name == "TERM" { Sig::TERM } else { Sig::SEGV };
                session.exit_signal_request(channel, signal, false, "", "")?;
            }
            Act::Status(status) => session.exit_status_request(channel, status)?,
            Act::Vanish => {
                // The answer has to leave before the connection does.
                let handle = session.handle();
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    let _ = handle
                        .disconnect(russh::Disconnect::ByApplication, String::new(), String::new())
                        .await;
                });
                return Ok(());
            }
            Act::Hang | Act::Refuse => {}
        }
        session.close(channel)
    }
}
