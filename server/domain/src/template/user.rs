//! Functions that the author of an integration defines: mappings, regular expressions and hashes
//! (contracts.md, section 3.3). Each takes one argument, commas included.

use std::{collections::BTreeMap, fmt::Write as _};

use hmac::{Hmac, KeyInit as _, Mac as _};
use md5::Md5;
use serde::{Deserialize, Serialize};
use sha1::Sha1;
use sha2::{Digest as _, Sha256, Sha512};

use crate::{
    choices,
    form::{FieldError, MAX_TEXT_BYTES},
    secret::{MASK, Secret},
};

use super::{
    functions::{self, Trace, Trouble},
    output::Work,
    pattern::{MAX_COST, Pattern},
    syntax::is_name_character,
};

/// The longest name of an own function or variable, in characters.
pub const MAX_NAME_CHARACTERS: usize = 64;
/// The most own functions of an integration.
pub const MAX_FUNCTIONS: usize = 50;
/// The most entries of a mapping.
pub const MAX_ENTRIES: usize = 500;
/// How much cost of a pattern is as much work as writing a byte: so one rendering makes eight of the most expensive
/// searches, 3 s at worst.
const COST_OF_A_BYTE: u64 = 4;

choices! {
    /// How a hash is made.
    HashAlgorithm {
        /// RFC 1321. Weak; for systems that ask for it.
        Md5 = "MD5", "MD5";
        /// FIPS 180-4. Weak; for systems that ask for it.
        Sha1 = "SHA1", "SHA-1";
        /// FIPS 180-4.
        Sha256 = "SHA256", "SHA-256";
        /// FIPS 180-4.
        Sha512 = "SHA512", "SHA-512";
        /// RFC 2104, with a key.
        HmacSha1 = "HMAC-SHA1", "HMAC with SHA-1";
        /// RFC 2104, with a key.
        HmacSha256 = "HMAC-SHA256", "HMAC with SHA-256";
        /// RFC 2104, with a key.
        HmacSha512 = "HMAC-SHA512", "HMAC with SHA-512";
    }
}

impl HashAlgorithm {
    /// Whether it needs a key.
    pub fn needs_key(self) -> bool {
        matches!(self, Self::HmacSha1 | Self::HmacSha256 | Self::HmacSha512)
    }

    /// The hash of a text's UTF-8 bytes, in lower-case hex digits. The key is used where one is needed.
    pub fn hash(self, text: &str, key: &Secret) -> String {
        let (text, key) = (text.as_bytes(), key.expose().as_bytes());
        match self {
            Self::Md5 => hex(&Md5::digest(text)),
            Self::Sha1 => hex(&Sha1::digest(text)),
            Self::Sha256 => hex(&Sha256::digest(text)),
            Self::Sha512 => hex(&Sha512::digest(text)),
            // HMAC takes a key of any length, so there is always a hash.
            Self::HmacSha1 => Hmac::<Sha1>::new_from_slice(key)
                .map_or_else(|_| String::new(), |mac| hex(&mac.chain_update(text).finalize().into_bytes())),
            Self::HmacSha256 => Hmac::<Sha256>::new_from_slice(key)
                .map_or_else(|_| String::new(), |mac| hex(&mac.chain_update(text).finalize().into_bytes())),
            Self::HmacSha512 => Hmac::<Sha512>::new_from_slice(key)
                .map_or_else(|_| String::new(), |mac| hex(&mac.chain_update(text).finalize().into_bytes())),
        }
    }
}

/// A function of an integration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserFunction {
    /// The name by which templates call it.
    pub name: String,
    /// What it does.
    #[serde(flatten)]
    pub kind: UserFunctionKind,
}

/// What an own function does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum UserFunctionKind {
    /// Replaces a whole text by another. A text that stands in no entry stays as it is.
    Mapping {
        /// From and to; case matters, and the first entry of a text counts.
        entries: Vec<MappingEntry>,
    },
    /// The first capture group of the first match, or the whole match when there is no group; nothing without a match.
    Regex {
        /// The pattern, in the syntax of the `regex` crate: no look-around and no back-references, so it is always quick.
        pattern: String,
    },
    /// A hash in hex digits; for Base64 of its bytes, put `@HexToBase64` around it.
    Hash {
        /// How.
        algorithm: HashAlgorithm,
        /// The key, for the HMACs.
        #[serde(default)]
        key: Secret,
    },
}

/// An entry of a mapping.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MappingEntry {
    /// The text that is replaced.
    pub from: String,
    /// What stands in its place.
    pub to: String,
}

/// The functions of an integration, ready to be called.
#[derive(Debug, Clone, Default)]
pub struct Functions(BTreeMap<String, Compiled>);

#[derive(Debug, Clone)]
enum Compiled {
    Mapping(BTreeMap<String, String>),
    Regex(Pattern),
    Hash(HashAlgorithm, Secret),
}

