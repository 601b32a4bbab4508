//! What goes over the public stream: places in it, and frames.

use app::pages::status::Part;
use axum::extract::ws::Utf8Bytes;
use domain::event::Seq;
use domain::time::{MINUTE, Timestamp};
use serde::{Deserialize, Serialize};

/// 2025-01-01T00:00:00Z, from which the minutes of a [`Place`] are counted.
const EPOCH: Timestamp = Timestamp(1_735_689_600_000);
/// Minutes that fit behind the point: until 2044.
const MINUTES: f64 = 10_000_000.0;

/// A place in a page's stream: the last event that was seen and, behind the point, the minute of the reading.
///
/// Figures and days change without an event, at each roll-up and at midnight. A client that slept through a midnight has the
/// last event and still an old page; the minute tells. It is the same on every node and after a restart, and for the client it
/// is one number that grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Place(f64);

impl Place {
    /// The place of a view that was read at a time.
    #[expect(clippy::cast_precision_loss, reason = "exact for the first 900 million events")]
    pub fn of(seq: Seq, at: Timestamp) -> Self {
        let minutes = (at.since(EPOCH) / MINUTE) as f64;
        Self(seq.0 as f64 + (minutes / MINUTES).min(0.999_999_9))
    }

    /// The number as it stands in the page.
    pub fn number(self) -> f64 {
        self.0
    }

    /// The last event.
    #[expect(clippy::cast_possible_truncation, reason = "the part before the point is a sequence number")]
    pub fn seq(self) -> Seq {
        Seq(self.0.max(0.0) as i64)
    }
}

/// What a client says of itself in the query.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Resume {
    /// The place that it shows; 0 for none.
    pub seq: Place,
    /// The build that drew its page.
    pub build: Option<String>,
}

/// A frame that all clients of a page share.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The place that a client has reached with it.
    pub place: Place,
    /// The encoded frame.
    pub text: Utf8Bytes,
}

#[derive(Serialize)]
struct Frame<'a> {
    build: &'a str,
    seq: Place,
    parts: Vec<Swap<'a>>,
}

#[derive(Serialize)]
struct Swap<'a> {
    id: &'a str,
    html: String,
}

/// Encodes parts to be swapped in.
pub fn frame(build: &str, seq: Place, parts: &[&Part]) -> Utf8Bytes {
    let parts = parts.iter().map(|part| Swap { id: &part.id, html: part.html() }).collect();
    encode(&Frame { build, seq, parts })
}

/// The frame that makes a client read the page again.
pub fn reload() -> Utf8Bytes {
    Utf8Bytes::from_static("{\"reload\":true}")
}

/// Encodes a message; what cannot be encoded, which the types exclude, becomes a request to reload.
pub fn encode(message: &impl Serialize) -> Utf8Bytes {
    match serde_json::to_string(message) {
        Ok(text) => text.into(),
        Err(error) => {
            tracing::error!(%error, "a frame could not be encoded");
            reload()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_795_262_650_000);

    #[test]
    fn a_place_grows_with_events_first_and_with_time_second() {
        let place = Place::of(Seq(120), NOW);
        assert_eq!(place.seq(), Seq(120));
        assert!(Place::of(Seq(120), Timestamp(NOW.0 + MINUTE)) > place);
        assert!(Place::of(Seq(121), Timestamp(NOW.0 - 1_000 * MINUTE)) > place);
        assert_eq!(Place::of(Seq(120), Timestamp(NOW.0 + 1)), place, "the same minute");
    }

    #[test]
    fn a_place_survives_the_way_through_json_and_a_url() {
        for seq in [0, 1, 120, 899_999_999] {
            let place = Place::of(Seq(seq), NOW);
            let json = serde_json::to_string(&place).unwrap();
            assert_eq!(serde_json::from_str::<Place>(&json).unwrap(), place);
            // As JavaScript and the page print it.
            assert_eq!(Place(place.number().to_string().parse().unwrap()), place);
        }
    }

    #[test]
    fn a_frame_is_what_the_script_expects() {
        assert_eq!(frame("b1", Place(7.0), &[]).as_str(), r#"{"build":"b1","seq":7.0,"parts":[]}"#);
    }
}
