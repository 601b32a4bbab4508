//! Secrets at rest: XChaCha20-Poly1305 under a key that is not in the database.
//!
//! A sealed text reads `sealed:1:KEY:DATA`: a version, the id of the key, and base64 of a nonce of 24 bytes followed by the
//! ciphertext. The id lets several keys be known at a time, so that a new one can take over while old texts are still read.

use std::fmt;
use std::path::Path;
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use chacha20poly1305::aead::{Aead as _, KeyInit as _};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use domain::secret::Secret;
use sha2::{Digest as _, Sha256};

use crate::chance::Chance;
use crate::owner;

/// What sealed texts begin with. A secret of somebody's own that begins like this is sealed like any other, because sealing
/// never asks what it is given.
const PREFIX: &str = "sealed:1:";
/// Bytes of a key.
const KEY_BYTES: usize = 32;
/// Bytes of a nonce: long enough to be drawn by chance.
const NONCE_BYTES: usize = 24;
/// Hexadecimal digits of a key's hash that name it.
const ID_DIGITS: usize = 8;
/// How long nobody looks for a key again that was not there.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// Why something could not be sealed or opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The text was sealed with a key that is not known here.
    #[error("it was sealed with the key {key}, which is not known here (secrets.key, secrets.old_keys)")]
    UnknownKey {
        /// The id of the key.
        key: String,
    },
    /// The text was changed after it was sealed, or is cut short.
    #[error("the sealed text is damaged")]
    Damaged,
    /// A key does not have the right length.
    #[error("a key has 64 hexadecimal digits; this one has {0} characters, or others than 0-9 and a-f")]
    BadKey(usize),
}

/// Keys by their ids; the first one seals.
type Keys = Vec<(String, XChaCha20Poly1305)>;

/// Where keys may be read anew: 64 hexadecimal digits each, the one that seals first; `None` when they cannot be had.
type Source = Box<dyn Fn() -> Option<Vec<String>> + Send + Sync>;

/// Seals with one key and opens with several. Cheap enough to be shared by reference.
pub struct Sealer {
    keys: RwLock<Keys>,
    source: Option<Source>,
    /// When the source was asked last.
    asked: Mutex<Option<Instant>>,
    chance: Chance,
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealer").field("current", &self.current()).finish_non_exhaustive()
    }
}

