//! Filling a template in.

use super::{
    MAX_REMARKS, Position, Remark, Scope, Template, TemplateError, catalogue, functions,
    functions::{Trace, Trouble},
    output::{Exceeded, Output, Work},
    syntax::{Expression, Part},
};

/// How many hidden texts may be looked for in an argument before that is as much work as writing the argument.
const LOOKED_FOR_AT_ONCE: usize = 64;

/// Whether what is filled in is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// As it is.
    Plain,
    /// As a form, for bodies of the type `application/x-www-form-urlencoded`: the result of each outermost `{{…}}` is
    /// encoded as `@UrlEncode` does, except that of `@UrlEncode` itself.
    Form,
}

/// A template that was filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The text.
    pub text: String,
    /// What came out empty although something was asked for, at most [`MAX_REMARKS`].
    pub remarks: Vec<Remark>,
    /// How many `{{…}}` were filled in.
    pub steps: usize,
    /// What it cost, at most [`super::MAX_WORK`].
    pub work: u64,
}

impl Template {
    /// Fills the template in.
    ///
    /// # Errors
    /// Only limits: the text or the work becomes too much.
    pub fn render(&self, scope: &mut Scope) -> Result<Rendered, TemplateError> {
        self.render_encoded(scope, Encoding::Plain)
    }

    /// Fills the template in and encodes what is filled in.
    ///
    /// # Errors
    /// Only limits: the text or the work becomes too much.
    pub fn render_encoded(&self, scope: &mut Scope, encoding: Encoding) -> Result<Rendered, TemplateError> {
        let mut renderer = Renderer { scope, work: Work::default(), remarks: Vec::new(), steps: 0 };
        let mut out = Output::default();
        // A template's own text is shorter than the limit, so what is too long is due to what was filled in before.
        let mut last = Position { offset: 0, line: 1, column: 1 };
        for part in &self.parts {
            match part {
                Part::Text(text) => {
                    renderer.put(text, &mut out).map_err(|exceeded| failed(last, exceeded))?;
                }
                Part::Expression(expression) => {
                    last = expression.position;
                    renderer.outermost(expression, encoding, &mut out)?;
                }
            }
        }
        let Renderer { work, remarks, steps, .. } = renderer;
        Ok(Rendered { text: out.into_text(), remarks, steps, work: work.total() })
    }
}

struct Renderer<'a> {
    scope: &'a mut Scope,
    work: Work,
    remarks: Vec<Remark>,
    steps: usize,
}

