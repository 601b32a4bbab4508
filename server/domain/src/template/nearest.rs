//! The known name that is most like an unknown one.

/// Longer names are not compared: nobody mistypes one, and comparing costs the product of both lengths.
const MAX_COMPARED: usize = 64;

/// The most similar of the known names, when it is similar enough to be meant. Case does not matter.
pub(super) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name: Vec<char> = name.to_lowercase().chars().collect();
    if name.len() > MAX_COMPARED {
        return None;
    }
    let enough = (name.len() / 3).clamp(1, 4);
    known
        .into_iter()
        .map(|candidate| (distance(&name, candidate), candidate))
        .filter(|(distance, _)| *distance <= enough)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// How many characters must be added, removed or changed (Levenshtein).
fn distance(name: &[char], candidate: &str) -> usize {
    let mut row: Vec<usize> = (0..=name.len()).collect();
    for (number, other) in candidate.to_lowercase().chars().take(MAX_COMPARED).enumerate() {
        let mut diagonal = row[0];
        row[0] = number + 1;
        for (at, own) in name.iter().enumerate() {
            let changed = diagonal + usize::from(*own != other);
            diagonal = row[at + 1];
            row[at + 1] = changed.min(row[at] + 1).min(diagonal + 1);
        }
    }
    row[name.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_finds_the_name_that_was_meant() {
        let known = ["alert.timestamp", "alert.timestampUtc", "monitor.name"];
        assert_eq!(nearest("alert.timestmpUTC", known), Some("alert.timestampUtc"));
        assert_eq!(nearest("Monitor.nmae", known), Some("monitor.name"));
        assert_eq!(nearest("weather", known), None);
        assert_eq!(nearest(&"x".repeat(10_000), known), None);
    }
}
