//! A WebSocket that mostly talks: sends what is broadcast, answers pings, and ends when its client is gone or too slow.

use std::task::Poll;
use std::time::Duration;

use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use futures::stream::{FuturesUnordered, SplitStream};
use futures::{Sink, SinkExt, StreamExt};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

/// The longest message that a client may send, in bytes: it says little more than "ping".
pub(super) const MOST_SAID: usize = 4_096;
/// What is read from a client at once, in bytes. The library's 128 kB for each of thousands of sockets would be a waste.
const READ_BUFFER: usize = 1_024;
/// A client that says nothing for so long is gone: the script says "ping" every 25 s.
pub(super) const SILENCE: Duration = Duration::from_secs(75);
/// How long a client may take to accept a frame.
const PATIENCE: Duration = Duration::from_secs(15);

/// Sets the limits of a socket.
pub(super) fn limited(upgrade: WebSocketUpgrade) -> WebSocketUpgrade {
    upgrade
        .max_message_size(MOST_SAID)
        .max_frame_size(MOST_SAID)
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
}

/// Sends `first`, and then what `tell` makes of the broadcast; it is asked with nothing when the client lagged and has to be
/// brought up to date.
pub(super) async fn serve<T: Clone>(
    socket: WebSocket,
    first: Utf8Bytes,
    mut news: Receiver<T>,
    mut tell: impl FnMut(Option<T>) -> Utf8Bytes,
) {
    let (mut client, ear) = socket.split();
    if !send(&mut client, first).await {
        return;
    }
    // A future in a set has a waker of its own and is looked at when that rang: thousands of listeners that are told something would
    // each be asked in vain whether they said something, too, and each time what that takes would have to come into the processor's cache.
    let mut heard = FuturesUnordered::from_iter([hear(ear)]);
    loop {
        let going = tokio::select! {
            biased;
            told = news.recv() => match told {
                Ok(told) => send(&mut client, tell(Some(told))).await,
                Err(RecvError::Lagged(_)) => send(&mut client, tell(None)).await,
                Err(RecvError::Closed) => false,
            },
            said = heard.next() => match said.flatten() {
                Some((message, ear)) => {
                    heard.push(hear(ear));
                    match answer(&message) {
                        Some(text) => send(&mut client, Utf8Bytes::from_static(text)).await,
                        None => !matches!(message, Message::Close(_)),
                    }
                }
                None => false,
            },
        };
        if !going {
            break;
        }
    }
    // Says goodbye if anybody is there to hear it.
    let _ = tokio::time::timeout(PATIENCE, client.send(Message::Close(None))).await;
}

/// What a client says next, with the ear for what comes after; nothing once it is gone.
async fn hear(mut ear: SplitStream<WebSocket>) -> Option<(Message, SplitStream<WebSocket>)> {
    let said = tokio::time::timeout(SILENCE, ear.next()).await.ok()??;
    Some((said.ok()?, ear))
}

/// Sends a text; `false` when the client is gone or takes too long.
pub(super) async fn send(client: &mut (impl Sink<Message> + Unpin), text: Utf8Bytes) -> bool {
    let mut sending = client.send(Message::Text(text));
    // Nearly always there is room in the socket's buffer, and no clock is needed.
    if let Poll::Ready(sent) = futures::poll!(&mut sending) {
        return sent.is_ok();
    }
    matches!(tokio::time::timeout(PATIENCE, sending).await, Ok(Ok(())))
}

/// The answer to a sign of life; browsers cannot send the protocol's own pings, so it is a text, in either case (contracts.md 5.3).
pub(super) fn answer(message: &Message) -> Option<&'static str> {
    match message {
        Message::Text(text) if text.as_str() == "ping" => Some("pong"),
        Message::Text(text) if text.as_str() == "PING" => Some("PONG"),
        _ => None,
    }
}
