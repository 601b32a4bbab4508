//! What is said to a mail server (RFC 5321, 3207, 4954). By hand, so that every answer stands in the log, each receiver is answered
//! for by itself, and nothing that a server answers can do harm.

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use domain::check::target::host_port;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};

use super::super::dial::Stream;
use super::super::{DeliveryError, Outbound, Transcript};
use super::{MailSecurity, MailSettings};
use crate::checks::plain_reason;

/// The longest line of an answer, in bytes: RFC 5321 allows 512, and servers write longer ones.
const MAX_LINE: usize = 4_096;
/// The most lines of an answer.
const MAX_LINES: usize = 100;
/// The most of an answer that stands in an error, in characters.
const MAX_QUOTE: usize = 200;
/// What stands in the log in the place of a secret.
const MASK: &str = "********";

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Reply {
    code: u16,
    lines: Vec<String>,
}

impl Reply {
    /// The code and the text, for people.
    fn quote(&self) -> String {
        let text: String = self
            .lines
            .join(" ")
            .chars()
            .filter(|character| !character.is_control())
            .take(MAX_QUOTE)
            .collect();
        format!("{} {text}", self.code).trim_end().to_owned()
    }

    /// Whether it may pass; a server that closes (421) says so too.
    fn may_pass(&self) -> bool {
        (400..500).contains(&self.code)
    }

    /// Whether a service extension is offered (RFC 5321, 4.1.1.1), and with which words.
    fn extension(&self, keyword: &str) -> Option<Vec<String>> {
        self.lines.iter().skip(1).find_map(|line| {
            // Some servers write `AUTH=PLAIN`, as a draft of RFC 4954 did.
            let mut words = line.split([' ', '=', '\t']).map(str::to_ascii_uppercase);
            (words.next()? == keyword).then(|| words.collect())
        })
    }
}

/// A receiver that the server refused, and how.
pub(super) struct Refused {
    address: String,
    reply: Reply,
}

/// The receivers and what the server said of each.
pub(super) fn named<'a>(refused: impl IntoIterator<Item = &'a Refused>) -> String {
    let each = refused.into_iter().map(|one| format!("{} ({})", one.address, one.reply.quote()));
    each.collect::<Vec<_>>().join(", ")
}

/// The addresses of those whom the server may take later: a full box, or a server that asks everybody new to come again.
pub(super) fn for_now(refused: &[Refused]) -> Vec<String> {
    refused.iter().filter(|one| one.reply.may_pass()).map(|one| one.address.clone()).collect()
}

/// Whom the server refused when it took the mail for others, in sentences.
pub(super) fn missed(refused: &[Refused]) -> Vec<String> {
    let (later, never): (Vec<_>, Vec<_>) = refused.iter().partition(|one| one.reply.may_pass());
    let say = |of: Vec<&Refused>, now: &str| {
        (!of.is_empty()).then(|| format!("The mail server does not take it{now} for {}.", named(of)))
    };
    say(never, "").into_iter().chain(say(later, " now")).collect()
}

/// The error when the mail goes to nobody.
pub(super) fn none_taken(refused: &[Refused]) -> DeliveryError {
    let who = named(refused);
    if refused.iter().any(|one| one.reply.may_pass()) {
        DeliveryError::retry(format!("the mail server does not take mail now for {who}"))
    } else {
        DeliveryError::permanent(format!("The mail server refuses {who}: check the address."))
    }
}

/// A connection to a mail server.
pub(super) struct Conversation<'a> {
    stream: BufReader<Box<dyn Stream>>,
    mail: &'a MailSettings,
    transcript: &'a Transcript,
    /// What must not stand in the log if the server repeats what it was told.
    secrets: Vec<String>,
}

