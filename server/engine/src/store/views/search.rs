//! The search of lists: upper and lower case are alike, in every alphabet and on both databases.

use std::collections::BTreeMap;

use sqlx::{Database, Encode, QueryBuilder, Type};

/// Letters beyond ASCII that are found in both cases; of a longer text the later ones are found as they are written. Each is a step
/// more for every row.
const MOST_LETTERS: usize = 16;

/// What is searched for.
#[derive(Debug, Default)]
pub(in crate::store) struct Search {
    /// The pattern of `like … escape '!'` that finds the text anywhere, in lower case; empty finds everything.
    pattern: String,
    /// Letters that `lower` of a database may not know, each with the one that the pattern has in their place: SQLite knows those of
    /// ASCII, PostgreSQL those of its locale, which may be no more.
    letters: BTreeMap<char, char>,
}

impl Search {
    /// Reads what somebody typed.
    pub(in crate::store) fn of(text: &str) -> Self {
        let mut search = Self::default();
        // PostgreSQL knows no text with a NUL in it, so nothing is found by one.
        for written in text.replace('\0', "").trim().chars() {
            let character = lower(written);
            if search.letters.len() < MOST_LETTERS {
                let others = upper(character).filter(|other| *other != character && !other.is_ascii());
                search.letters.extend(others.map(|other| (other, character)));
            }
            if matches!(character, '%' | '_' | '!') {
                search.pattern.push('!');
            }
            search.pattern.push(character);
        }
        if !search.pattern.is_empty() {
            search.pattern = format!("%{}%", search.pattern);
        }
        search
    }

    /// Whether everything is found.
    pub(in crate::store) fn is_empty(&self) -> bool {
        self.pattern.is_empty()
    }

    /// Adds a condition: one of the columns has the text in it. They are names of columns or expressions of ours, never of somebody
    /// else.
    pub(in crate::store) fn push<DB>(&self, query: &mut QueryBuilder<DB>, columns: &[&str])
    where
        DB: Database,
        String: for<'t> Encode<'t, DB> + Type<DB>,
    {
        if self.is_empty() {
            query.push("1 = 1");
            return;
        }
        query.push("(1 = 0");
        for column in columns {
            let lower = format!("lower(coalesce({column}, ''))");
            query.push(" or ");
            if self.letters.is_empty() {
                query.push(lower);
            } else {
                // Most texts are ASCII alone, and such a one has nothing to replace.
                query.push(format!("case when octet_length({column}) = length({column}) then {lower} else "));
                query.push("replace(".repeat(self.letters.len())).push(lower);
                for (other, letter) in &self.letters {
                    let (other, letter) = (other.to_string(), letter.to_string());
                    query.push(", ").push_bind(other).push(", ").push_bind(letter).push(")");
                }
                query.push(" end");
            }
            query.push(" like ").push_bind(self.pattern.clone()).push(" escape '!'");
        }
        query.push(")");
    }
}

/// A letter in lower case, one for one; what has no single one stays.
fn lower(letter: char) -> char {
    match (letter, single(letter.to_lowercase())) {
        // At the end of a word it is written in another way.
        ('ς', _) => 'σ',
        ('İ', _) => 'i',
        (_, lower) => lower.unwrap_or(letter),
    }
}

/// The letters that [`lower`] makes this one of, beside itself.
fn upper(letter: char) -> impl Iterator<Item = char> {
    let special = match letter {
        'i' => Some('İ'),
        'k' => Some('\u{212a}'),
        'ß' => Some('ẞ'),
        'σ' => Some('ς'),
        'å' => Some('\u{212b}'),
        'ω' => Some('\u{2126}'),
        _ => None,
    };
    single(letter.to_uppercase()).into_iter().chain(special)
}

fn single(mut letters: impl Iterator<Item = char>) -> Option<char> {
    letters.next().filter(|_| letters.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> String {
        Search::of(text).pattern
    }

    #[test]
    fn the_signs_of_a_pattern_are_taken_literally() {
        assert_eq!(pattern(" Shop_100%! "), "%shop!_100!%!!%");
        assert_eq!(pattern("  "), "");
        assert_eq!((pattern("a\0b"), pattern("\0")), ("%ab%".to_owned(), String::new()));
    }

    #[test]
    fn letters_beyond_ascii_are_known_in_both_cases() {
        let search = Search::of("Größe ÄÖ");
        assert_eq!(search.pattern, "%größe äö%");
        let letters: Vec<_> = search.letters.into_iter().collect();
        assert_eq!(letters, [('Ä', 'ä'), ('Ö', 'ö'), ('ẞ', 'ß')]);
        assert_eq!(pattern("ΟΔΟΣ"), pattern("οδος"));
        assert_eq!(pattern("İstanbul"), pattern("istanbul"));
        assert!(Search::of("shop 東京").letters.is_empty());
        let all: String = ('а'..='я').collect();
        assert_eq!(Search::of(&all).letters.len(), MOST_LETTERS);
    }
}
