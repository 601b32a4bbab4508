//! Values of a monitor that its operator names.

use domain::notes::check_field;
use serde_json::Value;

/// Own fields as the form takes them: `name = value`, one a line. Its rules are applied here too, because a line break or a “=” would
/// make other lines of them.
pub(super) fn lines(value: &Value) -> Result<String, String> {
    let pairs = match value {
        Value::Null => return Ok(String::new()),
        Value::Object(pairs) => pairs,
        other => return Err(format!("{other} does not fit; write an object of texts.")),
    };
    let lines = pairs.iter().map(|(name, value)| {
        let Value::String(value) = value else {
            return Err(format!("{value} does not fit as {name}; write a text."));
        };
        check_field(name.trim(), value)?;
        Ok(format!("{name} = {value}"))
    });
    Ok(lines.collect::<Result<Vec<_>, String>>()?.join("\n"))
}