impl<'a> Conversation<'a> {
    /// Connects, encrypts and logs in.
    pub(super) async fn open(
        outbound: &Outbound,
        mail: &'a MailSettings,
        transcript: &'a Transcript,
    ) -> Result<Self, DeliveryError> {
        let socket = outbound.connect(&mail.host, mail.port, mail.timeout).await?;
        // RFC 5321, 4.1.4: who has no name says its address.
        let hello = match socket.local_addr() {
            Ok(address) if address.is_ipv6() => format!("EHLO [IPv6:{}]", address.ip()),
            Ok(address) => format!("EHLO [{}]", address.ip()),
            Err(_) => "EHLO localhost".to_owned(),
        };
        let mut stream: Box<dyn Stream> = Box::new(socket);
        if mail.security == MailSecurity::Tls {
            stream = encrypt(outbound, mail, stream).await?;
        }
        let mut this = Self { stream: BufReader::new(stream), mail, transcript, secrets: secrets(mail) };
        let greeting = this.reply().await?;
        this.expect(&greeting, 220, "does not want to talk to us", "check mail.host and mail.port")?;
        let mut offers = this.hello(&hello).await?;
        if mail.security == MailSecurity::StartTls {
            this = this.start_tls(outbound, &offers).await?;
            // What was offered in the clear does not count (RFC 3207, 4.2).
            offers = this.hello(&hello).await?;
        }
        if let Some(username) = &mail.username {
            this.log_in(username, &offers).await?;
        }
        Ok(this)
    }

    /// Says who sends.
    pub(super) async fn sender(&mut self, from: &str) -> Result<(), DeliveryError> {
        let reply = self.say(&format!("MAIL FROM:<{from}>")).await?;
        self.expect(
            &reply,
            250,
            &format!("does not take mail from {from}"),
            "check mail.from and mail.username",
        )
    }

    /// Says who receives; answers with those whom the server refuses.
    pub(super) async fn receivers(&mut self, addresses: &[String]) -> Result<Vec<Refused>, DeliveryError> {
        let mut refused = Vec::new();
        for address in addresses {
            let reply = self.say(&format!("RCPT TO:<{address}>")).await?;
            match reply.code {
                250..=252 => {}
                // That is no matter of the receiver.
                530 => {
                    self.expect(
                        &reply,
                        250,
                        "wants to know us first",
                        "fill in mail.username and mail.password",
                    )?;
                }
                _ => refused.push(Refused { address: address.clone(), reply }),
            }
        }
        Ok(refused)
    }

    /// Sends the mail itself.
    pub(super) async fn data(&mut self, mail: &[u8]) -> Result<(), DeliveryError> {
        let reply = self.say("DATA").await?;
        self.expect(&reply, 354, "does not take the mail", "read what it says")?;
        self.write(&stuffed(mail)).await?;
        let reply = self.reply().await?;
        self.expect(&reply, 250, "does not take the mail", "read what it says")
    }

    /// Says good-bye; the mail is delivered or not, whatever becomes of this.
    pub(super) async fn quit(&mut self) {
        if self.write(b"QUIT\r\n").await.is_ok() {
            let _ = self.stream.get_mut().shutdown().await;
        }
    }

    async fn hello(&mut self, hello: &str) -> Result<Reply, DeliveryError> {
        let reply = self.say(hello).await?;
        self.expect(&reply, 250, "does not answer EHLO", "check mail.host and mail.port")?;
        Ok(reply)
    }

    async fn start_tls(mut self, outbound: &Outbound, offers: &Reply) -> Result<Self, DeliveryError> {
        if offers.extension("STARTTLS").is_none() {
            return Err(DeliveryError::permanent(format!(
                "The mail server {} offers no STARTTLS: set mail.security to none if you trust the way to it, or to tls (smtps:// in mail.url) if it encrypts from the start.",
                self.mail.host
            )));
        }
        let reply = self.say("STARTTLS").await?;
        self.expect(
            &reply,
            220,
            "does not encrypt",
            "set mail.security to tls if it does so on another port",
        )?;
        // Whatever came before the handshake was put there by somebody on the way, and would be read as if it were encrypted.
        if !self.stream.buffer().is_empty() {
            return Err(DeliveryError::retry("the mail server spoke before the connection was encrypted"));
        }
        let stream = encrypt(outbound, self.mail, self.stream.into_inner()).await?;
        Ok(Self { stream: BufReader::new(stream), ..self })
    }