impl Sealer {
    /// Seals with the first of the keys and opens with each; a key is 64 hexadecimal digits.
    ///
    /// # Errors
    /// When a key is not one.
    pub fn new<'a>(keys: impl IntoIterator<Item = &'a str>, chance: Chance) -> Result<Self, SealError> {
        let keys = keys.into_iter().map(read_key).collect::<Result<_, _>>()?;
        Ok(Self::with(keys, chance))
    }

    /// Reads the keys anew when something was sealed with one that is not known: another process may have brought it meanwhile. Those
    /// that are known stay known.
    #[must_use]
    pub fn rereading(mut self, source: impl Fn() -> Option<Vec<String>> + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    fn with(keys: Keys, chance: Chance) -> Self {
        Self { keys: RwLock::new(keys), source: None, asked: Mutex::new(None), chance }
    }

    fn keys(&self) -> RwLockReadGuard<'_, Keys> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// A key made of chance, for this process alone: what it seals nobody opens later.
    pub fn forgetful(chance: Chance) -> Self {
        let key = hex(&chance.bytes::<KEY_BYTES>());
        Self::with(read_key(&key).into_iter().collect(), chance)
    }

    /// The id of the key that seals.
    pub fn current(&self) -> Option<String> {
        self.keys().first().map(|(id, _)| id.clone())
    }

    /// Seals a secret.
    ///
    /// # Errors
    /// When there is no key.
    pub fn seal(&self, secret: &Secret) -> Result<String, SealError> {
        let keys = self.keys();
        let (id, cipher) = keys.first().ok_or_else(|| SealError::UnknownKey { key: String::new() })?;
        let nonce: [u8; NONCE_BYTES] = self.chance.bytes();
        let text = cipher
            .encrypt(&XNonce::from(nonce), secret.expose().as_bytes())
            .map_err(|_| SealError::Damaged)?;
        let mut data = nonce.to_vec();
        data.extend(text);
        Ok(format!("{PREFIX}{id}:{}", BASE64.encode(data)))
    }

    /// Opens a sealed text.
    ///
    /// # Errors
    /// When its key is not known, or it was changed.
    pub fn open(&self, sealed: &str) -> Result<Secret, SealError> {
        let opened = self.open_with_known(sealed);
        if self.source.is_none() || !matches!(opened, Err(SealError::UnknownKey { .. })) {
            return opened;
        }
        self.look_again();
        self.open_with_known(sealed)
    }

    /// Reads the keys anew, unless that was done just now.
    fn look_again(&self) {
        let Some(source) = &self.source else { return };
        // Whoever comes meanwhile waits, and finds what was read.
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if asked.is_some_and(|at| at.elapsed() < LOOK_AGAIN) {
            return;
        }
        let read =
            source().and_then(|keys| keys.iter().map(|key| read_key(key).ok()).collect::<Option<Keys>>());
        if let Some(mut fresh) = read {
            let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
            let before = std::mem::take(&mut *keys);
            let known = |fresh: &Keys, id: &str| fresh.iter().any(|(other, _)| other == id);
            if fresh.iter().any(|(id, _)| !known(&before, id)) {
                tracing::info!("keys that seal secrets were added; they count from now on");
            }
            let gone: Vec<_> = before.into_iter().filter(|(id, _)| !known(&fresh, id)).collect();
            fresh.extend(gone);
            *keys = fresh;
        }
        *asked = Some(Instant::now());
    }

    fn open_with_known(&self, sealed: &str) -> Result<Secret, SealError> {
        let (id, data) =
            sealed.strip_prefix(PREFIX).and_then(|rest| rest.split_once(':')).ok_or(SealError::Damaged)?;
        let keys = self.keys();
        let (_, cipher) = keys
            .iter()
            .find(|(known, _)| known == id)
            .ok_or_else(|| SealError::UnknownKey { key: id.to_owned() })?;
        let data = BASE64.decode(data).map_err(|_| SealError::Damaged)?;
        let (nonce, text) = data.split_first_chunk::<NONCE_BYTES>().ok_or(SealError::Damaged)?;
        let plain = cipher.decrypt(&XNonce::from(*nonce), text).map_err(|_| SealError::Damaged)?;
        String::from_utf8(plain).map(Secret::new).map_err(|_| SealError::Damaged)
    }

    /// Seals every secret in place; empty ones stay empty.
    ///
    /// # Errors
    /// When there is no key.
    pub fn seal_all(&self, secrets: Vec<&mut Secret>) -> Result<(), SealError> {
        for secret in secrets.into_iter().filter(|secret| !secret.is_empty()) {
            *secret = Secret::new(self.seal(secret)?);
        }
        Ok(())
    }

    /// Opens every secret in place. One that is not sealed was stored before there was a key, and stays as it is.
    ///
    /// # Errors
    /// When one cannot be opened.
    pub fn open_all(&self, secrets: Vec<&mut Secret>) -> Result<(), SealError> {
        for secret in secrets.into_iter().filter(|secret| secret.expose().starts_with(PREFIX)) {
            *secret = self.open(secret.expose())?;
        }
        Ok(())
    }

    /// Whether a text looks like one that was sealed.
    pub fn is_sealed(text: &str) -> bool {
        text.starts_with(PREFIX)
    }

    /// Whether one of these is stored and not sealed.
    pub fn misses(stored: &[&mut Secret]) -> bool {
        stored.iter().any(|secret| !secret.is_empty() && !Self::is_sealed(secret.expose()))
    }

    /// Whether a text was sealed with the key that seals now.
    pub fn is_current(&self, sealed: &str) -> bool {
        let id = sealed.strip_prefix(PREFIX).and_then(|rest| rest.split_once(':')).map(|(id, _)| id);
        id.is_some_and(|id| self.current().is_some_and(|current| current == id))
    }
}

/// The keys in a file, one a line, the one that seals first; the file is made when there is none. Only its owner may read it.
///
/// # Errors
/// When the file cannot be read or made.
pub fn keys_of_file(path: &Path, chance: &Chance) -> std::io::Result<Vec<String>> {
    if let Some(keys) = known_keys(path)? {
        return Ok(keys);
    }
    let key = new_key(chance);
    write_keys(path, std::slice::from_ref(&key))?;
    Ok(vec![key])
}

