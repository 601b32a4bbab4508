//! Names the sprite of icons by its content, so that browsers may keep it for ever.

use std::fmt::Write as _;
use std::{fs, io};

use sha2::{Digest as _, Sha256};

/// Relative to this package. It is served as it is.
const SPRITE: &str = "../public/icons.svg";
/// As many bytes of the hash as the server's `assets::url` puts into links.
const HASH_BYTES: usize = 8;

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed={SPRITE}");
    let mut hash = String::new();
    for byte in Sha256::digest(fs::read(SPRITE)?).iter().take(HASH_BYTES) {
        // Writing to a String cannot fail.
        let _ = write!(hash, "{byte:02x}");
    }
    println!("cargo::rustc-env=SPRITE=/icons.svg?v={hash}");
    Ok(())
}
