//! Reading and printing templates.

use std::fmt;

use super::{MAX_DEPTH, MAX_EXPRESSIONS, MAX_TEMPLATE_BYTES, functions};

/// How to write braces that are no template.
const BRACES_AS_TEXT: &str = "to send two opening braces as text, write {{@JsonDecode(\\u007b\\u007b)}}";

/// A place in a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The byte, counted from 0.
    pub offset: usize,
    /// The line, counted from 1.
    pub line: usize,
    /// The character in the line, counted from 1.
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// Why a template cannot be read or rendered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("At {position}: {message}")]
pub struct TemplateError {
    /// Where.
    pub position: Position,
    /// What is wrong and what would be right, a sentence.
    pub message: String,
}

/// A template that has been read. Printing it gives a text that reads back as the same template; only spaces around names
/// are lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    pub(super) parts: Vec<Part>,
}

/// A piece of a template or of an argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// Text as it is.
    Text(String),
    /// `{{…}}`.
    Expression(Expression),
}

/// What stands between `{{` and `}}`.
#[derive(Debug, Clone, Eq)]
pub(super) struct Expression {
    /// Where its `{{` is.
    pub(super) position: Position,
    /// Whether the name began with `@`.
    pub(super) system: bool,
    /// The name, without `@`, in the case in which it was written.
    pub(super) name: String,
    /// The arguments; `None` without parentheses.
    pub(super) arguments: Option<Vec<Vec<Part>>>,
}

/// Equal is what means the same; where it stands does not matter.
impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        (self.system, &self.name, &self.arguments) == (other.system, &other.name, &other.arguments)
    }
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// The first thing that is wrong: braces or parentheses that are not closed, a missing name, or a limit.
    pub fn parse(source: &str) -> Result<Self, TemplateError> {
        let mut parser =
            Parser { source, at: 0, seen: Position { offset: 0, line: 1, column: 1 }, expressions: 0 };
        if source.len() > MAX_TEMPLATE_BYTES {
            return Err(parser
                .error(0, format!("this is longer than {MAX_TEMPLATE_BYTES} bytes; please shorten it.")));
        }
        parser.parts().map(|parts| Self { parts })
    }

    /// Whether there is nothing to fill in.
    pub fn is_plain(&self) -> bool {
        !self.parts.iter().any(|part| matches!(part, Part::Expression(_)))
    }

    /// The text before the first `{{…}}`.
    pub fn leading_text(&self) -> &str {
        match self.parts.first() {
            Some(Part::Text(text)) => text,
            _ => "",
        }
    }

    /// All text that the author wrote, also inside of arguments, without what is filled in.
    pub fn literal_text(&self) -> String {
        let mut text = String::new();
        collect(&self.parts, &mut text);
        text
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts.iter().try_for_each(|part| part.fmt(f))
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let expression = match self {
            Self::Text(text) => return f.write_str(text),
            Self::Expression(expression) => expression,
        };
        write!(f, "{{{{{}", expression.shown())?;
        if let Some(arguments) = &expression.arguments {
            f.write_str("(")?;
            for (number, argument) in arguments.iter().enumerate() {
                f.write_str(if number == 0 { "" } else { "," })?;
                argument.iter().try_for_each(|part| part.fmt(f))?;
            }
            f.write_str(")")?;
        }
        f.write_str("}}")
    }
}

impl Expression {
    /// The name as it is written, with `@` when it has one.
    pub(super) fn shown(&self) -> String {
        format!("{}{}", if self.system { "@" } else { "" }, self.name)
    }
}

fn collect(parts: &[Part], text: &mut String) {
    for part in parts {
        match part {
            Part::Text(plain) => text.push_str(plain),
            Part::Expression(expression) => {
                expression.arguments.iter().flatten().for_each(|argument| collect(argument, text));
            }
        }
    }
}

/// What a name is made of.
pub(super) fn is_name_character(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '-' | '.')
}

