//! The mail with the link that proves that an address is somebody's own.

use super::super::words::Tone;
use super::super::{Attempting, DeliveryError, Outbound};
use super::letter::{self, Content};
use super::{send, server, within};

/// What the link is for.
const SUBJECT: &str = "Confirm your address for Pharos";

/// Sends the link to one address, over the mail server of the installation.
///
/// # Errors
/// When there is no mail server, or it did not take the mail; in words for whoever asked for it.
pub async fn send_confirmation(
    outbound: &Outbound,
    address: &str,
    link: &str,
    attempting: &Attempting<'_>,
) -> Result<(), DeliveryError> {
    let mail = server(outbound)?;
    let content = Content {
        tone: Tone::Notice,
        headline: SUBJECT.to_owned(),
        lines: vec![
            format!("Pharos is to send its alerts to {address}."),
            "Confirm that this address is yours; nothing is sent to it before. The link holds for 24 hours, and once.".to_owned(),
            "If you do not know what this is about, do nothing.".to_owned(),
        ],
        notes: Vec::new(),
        facts: Vec::new(),
        link: Some(link.to_owned()),
        does: "Confirm this address",
        footer: "Sent by Pharos, because your account has this address.".to_owned(),
    };
    let receivers = [address.to_owned()];
    let letter = letter::assemble(SUBJECT.to_owned(), &content, &receivers, None, mail, attempting)?;
    within(mail, send(&receivers, outbound, mail, &letter, attempting)).await.map(|_| ())
}
