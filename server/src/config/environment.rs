//! Values out of environment variables.

use std::path::PathBuf;

use super::error::{Mistake, Origin};
use super::{Config, FILE_VARIABLE, Field, fields, nearest};

/// What Pharos' own variables begin with.
const PREFIX: &str = "PHAROS_";
/// The suffix of a variable that names a file with the value (secrets of containers).
const FILE_SUFFIX: &str = "_FILE";

/// The environment of this process; what is not Unicode can be none of ours and is left out.
pub(super) fn of_the_process() -> Vec<(String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// Whether programs shall write without colours, whatever they write to (<https://no-color.org>).
pub(crate) fn wants_no_color() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

/// Sets every value that the environment names.
pub(super) fn apply(config: &mut Config, environment: &[(String, String)], mistakes: &mut Vec<Mistake>) {
    let environment: Vec<_> =
        environment.iter().filter(|(name, value)| !set_by_kubernetes(name, value)).collect();
    // An empty variable counts as none: `PORT=${PORT}` of a compose file leaves one behind.
    let value_of = |wanted: &str| {
        environment
            .iter()
            .find(|(name, value)| name == wanted && !value.is_empty())
            .map(|(_, value)| value.as_str())
    };
    for field in fields() {
        for variable in field.variables {
            let by_file = format!("{variable}{FILE_SUFFIX}");
            match (value_of(variable), value_of(&by_file)) {
                (None, None) => continue,
                (Some(_), Some(_)) => mistakes.push(Mistake {
                    origin: Origin::Variable(by_file.clone()),
                    message: format!("{variable} is set too; keep one of them."),
                }),
                (Some(value), None) => {
                    config.set(field, value, Origin::Variable((*variable).to_owned()), mistakes);
                }
                (None, Some(path)) => set_from_file(config, field, by_file, path, mistakes),
            }
            break;
        }
    }
    for (name, _) in &environment {
        if name.starts_with(PREFIX) && !is_known(name) {
            mistakes.push(unknown(name));
        }
    }
}

fn set_from_file(config: &mut Config, field: &Field, name: String, path: &str, mistakes: &mut Vec<Mistake>) {
    let origin = Origin::Variable(name);
    match std::fs::read_to_string(PathBuf::from(path)) {
        // To an operator it is a secret that was never written, and not the wish to do without one.
        Ok(text) if text.trim().is_empty() => {
            let message =
                format!("the file {path} is empty; write the value into it, or unset the variable.");
            mistakes.push(Mistake { origin, message });
        }
        Ok(text) => config.set(field, text.trim_end_matches(['\n', '\r']), origin, mistakes),
        Err(error) => {
            mistakes.push(Mistake { origin, message: format!("the file {path} cannot be read: {error}.") });
        }
    }
}

/// Kubernetes describes a service called `pharos` in variables that begin like ours: `PHAROS_SERVICE_HOST`,
/// `PHAROS_PORT=tcp://10.0.0.1:3000`, `PHAROS_PORT_3000_TCP_ADDR`.
fn set_by_kubernetes(name: &str, value: &str) -> bool {
    let in_ports =
        name.strip_prefix("PHAROS_PORT_").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let is_link = name == "PHAROS_PORT" && (value.starts_with("tcp://") || value.starts_with("udp://"));
    name.starts_with("PHAROS_SERVICE_") || in_ports || is_link
}

fn is_known(name: &str) -> bool {
    let stem = name.strip_suffix(FILE_SUFFIX).unwrap_or(name);
    name == FILE_VARIABLE
        || fields().any(|field| field.variables.iter().any(|known| *known == name || *known == stem))
}

fn unknown(name: &str) -> Mistake {
    let known =
        fields().flat_map(|field| field.variables.iter().copied()).filter(|known| known.starts_with(PREFIX));
    let advice = match nearest::nearest(name, known) {
        Some(meant) => format!("did you mean {meant}?"),
        None => "the README lists every variable.".to_owned(),
    };
    Mistake { origin: Origin::Variable(name.to_owned()), message: format!("it is not known here; {advice}") }
}
