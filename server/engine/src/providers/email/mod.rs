//! email: one mail to all receivers, over the mail server of the installation.

mod confirmation;
mod html;
mod letter;
mod smtp;

use std::time::Duration;

use domain::integration::EmailSettings;
use domain::integration::email::{left_out_words, names, unconfirmed_words};
use domain::message::Message;
use domain::secret::Secret;
use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::{Attempting, DeliveryError, Outbound, Provider, Reach, Receipt};
use letter::Letter;
use smtp::{Conversation, Refused};

pub use confirmation::send_confirmation;

/// The longest that a mail may take, whatever is configured: a claim of the outbox does not hold for ever.
const MAX_TIMEOUT: Duration = Duration::from_mins(1);

/// How the connection to the mail server is kept private.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MailSecurity {
    /// It begins in the clear and is encrypted before anything is said (RFC 3207); a server that cannot do so is refused.
    #[default]
    StartTls,
    /// It is encrypted from the first byte (RFC 8314).
    Tls,
    /// Not at all: for a relay on the same machine.
    None,
}

/// The mail server of the installation.
#[derive(Clone, Debug)]
pub struct MailSettings {
    /// Its name or address.
    pub host: String,
    /// Its port: 587 with STARTTLS, 465 with TLS, 25 for a relay.
    pub port: u16,
    /// How the connection is kept private.
    pub security: MailSecurity,
    /// Who we are to the server; nothing when it does not ask.
    pub username: Option<String>,
    /// The password for that.
    pub password: Option<Secret>,
    /// The address that mails come from.
    pub from: String,
    /// The name beside it.
    pub from_name: Option<String>,
    /// How long a mail may take; at most a minute.
    pub timeout: Duration,
}

impl MailSettings {
    /// The usual time-out. Longer than elsewhere: servers look for spam before they answer, and a mail that is given up while they do
    /// comes twice.
    pub const TIMEOUT: Duration = Duration::from_secs(30);

    /// A server that wants no credentials.
    pub fn relay(host: &str, port: u16, security: MailSecurity, from: &str) -> Self {
        Self {
            host: host.to_owned(),
            port,
            security,
            username: None,
            password: None,
            from: from.to_owned(),
            from_name: None,
            timeout: Self::TIMEOUT,
        }
    }
}

impl Provider for EmailSettings {
    fn deliver<'a>(
        &'a self,
        outbound: &'a Outbound,
        message: &'a Message,
        attempting: &'a Attempting<'a>,
    ) -> BoxFuture<'a, Result<Receipt, DeliveryError>> {
        async move {
            let mail = server(outbound)?;
            let meant = |address: &&String| message.only.is_empty() || names(&message.only, address);
            let (left_out, email): (Vec<_>, Vec<_>) = self
                .email
                .iter()
                .filter(meant)
                .cloned()
                .partition(|address| names(attempting.unconfirmed, address));
            if email.is_empty() && left_out.is_empty() {
                return Ok(Receipt::nothing("those who were still to get it are not named any more"));
            }
            if email.is_empty() && !left_out.is_empty() {
                return Err(DeliveryError::permanent(unconfirmed_words(&left_out)));
            }
            // The others do not see who was left out: whoever answers all of them would write there.
            let settings = Self { email, ..self.clone() };
            let letter = letter::write(&settings, mail, message, attempting)?;
            attempting.transcript.sent(request(&settings.email, mail, Some(&letter)));
            let refused = within(mail, send(&settings.email, outbound, mail, &letter, attempting)).await?;
            let left_out = (!left_out.is_empty()).then(|| left_out_words(&left_out));
            let missed: Vec<_> = left_out.into_iter().chain(smtp::missed(&refused)).collect();
            let (why, owed) = (missed.join(" "), smtp::for_now(&refused));
            let reach = if missed.is_empty() {
                Reach::All
            } else if owed.is_empty() {
                Reach::Partly(why)
            } else {
                Reach::Later { why, owed }
            };
            Ok(Receipt { external_id: Some(letter.message_id), reach, ..Receipt::default() })
        }
        .boxed()
    }

    fn probe<'a>(
        &'a self,
        outbound: &'a Outbound,
        attempting: &'a Attempting<'a>,
    ) -> Option<BoxFuture<'a, Result<String, DeliveryError>>> {
        Some(
            async move {
                let mail = server(outbound)?;
                attempting.transcript.sent(request(&self.email, mail, None));
                within(mail, ask(self, outbound, mail, attempting)).await?;
                Ok(format!("{} takes mail for {}.", mail.host, self.email.join(", ")))
            }
            .boxed(),
        )
    }

    fn timeout(&self) -> Duration {
        MAX_TIMEOUT + Duration::from_secs(5)
    }
}

