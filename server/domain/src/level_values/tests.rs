use super::*;
use crate::alert::Level;
use crate::custom::{CustomSettings, PredefinedVariable, VariableSource};

fn desk(secret: bool) -> IntegrationSettings {
    let mut settings = CustomSettings::default();
    let variable = |name: &str, secret| PredefinedVariable {
        name: name.to_owned(),
        source: VariableSource::PerLevel,
        secret,
    };
    settings.variables.extend([variable("Team", false), variable("Key", secret)]);
    settings.into()
}

fn target(pairs: &[(&str, &str)]) -> LevelTarget {
    LevelTarget {
        integration: IntegrationId::new([1; 13]),
        ok: true,
        reminders: true,
        variables: pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect(),
    }
}

fn stored(keys: &[&str]) -> DefinitionDraft {
    let level = |key: &&str| {
        let mut target = target(&[("Team", "night"), ("Key", key)]);
        target.variables.get_mut("Key").unwrap().hidden = true;
        Level::at_once(vec![target])
    };
    DefinitionDraft {
        name: "Shop".to_owned(),
        active: true,
        monitors: Vec::new(),
        levels: keys.iter().map(level).collect(),
    }
}

fn settle(
    settings: &IntegrationSettings,
    pairs: &[(&str, &str)],
    stored: Option<&DefinitionDraft>,
    level: Was,
) -> Result<BTreeMap<String, LevelValue>, Vec<String>> {
    let (mut target, mut errors) = (target(pairs), Vec::new());
    let told = Told { name: "Desk", settings: Some(settings) };
    told.settle(&mut target, 1, &Before { stored, level, off: false }, &mut errors);
    let shown = errors.iter().map(ToString::to_string).collect();
    if errors.is_empty() { Ok(target.variables) } else { Err(shown) }
}

#[test]
fn what_a_level_leaves_out_is_named_with_the_level_and_the_integration() {
    let desk = desk(true);
    let errors = settle(&desk, &[("team", "night"), ("Kay", "x")], None, Was::New).unwrap_err();
    assert!(errors[0].contains("Level 2, “Desk”, variable “Key”: Please fill this in"), "{errors:?}");
    assert!(errors[1].contains("variable “Kay”: The integration has no variable"), "{errors:?}");
    let told = Told { name: "Desk", settings: Some(&desk) };
    assert_eq!(told.lacking(&target(&[("team", "night"), ("Key", "")])), ["Key"]);
    let kept = settle(&desk, &[("team", "night"), ("Key", "hunter2")], None, Was::New).unwrap();
    assert_eq!((kept["Team"].hidden, kept["Key"].hidden), (false, true));
}

#[test]
fn the_mask_stands_for_what_is_stored_and_for_nothing_else() {
    let (desk, sent) = (desk(true), [("Team", "day"), ("Key", MASK)]);
    let two = stored(&["first", "second"]);
    for (was, key) in [(0, "first"), (1, "second")] {
        let kept = settle(&desk, &sent, Some(&two), Was::Level(was)).unwrap();
        assert_eq!((kept["Key"].value.expose(), kept["Team"].value.expose()), (key, "day"));
    }
    for (stored, was) in [(None, Was::New), (Some(&two), Was::New), (Some(&two), Was::Level(7))] {
        let errors = settle(&desk, &sent, stored, was).unwrap_err();
        assert!(errors.len() == 1 && errors[0].contains("no value is stored"), "{errors:?}");
    }
    let errors = settle(&desk, &sent, Some(&two), Was::Unsaid).unwrap_err();
    assert!(errors.len() == 1 && errors[0].contains("not clear"), "{errors:?}");
    let same = stored(&["one", "one"]);
    let kept = settle(&desk, &sent, Some(&same), Was::by_place(0, 1, Some(&same))).unwrap();
    assert_eq!(kept["Key"].value.expose(), "one");
}

