//! What programs send: query strings, and JSON bodies with the name of the resource around them or without it.

use axum::body::Bytes;
use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use domain::form::{CLEAR_SUFFIX, Field, FieldError, FieldKind, Form};
use domain::secret::MASK;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::error::{ApiError, Result};

/// The query of a request; unknown names are passed over.
#[derive(Debug)]
pub(super) struct Ask<T>(pub(super) T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Ask<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        let unreadable = |why: String| ApiError::unreadable(format!("The query cannot be read: {why}."));
        let query = Query::<T>::try_from_uri(&parts.uri).map_err(|rejection| {
            let text = rejection.body_text();
            unreadable(text.rsplit("string: ").next().unwrap_or(&text).to_owned())
        })?;
        if parts.uri.query().is_some_and(|query| query.contains("%00")) {
            return Err(unreadable("it holds a NUL character".to_owned()));
        }
        Ok(Self(query.0))
    }
}

/// The object that a body is, or that stands in it under `name`. An empty body is an empty object.
pub(super) fn object(body: &Bytes, name: &str) -> Result<Map<String, Value>> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    let value: Value = serde_json::from_slice(body)
        .map_err(|error| ApiError::unreadable(format!("The body is no JSON: {error}.")))?;
    if holds_nul(&value) {
        return Err(ApiError::unreadable("The body holds a NUL character; leave it out."));
    }
    let Value::Object(mut whole) = value else {
        return Err(ApiError::unreadable(format!(
            "The body must be an object such as {{\"{name}\": {{…}}}}."
        )));
    };
    match whole.remove(name) {
        None => Ok(whole),
        Some(Value::Object(inner)) => Ok(inner),
        Some(_) => {
            Err(ApiError::unreadable(format!("`{name}` must be an object such as {{\"{name}\": {{…}}}}.")))
        }
    }
}

/// The object that a change is, which must be there.
pub(super) fn change(body: &Bytes, name: &str) -> Result<Map<String, Value>> {
    if body.iter().all(u8::is_ascii_whitespace) {
        let message = format!("The body is empty; send what changes, such as {{\"{name}\": {{…}}}}.");
        return Err(ApiError::unreadable(message));
    }
    object(body, name)
}

fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(holds_nul),
        Value::Object(map) => map.iter().any(|(name, value)| name.contains('\0') || holds_nul(value)),
        _ => false,
    }
}

/// Reads an object into a type; what does not fit is named by its path.
pub(super) fn typed<T: DeserializeOwned>(object: Map<String, Value>) -> Result<T> {
    serde_path_to_error::deserialize(Value::Object(object)).map_err(|error| {
        let (path, why) = (error.path().to_string(), error.inner().to_string());
        let missing = why.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
        let field = match (missing, path.as_str()) {
            (Some(name), ".") => name.to_owned(),
            (Some(name), path) => format!("{path}.{name}"),
            (None, path) => path.to_owned(),
        };
        let message = match missing {
            Some(_) => "Please fill this in.".to_owned(),
            None => format!("This does not fit: {why}."),
        };
        // Elements of lists as the services name them.
        ApiError::field(field.replace('[', ".").replace(']', ""), message)
    })
}

/// An optional text of an object.
pub(super) fn text(object: &Map<String, Value>, name: &str) -> Result<Option<String>> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => Err(ApiError::field(name, format!("{other} does not fit; write a text."))),
    }
}

/// An optional truth value of an object.
pub(super) fn truth(object: &Map<String, Value>, name: &str) -> Result<Option<bool>> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(truth)) => Ok(Some(*truth)),
        Some(other) => Err(ApiError::field(name, format!("{other} does not fit; write true or false."))),
    }
}

/// A text that stays one line of a form: with a line break, the rest of a header's value would become a header of its own.
fn one_line(text: String) -> Result<String, String> {
    if text.contains(['\r', '\n']) {
        return Err(format!("{} has a line break; remove it.", Value::String(text)));
    }
    Ok(text)
}

