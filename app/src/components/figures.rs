//! Figures of the console, beside the words that both faces share.

use domain::time::{HOUR, MINUTE, SECOND};

/// An interval as it was set: exact, `90 s` rather than `1 min`.
pub fn interval(millis: i64) -> String {
    match millis {
        millis if millis % HOUR == 0 => format!("{} h", millis / HOUR),
        millis if millis % MINUTE == 0 => format!("{} min", millis / MINUTE),
        millis => format!("{} s", thousands(millis / SECOND)),
    }
}

/// Microseconds as milliseconds, without the unit: `0.4`, `84`, `2,412`.
pub fn millis(micros: i64) -> String {
    match micros {
        micros if micros < 9_950 => {
            let tenths = (micros + 50) / 100;
            if tenths % 10 == 0 {
                (tenths / 10).to_string()
            } else {
                format!("{}.{}", tenths / 10, tenths % 10)
            }
        }
        micros => thousands((micros + 500) / 1_000),
    }
}

/// A whole number with its thousands apart.
pub fn thousands(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::from(if number < 0 { "−" } else { "" });
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number of things: `1 monitor`, `2 monitors`.
pub fn count(number: i64, thing: &str) -> String {
    let number_text = thousands(number);
    if number == 1 { format!("{number_text} {thing}") } else { format!("{number_text} {thing}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_written_as_they_were_set() {
        assert_eq!([90 * SECOND, 60 * SECOND, 2 * HOUR].map(interval), ["90 s", "1 min", "2 h"]);
    }

    #[test]
    fn latencies_keep_a_decimal_below_ten_milliseconds() {
        assert_eq!(
            [0, 349, 3_000, 9_949, 9_950, 84_400, 2_412_000].map(millis),
            ["0", "0.3", "3", "9.9", "10", "84", "2,412"]
        );
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(
            [7, 999, 1_000, 1_234_567, -12_000].map(thousands),
            ["7", "999", "1,000", "1,234,567", "−12,000"]
        );
        assert_eq!([count(1, "monitor"), count(0, "monitor")], ["1 monitor", "0 monitors"]);
    }
}