/// The keys in a file, as [`keys_of_file`]; `None` when there is no such file.
///
/// # Errors
/// When it cannot be read.
pub fn known_keys(path: &Path) -> std::io::Result<Option<Vec<String>>> {
    match std::fs::read_to_string(path) {
        Ok(text) => {
            Ok(Some(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes the keys of a file, the one that seals first. The old file stays whole until the new one is.
///
/// # Errors
/// When the file cannot be written.
pub fn write_keys(path: &Path, keys: &[String]) -> std::io::Result<()> {
    use std::io::Write as _;

    let fresh = path.with_extension("new");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    // What an earlier try left behind; a link there must not lead elsewhere.
    let _ = std::fs::remove_file(&fresh);
    let mut file = options.open(&fresh)?;
    // Before there is anything in it, and before it takes the place of one that the server could read.
    owner::give_to_owner_of(&file, &fresh, path);
    file.write_all((keys.join("\n") + "\n").as_bytes())?;
    file.sync_all()?;
    std::fs::rename(fresh, path)
}

/// A key out of chance.
pub fn new_key(chance: &Chance) -> String {
    hex(&chance.bytes::<KEY_BYTES>())
}

/// Reads a key and names it by the beginning of its hash.
fn read_key(text: &str) -> Result<(String, XChaCha20Poly1305), SealError> {
    let text = text.trim();
    let bad = || SealError::BadKey(text.chars().count());
    if text.len() != KEY_BYTES * 2 || !text.is_ascii() {
        return Err(bad());
    }
    let mut key = [0; KEY_BYTES];
    for (place, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[place * 2..place * 2 + 2], 16).map_err(|_| bad())?;
    }
    let id = hex(&Sha256::digest(key))[..ID_DIGITS].to_owned();
    Ok((id, XChaCha20Poly1305::new(&key.into())))
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let pairs = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    pairs.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(digit: char) -> String {
        digit.to_string().repeat(64)
    }

    #[test]
    fn what_was_sealed_opens_with_any_key_that_is_known() {
        let old = Sealer::new([key('a').as_str()], Chance::System).unwrap();
        let sealed = old.seal(&"hunter2".into()).unwrap();
        assert!(sealed.starts_with("sealed:1:") && !sealed.contains("hunter2"), "{sealed}");
        assert_ne!(sealed, old.seal(&"hunter2".into()).unwrap(), "each time another nonce");
        let both = Sealer::new([key('b').as_str(), key('a').as_str()], Chance::System).unwrap();
        assert_eq!(both.open(&sealed).unwrap().expose(), "hunter2");
        assert!(!both.is_current(&sealed) && old.is_current(&sealed));
        let new = Sealer::new([key('b').as_str()], Chance::System).unwrap();
        assert!(matches!(new.open(&sealed), Err(SealError::UnknownKey { .. })));
    }

    #[test]
    fn a_key_that_comes_later_is_found_and_those_that_are_known_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret.key");
        let keys = keys_of_file(&path, &Chance::System).unwrap();
        let reread = path.clone();
        let server = Sealer::new(keys.iter().map(String::as_str), Chance::System).unwrap();
        let server = server.rereading(move || known_keys(&reread).ok().flatten());
        let before = server.seal(&"hunter1".into()).unwrap();
        write_keys(&path, &[key('b')]).unwrap();
        let other = Sealer::new([key('b').as_str()], Chance::System).unwrap();
        let sealed = other.seal(&"hunter2".into()).unwrap();
        assert_eq!(server.open(&sealed).unwrap().expose(), "hunter2");
        assert_eq!(server.open(&before).unwrap().expose(), "hunter1");
        assert!(server.is_current(&sealed), "from now on it seals");
        // One that is nowhere to be found is not looked for again and again, and no file is made for it.
        std::fs::remove_file(&path).unwrap();
        let foreign = Sealer::forgetful(Chance::System).seal(&"hunter3".into()).unwrap();
        assert!(matches!(server.open(&foreign), Err(SealError::UnknownKey { .. })));
        assert!(!path.exists());
    }

    #[test]
    fn a_changed_text_does_not_open() {
        let sealer = Sealer::forgetful(Chance::System);
        let text = sealer.seal(&"hunter2".into()).unwrap();
        let (head, data) = text.rsplit_once(':').unwrap();
        let mut bytes = BASE64.decode(data).unwrap();
        for place in 0..bytes.len() {
            bytes[place] ^= 1;
            assert_eq!(sealer.open(&format!("{head}:{}", BASE64.encode(&bytes))), Err(SealError::Damaged));
            bytes[place] ^= 1;
        }
        assert_eq!(sealer.open(&text[..text.len() - 30]), Err(SealError::Damaged));
        assert_eq!(sealer.open("sealed:1:"), Err(SealError::Damaged));
    }

    #[test]
    fn a_secret_that_looks_sealed_is_sealed_all_the_same() {
        let sealer = Sealer::forgetful(Chance::System);
        let mut secret = Secret::new("sealed:1:me:too");
        sealer.seal_all(vec![&mut secret]).unwrap();
        sealer.open_all(vec![&mut secret]).unwrap();
        assert_eq!(secret.expose(), "sealed:1:me:too");
    }

    #[test]
    fn a_key_file_is_made_once_and_only_for_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret.key");
        let keys = keys_of_file(&path, &Chance::System).unwrap();
        assert_eq!(keys_of_file(&path, &Chance::System).unwrap(), keys);
        assert!(Sealer::new(keys.iter().map(String::as_str), Chance::System).is_ok());
        #[cfg(unix)]
        {
            let mode =
                std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions());
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn a_key_that_is_none_is_refused() {
        for bad in ["", "abc", &"g".repeat(64), &"é".repeat(32)] {
            assert!(matches!(Sealer::new([bad], Chance::System), Err(SealError::BadKey(_))), "{bad}");
        }
    }
}
