//! The form of an alert definition: flat names such as `levels.0.minutes`, so that one map carries it and what is wrong is found
//! by the same name. Pages add and remove levels by changing the map, with scripts and without.

use std::collections::BTreeMap;
use std::str::FromStr;

use crate::alert::{Bounds, Condition, DefinitionDraft, Level, LevelTarget, MAX_LEVELS, MAX_MINUTES};
use crate::form::{FieldError, Form};
use crate::id::{IntegrationId, MonitorId};
use crate::level_values::{LevelValue, Was};
use crate::secret::MASK;
use crate::views::console::IntegrationChoice;

/// The field that counts the levels.
pub const LEVELS: &str = "levels";
/// The field of a level that says which of the stored levels it was: they move when one is removed.
pub const WAS: &str = "was";
/// How much later a new level is reached than the one before it, in minutes.
const STEP: u32 = 10;

/// The name of a level's field.
pub fn level_field(level: usize, field: &str) -> String {
    format!("{LEVELS}.{level}.{field}")
}

/// The name of the field that says something of an integration on a level.
pub fn target_field(level: usize, what: &str, integration: &IntegrationId) -> String {
    format!("{LEVELS}.{level}.{what}.{integration}")
}

/// The name of the field with a variable that an integration wants given by the level.
pub fn variable_field(level: usize, integration: &IntegrationId, variable: &str) -> String {
    format!("{LEVELS}.{level}.variable.{integration}.{variable}")
}

/// How many levels a form has.
pub fn levels(form: &Form) -> usize {
    form.get(LEVELS).and_then(|count| count.parse().ok()).unwrap_or(0).min(MAX_LEVELS)
}

/// Which of the stored levels each level of a form was.
pub fn origins(form: &Form) -> Vec<Was> {
    let was = |number| form.get(&level_field(number, WAS)).and_then(|was| was.parse().ok());
    (0..levels(form)).map(|number| was(number).map_or(Was::New, Was::Level)).collect()
}

/// The form that shows a definition. The monitors are not in it: they are chosen from a list.
pub fn to_form(draft: &DefinitionDraft) -> Form {
    let mut form = Form::new();
    form.insert("name".to_owned(), draft.name.clone());
    form.insert("active".to_owned(), draft.active.to_string());
    for (number, level) in draft.levels.iter().enumerate() {
        put_level(&mut form, number, level);
        form.insert(level_field(number, WAS), number.to_string());
    }
    form.insert(LEVELS.to_owned(), draft.levels.len().to_string());
    form
}

/// The form of a new definition.
pub fn new_form() -> Form {
    to_form(&DefinitionDraft {
        name: String::new(),
        active: true,
        monitors: Vec::new(),
        levels: vec![Level::at_once(Vec::new())],
    })
}

/// Reads a form. What cannot be read takes its place's usual value, so that a picture can be drawn of it meanwhile, and is named.
pub fn from_form(form: &Form, monitors: Vec<MonitorId>) -> (DefinitionDraft, Vec<FieldError>) {
    let mut errors = Vec::new();
    let levels = (0..levels(form)).map(|number| read_level(form, number, &mut errors)).collect();
    let draft = DefinitionDraft {
        name: form.get("name").map_or("", String::as_str).trim().to_owned(),
        active: is_ticked(form, "active"),
        monitors,
        levels,
    };
    (draft, errors)
}

/// The places of the levels of which nobody can say when they are reached, by what is wrong with a form.
pub fn unclear(errors: &[FieldError], levels: usize) -> Vec<usize> {
    let wrong = |level, field| errors.iter().any(|error| error.field == level_field(level, field));
    (0..levels).filter(|level| wrong(*level, "count") || wrong(*level, "minutes")).collect()
}

/// Adds a level behind the others, a while after the last of them.
pub fn add_level(form: &mut Form) {
    let count = levels(form);
    if count >= MAX_LEVELS {
        return;
    }
    let (draft, _) = from_form(form, Vec::new());
    let last = draft.levels.iter().map(|level| match level.condition {
        Condition::Errors { count } => count.saturating_sub(1),
        Condition::Minutes { minutes } => minutes,
    });
    let minutes = last.max().map_or(0, |minutes| (minutes + STEP).min(MAX_MINUTES));
    put_level(
        form,
        count,
        &Level { condition: Condition::Minutes { minutes }, ..Level::at_once(Vec::new()) },
    );
    form.insert(LEVELS.to_owned(), (count + 1).to_string());
}