struct Parser<'a> {
    source: &'a str,
    /// The next byte to read.
    at: usize,
    /// The last place that was counted; places are asked for in order, so the text is counted once.
    seen: Position,
    expressions: usize,
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        &self.source[self.at..]
    }

    fn position(&mut self, offset: usize) -> Position {
        if offset < self.seen.offset {
            self.seen = Position { offset: 0, line: 1, column: 1 };
        }
        for character in self.source[self.seen.offset..offset].chars() {
            if character == '\n' {
                self.seen.line += 1;
                self.seen.column = 1;
            } else {
                self.seen.column += 1;
            }
        }
        self.seen.offset = offset;
        self.seen
    }

    fn error(&mut self, offset: usize, message: impl Into<String>) -> TemplateError {
        TemplateError { position: self.position(offset), message: message.into() }
    }

    /// Moves over the braces of a row that open nothing, and returns them: the last two of a row open.
    fn idle_braces(&mut self) -> &str {
        let begin = self.at;
        let row = self.rest().bytes().take_while(|byte| *byte == b'{').count();
        self.at += row.saturating_sub(2);
        &self.source[begin..self.at]
    }

    fn skip_spaces(&mut self) {
        self.at = self.source.len() - self.rest().trim_start().len();
    }

    /// The whole template.
    fn parts(&mut self) -> Result<Vec<Part>, TemplateError> {
        let mut parts = Vec::new();
        loop {
            let begin = self.at;
            let Some(open) = self.rest().find("{{") else {
                push_text(&mut parts, self.rest());
                return Ok(parts);
            };
            self.at += open;
            self.idle_braces();
            push_text(&mut parts, &self.source[begin..self.at]);
            parts.push(Part::Expression(self.expression(1)?));
        }
    }

    /// An expression; the next two bytes are its `{{`.
    fn expression(&mut self, depth: usize) -> Result<Expression, TemplateError> {
        let begin = self.at;
        self.expressions += 1;
        if self.expressions > MAX_EXPRESSIONS {
            return Err(self.error(
                begin,
                format!("these are more than {MAX_EXPRESSIONS} pairs of braces; please use fewer."),
            ));
        }
        if depth > MAX_DEPTH {
            return Err(self.error(
                begin,
                format!("this stands in more than {MAX_DEPTH} pairs of braces; capture a part of it in a variable first."),
            ));
        }
        let position = self.position(begin);
        self.at += 2;
        self.skip_spaces();
        let system = self.rest().starts_with('@');
        self.at += usize::from(system);
        let length = self.rest().find(|c| !is_name_character(c)).unwrap_or(self.rest().len());
        let name = self.rest()[..length].to_owned();
        if name.is_empty() {
            let message = format!(
                "a name follows “{{{{”, such as {{{{@monitor.name}}}} or {{{{ApiUrl}}}}; {BRACES_AS_TEXT}."
            );
            return Err(self.error(begin, message));
        }
        self.at += length;
        self.skip_spaces();
        if self.rest().starts_with("}}") {
            self.at += 2;
            return Ok(Expression { position, system, name, arguments: None });
        }
        if self.rest().starts_with('(') {
            self.at += 1;
            let several = system && functions::takes_several(&name);
            let arguments = Some(self.arguments(begin, depth, several)?);
            return Ok(Expression { position, system, name, arguments });
        }
        let at = self.at;
        Err(match self.rest().chars().next() {
            None => self.error(begin, "“{{” is never closed; write }} behind the name."),
            Some(other) => self.error(
                at,
                format!(
                    "“{}” cannot follow the name “{name}”; write }}}} or an argument in parentheses there.",
                    other.escape_debug()
                ),
            ),
        })
    }

    /// The arguments and the `)}}` behind them; the `(` has been read.
    fn arguments(
        &mut self,
        begin: usize,
        depth: usize,
        several: bool,
    ) -> Result<Vec<Vec<Part>>, TemplateError> {
        let (mut arguments, mut parts, mut text) = (Vec::new(), Vec::new(), String::new());
        // Parentheses of the text that are open.
        let mut open = 0_usize;
        loop {
            if self.rest().starts_with("{{") {
                text.push_str(self.idle_braces());
                push_text(&mut parts, &text);
                text.clear();
                parts.push(Part::Expression(self.expression(depth + 1)?));
                continue;
            }
            let Some(next) = self.rest().chars().next() else {
                let message = "this is never closed; write )}} behind the argument, and parentheses inside of it in pairs.";
                return Err(self.error(begin, message));
            };
            self.at += next.len_utf8();
            match next {
                ')' if open == 0 && self.rest().trim_start().starts_with("}}") => {
                    self.skip_spaces();
                    self.at += 2;
                    push_text(&mut parts, &text);
                    arguments.push(parts);
                    return Ok(arguments);
                }
                ',' if open == 0 && several => {
                    push_text(&mut parts, &text);
                    text.clear();
                    arguments.push(std::mem::take(&mut parts));
                    continue;
                }
                '(' => open += 1,
                ')' => open = open.saturating_sub(1),
                _ => {}
            }
            text.push(next);
        }
    }
}

fn push_text(parts: &mut Vec<Part>, text: &str) {
    if !text.is_empty() {
        parts.push(Part::Text(text.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(source: &str) -> String {
        Template::parse(source).unwrap().to_string()
    }

    #[test]
    fn a_template_prints_as_it_was_written_but_for_spaces_around_names() {
        for source in [
            "",
            "plain } text }} {",
            "{{@monitor.name}}",
            "{{@JsonEncode({{@monitor.notes}})}}",
            "{{@JsonEncode(a, b (c) :) d)}}",
            "{{@DateTime(dd-MM-yyyy HH:mm,-18000)}}",
            "{{{x}}}",
            "{{{{x}}",
            "{{f({{{x}}})}}",
            "{{@RandomGuid()}}",
        ] {
            assert_eq!(printed(source), source);
        }
        assert_eq!(printed("{{ @monitor.name }}{{ f ( a ) }}"), "{{@monitor.name}}{{f( a )}}");
    }

    #[test]
    fn a_mistake_is_shown_with_its_place_and_what_would_be_right() {
        for (source, line, column, part) in [
            ("a\nüb {{", 2, 4, "a name follows"),
            ("{{}}", 1, 1, "a name follows"),
            ("{{name", 1, 1, "never closed"),
            ("{{name]}}", 1, 7, "cannot follow the name “name”"),
            ("x {{f(a", 1, 3, "write )}} behind"),
            ("{{f(a :( )}}", 1, 1, "in pairs"),
            ("{{@f({{}})}}", 1, 6, "a name follows"),
        ] {
            let error = Template::parse(source).unwrap_err();
            assert_eq!((error.position.line, error.position.column), (line, column), "{source}: {error}");
            assert!(error.message.contains(part), "{source}: {error}");
        }
    }

    #[test]
    fn depth_number_and_length_are_bounded() {
        let nested = |depth| format!("{}x{}", "{{f(".repeat(depth), ")}}".repeat(depth));
        assert!(Template::parse(&nested(MAX_DEPTH)).is_ok());
        assert!(Template::parse(&nested(MAX_DEPTH + 1)).is_err());
        assert!(Template::parse(&nested(10_000)).is_err());
        assert!(Template::parse(&"{{x}}".repeat(MAX_EXPRESSIONS)).is_ok());
        assert!(Template::parse(&"{{x}}".repeat(MAX_EXPRESSIONS + 1)).is_err());
        assert!(Template::parse(&"x".repeat(MAX_TEMPLATE_BYTES + 1)).is_err());
    }
}
