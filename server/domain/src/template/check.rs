//! Telling the author of a template what it will not find.

use std::fmt;

use super::{
    MAX_REMARKS, Position, Template, VARIABLES, catalogue, functions,
    functions::{FUNCTIONS, SystemFunction, Which, date},
    nearest::nearest,
    render::{is_always_empty, vault_item, without_the_empty_one},
    syntax::{Expression, Part},
};

/// How bad a remark is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The text works but has a gap, perhaps on purpose.
    Warning,
    /// It can never work.
    Error,
}

/// Something about a template that its author should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// Where.
    pub position: Position,
    /// How bad.
    pub severity: Severity,
    /// A sentence, with what would be right.
    pub message: String,
}

impl Remark {
    pub(super) fn warning(position: Position, message: impl Into<String>) -> Self {
        Self { position, severity: Severity::Warning, message: message.into() }
    }

    fn error(position: Position, message: impl Into<String>) -> Self {
        Self { position, severity: Severity::Error, message: message.into() }
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "At {}: {}", self.position, self.message)
    }
}

/// The own names that a template may use; case does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// Predefined variables, and those captured by earlier steps.
    pub variables: Vec<String>,
    /// Own functions.
    pub functions: Vec<String>,
}

impl Names {
    fn has_variable(&self, name: &str) -> bool {
        has(&self.variables, name)
    }

    fn has_function(&self, name: &str) -> bool {
        has(&self.functions, name)
    }
}

fn has(names: &[String], name: &str) -> bool {
    let name = name.to_lowercase();
    names.iter().any(|known| known.to_lowercase() == name)
}

impl Template {
    /// Everything that a rendering will not find or cannot work with, in the order of the text and at most
    /// [`MAX_REMARKS`].
    ///
    /// Unknown variables are warnings, because they only leave a gap (texts that were written for another version keep
    /// working); unknown functions and arguments that make no sense are errors.
    pub fn check(&self, names: &Names) -> Vec<Remark> {
        let mut remarks = Vec::new();
        walk(&self.parts, names, &mut remarks);
        remarks.sort_by_key(|remark| remark.position);
        remarks
    }
}

fn walk(parts: &[Part], names: &Names, remarks: &mut Vec<Remark>) {
    for part in parts {
        let Part::Expression(expression) = part else { continue };
        if remarks.len() >= MAX_REMARKS {
            return;
        }
        remarks.extend(look(expression, names));
        expression.arguments.iter().flatten().for_each(|argument| walk(argument, names, remarks));
    }
}

fn look(expression: &Expression, names: &Names) -> Option<Remark> {
    match (expression.system, expression.arguments.as_deref()) {
        (true, None) => system_variable(expression),
        (true, Some(arguments)) => system_function(expression, arguments),
        (false, None) => own_variable(expression, names),
        (false, Some(_)) => own_function(expression, names),
    }
}

fn system_variable(expression: &Expression) -> Option<Remark> {
    let (name, position) = (&expression.name, expression.position);
    if let Some(function) = functions::find(name) {
        return if function.takes(0) {
            None
        } else {
            Some(Remark::error(
                position,
                format!("@{} needs its argument; {}.", function.name, function.usage()),
            ))
        };
    }
    if is_always_empty(name) {
        return Some(Remark::warning(position, format!("“@{name}” is always empty here.")));
    }
    if catalogue::find(name).is_some() || vault_item(name).is_some() {
        return None;
    }
    let end = meant("@", name, known_system());
    Some(Remark::warning(position, format!("“@{name}” is no system variable and stays empty{end}")))
}

fn system_function(expression: &Expression, arguments: &[Vec<Part>]) -> Option<Remark> {
    let (name, position) = (&expression.name, expression.position);
    let Some(function) = functions::find(name) else {
        if catalogue::find(name).is_some() {
            return Some(Remark::error(position, format!("“@{name}” is a variable; write {{{{@{name}}}}}.")));
        }
        let end = meant("@", name, FUNCTIONS.iter().map(|known| known.name));
        return Some(Remark::error(position, format!("there is no system function “@{name}”{end}")));
    };
    // An argument that is not all text is only known when it is filled in.
    let texts: Vec<String> =
        arguments.iter().map(|argument| literal(argument).unwrap_or("?").to_owned()).collect();
    let count = without_the_empty_one(&texts, function.count.0).len();
    if !function.takes(count) {
        return Some(Remark::error(position, format!("these are not its arguments; {}.", function.usage())));
    }
    misused(function, arguments).map(|message| Remark::error(position, message))
}

/// What is wrong with arguments that are plain text.
fn misused(function: &SystemFunction, arguments: &[Vec<Part>]) -> Option<String> {
    let text = |number: usize| arguments.get(number).and_then(|argument| literal(argument)).map(str::trim);
    let wrong = |is_wrong: &dyn Fn(&str) -> bool| {
        let found = (0..arguments.len()).filter_map(text).find(|argument| is_wrong(argument));
        found.map(|found| format!("“{found}” does not fit; {} with numbers.", function.usage()))
    };
    match function.which {
        Which::DateTime => match arguments {
            [argument]
                if argument.iter().all(|part| matches!(part, Part::Text(text) if text.trim().is_empty())) =>
            {
                Some("a format is missing, such as {{@DateTime(dd-MM-yyyy HH:mm)}}.".to_owned())
            }
            [_, .., last] => literal(last).and_then(date::doubtful_offset),
            _ => None,
        },
        Which::RandomInt => wrong(&|argument| argument.parse::<i64>().is_err()),
        Which::RandomChar => wrong(&|argument| argument.parse::<u16>().is_err()),
        Which::RandomFloat if arguments.len() > 1 => wrong(&|argument| argument.parse::<f64>().is_err()),
        _ => None,
    }
}

