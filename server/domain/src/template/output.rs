//! Text that cannot grow beyond a limit.

use super::{MAX_OUTPUT_BYTES, MAX_WORK};

/// A limit was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exceeded {
    /// A text became longer than [`MAX_OUTPUT_BYTES`].
    Length,
    /// All texts together cost more than [`MAX_WORK`].
    Work,
}

impl Exceeded {
    pub(super) fn message(self) -> String {
        match self {
            Self::Length => format!(
                "the text becomes longer than {} MB here; send less of it, or encode it only once.",
                MAX_OUTPUT_BYTES >> 20
            ),
            Self::Work => {
                "all functions up to here work on too much text; call fewer of them on long values."
                    .to_owned()
            }
        }
    }
}

/// A text with a limit.
#[derive(Debug, Default)]
pub(super) struct Output {
    text: String,
}

impl Output {
    pub(super) fn push_str(&mut self, text: &str) -> Result<(), Exceeded> {
        if self.text.len() + text.len() > MAX_OUTPUT_BYTES {
            return Err(Exceeded::Length);
        }
        self.text.push_str(text);
        Ok(())
    }

    pub(super) fn push(&mut self, character: char) -> Result<(), Exceeded> {
        self.push_str(character.encode_utf8(&mut [0; 4]))
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }
}

/// What a rendering has cost so far.
#[derive(Debug, Default)]
pub(super) struct Work(u64);

impl Work {
    /// Adds bytes that were written, or read by something expensive.
    pub(super) fn add(&mut self, cost: usize) -> Result<(), Exceeded> {
        self.0 = self.0.saturating_add(u64::try_from(cost).unwrap_or(u64::MAX));
        if self.0 > MAX_WORK { Err(Exceeded::Work) } else { Ok(()) }
    }

    pub(super) fn total(&self) -> u64 {
        self.0
    }
}