/// Removes a level; those behind it move up.
pub fn remove_level(form: &mut Form, level: usize) {
    let count = levels(form);
    if level >= count {
        return;
    }
    let old = std::mem::take(form);
    for (name, value) in old {
        let place = name.strip_prefix(&format!("{LEVELS}.")).and_then(|rest| rest.split_once('.'));
        let place = place.and_then(|(number, field)| Some((number.parse::<usize>().ok()?, field.to_owned())));
        match place {
            Some((number, _)) if number == level => {}
            Some((number, field)) if number > level => {
                form.insert(level_field(number - 1, &field), value);
            }
            _ => {
                form.insert(name, value);
            }
        }
    }
    form.insert(LEVELS.to_owned(), (count - 1).to_string());
}

/// Empties the fields of secrets that were typed; a mask stays. What no integration asks for is not known to be no secret.
pub fn forget_secrets(form: &mut Form, integrations: &[IntegrationChoice]) {
    let plain = |name: &str| {
        let (_, rest) = name.split_once(".variable.")?;
        let (id, variable) = rest.split_once('.')?;
        let one = integrations.iter().find(|one| one.id.as_str() == id)?;
        let known = one.variables.iter().find(|known| known.name == variable)?;
        (!known.secret).then_some(())
    };
    for (name, value) in form.iter_mut().filter(|(name, _)| name.contains(".variable.")) {
        if value != MASK && plain(name).is_none() {
            value.clear();
        }
    }
}

/// Whether a box is ticked. An unticked one is not sent.
pub fn is_ticked(form: &Form, name: &str) -> bool {
    form.get(name).is_some_and(|value| value == "true")
}

fn put_level(form: &mut Form, number: usize, level: &Level) {
    let mut put = |field: &str, value: String| form.insert(level_field(number, field), value);
    put("active", level.active.to_string());
    let (when, count, minutes) = match level.condition {
        Condition::Errors { count } => ("errors", count, 0),
        Condition::Minutes { minutes } => ("minutes", 1, minutes),
    };
    put("when", when.to_owned());
    put("count", count.to_string());
    put("minutes", minutes.to_string());
    put("reminders", level.reminders.to_string());
    put("reminder_minutes", level.reminder_minutes.to_string());
    put("message", level.message.clone());
    for target in &level.targets {
        let id = &target.integration;
        form.insert(target_field(number, "tell", id), "true".to_owned());
        form.insert(target_field(number, "ok", id), target.ok.to_string());
        form.insert(target_field(number, "remind", id), target.reminders.to_string());
        for (variable, value) in &target.variables {
            form.insert(variable_field(number, id, variable), value.value.expose().to_owned());
        }
    }
}

fn read_level(form: &Form, number: usize, errors: &mut Vec<FieldError>) -> Level {
    let text = |field: &str| form.get(&level_field(number, field)).map_or("", String::as_str).trim();
    let mut read = |bounds: &Bounds, usual: u32| {
        let text = text(bounds.field);
        text.parse().unwrap_or_else(|_| {
            let message = if text.is_empty() {
                bounds.ask()
            } else if text.parse::<i64>().is_ok() {
                bounds.refuse(text)
            } else {
                bounds.refuse(format_args!("“{text}”"))
            };
            errors.push(FieldError::new(level_field(number, bounds.field), message));
            usual
        })
    };
    let condition = if text("when") == "minutes" {
        Condition::Minutes { minutes: read(&Bounds::MINUTES, 0) }
    } else {
        Condition::Errors { count: read(&Bounds::COUNT, 1) }
    };
    let reminders = read(&Bounds::REMINDERS, 0);
    let reminder_minutes = read(&Bounds::REMINDER_MINUTES, 30);
    Level {
        active: is_ticked(form, &level_field(number, "active")),
        condition,
        reminders,
        reminder_minutes,
        message: text("message").to_owned(),
        targets: targets(form, number),
    }
}

fn targets(form: &Form, number: usize) -> Vec<LevelTarget> {
    let prefix = level_field(number, "tell.");
    let told = form.iter().filter(|(_, value)| *value == "true");
    let told = told.filter_map(|(name, _)| IntegrationId::from_str(name.strip_prefix(&prefix)?).ok());
    let target = |integration: IntegrationId| LevelTarget {
        ok: is_ticked(form, &target_field(number, "ok", &integration)),
        reminders: is_ticked(form, &target_field(number, "remind", &integration)),
        variables: variables(form, number, &integration),
        integration,
    };
    told.map(target).collect()
}

