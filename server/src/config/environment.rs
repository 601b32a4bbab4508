//! Values out of environment variables.

use std::path::PathBuf;

use super::error::{Mistake, Origin};
use super::loading::Loading;
use super::{FILE_VARIABLE, Field, fields, nearest};

/// What Pharos' own variables begin with.
const PREFIX: &str = "PHAROS_";
/// The suffix of a variable that names a file with the value (secrets of containers).
const FILE_SUFFIX: &str = "_FILE";

/// What other programs call a path that they answer below. To pass it over would break every link.
const BASE_PATH: &str = "BASE_PATH";

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
pub(super) fn apply(loading: &mut Loading, environment: &[(String, String)]) {
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
                (Some(_), Some(_)) => loading.refuse(Mistake {
                    origin: Origin::Variable(by_file.clone()),
                    message: format!("{variable} is set too; keep one of them."),
                }),
                (Some(value), None) => {
                    loading.set(field, value, Origin::Variable((*variable).to_owned()));
                }
                (None, Some(path)) => set_from_file(loading, field, by_file, path),
            }
            break;
        }
    }
    if let Some(path) = value_of(BASE_PATH).filter(|path| !path.trim().trim_matches('/').is_empty()) {
        let message = format!(
            "“{path}” is a path, and Pharos answers at the root of its host; give it a host of its own, and unset the variable."
        );
        loading.refuse(Mistake { origin: Origin::Variable(BASE_PATH.to_owned()), message });
    }
    for (name, _) in &environment {
        if name.starts_with(PREFIX) && !is_known(name) {
            loading.refuse(unknown(name));
        }
    }
}

fn set_from_file(loading: &mut Loading, field: &'static Field, name: String, path: &str) {
    let origin = Origin::Variable(name);
    match std::fs::read_to_string(PathBuf::from(path)) {
        // To an operator it is a secret that was never written, and not the wish to do without one.
        Ok(text) if text.trim().is_empty() => {
            let message =
                format!("the file {path} is empty; write the value into it, or unset the variable.");
            loading.refuse(Mistake { origin, message });
        }
        // Editors end a file with a line break that nobody typed.
        Ok(text) => {
            let line = text.strip_suffix('\n').unwrap_or(&text);
            loading.set(field, line.strip_suffix('\r').unwrap_or(line), origin);
        }
        Err(error) => {
            loading.refuse(Mistake { origin, message: format!("the file {path} cannot be read: {error}.") });
        }
    }
}

/// Kubernetes describes services called `pharos` or `pharos-web` in variables that begin like ours: `PHAROS_SERVICE_HOST`,
/// `PHAROS_WEB_SERVICE_PORT_HTTP`, `PHAROS_PORT=tcp://10.0.0.1:3000`, `PHAROS_WEB_PORT_3000_TCP_ADDR`.
fn set_by_kubernetes(name: &str, value: &str) -> bool {
    let Some(rest) = name.strip_prefix(PREFIX) else { return false };
    // What follows the name of a service, which may be nothing but `pharos`.
    let after = |mark: &str| {
        let own = rest.strip_prefix(mark);
        own.or_else(|| rest.split_once(&format!("_{mark}")).map(|(_, after)| after))
    };
    let is_address = ["tcp://", "udp://", "sctp://"].iter().any(|scheme| value.starts_with(scheme));
    // Also where it is one of our own names: no port of ours looks like that.
    if is_address && (rest == "PORT" || rest.ends_with("_PORT")) {
        return true;
    }
    let is_host = after("SERVICE_HOST") == Some("");
    let is_port = after("SERVICE_PORT").is_some_and(|rest| rest.is_empty() || rest.starts_with('_'));
    let in_ports = after("PORT_").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    (is_host || is_port || in_ports) && !is_known(name)
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