impl Functions {
    /// Makes functions ready.
    ///
    /// # Errors
    /// Everything that is wrong, as `functions.NUMBER.FIELD` counted from 0.
    pub fn compile(functions: &[UserFunction]) -> Result<Self, Vec<FieldError>> {
        let (mut compiled, mut errors) = (BTreeMap::new(), Vec::new());
        if functions.len() > MAX_FUNCTIONS {
            errors.push(FieldError::new(
                "functions",
                format!("These are more than {MAX_FUNCTIONS} functions."),
            ));
        }
        for (number, function) in functions.iter().take(MAX_FUNCTIONS).enumerate() {
            let mut wrong = |field: &str, message: String| {
                errors.push(FieldError::new(format!("functions.{number}.{field}"), message));
            };
            if let Err(message) = check_name(&function.name) {
                wrong("name", message);
            } else if functions::find(&function.name).is_some() {
                wrong(
                    "name",
                    format!("@{} is a system function; please choose another name.", function.name),
                );
            }
            let made = match &function.kind {
                UserFunctionKind::Mapping { entries } => mapping(entries),
                UserFunctionKind::Regex { pattern } => Pattern::parse(pattern)
                    .map(Compiled::Regex)
                    .map_err(|message| ("pattern".to_owned(), message)),
                UserFunctionKind::Hash { algorithm, key } if algorithm.needs_key() && key.is_empty() => {
                    Err(("key".to_owned(), format!("{} needs a key.", algorithm.label())))
                }
                UserFunctionKind::Hash { algorithm, key } => Ok(Compiled::Hash(*algorithm, key.clone())),
            };
            match made {
                Err((field, message)) => wrong(&field, message),
                Ok(made) => {
                    if compiled.insert(function.name.to_lowercase(), made).is_some() {
                        wrong(
                            "name",
                            format!("There is another function “{}”; case does not matter.", function.name),
                        );
                    }
                }
            }
        }
        if errors.is_empty() { Ok(Self(compiled)) } else { Err(errors) }
    }

    /// The result of a function; `None` when there is none of this name.
    pub(super) fn call(&self, name: &str, text: &str, work: &mut Work) -> Option<Result<String, Trouble>> {
        Some(self.0.get(&name.to_lowercase())?.call(text, work))
    }

    /// Whether a function hashes with a mask in the place of its key, as a preview does. What it gives looks real and is not.
    pub(super) fn lacks_key(&self, name: &str) -> bool {
        matches!(
            self.0.get(&name.to_lowercase()),
            Some(Compiled::Hash(algorithm, key)) if algorithm.needs_key() && key.expose().ends_with(MASK)
        )
    }

    /// What a function makes of a secret in its argument.
    pub(super) fn trace(&self, name: &str) -> Trace {
        match self.0.get(&name.to_lowercase()) {
            Some(Compiled::Hash(..)) => Trace::Everywhere,
            Some(Compiled::Regex(_)) => Trace::Piece,
            // What it does not know it leaves, and the rest are its author's words.
            Some(Compiled::Mapping(_)) | None => Trace::None,
        }
    }

    /// The names, in lower case.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl Compiled {
    fn call(&self, text: &str, work: &mut Work) -> Result<String, Trouble> {
        match self {
            Self::Mapping(entries) => Ok(entries.get(text).map_or(text, String::as_str).to_owned()),
            Self::Regex(pattern) => {
                let cost = pattern.cost(text);
                if cost > MAX_COST {
                    let message = "the text is too long for a pattern of this size; use a smaller one.";
                    return Err(Trouble::Unusable(message.to_owned()));
                }
                work.add(usize::try_from(cost / COST_OF_A_BYTE).unwrap_or(usize::MAX))?;
                Ok(pattern.first_match(text).unwrap_or_default().to_owned())
            }
            Self::Hash(algorithm, key) => {
                work.add(text.len())?;
                Ok(algorithm.hash(text, key))
            }
        }
    }
}

/// Judges the name of an own function or variable.
///
/// # Errors
/// A sentence that says what is wrong and how it should look.
pub fn check_name(name: &str) -> Result<(), String> {
    const SHAPE: &str = "write letters, digits, _, - and ., such as ApiUrl";
    if name.is_empty() {
        Err(format!("Please fill this in; {SHAPE}."))
    } else if !name.chars().all(is_name_character) {
        Err(format!("“{}” is no name; {SHAPE}.", name.escape_debug()))
    } else if name.chars().count() > MAX_NAME_CHARACTERS {
        Err(format!("This is longer than {MAX_NAME_CHARACTERS} characters."))
    } else {
        Ok(())
    }
}

impl HashAlgorithm {
    fn label(self) -> &'static str {
        use crate::form::Choice as _;
        Self::OPTIONS.iter().find(|(value, _)| *value == self.as_str()).map_or("", |(_, label)| *label)
    }
}