fn variables(form: &Form, number: usize, integration: &IntegrationId) -> BTreeMap<String, LevelValue> {
    let prefix = variable_field(number, integration, "");
    let pairs = form.iter().filter_map(|(name, value)| Some((name.strip_prefix(&prefix)?, value.trim())));
    pairs
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::integration::ProviderKind;
    use crate::level_values::LevelVariable;

    fn integration(id: u8) -> IntegrationId {
        IntegrationId::new([id; 13])
    }

    fn draft() -> DefinitionDraft {
        let target = |id: u8, reminders| LevelTarget {
            integration: integration(id),
            ok: true,
            reminders,
            variables: BTreeMap::from([("room".to_owned(), format!("R{id}").as_str().into())]),
        };
        let later = Level {
            condition: Condition::Minutes { minutes: 10 },
            reminders: 3,
            reminder_minutes: 15,
            message: "Wake up".to_owned(),
            ..Level::at_once(vec![target(1, true), target(2, false)])
        };
        DefinitionDraft {
            name: "Shop".to_owned(),
            active: true,
            monitors: vec![MonitorId::new([9; 13])],
            levels: vec![Level::at_once(vec![target(3, true)]), later],
        }
    }

    #[test]
    fn a_definition_reads_back_from_its_form() {
        let draft = draft();
        assert_eq!(from_form(&to_form(&draft), draft.monitors.clone()), (draft, Vec::new()));
    }

    #[test]
    fn a_removed_level_takes_its_fields_along_and_the_next_moves_up() {
        let mut form = to_form(&draft());
        remove_level(&mut form, 0);
        let (read, errors) = from_form(&form, Vec::new());
        assert!(errors.is_empty());
        assert_eq!(read.levels, draft().levels[1..]);
        assert!(form.keys().all(|name| !name.starts_with("levels.1")), "{form:?}");
        add_level(&mut form);
        assert_eq!(origins(&form), [Was::Level(1), Was::New]);
    }

    #[test]
    fn a_new_level_comes_after_the_last_one_and_not_without_end() {
        let mut form = to_form(&draft());
        add_level(&mut form);
        assert_eq!(from_form(&form, Vec::new()).0.levels[2].condition, Condition::Minutes { minutes: 20 });
        for _ in 0..10 {
            add_level(&mut form);
        }
        assert_eq!(levels(&form), MAX_LEVELS);
    }

    #[test]
    fn a_form_that_is_shown_again_has_no_secret_that_was_typed() {
        let mut form = to_form(&draft());
        let secret = |name: &str, secret| LevelVariable { name: name.to_owned(), secret };
        let choice = |id, is_secret| IntegrationChoice {
            id: integration(id),
            name: String::new(),
            kind: ProviderKind::Custom,
            enabled: true,
            variables: vec![secret("room", is_secret)],
        };
        let field = |level, id| variable_field(level, &integration(id), "room");
        form.insert(field(0, 3), MASK.to_owned());
        forget_secrets(&mut form, &[choice(1, true), choice(2, false), choice(3, true)]);
        assert_eq!([&form[&field(1, 1)], &form[&field(1, 2)], &form[&field(0, 3)]], ["", "R2", MASK]);
        assert_eq!(form["levels.1.message"], "Wake up");
    }

    #[test]
    fn a_number_that_does_not_fit_is_told_its_field_and_its_bounds() {
        let refused = |field: &str, value: &str| {
            let mut form = to_form(&draft());
            form.insert(format!("levels.0.{field}"), value.to_owned());
            let (draft, mut errors) = from_form(&form, Vec::new());
            draft.examine(&mut errors);
            assert_eq!(errors.len(), 1, "{errors:?}");
            assert_eq!(errors[0].field, format!("levels.0.{field}"));
            errors.remove(0).message
        };
        let fits = "does not fit; write a whole number from";
        assert_eq!(refused("count", "-3"), format!("Failures in a row: -3 {fits} 1 to 1000."));
        assert_eq!(refused("count", "99999"), format!("Failures in a row: 99999 {fits} 1 to 1000."));
        assert_eq!(refused("reminders", "9999999999"), format!("Reminders: 9999999999 {fits} 0 to 100."));
        assert_eq!(
            refused("reminder_minutes", "1.5"),
            format!("Minutes between reminders: “1.5” {fits} 1 to 10080.")
        );
        assert_eq!(refused("count", " "), "Failures in a row: write a whole number from 1 to 1000.");
    }

    #[test]
    fn what_is_no_number_is_named_by_its_field_and_read_as_usual() {
        let mut form = to_form(&draft());
        form.insert("levels.1.minutes".to_owned(), "soon".to_owned());
        let (read, errors) = from_form(&form, Vec::new());
        assert_eq!(errors[0].field, "levels.1.minutes");
        assert_eq!(read.levels.len(), 2);
        assert_eq!(unclear(&errors, read.levels.len()), [1]);
    }
}