fn own_variable(expression: &Expression, names: &Names) -> Option<Remark> {
    let (name, position) = (&expression.name, expression.position);
    if names.has_variable(name) {
        return None;
    }
    let message = if names.has_function(name) {
        format!("“{name}” is a function; write {{{{{name}({{{{…}}}})}}}}.")
    } else if catalogue::find(name).is_some() || functions::find(name).is_some() {
        format!("“{name}” is no variable of this integration and stays empty; did you mean @{name}?")
    } else {
        let end = meant("", name, names.variables.iter().map(String::as_str));
        format!("“{name}” is no variable of this integration and stays empty{end}")
    };
    Some(Remark::warning(position, message))
}

fn own_function(expression: &Expression, names: &Names) -> Option<Remark> {
    let (name, position) = (&expression.name, expression.position);
    if names.has_function(name) {
        return None;
    }
    let message = if names.has_variable(name) {
        format!("“{name}” is a variable; write {{{{{name}}}}}.")
    } else if functions::find(name).is_some() {
        format!("there is no function “{name}”; did you mean @{name}?")
    } else {
        let end = meant("", name, names.functions.iter().map(String::as_str));
        format!("there is no function “{name}” in this integration{end}")
    };
    Some(Remark::error(position, message))
}

/// The text of an argument that holds nothing but text.
fn literal(argument: &[Part]) -> Option<&str> {
    match argument {
        [] => Some(""),
        [Part::Text(text)] => Some(text),
        _ => None,
    }
}

fn known_system() -> impl Iterator<Item = &'static str> {
    let variables = VARIABLES.iter().flat_map(|variable| [Some(variable.name), variable.alias]).flatten();
    variables.chain(FUNCTIONS.iter().map(|function| function.name))
}

/// The end of a sentence about an unknown name: the known one that was perhaps meant.
fn meant<'a>(sign: &str, name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(name, known).map_or_else(|| ".".to_owned(), |known| format!("; did you mean {sign}{known}?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &str) -> Vec<Remark> {
        let names = Names { variables: vec!["ApiUrl".to_owned()], functions: vec!["severity".to_owned()] };
        Template::parse(source).unwrap().check(&names)
    }

    #[test]
    fn a_template_in_order_gets_no_remark() {
        for source in [
            "{{apiurl}} {{@Monitor.GUID}} {{SEVERITY({{@alert.type}})}} {{@VaultItem.x.Password}}",
            "{{@DateTime(ddd, dd MMM yyyy)}} {{@DateTime({{ApiUrl}},FirstDayOfMonth)}} {{@RandomGuid()}}",
            "{{@RandomInt(1, {{ApiUrl}})}} {{@RandomFloat}} {{@JsonEncode()}} {{@CustomField(a)}}",
        ] {
            assert_eq!(check(source), [], "{source}");
        }
    }

    #[test]
    fn each_mistake_has_its_place_and_what_was_meant() {
        use Severity::{Error, Warning};
        for (source, column, severity, part) in [
            ("{{@monitor.nmae}}", 1, Warning, "did you mean @monitor.name?"),
            ("ü {{@alert.weather}}", 3, Warning, "stays empty."),
            ("{{@ServerId}}", 1, Warning, "always empty"),
            ("{{ApiURI}}", 1, Warning, "did you mean ApiUrl?"),
            ("{{monitor.name}}", 1, Warning, "did you mean @monitor.name?"),
            ("{{severity}}", 1, Warning, "is a function"),
            ("{{severty(a)}}", 1, Error, "did you mean severity?"),
            ("{{JsonEncode(a)}}", 1, Error, "did you mean @JsonEncode?"),
            ("{{ApiUrl(a)}}", 1, Error, "is a variable"),
            ("{{@JsonEncod(a)}}", 1, Error, "did you mean @JsonEncode?"),
            ("{{@JsonEncode}}", 1, Error, "{{@JsonEncode(text)}}"),
            ("{{@monitor.name(a)}}", 1, Error, "is a variable"),
            ("{{@JsonEncode({{@alert.tpye}})}}", 15, Warning, "did you mean @alert.type?"),
            ("{{@RandomInt(1)}}", 1, Error, "{{@RandomInt(min,max)}}"),
            ("{{@RandomInt(1,x)}}", 1, Error, "“x” does not fit"),
            ("{{@RandomChar(five)}}", 1, Error, "“five” does not fit"),
            ("{{@DateTime(dd,LastDayOfMoth)}}", 1, Error, "did you mean LastDayOfMonth?"),
            ("{{@DateTime()}}", 1, Error, "a format is missing"),
            ("{{@RandomGuid(5)}}", 1, Error, "write {{@RandomGuid}}"),
        ] {
            let remarks = check(source);
            assert_eq!(remarks.len(), 1, "{source}: {remarks:?}");
            assert_eq!((remarks[0].position.column, remarks[0].severity), (column, severity), "{source}");
            assert!(remarks[0].message.contains(part), "{source}: {}", remarks[0].message);
        }
    }
}
