//! Statements about many rows at once.

use domain::id::MonitorKey;
use sqlx::{Database, Encode, QueryBuilder, Type};

/// Keys in one statement. SQLite takes at most 32,766 values.
pub(super) const KEYS_PER_STATEMENT: usize = 4_096;

/// Keys in slices that fit into a statement, each padded to a power of two by repeating its last key: a list of any length
/// would otherwise be a statement of its own, and push the useful ones out of the cache of prepared statements.
pub(super) fn slices(keys: &[i64]) -> impl Iterator<Item = Vec<i64>> {
    keys.chunks(KEYS_PER_STATEMENT).map(|chunk| {
        let mut slice = chunk.to_vec();
        if let Some(last) = slice.last().copied() {
            slice.resize(slice.len().next_power_of_two(), last);
        }
        slice
    })
}

/// Monitors in [`slices`].
pub(super) fn monitor_slices(keys: &[MonitorKey]) -> Vec<Vec<i64>> {
    let keys: Vec<i64> = keys.iter().map(|key| key.0).collect();
    slices(&keys).collect()
}

/// Writes `column in (…)`.
pub(super) fn push_in<DB>(query: &mut QueryBuilder<DB>, column: &str, keys: &[i64])
where
    DB: Database,
    i64: for<'t> Encode<'t, DB> + Type<DB>,
{
    query.push(column).push(" in (");
    let mut list = query.separated(", ");
    for key in keys {
        list.push_bind(*key);
    }
    query.push(")");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_is_padded_with_a_key_that_is_in_it() {
        assert_eq!(slices(&[1, 2, 3]).collect::<Vec<_>>(), [[1, 2, 3, 3]]);
        assert_eq!(slices(&[]).count(), 0);
        assert_eq!(
            slices(&vec![7; KEYS_PER_STATEMENT + 1]).map(|slice| slice.len()).collect::<Vec<_>>(),
            [4_096, 1]
        );
    }
}
