//! People: accounts, and who is asking.

use serde::{Deserialize, Serialize};

use crate::id::{AccountId, AccountKey, TokenId};

/// The shortest password, in characters (NIST SP 800-63B asks for at least eight, and for no rule on their kind).
pub const MIN_PASSWORD: usize = 8;
/// The longest password, in characters: enough for a sentence, and too little to keep a hash function busy.
pub const MAX_PASSWORD: usize = 256;

/// An account of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The database key.
    pub key: AccountKey,
    /// The public id.
    pub id: AccountId,
    /// The address they log in with, in lower case.
    pub email: String,
    /// What they are called.
    pub name: String,
}

/// On whose behalf something is asked for. Every service takes one; roles will join here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Viewer {
    /// Somebody who did not log in: may see what is public.
    Anonymous,
    /// A person who logged in.
    Person(Account),
    /// A program with a token of the project.
    Program {
        /// The token's public id.
        token: TokenId,
        /// What the token is called.
        name: String,
    },
    /// The command line on the server itself, or the program's own work.
    System,
}

impl Viewer {
    /// The account, if a person asks.
    pub fn account(&self) -> Option<&Account> {
        match self {
            Self::Person(account) => Some(account),
            Self::Anonymous | Self::Program { .. } | Self::System => None,
        }
    }

    /// Who it is, in words.
    pub fn words(&self) -> String {
        match self {
            Self::Anonymous => "somebody".to_owned(),
            Self::Person(account) if account.name.trim().is_empty() => account.email.clone(),
            Self::Person(account) => account.name.clone(),
            Self::Program { name, .. } => name.clone(),
            Self::System => "Pharos".to_owned(),
        }
    }

    /// Whether the viewer may operate the console.
    pub fn may_operate(&self) -> bool {
        !matches!(self, Self::Anonymous)
    }
}
