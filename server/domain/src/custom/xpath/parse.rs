//! Reading a path into XML.

use super::{Function, Name, Predicate, Step, Test, XPath};

/// The most steps of a path, and predicates of a step: the work is their number times that of the nodes.
const MAX_STEPS: usize = 32;
const SHAPE: &str = "write it as /Order/Id/text(), //Price or //Product[@Id=\"5\"]/@Name";

impl XPath {
    /// Reads a path.
    ///
    /// # Errors
    /// A sentence that says how it should look.
    pub(in super::super) fn parse(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("“{}” is no path into XML that is understood here; {SHAPE}.", text.escape_debug());
        let text = text.trim();
        let call = |name: &str| text.strip_prefix(name)?.trim_start().strip_prefix('(')?.strip_suffix(')');
        let (function, path) = if let Some(path) = call("count") {
            (Function::Count, path)
        } else if let Some(path) = call("sum") {
            (Function::Sum, path)
        } else if let Some(arguments) = call("contains") {
            let (path, part) = arguments.rsplit_once(',').ok_or_else(wrong)?;
            (Function::Contains(quoted(part).ok_or_else(wrong)?.to_owned()), path)
        } else {
            (Function::Value, text)
        };
        let steps = steps(path.trim()).ok_or_else(wrong)?;
        if steps.len() > MAX_STEPS || steps.iter().any(|step| step.predicates.len() > MAX_STEPS) {
            return Err(format!("A path has at most {MAX_STEPS} steps."));
        }
        Ok(Self { function, steps })
    }
}

/// The steps of a path; `None` when it is none.
fn steps(path: &str) -> Option<Vec<Step>> {
    let mut steps: Vec<Step> = Vec::new();
    // A path without a slash in front begins at the root too: there is nowhere else to begin.
    let mut rest = path;
    let mut separator = match rest.strip_prefix("//") {
        Some(_) => "//",
        None => "/",
    };
    rest = rest.trim_start_matches('/');
    if path.len() - rest.len() > 2 || rest.is_empty() {
        return None;
    }
    loop {
        if steps.last().is_some_and(|step| !matches!(step.test, Test::Element(_))) {
            return None;
        }
        let (mut step, behind) = step(rest)?;
        step.anywhere = separator == "//";
        steps.push(step);
        if behind.is_empty() {
            return Some(steps);
        }
        separator = if behind.starts_with("//") { "//" } else { "/" };
        rest = behind.strip_prefix(separator)?;
    }
}

fn step(text: &str) -> Option<(Step, &str)> {
    if let Some(behind) = text.strip_prefix("text()") {
        return Some((Step { anywhere: false, test: Test::Text, predicates: Vec::new() }, behind));
    }
    if let Some(text) = text.strip_prefix('@') {
        let (name, behind) = name(text)?;
        return Some((Step { anywhere: false, test: Test::Attribute(name), predicates: Vec::new() }, behind));
    }
    let (name, mut rest) = name(text)?;
    let mut predicates = Vec::new();
    while let Some(inside) = rest.strip_prefix('[') {
        let (predicate, behind) = predicate(inside.trim_start())?;
        predicates.push(predicate);
        rest = behind.trim_start().strip_prefix(']')?;
    }
    Some((Step { anywhere: false, test: Test::Element(name), predicates }, rest))
}

fn predicate(text: &str) -> Option<(Predicate, &str)> {
    if let Some(behind) = text.strip_prefix("last()") {
        return Some((Predicate::Last, behind));
    }
    if let Some(behind) = text.strip_prefix("local-name()") {
        let (local, behind) = equals(behind)?;
        return Some((Predicate::LocalName(local), behind));
    }
    if let Some(text) = text.strip_prefix('@') {
        let (name, behind) = name(text)?;
        return Some(match equals(behind) {
            Some((value, behind)) => (Predicate::Attribute(name, Some(value)), behind),
            None => (Predicate::Attribute(name, None), behind),
        });
    }
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let place = text[..end].parse().ok().filter(|place| *place > 0)?;
    Some((Predicate::Place(place), &text[end..]))
}

/// The text in quotes behind an equals sign.
fn equals(text: &str) -> Option<(String, &str)> {
    let text = text.trim_start().strip_prefix('=')?.trim_start();
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (value, behind) = text[1..].split_once(quote)?;
    Some((value.to_owned(), behind))
}

fn quoted(text: &str) -> Option<&str> {
    let text = text.trim();
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    text[1..].strip_suffix(quote).filter(|inside| !inside.contains(quote))
}

fn name(text: &str) -> Option<(Name, &str)> {
    if let Some(behind) = text.strip_prefix('*') {
        return Some((Name::Any, behind));
    }
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':');
    let end = text.find(|c| !is_name(c)).unwrap_or(text.len());
    let (full, behind) = text.split_at(end);
    let (prefix, local) = full.split_once(':').map_or((None, full), |(prefix, local)| (Some(prefix), local));
    let fine = |part: &str| !part.is_empty() && !part.contains(':') && !part.starts_with(['.', '-']);
    if !fine(local) || prefix.is_some_and(|prefix| !fine(prefix)) {
        return None;
    }
    Some((Name::Named { prefix: prefix.map(str::to_owned), local: local.to_owned() }, behind))
}