    async fn log_in(&mut self, username: &str, offers: &Reply) -> Result<(), DeliveryError> {
        let password = self.mail.password.clone().unwrap_or_default();
        let mechanisms = offers.extension("AUTH").unwrap_or_default();
        let offered = |name: &str| mechanisms.iter().any(|mechanism| mechanism == name);
        let reply = if offered("PLAIN") {
            self.say(&format!("AUTH PLAIN {}", plain(username, password.expose()))).await?
        } else if offered("LOGIN") {
            // Asks for the name and then for the password; how it words that differs.
            let mut reply = self.say("AUTH LOGIN").await?;
            for answer in [username, password.expose()] {
                if reply.code == 334 {
                    reply = self.say(&BASE64.encode(answer)).await?;
                }
            }
            reply
        } else {
            return Err(DeliveryError::permanent(format!(
                "The mail server {} lets nobody log in with a password here: check mail.port and mail.security, or empty \
                 mail.username if it needs no password.",
                self.mail.host
            )));
        };
        self.expect(
            &reply,
            235,
            "refuses the user name or the password",
            "check mail.username and mail.password; some services want a password made for one program",
        )
    }

    /// Fails unless the answer is the one that is hoped for.
    fn expect(&self, reply: &Reply, wanted: u16, what: &str, remedy: &str) -> Result<(), DeliveryError> {
        let quote = reply.quote();
        let host = &self.mail.host;
        match reply.code {
            code if code == wanted => Ok(()),
            500..=599 => {
                Err(DeliveryError::permanent(format!("The mail server {host} {what} ({quote}): {remedy}.")))
            }
            _ => Err(DeliveryError::retry(format!("the mail server {host} {what} ({quote})"))),
        }
    }

    async fn say(&mut self, line: &str) -> Result<Reply, DeliveryError> {
        self.write(format!("{line}\r\n").as_bytes()).await?;
        self.reply().await
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), DeliveryError> {
        let stream = self.stream.get_mut();
        let written = async {
            stream.write_all(bytes).await?;
            stream.flush().await
        };
        written.await.map_err(|error| self.lost(&error))
    }

    async fn reply(&mut self) -> Result<Reply, DeliveryError> {
        let mut reply = Reply { code: 0, lines: Vec::new() };
        loop {
            let line = self.line().await?;
            let (code, rest) = line.split_at_checked(3).unwrap_or((&line, ""));
            let digits = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit());
            let (Ok(code), true) = (code.parse::<u16>(), digits) else {
                let shown: String = line.chars().take(MAX_QUOTE).collect();
                return Err(DeliveryError::permanent(format!(
                    "{} answers “{shown}”, as no mail server does: check mail.host, mail.port and mail.security.",
                    host_port(&self.mail.host, self.mail.port)
                )));
            };
            reply.code = code;
            reply.lines.push(rest.get(1..).unwrap_or_default().to_owned());
            if !rest.starts_with('-') || reply.lines.len() == MAX_LINES {
                let text: Vec<_> = reply.lines.iter().map(|line| format!("{code} {line}")).collect();
                self.transcript.answered(None, text.join("\n"));
                return Ok(reply);
            }
        }
    }

    /// A line without its end, with nothing in it that is secret.
    async fn line(&mut self) -> Result<String, DeliveryError> {
        let mut bytes = Vec::new();
        let limit = u64::try_from(MAX_LINE).unwrap_or(u64::MAX);
        let read = (&mut self.stream).take(limit).read_until(b'\n', &mut bytes).await;
        let closed = || io::Error::new(io::ErrorKind::UnexpectedEof, "it closed the connection");
        let read = read.and_then(|_| if bytes.is_empty() { Err(closed()) } else { Ok(()) });
        read.map_err(|error| self.lost(&error))?;
        let mut line = String::from_utf8_lossy(&bytes).trim_end().to_owned();
        for secret in &self.secrets {
            line = line.replace(secret.as_str(), MASK);
        }
        Ok(line)
    }

    fn lost(&self, error: &io::Error) -> DeliveryError {
        let at = host_port(&self.mail.host, self.mail.port);
        let reason = plain_reason(error);
        self.transcript.answered(None, format!("(connection lost: {reason})"));
        DeliveryError::retry(format!("the connection to the mail server {at} was lost: {reason}"))
    }
}