#[test]
fn what_was_hidden_stays_hidden_until_it_is_given_anew() {
    let (plain, old) = (desk(false), stored(&["hunter2"]));
    let kept = settle(&plain, &[("Team", "x"), ("Key", MASK)], Some(&old), Was::Level(0)).unwrap();
    assert!(kept["Key"].hidden && kept["Key"].value.expose() == "hunter2");
    let told = Told { name: "Desk", settings: Some(&plain) };
    let mut shown = old.levels[0].targets[0].clone();
    told.mask(&mut shown);
    assert_eq!(serde_json::to_string(&shown.variables).unwrap(), r#"{"Key":"********","Team":"night"}"#);
    let kept = settle(&plain, &[("Team", "x"), ("Key", "new")], Some(&old), Was::Level(0)).unwrap();
    assert!(!kept["Key"].hidden);
}

#[test]
fn a_variable_that_is_not_asked_for_any_more_goes_without_a_word() {
    let (stock, old) = (IntegrationSettings::from(CustomSettings::default()), stored(&["hunter2"]));
    let sent = [("Team", "night"), ("Key", MASK)];
    assert!(settle(&stock, &sent, Some(&old), Was::Level(0)).unwrap().is_empty());
    assert!(settle(&stock, &[("Other", "x")], Some(&old), Was::Level(0)).is_err());
}

#[test]
fn what_was_missing_before_is_no_mistake_while_the_definition_is_off() {
    let (desk, mut two) = (desk(true), stored(&["first", "second"]));
    two.levels[0].targets[0].variables.remove("Key");
    let told = Told { name: "Desk", settings: Some(&desk) };
    let settle = |pairs: &[(&str, &str)], stored, level, off| {
        let (mut target, mut errors) = (target(pairs), Vec::new());
        told.settle(&mut target, 0, &Before { stored, level, off }, &mut errors);
        errors.into_iter().map(|error| error.field).collect::<Vec<_>>()
    };
    let sent = [("Team", "day")];
    assert!(settle(&sent, Some(&two), Was::Level(0), true).is_empty());
    for (stored, level, off) in [
        (Some(&two), Was::Level(0), false),
        (Some(&two), Was::Level(1), true),
        (Some(&two), Was::Unsaid, true),
        (Some(&two), Was::New, true),
        (None, Was::New, true),
    ] {
        let wrong = settle(&sent, stored, level, off);
        assert!(wrong.len() == 1 && wrong[0].ends_with(".Key"), "{level:?} {off}: {wrong:?}");
    }
    assert_eq!(
        settle(&[("Kay", "")], Some(&two), Was::Level(0), true).len(),
        2,
        "Team was there, and there is no Kay"
    );
}

#[test]
fn the_mask_stands_for_nothing_where_the_level_leads_elsewhere() {
    let IntegrationSettings::Custom(mut settings) = desk(true) else { unreachable!() };
    settings.definitions[0].steps[0].url = "https://{{Team}}.example.org/{{Key}}".to_owned();
    let (desk, old) = (IntegrationSettings::Custom(settings), stored(&["hunter2"]));
    let sent =
        |team: &str, key: &str| settle(&desk, &[("Team", team), ("Key", key)], Some(&old), Was::Level(0));
    assert_eq!(sent("night", MASK).unwrap()["Key"].value.expose(), "hunter2");
    let errors = sent("thief", MASK).unwrap_err();
    assert!(
        errors.len() == 1 && errors[0].contains("variable “Key”: Enter the secret once more"),
        "{errors:?}"
    );
    assert!(sent("thief", "other").is_ok());
}

#[test]
fn secrets_are_taken_away_as_they_are_and_as_they_were() {
    let (hidden, plain) = (desk(true), desk(false));
    let told = |settings| Told { name: "Desk", settings: Some(settings) };
    for (now, before, level) in [
        (&hidden, &plain, target(&[("Team", "night"), ("key", "x")])),
        (&plain, &hidden, target(&[("Team", "night"), ("Key", "x")])),
        (&plain, &plain, stored(&["x"]).levels[0].targets[0].clone()),
    ] {
        let mut level = level;
        assert_eq!(told(now).forget_secrets(&told(before), &mut level).len(), 1);
        assert_eq!(level.variables.keys().collect::<Vec<_>>(), ["Team"]);
    }
    let mut level = target(&[("Team", "night"), ("Key", "x")]);
    assert!(told(&plain).forget_secrets(&told(&plain), &mut level).is_empty());
}