fn server(outbound: &Outbound) -> Result<&MailSettings, DeliveryError> {
    outbound.mail().ok_or_else(|| {
        DeliveryError::permanent(
            "This installation has no mail server: fill in mail.host, mail.port and mail.from in its configuration.",
        )
    })
}

/// What is asked of the server, for the log. The text is that of the plain half; the other one says the same.
fn request(receivers: &[String], mail: &MailSettings, letter: Option<&Letter>) -> String {
    let security = match mail.security {
        MailSecurity::StartTls => "STARTTLS",
        MailSecurity::Tls => "TLS",
        MailSecurity::None => "no encryption",
    };
    let mut lines = vec![format!("{}:{}, {security}", mail.host, mail.port)];
    lines.extend(mail.username.as_ref().map(|user| format!("AUTH as {user}")));
    lines.push(format!("MAIL FROM:<{}>", mail.from));
    lines.extend(receivers.iter().map(|address| format!("RCPT TO:<{address}>")));
    if let Some(letter) = letter {
        lines.push(format!(
            "\nSubject: {}\nMessage-ID: {}\n\n{}",
            letter.subject, letter.message_id, letter.text
        ));
    }
    lines.join("\n")
}

async fn within<T>(
    mail: &MailSettings,
    sending: impl Future<Output = Result<T, DeliveryError>>,
) -> Result<T, DeliveryError> {
    let limit = mail.timeout.min(MAX_TIMEOUT);
    tokio::time::timeout(limit, sending).await.unwrap_or_else(|_| {
        let seconds = limit.as_secs();
        Err(DeliveryError::retry(format!("the mail server {} did not finish within {seconds} s", mail.host)))
    })
}

/// Sends a mail; returns whom the server refused, when it took the mail for others.
async fn send(
    receivers: &[String],
    outbound: &Outbound,
    mail: &MailSettings,
    letter: &Letter,
    attempting: &Attempting<'_>,
) -> Result<Vec<Refused>, DeliveryError> {
    let mut conversation = Conversation::open(outbound, mail, &attempting.transcript).await?;
    conversation.sender(&mail.from).await?;
    let refused = conversation.receivers(receivers).await?;
    if refused.len() == receivers.len() {
        conversation.quit().await;
        return Err(smtp::none_taken(&refused));
    }
    conversation.data(&letter.bytes).await?;
    if !refused.is_empty() {
        // The others have the mail, so that trying again with all of them would send it to them twice.
        let who = smtp::named(&refused);
        attempting.transcript.answered(None, format!("Sent to the others, but not to {who}."));
        tracing::warn!(delivery = %attempting.id, refused = %who, "a mail was not taken for every receiver");
    }
    conversation.quit().await;
    Ok(refused)
}

/// Everything but the mail itself.
async fn ask(
    settings: &EmailSettings,
    outbound: &Outbound,
    mail: &MailSettings,
    attempting: &Attempting<'_>,
) -> Result<(), DeliveryError> {
    let mut conversation = Conversation::open(outbound, mail, &attempting.transcript).await?;
    conversation.sender(&mail.from).await?;
    let refused = conversation.receivers(&settings.email).await?;
    conversation.quit().await;
    if refused.is_empty() { Ok(()) } else { Err(smtp::none_taken(&refused)) }
}