impl Renderer<'_> {
    fn put(&mut self, text: &str, out: &mut Output) -> Result<(), Exceeded> {
        self.work.add(text.len())?;
        out.push_str(text)
    }

    fn outermost(
        &mut self,
        expression: &Expression,
        encoding: Encoding,
        out: &mut Output,
    ) -> Result<(), TemplateError> {
        let is_encoder = expression.system && expression.name.eq_ignore_ascii_case("UrlEncode");
        if encoding == Encoding::Plain || is_encoder {
            return self.expression(expression, out);
        }
        let mut plain = Output::default();
        self.expression(expression, &mut plain)?;
        let plain = plain.into_text();
        let encode = |text: &str, _: &mut Scope| functions::form_encode(text).ok();
        functions::form_encode(&plain)
            .and_then(|text| {
                self.follow(Trace::InPlace, &plain, &text, encode)?;
                self.put(&text, out)
            })
            .map_err(|exceeded| failed(expression.position, exceeded))
    }

    /// Appends what an expression gives.
    fn expression(&mut self, expression: &Expression, out: &mut Output) -> Result<(), TemplateError> {
        self.steps += 1;
        let result = match &expression.arguments {
            None => self.variable(expression, out),
            Some(arguments) => {
                let arguments = self.arguments(expression, arguments)?;
                self.call(expression, &arguments, out)
            }
        };
        match result {
            Ok(()) => Ok(()),
            Err(Trouble::Limit(exceeded)) => Err(failed(expression.position, exceeded)),
            Err(Trouble::Unusable(message)) => {
                if self.remarks.len() < MAX_REMARKS {
                    self.remarks.push(Remark::warning(expression.position, message));
                }
                Ok(())
            }
        }
    }

    fn arguments(
        &mut self,
        expression: &Expression,
        arguments: &[Vec<Part>],
    ) -> Result<Vec<String>, TemplateError> {
        let mut values = Vec::with_capacity(arguments.len());
        for argument in arguments {
            let mut out = Output::default();
            for part in argument {
                match part {
                    Part::Text(text) => {
                        self.put(text, &mut out).map_err(|exceeded| failed(expression.position, exceeded))?;
                    }
                    Part::Expression(inner) => self.expression(inner, &mut out)?,
                }
            }
            values.push(out.into_text());
        }
        Ok(values)
    }

    fn variable(&mut self, expression: &Expression, out: &mut Output) -> Result<(), Trouble> {
        let name = &expression.name;
        if expression.system && functions::find(name).is_some() {
            return self.call(expression, &[], out);
        }
        let value = if !expression.system {
            self.scope.get(name)
        } else if let Some(item) = vault_item(name) {
            self.scope.vault(item)
        } else {
            self.scope.system(name)
        };
        if let Some(value) = value {
            self.work.add(value.len())?;
            return Ok(out.push_str(value)?);
        }
        let known_here = expression.system && (catalogue::find(name).is_some() || is_always_empty(name));
        if known_here {
            return Ok(());
        }
        Err(Trouble::Unusable(format!("“{}” is not known here and stays empty.", expression.shown())))
    }

    fn call(
        &mut self,
        expression: &Expression,
        arguments: &[String],
        out: &mut Output,
    ) -> Result<(), Trouble> {
        let name = &expression.name;
        let text = arguments.first().map_or("", String::as_str);
        let result = if expression.system {
            let Some(function) = functions::find(name) else {
                return Err(Trouble::Unusable(format!("there is no system function “@{name}”.")));
            };
            let arguments = without_the_empty_one(arguments, function.count.0);
            if !function.takes(arguments.len()) {
                return Err(Trouble::Unusable(format!("these are not its arguments; {}.", function.usage())));
            }
            let result = function.call(arguments, self.scope)?;
            let again = |text: &str, scope: &mut Scope| function.call(&[text.to_owned()], scope).ok();
            self.follow(function.trace(), text, &result, again)?;
            result
        } else {
            let Some(result) = self.scope.functions().call(name, text, &mut self.work) else {
                return Err(Trouble::Unusable(format!("there is no function “{name}” in this integration.")));
            };
            let result = result?;
            self.follow(self.scope.functions().trace(name), text, &result, |_, _| None)?;
            if self.scope.functions().lacks_key(name) {
                self.scope.hidden_mut().derived(&result);
            }
            result
        };
        Ok(self.put(&result, out)?)
    }

    /// Hides what a function made of the secrets in its argument. `again` is the function, for a part of the argument.
    fn follow(
        &mut self,
        trace: Trace,
        argument: &str,
        result: &str,
        again: impl Fn(&str, &mut Scope) -> Option<String>,
    ) -> Result<(), Exceeded> {
        if trace == Trace::None {
            return Ok(());
        }
        let rounds = self.scope.hidden().len() / LOOKED_FOR_AT_ONCE;
        self.work.add(argument.len().saturating_mul(rounds))?;
        let inside = self.scope.hidden().inside(argument);
        if inside.is_empty() {
            return Ok(());
        }
        match trace {
            Trace::None => {}
            Trace::InPlace => {
                let parts: Vec<_> = inside.iter().filter_map(|part| again(part, self.scope)).collect();
                for part in parts {
                    self.scope.hidden_mut().derived(&part);
                }
            }
            Trace::Everywhere => self.scope.hidden_mut().derived(result),
            Trace::Piece => self.scope.hidden_mut().piece(result),
        }
        Ok(())
    }
}

/// The item and field of a vault reference.
pub(super) fn vault_item(name: &str) -> Option<&str> {
    const PREFIX: &str = "VaultItem.";
    let (prefix, item) = name.split_at_checked(PREFIX.len())?;
    prefix.eq_ignore_ascii_case(PREFIX).then_some(item)
}

pub(super) fn is_always_empty(name: &str) -> bool {
    catalogue::ALWAYS_EMPTY.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// `()` is one empty argument for functions that want one, and none for the others.
pub(super) fn without_the_empty_one<T: AsRef<str>>(arguments: &[T], fewest: usize) -> &[T] {
    match arguments {
        [only] if fewest == 0 && only.as_ref().trim().is_empty() => &[],
        all => all,
    }
}

fn failed(position: Position, exceeded: Exceeded) -> TemplateError {
    TemplateError { position, message: exceeded.message() }
}
