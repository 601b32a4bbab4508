//! Keys and public ids. A **key** is the database's integer and never leaves the server's inside; an **id** is what URLs,
//! the API and people see: a short prefix that names the kind and 20 lower-case base32 characters (100 bits of chance).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How many random characters follow the prefix of a public id.
pub const RANDOM_CHARACTERS: usize = 20;

/// The digits of public ids: base32 without the characters that people mistake for one another (Crockford, lower case).
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Whether a character is one of [`DIGITS`]; asked for each character of each id that is read.
const fn is_digit(character: u8) -> bool {
    matches!(character, b'0'..=b'9' | b'a'..=b'h' | b'j' | b'k' | b'm' | b'n' | b'p'..=b't' | b'v'..=b'z')
}

/// Why a text is no public id of the wanted kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id of this kind: it should be {prefix} and {RANDOM_CHARACTERS} letters or digits")]
pub struct InvalidId {
    /// The prefix that the wanted kind of id begins with.
    pub prefix: &'static str,
}

/// Writes 13 random bytes as [`RANDOM_CHARACTERS`] base32 digits.
pub fn digits(random: [u8; 13]) -> String {
    let mut bits = u128::from_be_bytes({
        let mut wide = [0; 16];
        wide[3..].copy_from_slice(&random);
        wide
    });
    let mut text = [0; RANDOM_CHARACTERS];
    for place in text.iter_mut().rev() {
        *place = DIGITS[(bits & 31) as usize];
        bits >>= 5;
    }
    text.iter().map(|digit| char::from(*digit)).collect()
}

macro_rules! ids {
    ($($(#[$doc:meta])* $key:ident, $id:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        /// (The database key.)
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $key(pub i64);

        $(#[$doc])*
        /// (The public id.)
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $id(String);

        impl $id {
            /// What ids of this kind begin with.
            pub const PREFIX: &'static str = $prefix;

            /// An id out of 13 bytes of chance, which the caller draws.
            pub fn new(random: [u8; 13]) -> Self {
                Self(format!("{}{}", $prefix, digits(random)))
            }

            /// The id as people and URLs see it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $id {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                match text.strip_prefix($prefix) {
                    Some(rest) if rest.len() == RANDOM_CHARACTERS && rest.bytes().all(is_digit) => {
                        Ok(Self(text.to_owned()))
                    }
                    _ => Err(InvalidId { prefix: $prefix }),
                }
            }
        }

        impl TryFrom<String> for $id {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                text.parse()
            }
        }

        impl From<$id> for String {
            fn from(id: $id) -> String {
                id.0
            }
        }

        impl fmt::Display for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

ids! {
    /// A monitor: something that is checked on a schedule.
    MonitorKey, MonitorId = "NM";
    /// An incident: a stretch of time in which something was wrong.
    IncidentKey, IncidentId = "INC";
    /// An update that was posted to an incident.
    IncidentUpdateKey, IncidentUpdateId = "IU";
    /// A status page.
    PageKey, PageId = "SP";
    /// A group of components of a status page.
    GroupKey, GroupId = "GR";
    /// A component of a status page.
    ComponentKey, ComponentId = "CO";
    /// An account of a person.
    AccountKey, AccountId = "USR";
    /// What belongs together and is told together.
    ProjectKey, ProjectId = "PRJ";
    /// An integration: where messages go.
    IntegrationKey, IntegrationId = "INT";
    /// An alert definition: who hears of outages when.
    DefinitionKey, DefinitionId = "AD";
    /// An alert: an incident on one level of one definition.
    AlertKey, AlertId = "AL";
    /// A subscription of an integration to events.
    SubscriptionKey, SubscriptionId = "ES";
    /// A delivery: a message to one integration.
    DeliveryKey, DeliveryId = "DL";
    /// A token of a program.
    TokenKey, TokenId = "TK";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digit_is_one_of_those_that_are_written() {
        assert!((0..=u8::MAX).all(|character| is_digit(character) == DIGITS.contains(&character)));
    }

    #[test]
    fn an_id_reads_back_from_its_text() {
        let id = MonitorId::new([7; 13]);
        assert_eq!(id.as_str().len(), 2 + RANDOM_CHARACTERS);
        assert_eq!(id.as_str().parse::<MonitorId>(), Ok(id));
    }

    #[test]
    fn an_id_of_another_kind_is_refused() {
        let id = MonitorId::new([255; 13]);
        assert!(id.as_str().parse::<IncidentId>().is_err());
        assert!("NM".parse::<MonitorId>().is_err());
        assert!("NMoooooooooooooooooooo".parse::<MonitorId>().is_err(), "o is no digit");
    }
}
