//! Values out of a TOML file.

use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{Mistake, Origin};
use super::loading::Loading;
use super::{field, unknown_key};

/// Sets every value that the file names.
pub(super) fn apply(loading: &mut Loading, path: &Path) {
    let at = |line| Origin::File { path: path.to_owned(), line };
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            loading.refuse(Mistake { origin: at(0), message: format!("the file cannot be read: {error}.") });
            return;
        }
    };
    let line_of = |offset: usize| text[..offset.min(text.len())].matches('\n').count() + 1;
    match DeTable::parse(&text) {
        Ok(table) => {
            let mut found = Vec::new();
            flatten(table.get_ref(), "", &mut found);
            found.sort_unstable_by_key(|(_, offset, _)| *offset);
            for (key, offset, value) in found {
                let origin = at(line_of(offset));
                match (field(&key), plain(value)) {
                    (Some(field), Some(value)) => loading.set(field, &value, origin),
                    (Some(_), None) => loading.refuse(Mistake {
                        origin,
                        message: format!(
                            "{key}: a {} does not fit; write a text, a number or a list of texts.",
                            value.type_str()
                        ),
                    }),
                    (None, _) => loading.refuse(unknown_key(&key, origin)),
                }
            }
        }
        Err(error) => {
            let line = error.span().map_or(0, |span| line_of(span.start));
            loading.refuse(Mistake {
                origin: at(line),
                message: format!("this is not TOML: {}.", error.message()),
            });
        }
    }
}

/// Every value with its dotted key and the byte at which its key stands.
fn flatten<'t, 'i>(table: &'t DeTable<'i>, prefix: &str, found: &mut Vec<(String, usize, &'t DeValue<'i>)>) {
    for (name, value) in table {
        let key = if prefix.is_empty() {
            name.get_ref().to_string()
        } else {
            format!("{prefix}.{}", name.get_ref())
        };
        match value.get_ref() {
            DeValue::Table(inner) => flatten(inner, &key, found),
            other => found.push((key, name.span().start, other)),
        }
    }
}

/// The text of a scalar, or of a list of scalars, separated by commas.
fn plain(value: &DeValue<'_>) -> Option<String> {
    Some(match value {
        DeValue::String(text) => text.to_string(),
        DeValue::Integer(number) if number.radix() == 10 => number.as_str().to_owned(),
        DeValue::Boolean(word) => word.to_string(),
        DeValue::Array(items) => {
            let items: Option<Vec<String>> = items.iter().map(Spanned::get_ref).map(plain).collect();
            items?.join(", ")
        }
        DeValue::Integer(_) | DeValue::Float(_) | DeValue::Datetime(_) | DeValue::Table(_) => return None,
    })
}
