//! Randomness as an argument: the operating system's, or a sequence that a test can repeat.

use std::sync::{Arc, Mutex, PoisonError};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// Where random bytes come from.
#[derive(Clone, Debug, Default)]
pub enum Chance {
    /// A cryptographic generator for each thread, seeded by the operating system.
    #[default]
    System,
    /// Repeats itself: for tests only.
    Seeded(Arc<Mutex<StdRng>>),
}

impl Chance {
    /// A sequence that is the same for the same seed.
    pub fn seeded(seed: u64) -> Self {
        Self::Seeded(Arc::new(Mutex::new(StdRng::seed_from_u64(seed))))
    }

    /// `N` random bytes.
    ///
    /// # Panics
    /// When the operating system has no randomness to give: nothing that follows could be safe.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        match self {
            // Seeded by the operating system and again after each 64 kB; no system call for each request's id.
            Self::System => rand::rng().fill_bytes(&mut bytes),
            Self::Seeded(rng) => rng.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut bytes),
        }
        bytes
    }

    /// A secret for URLs: 32 lower-case letters and digits, 160 bits.
    pub fn token(&self) -> String {
        let (low, high) = (self.bytes::<13>(), self.bytes::<13>());
        let mut token = domain::id::digits(low);
        token.push_str(&domain::id::digits(high));
        token.truncate(32);
        token
    }
}
