//! The stream of a page's parts: by WebSocket, by Server-Sent Events, by polling.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{Utf8Bytes, WebSocketUpgrade};
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use futures::Stream;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::face::Face;
use super::hub::Hub;
use super::seat::Seat;

use super::wire::{Place, Resume, Sent};
use super::{full, refused, socket};

/// How often a stream of events says that it lives: the script gives up after 40 s of silence.
const BEAT: Duration = Duration::from_secs(25);

/// Follows a page by WebSocket.
pub async fn socket(
    State(hub): State<Hub>,
    Path(slug): Path<String>,
    Query(client): Query<Resume>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let face = match hub.face(Some(&slug)).await {
        Ok(face) => face,
        Err(error) => return refused(&error),
    };
    let Some(seat) = hub.seat(&face) else { return full() };
    socket::limited(upgrade).on_upgrade(move |socket| async move {
        let _seat = seat;
        let (answer, frames) = face.follow(&client, hub.last_event());
        let mut reached = answer.place().unwrap_or(client.seq);
        let tell = |sent: Option<Sent>| {
            if let Some(sent) = sent {
                reached = sent.place;
                return sent.text;
            }
            // It lagged: the current parts that are newer than the last frame it got.
            let answer = face.resume(&Resume { seq: reached, build: None }, hub.last_event());
            reached = answer.place().unwrap_or(reached);
            answer.text()
        };
        socket::serve(socket, answer.text(), frames, tell).await;
    })
}

/// Follows a page by Server-Sent Events: the same frames.
pub async fn events(
    State(hub): State<Hub>,
    Path(slug): Path<String>,
    Query(client): Query<Resume>,
) -> Response {
    let face = match hub.face(Some(&slug)).await {
        Ok(face) => face,
        Err(error) => return refused(&error),
    };
    let Some(seat) = hub.seat(&face) else { return full() };
    // Proxies that collect answers before they pass them on would defeat the purpose.
    let headers = [("x-accel-buffering", "no"), ("cache-control", "no-store")];
    (headers, Sse::new(stream(hub, face, &client, seat))).into_response()
}

struct Following {
    hub: Hub,
    face: Arc<Face>,
    first: Option<Utf8Bytes>,
    frames: Receiver<Sent>,
    reached: Place,
    _seat: Seat,
}

fn stream(
    hub: Hub,
    face: Arc<Face>,
    client: &Resume,
    seat: Seat,
) -> impl Stream<Item = Result<Event, Infallible>> + use<> {
    let (answer, frames) = face.follow(client, hub.last_event());
    let reached = answer.place().unwrap_or(client.seq);
    let following = Following { hub, face, first: Some(answer.text()), frames, reached, _seat: seat };
    futures::stream::unfold(following, |mut following| async move {
        let text = following.next().await?;
        Some((Ok(Event::default().data(text.as_str())), following))
    })
}

impl Following {
    async fn next(&mut self) -> Option<Utf8Bytes> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        match tokio::time::timeout(BEAT, self.frames.recv()).await {
            Err(_) => Some(self.face.beat()),
            Ok(Ok(sent)) => {
                self.reached = sent.place;
                Some(sent.text)
            }
            Ok(Err(RecvError::Lagged(_))) => {
                let client = Resume { seq: self.reached, build: None };
                let answer = self.face.resume(&client, self.hub.last_event());
                self.reached = answer.place().unwrap_or(self.reached);
                Some(answer.text())
            }
            Ok(Err(RecvError::Closed)) => None,
        }
    }
}

/// Answers once with what is new: for browsers that can do neither of the others.
pub async fn parts(
    State(hub): State<Hub>,
    Path(slug): Path<String>,
    Query(client): Query<Resume>,
) -> Response {
    let face = match hub.face(Some(&slug)).await {
        Ok(face) => face,
        Err(error) => return refused(&error),
    };
    face.was_asked();
    let text = face.resume(&client, hub.last_event()).text();
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    (headers, text.as_str().to_owned()).into_response()
}
