//! Templates of `{{…}}` alone, as seed 003 has them: what is wrong with one is said when it is saved, not when it is sent.

/// What is wrong with a template in which `{{` has no `}}` behind it: it would be sent as it is. `example` is what would be right.
pub(crate) fn unclosed(template: &str, example: &str) -> Option<String> {
    let rest = pieces(template).find_map(Result::err)?;
    let shown: String = rest.chars().take(40).collect();
    Some(format!("“{{{{{shown}” is not closed; write {example}."))
}

/// What is wrong with a template that is filled with values of these names, or of what is below them: something that is not closed, or
/// a name that is none of them.
pub(crate) fn unfillable(template: &str, names: &[&str]) -> Option<String> {
    let known = |name: &str| names.contains(&name.split('.').next().unwrap_or_default());
    let unknown = pieces(template).filter_map(Result::ok).map(str::trim).find(|name| !known(name));
    unclosed(template, "{{eventType}}").or_else(|| {
        let (name, names) = (unknown?.chars().take(40).collect::<String>(), names.join(", "));
        Some(format!("“{{{{{name}}}}}” is not known; there are {names}, and what is below payload."))
    })
}

/// What stands between braces; an error is the rest of a template behind braces that are not closed.
fn pieces(template: &str) -> impl Iterator<Item = Result<&str, &str>> {
    let mut rest = template;
    std::iter::from_fn(move || {
        let (_, begun) = rest.split_once("{{")?;
        if let Some((inside, behind)) = begun.split_once("}}") {
            rest = behind;
            Some(Ok(inside))
        } else {
            rest = "";
            Some(Err(begun))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_filled_is_said() {
        let names = ["eventType", "payload"];
        assert_eq!(
            unfillable(r#"{"a": "{{ payload.x.0 }}", "b": {{payload}}, "c": {{eventType}}}"#, &names),
            None
        );
        let said = |template| unfillable(template, &names).unwrap();
        assert_eq!(said("{{payload}} {{ nope"), "“{{ nope” is not closed; write {{eventType}}.");
        assert_eq!(
            said("{{#each}}"),
            "“{{#each}}” is not known; there are eventType, payload, and what is below payload."
        );
    }
}
