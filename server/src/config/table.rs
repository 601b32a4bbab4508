//! The table of the README.

use std::fmt::Write as _;

use super::fields;

/// The table, a row a value; between the two markers of the README stands exactly this.
pub(super) fn markdown() -> String {
    let mut table = String::from("| key | variables | default | meaning |\n| --- | --- | --- | --- |\n");
    for field in fields() {
        let variables: Vec<_> = field.variables.iter().map(|variable| format!("`{variable}`")).collect();
        let default = match (field.default, field.unit) {
            ("", _) => "–".to_owned(),
            (default, "" | "networks" | "address:port") => format!("`{default}`"),
            (default, unit) => format!("`{default}` {unit}"),
        };
        // Writing to a String cannot fail.
        let _ =
            writeln!(table, "| `{}` | {} | {default} | {} |", field.key, variables.join(", "), field.help);
    }
    table
}
