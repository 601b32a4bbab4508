//! How long to wait before the next try to connect.

/// The first wait, in milliseconds.
const FIRST: f64 = 500.0;
/// The longest wait, in milliseconds: somebody may be looking.
const LONGEST: f64 = 20_000.0;

/// Milliseconds to wait before try number `failures` + 1. `chance`, 0 to 1, spreads clients that lost the same server.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and the longest wait")]
pub(super) fn wait(failures: u32, chance: f64) -> u32 {
    let longest = (FIRST * 2_f64.powi(failures.min(10).cast_signed())).min(LONGEST);
    (longest * (0.5 + chance.clamp(0.0, 1.0) / 2.0)) as u32
}

#[cfg(test)]
mod tests {
    use super::wait;

    #[test]
    fn waits_double_up_to_the_longest_and_are_spread_over_the_upper_half() {
        assert_eq!([wait(0, 0.0), wait(0, 1.0)], [250, 500]);
        assert_eq!([wait(3, 0.0), wait(3, 1.0)], [2_000, 4_000]);
        assert_eq!([wait(60, 0.0), wait(60, 1.0)], [10_000, 20_000]);
    }
}