fn mapping(entries: &[MappingEntry]) -> Result<Compiled, (String, String)> {
    if entries.is_empty() || entries.len() > MAX_ENTRIES {
        return Err(("entries".to_owned(), format!("A mapping has 1 to {MAX_ENTRIES} entries.")));
    }
    let too_long =
        |entry: &MappingEntry| entry.from.len() > MAX_TEXT_BYTES || entry.to.len() > MAX_TEXT_BYTES;
    if let Some(number) = entries.iter().position(too_long) {
        return Err((format!("entries.{number}"), format!("This is longer than {MAX_TEXT_BYTES} bytes.")));
    }
    let mut map = BTreeMap::new();
    for entry in entries {
        map.entry(entry.from.clone()).or_insert_with(|| entry.to.clone());
    }
    Ok(Compiled::Mapping(map))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function(name: &str, kind: UserFunctionKind) -> UserFunction {
        UserFunction { name: name.to_owned(), kind }
    }

    fn call(kind: UserFunctionKind, text: &str) -> String {
        let functions = Functions::compile(&[function("f", kind)]).unwrap();
        functions.call("F", text, &mut Work::default()).unwrap().unwrap()
    }

    #[test]
    fn hashes_are_those_of_the_standards() {
        let hash = |algorithm: HashAlgorithm, text: &str, key: &str| algorithm.hash(text, &key.into());
        for (algorithm, expected) in [
            (HashAlgorithm::Md5, "900150983cd24fb0d6963f7d28e17f72"),
            (HashAlgorithm::Sha1, "a9993e364706816aba3e25717850c26c9cd0d89d"),
            (HashAlgorithm::Sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                HashAlgorithm::Sha512,
                "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
                 2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
            ),
        ] {
            assert_eq!(hash(algorithm, "abc", "ignored"), expected);
        }
        // RFC 2202 and RFC 4231, test case 2.
        for (algorithm, expected) in [
            (HashAlgorithm::HmacSha1, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
            (HashAlgorithm::HmacSha256, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
            (
                HashAlgorithm::HmacSha512,
                "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554\
                 9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
            ),
        ] {
            assert_eq!(hash(algorithm, "what do ya want for nothing?", "Jefe"), expected);
        }
    }

    #[test]
    fn a_mapping_leaves_what_it_does_not_know() {
        let entry = |from: &str, to: &str| MappingEntry { from: from.into(), to: to.into() };
        let kind =
            UserFunctionKind::Mapping { entries: vec![entry("Error", "Incident"), entry("Ok", "Healthy")] };
        assert_eq!(call(kind.clone(), "Error"), "Incident");
        assert_eq!(call(kind.clone(), "Warning"), "Warning");
        assert_eq!(call(kind, ""), "");
    }

    #[test]
    fn a_regular_expression_gives_its_first_group_or_its_match() {
        let regex = |pattern: &str| UserFunctionKind::Regex { pattern: pattern.into() };
        assert_eq!(call(regex(r"code=(\w+)"), "a?code=x1&code=y2"), "x1");
        assert_eq!(call(regex(r"\d+"), "no 12, 34"), "12");
        assert_eq!(call(regex(r"\d+"), "none"), "");
        assert_eq!(call(regex(r"a|(b)"), "a"), "");
    }

    #[test]
    fn a_text_that_is_too_long_for_a_large_pattern_is_not_searched() {
        let kind = UserFunctionKind::Regex { pattern: "[ab]*a[ab]{500}x".into() };
        let functions = Functions::compile(&[function("f", kind)]).unwrap();
        let result = functions.call("f", &"a".repeat(1 << 20), &mut Work::default()).unwrap();
        assert!(matches!(result, Err(Trouble::Unusable(message)) if message.contains("too long")));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        let functions = [
            function("a b", UserFunctionKind::Mapping { entries: vec![] }),
            function("x", UserFunctionKind::Regex { pattern: "(".into() }),
            function("y", UserFunctionKind::Regex { pattern: "\\w{1000}{1000}".into() }),
            function(
                "h",
                UserFunctionKind::Hash { algorithm: HashAlgorithm::HmacSha1, key: Secret::default() },
            ),
            function("ok", UserFunctionKind::Regex { pattern: "a".into() }),
            function("OK", UserFunctionKind::Regex { pattern: "a".into() }),
            function("jsonencode", UserFunctionKind::Regex { pattern: "a".into() }),
        ];
        let errors = Functions::compile(&functions).unwrap_err();
        let fields: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(
            fields,
            [
                "functions.0.name",
                "functions.0.entries",
                "functions.1.pattern",
                "functions.2.pattern",
                "functions.3.key",
                "functions.5.name",
                "functions.6.name"
            ]
        );
    }

    #[test]
    fn a_function_is_stored_flat_with_its_type() {
        let json = r#"{"name":"f","type":"hash","algorithm":"HMAC-SHA256","key":"k"}"#;
        let read: UserFunction = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), json);
        assert!(!format!("{read:?}").contains("\"k\""));
    }
}