/// Name and password as AUTH PLAIN wants them (RFC 4616).
fn plain(username: &str, password: &str) -> String {
    BASE64.encode(format!("\0{username}\0{password}"))
}

/// The password in every form in which it is sent.
fn secrets(mail: &MailSettings) -> Vec<String> {
    let Some(password) = mail.password.as_ref().filter(|password| !password.is_empty()) else {
        return Vec::new();
    };
    let (username, password) = (mail.username.as_deref().unwrap_or_default(), password.expose());
    vec![plain(username, password), BASE64.encode(password), password.to_owned()]
}

async fn encrypt(
    outbound: &Outbound,
    mail: &MailSettings,
    stream: Box<dyn Stream>,
) -> Result<Box<dyn Stream>, DeliveryError> {
    outbound.encrypt(stream, &mail.host).await.map_err(|reason| {
        let host = &mail.host;
        DeliveryError::retry(format!(
            "the connection to the mail server {host} could not be encrypted ({reason}): check mail.security and its certificate"
        ))
    })
}

/// The mail as it is sent: a line that begins with a dot gets another one, and a line with one dot ends it (RFC 5321, 4.5.2).
fn stuffed(mail: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(mail.len() + 64);
    for line in mail.split_inclusive(|byte| *byte == b'\n') {
        if line.first() == Some(&b'.') {
            bytes.push(b'.');
        }
        bytes.extend_from_slice(line);
    }
    if !bytes.ends_with(b"\r\n") {
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b".\r\n");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(lines: &[&str]) -> Reply {
        Reply { code: 250, lines: lines.iter().map(|line| (*line).to_owned()).collect() }
    }

    #[test]
    fn a_dot_in_the_mail_does_not_end_it() {
        assert_eq!(stuffed(b"a\r\n.\r\n..b\r\nc"), b"a\r\n..\r\n...b\r\nc\r\n.\r\n");
        assert_eq!(stuffed(b".\r\n"), b"..\r\n.\r\n");
    }

    #[test]
    fn extensions_are_found_however_they_are_written() {
        let offers = reply(&["AUTH.example greets you", "starttls", "AUTH=plain LOGIN", "   ", ""]);
        assert_eq!(offers.extension("STARTTLS"), Some(Vec::new()));
        assert_eq!(offers.extension("AUTH"), Some(vec!["PLAIN".to_owned(), "LOGIN".to_owned()]));
        // The first line is a greeting.
        assert_eq!(reply(&["STARTTLS"]).extension("STARTTLS"), None);
        assert_eq!(reply(&[]).extension("AUTH"), None);
    }

    #[test]
    fn one_receiver_that_may_be_taken_later_is_worth_another_attempt() {
        let refused =
            |code| Refused { address: "a@example.org".to_owned(), reply: Reply { code, lines: Vec::new() } };
        assert!(matches!(none_taken(&[refused(550), refused(450)]), DeliveryError::Retry { .. }));
        let never = none_taken(&[refused(550)]).to_string();
        assert_eq!(never, "The mail server refuses a@example.org (550): check the address.");
    }
}