/// What a value is in a form. `None` when it says nothing: a masked secret stays what it is.
pub(super) fn form_value(field: &Field, value: &Value) -> Result<Option<String>, String> {
    let secret = matches!(field.kind, FieldKind::Secret | FieldKind::SecretArea);
    let glue = match field.kind {
        FieldKind::Lines | FieldKind::TextArea => "\n",
        _ => ", ",
    };
    let scalar = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(truth) => Ok(truth.to_string()),
        other => Err(format!("{other} does not fit; write a text, a number or true or false.")),
    };
    match value {
        Value::String(text) if secret && text.starts_with(MASK) => Ok(None),
        Value::Bool(truth) if matches!(field.kind, FieldKind::Checkbox) => Ok(Some(truth.to_string())),
        Value::String(text) if matches!(field.kind, FieldKind::Checkbox) => match text.as_str() {
            "true" | "false" => Ok(Some(text.clone())),
            _ => Err(format!("“{text}” does not fit; write true or false.")),
        },
        other if matches!(field.kind, FieldKind::Checkbox) => {
            Err(format!("{other} does not fit; write true or false."))
        }
        Value::Array(items) => {
            let lines = matches!(field.kind, FieldKind::Lines);
            let items = items.iter().map(|item| if lines { one_line(scalar(item)?) } else { scalar(item) });
            Ok(Some(items.collect::<Result<Vec<_>, _>>()?.join(glue)))
        }
        Value::Object(pairs) if matches!(field.kind, FieldKind::Lines) => {
            let pairs = pairs.iter().map(|(name, value)| one_line(format!("{name}: {}", scalar(value)?)));
            Ok(Some(pairs.collect::<Result<Vec<_>, String>>()?.join("\n")))
        }
        other => scalar(other).map(Some),
    }
}

/// Puts what an object says about fields into a form; `null` takes the default, and removes a secret, as an empty text does: only in the
/// form of a page does that leave it as it is. Unknown keys are passed over.
pub(super) fn put_fields<'a>(
    form: &mut Form,
    object: &Map<String, Value>,
    fields: impl IntoIterator<Item = &'a Field>,
    errors: &mut Vec<FieldError>,
) {
    for field in fields {
        let secret = matches!(field.kind, FieldKind::Secret | FieldKind::SecretArea);
        match object.get(field.name) {
            None => {}
            Some(value) if secret && (value.is_null() || *value == "") => {
                form.insert(format!("{}{CLEAR_SUFFIX}", field.name), "true".to_owned());
            }
            Some(Value::Null) => {
                form.insert(field.name.to_owned(), field.default.to_owned());
            }
            Some(value) => match form_value(field, value) {
                Ok(Some(text)) => drop(form.insert(field.name.to_owned(), text)),
                Ok(None) => {}
                Err(message) => errors.push(FieldError::new(field.name, message)),
            },
        }
    }
}

/// A form's values as JSON: whole numbers, truth values and lists where the field holds such. Secrets come out masked when one is stored.
pub(super) fn shown_value(field: &Field, form: &Form) -> Option<Value> {
    let text = form.get(field.name).map_or("", String::as_str);
    Some(match field.kind {
        FieldKind::Secret | FieldKind::SecretArea => {
            let stored = form.get(&format!("{}{}", field.name, domain::form::STORED_SUFFIX));
            stored.filter(|stored| !stored.is_empty() && *stored != "false")?;
            Value::from(MASK)
        }
        FieldKind::Number { .. } => text.parse::<i64>().map_or_else(|_| Value::from(text), Value::from),
        FieldKind::Checkbox => Value::from(text == "true"),
        FieldKind::Lines => {
            text.lines().filter(|line| !line.trim().is_empty()).map(Value::from).collect::<Vec<_>>().into()
        }
        _ => Value::from(text),
    })
}
