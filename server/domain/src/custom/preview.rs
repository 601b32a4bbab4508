//! What would be sent, without sending it.

use std::collections::BTreeMap;

use super::{CustomSettings, ShownRequest, render_request};
use crate::{
    form::FieldError,
    secret::{MASK, Secret},
    template::{AlertFacts, AlertKind},
};

/// The requests of a message, masked, one a step; none when nothing is sent for this kind. What only a level or an answer gives stands
/// there by its name, what chance gives is the same each time, and what is made of a masked value or with a masked key is masked too.
///
/// # Errors
/// What cannot be filled in, with its path.
pub fn preview(
    settings: &CustomSettings,
    facts: &AlertFacts,
    kind: AlertKind,
) -> Result<Vec<ShownRequest>, Vec<FieldError>> {
    let Some(number) = settings.definitions.iter().position(|definition| definition.types.has(kind)) else {
        return Ok(Vec::new());
    };
    let facts = AlertFacts { kind, ..facts.clone() };
    let stand_in = |name: &str, secret: bool| if secret { MASK.to_owned() } else { name.to_owned() };
    let level: BTreeMap<String, Secret> = settings
        .per_level()
        .map(|variable| (variable.name.clone(), stand_in(&variable.name, variable.secret).into()))
        .collect();
    let mut drawn = 0_u64;
    let random = move || {
        drawn += 1;
        // Odd multipliers reach every bit; the constant is that of splitmix64.
        drawn.wrapping_mul(0x9e37_79b9_7f4a_7c15)
    };
    let mut scope = settings.scope(&facts, &level, facts.at, random)?;
    let steps = settings.definitions[number].steps.iter().enumerate();
    steps
        .map(|(step_number, step)| {
            let request = render_request(step, &mut scope).map_err(|error| {
                let path = format!("definitions.{number}.steps.{step_number}.{}", error.field);
                vec![FieldError::new(path, error.message)]
            })?;
            let shown = request.shown(&scope);
            for capture in &step.captures {
                let (name, secret) = (&capture.variable, capture.is_secret());
                if secret {
                    scope.set_secret(name, stand_in(name, secret));
                } else {
                    scope.set(name, stand_in(name, secret));
                }
            }
            Ok(shown)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::custom::{
        Capture, HttpStep, MessageTypes, PredefinedVariable, Source, VariableSource,
        tests::{header, stock},
    };

    #[test]
    fn each_step_is_shown_with_stand_ins_for_what_is_not_known_yet() {
        let mut settings = stock();
        settings.variables.push(PredefinedVariable {
            name: "Team".to_owned(),
            source: VariableSource::PerLevel,
            secret: false,
        });
        let mut first = HttpStep::to("https://{{Team}}.example.org/login");
        first.captures.push(Capture {
            variable: "token".to_owned(),
            source: Source::Json,
            property: "t".to_owned(),
            secret: false,
        });
        first.captures.push(Capture {
            variable: "ticket".to_owned(),
            source: Source::Json,
            property: "n".to_owned(),
            secret: false,
        });
        let mut second = HttpStep::to("{{ApiUrl}}/{{ticket}}");
        second.headers.push(header("X-Ticket", "Bearer {{token}}"));
        second.body = "{{@alert.type}} {{@RandomInt(1,9)}}".to_owned();
        settings.definitions[0].steps = vec![first, second];
        settings.definitions[0].types = MessageTypes { error: true, ok: true, reminder: false };
        let facts = AlertFacts::example(AlertKind::Error);
        let shown = preview(&settings, &facts, AlertKind::Ok).unwrap();
        assert_eq!(shown[0].url, "https://team.example.org/login");
        assert_eq!(shown[1].url, "https://example.org/hook/ticket");
        assert_eq!(shown[1].headers[0].1, format!("Bearer {MASK}"));
        assert!(shown[1].body.starts_with("Ok "), "{}", shown[1].body);
        assert_eq!(preview(&settings, &facts, AlertKind::Ok).unwrap(), shown);
        assert_eq!(preview(&settings, &facts, AlertKind::Reminder), Ok(Vec::new()));

        settings.definitions[0].steps[1].url = "{{nothing}}".to_owned();
        let errors = preview(&settings, &facts, AlertKind::Error).unwrap_err();
        assert_eq!(errors[0].field, "definitions.0.steps.1.url");
    }
}
