//! Chance, which the scope's source draws.

use super::Trouble;

/// The most random letters of one call: no field of any system is longer.
const MAX_LETTERS: usize = 1_000;
/// The most decimals of a random number: beyond them a float has none.
const MAX_DECIMALS: usize = 15;

/// A version 4 GUID in capitals (RFC 9562, section 5.4).
pub(super) fn guid(draw: &mut dyn FnMut() -> u64) -> String {
    let (high, low) = (draw(), draw());
    format!(
        "{:08X}-{:04X}-4{:03X}-{:04X}-{:012X}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0x0fff,
        low >> 48 & 0x3fff | 0x8000,
        low & 0xffff_ffff_ffff
    )
}

/// `@RandomInt(min,max)`, both included.
pub(super) fn integer(arguments: &[String], draw: &mut dyn FnMut() -> u64) -> Result<String, Trouble> {
    let [min, max] = arguments else { return Err(unusable("two whole numbers are needed, such as 1,10.")) };
    match (min.trim().parse::<i64>(), max.trim().parse::<i64>()) {
        (Ok(min), Ok(max)) if min <= max => {
            let values = u128::from(max.abs_diff(min)) + 1;
            let offset = i128::try_from(below(values, draw)).unwrap_or(0);
            Ok((i128::from(min) + offset).to_string())
        }
        (Ok(_), Ok(_)) => Err(unusable("the first number must not be larger than the second.")),
        _ => Err(unusable("both arguments must be whole numbers, such as 1,10.")),
    }
}

/// `@RandomChar(length)`.
pub(super) fn letters(length: &str, draw: &mut dyn FnMut() -> u64) -> Result<String, Trouble> {
    match length.trim().parse::<usize>() {
        Ok(length) if length <= MAX_LETTERS => {
            Ok((0..length).map(|_| pick(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", draw)).collect())
        }
        _ => Err(unusable(&format!("the length must be a whole number from 0 to {MAX_LETTERS}."))),
    }
}

/// `@RandomFloat(min,max)` with the decimals of the longer argument; 0 to 1 with five decimals without arguments.
pub(super) fn float(arguments: &[String], draw: &mut dyn FnMut() -> u64) -> Result<String, Trouble> {
    let (min, max) = match arguments {
        [] => ("0", "1.00000"),
        [min, max] => (min.trim(), max.trim()),
        _ => return Err(unusable("two numbers are needed, such as -1.2,3.00000.")),
    };
    let decimals = |text: &str| text.split_once('.').map_or(0, |(_, behind)| behind.len());
    let decimals = decimals(min).max(decimals(max)).min(MAX_DECIMALS);
    let number = |text: &str| text.parse::<f64>().ok().filter(|number| number.abs() <= 1e15);
    match (number(min), number(max)) {
        (Some(min), Some(max)) if min <= max => {
            #[expect(clippy::cast_precision_loss, reason = "53 bits are exact")]
            let share = (draw() >> 11) as f64 / (1_u64 << 53) as f64;
            Ok(format!("{:.decimals$}", min + (max - min) * share))
        }
        (Some(_), Some(_)) => Err(unusable("the first number must not be larger than the second.")),
        _ => Err(unusable("both arguments must be numbers, such as -1.2,3.00000.")),
    }
}

/// Eleven characters in the form of the US Medicare's identifiers (CMS, "Understanding the Medicare Beneficiary
/// Identifier (MBI) format"): C a digit from 1, N a digit, A a letter, X either; no S, L, O, I, B, Z.
pub(super) fn us_medicare(draw: &mut dyn FnMut() -> u64) -> String {
    "CAXNAXNAANN"
        .chars()
        .map(|place| match place {
            'C' => pick(b"123456789", draw),
            'N' => pick(b"0123456789", draw),
            'A' => pick(b"ACDEFGHJKMNPQRTUVWXY", draw),
            _ => pick(b"0123456789ACDEFGHJKMNPQRTUVWXY", draw),
        })
        .collect()
}

fn pick(from: &[u8], draw: &mut dyn FnMut() -> u64) -> char {
    let at = usize::try_from(below(from.len() as u128, draw)).unwrap_or(0);
    char::from(from[at])
}

/// A number below `end`, which is at most 2^64: the upper half of a product, so no division and hardly any bias.
fn below(end: u128, draw: &mut dyn FnMut() -> u64) -> u128 {
    (u128::from(draw()) * end) >> 64
}

fn unusable(message: &str) -> Trouble {
    Trouble::Unusable(message.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(arguments: &[&str]) -> Vec<String> {
        arguments.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn both_ends_of_a_range_are_reached_and_never_left() {
        for (min, max) in [("-3", "4"), ("7", "7"), ("-9223372036854775808", "9223372036854775807")] {
            let arguments = texts(&[min, max]);
            assert_eq!(integer(&arguments, &mut || 0).unwrap(), min);
            assert_eq!(integer(&arguments, &mut || u64::MAX).unwrap(), max);
        }
    }

    #[test]
    fn a_float_has_the_decimals_of_the_longer_end() {
        assert_eq!(float(&texts(&["-1.2", "3.00000"]), &mut || 0).unwrap(), "-1.20000");
        assert_eq!(float(&[], &mut || 1 << 63).unwrap(), "0.50000");
        assert_eq!(float(&texts(&["1", "9"]), &mut || u64::MAX).unwrap(), "9");
    }

    #[test]
    fn arguments_that_make_no_sense_are_refused() {
        for arguments in [texts(&["1"]), texts(&["a", "2"]), texts(&["2", "1"])] {
            assert!(integer(&arguments, &mut || 0).is_err());
            assert!(float(&arguments, &mut || 0).is_err());
        }
        for length in ["", "-1", "1001", "99999999999999999999"] {
            assert!(letters(length, &mut || 0).is_err(), "{length}");
        }
        assert!(float(&texts(&["nan", "inf"]), &mut || 0).is_err());
    }

    #[test]
    fn random_texts_have_their_form() {
        assert_eq!(guid(&mut || u64::MAX), "FFFFFFFF-FFFF-4FFF-BFFF-FFFFFFFFFFFF");
        assert_eq!(guid(&mut || 0), "00000000-0000-4000-8000-000000000000");
        assert_eq!(letters(" 5 ", &mut || u64::MAX).unwrap(), "ZZZZZ");
        assert_eq!(us_medicare(&mut || 0), "1A00A00AA00");
    }
}
