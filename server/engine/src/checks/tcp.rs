//! tcp: connect, and optionally send and expect.

use domain::check::{
    Blindness, Failure, Outcome, Phase, TcpSettings,
    evidence::{clip, excerpt},
    target::{host_port, unescape},
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{Probe, dial};

/// The most of a reply that is searched, in bytes: banners and short answers.
const MAX_REPLY_BYTES: usize = 65_536;
/// The most of a reply that a failure quotes, in bytes.
const MAX_QUOTED_BYTES: usize = 200;

/// Runs a tcp check.
pub(super) async fn run(settings: &TcpSettings, probe: &Probe<'_>) -> Outcome {
    let (send, expect) = match (bytes(settings.send.as_deref()), bytes(settings.expect.as_deref())) {
        (Ok(send), Ok(expect)) => (send, expect),
        (Err(message), _) | (_, Err(message)) => {
            return Outcome::Unknown { why: Blindness::Misconfigured { message } };
        }
    };
    let request = format!("connect to {}", host_port(&settings.host, settings.port));
    probe.trace.with(|notes| notes.evidence.request = Some(request));
    let tls = settings.tls.then_some(&probe.shared.tls);
    let target = (settings.host.as_str(), settings.port);
    let mut stream = match dial::open(probe, target, settings.ip_version, tls, settings.verify_tls).await {
        Ok(stream) => stream,
        Err(outcome) => return outcome,
    };
    probe.trace.enter(Phase::Wait);
    if !send.is_empty()
        && let Err(error) = async {
            stream.write_all(&send).await?;
            stream.flush().await
        }
        .await
    {
        return dial::lost(Phase::Wait, &error);
    }
    if expect.is_empty() {
        probe.trace.answered();
        return Outcome::Up;
    }
    let mut reply = Vec::new();
    let mut chunk = [0_u8; 4_096];
    loop {
        let read = match stream.read(&mut chunk).await {
            Ok(read) => read,
            Err(error) if reply.is_empty() => return dial::lost(probe.trace.phase(), &error),
            Err(_) => 0,
        };
        if reply.is_empty() {
            probe.trace.enter(Phase::Download);
        }
        // What was searched already can only matter where the new bytes complete it.
        let from = reply.len().saturating_sub(expect.len());
        reply.extend_from_slice(&chunk[..read]);
        let found = reply[from..].windows(expect.len()).any(|window| window == expect);
        let mismatch = Failure::ExpectMismatch {
            expected: settings.expect.clone().unwrap_or_default(),
            got: clip(&excerpt(&reply), MAX_QUOTED_BYTES).to_owned(),
        };
        probe.trace.with(|notes| {
            notes.evidence.body_bytes = Some(reply.len() as u64);
            notes.evidence.excerpt = Some(excerpt(&reply));
            // Silence after a wrong reply is a wrong reply.
            notes.on_timeout = (!reply.is_empty()).then(|| mismatch.clone());
        });
        if found {
            probe.trace.answered();
            return Outcome::Up;
        }
        if read == 0 || reply.len() >= MAX_REPLY_BYTES {
            probe.trace.answered();
            return Outcome::down(mismatch);
        }
    }
}

fn bytes(text: Option<&str>) -> Result<Vec<u8>, String> {
    text.map_or(Ok(Vec::new()), unescape)
}
