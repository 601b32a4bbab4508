//! How what a message tells is read back from its JSON.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::Body;

/// By hand, because a message is read for each delivery: what is derived for a type with a tag gathers all of it in a general form first,
/// and then reads that once more.
impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "snake_case")]
        enum Kind {
            Alert,
            Group,
            Acknowledged,
            Event,
        }
        #[derive(Deserialize)]
        struct Tag {
            r#type: Kind,
        }
        let text = Box::<RawValue>::deserialize(deserializer)?;
        let text = text.get();
        let Tag { r#type: kind } = serde_json::from_str(text).map_err(D::Error::custom)?;
        match kind {
            Kind::Alert => serde_json::from_str(text).map(Self::Alert),
            Kind::Group => serde_json::from_str(text).map(Self::Group),
            Kind::Acknowledged => serde_json::from_str(text).map(Self::Acknowledged),
            Kind::Event => serde_json::from_str(text).map(Self::Event),
        }
        .map_err(D::Error::custom)
    }
}
