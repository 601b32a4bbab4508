//! What levels give integrations: sealed in the database, masked in every answer, whole where it is sent. On both databases.

use std::collections::BTreeMap;

use domain::alert::{Condition, DefinitionDraft, Level, LevelTarget};
use domain::custom::{CustomSettings, PredefinedVariable, VariableSource};
use domain::id::IntegrationId;
use domain::integration::{IntegrationDraft, ProviderKind};
use domain::level_values::{LevelValue, Was};
use domain::secret::MASK;
use domain::views::console::{DefinitionView, DeliveryQuery, ListQuery};
use engine::chance::Chance;
use engine::keys;
use engine::seal::Sealer;
use engine::services::ServiceError;
use engine::store::{self, Db};
use sqlx::{Connection, PgConnection, SqliteConnection};

use crate::on_both;
use crate::tellers::{Receiver, Telling, define, insert, level};
use crate::world::{OPERATOR, World};

/// A custom integration that leaves a team and a key to levels.
async fn desk(world: &World, url: &str) -> IntegrationId {
    let mut settings = CustomSettings::default();
    let variable = |name: &str, source, secret| PredefinedVariable { name: name.to_owned(), source, secret };
    settings.variables = vec![
        variable("Url", VariableSource::Fixed { value: url.into() }, false),
        variable("Team", VariableSource::PerLevel, false),
        variable("Key", VariableSource::PerLevel, true),
    ];
    let step = &mut settings.definitions[0].steps[0];
    step.url = String::from("{{Url}}");
    step.body = String::from(r#"{"team":"{{Team}}","key":"{{Key}}"}"#);
    let draft =
        IntegrationDraft { name: "Desk".to_owned(), settings: settings.into(), enabled: true, quiet: None };
    insert(world, &draft).await.1
}

/// Saves the form of an integration with another address.
async fn edit_url(world: &World, id: &IntegrationId, url: &str) {
    edit(world, id, |settings| settings.variables[0].source = VariableSource::Fixed { value: url.into() })
        .await;
}

/// Saves the form of an integration with something changed.
async fn edit(world: &World, id: &IntegrationId, change: impl FnOnce(&mut CustomSettings)) {
    let mut form =
        world.services.integration_form(OPERATOR, Some(id), ProviderKind::Custom).await.unwrap().values;
    let mut settings: CustomSettings = serde_json::from_str(&form["definition"]).unwrap();
    change(&mut settings);
    form.insert("definition".to_owned(), serde_json::to_string(&settings).unwrap());
    world.services.edit_integration(OPERATOR, id, &form).await.unwrap();
}

fn given(integration: &IntegrationId, pairs: &[(&str, &str)]) -> Level {
    let variables: BTreeMap<String, LevelValue> =
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
    let target = LevelTarget { integration: integration.clone(), ok: true, reminders: true, variables };
    Level::at_once(vec![target])
}

/// The levels of all definitions as the database holds them.
async fn at_rest(world: &World) -> String {
    texts(world, "select cast(levels as text) from alert_definitions order by id").await
}

async fn texts(world: &World, sql: &'static str) -> String {
    let texts: Vec<String> = if world.url.starts_with("sqlite") {
        let mut db = SqliteConnection::connect(&world.url).await.unwrap();
        sqlx::query_scalar(sql).fetch_all(&mut db).await.unwrap()
    } else {
        let mut db = PgConnection::connect(&world.url).await.unwrap();
        sqlx::query_scalar(sql).fetch_all(&mut db).await.unwrap()
    };
    texts.concat()
}

/// The values of a variable in the store, level by level.
async fn stored(db: &Db, variable: &str) -> Vec<String> {
    let mut tx = db.read().await.unwrap();
    let all = store::definitions::all(&mut tx).await.unwrap();
    let targets = all.iter().flat_map(|one| &one.draft.levels).flat_map(|level| &level.targets);
    let value =
        |target: &LevelTarget| target.variables.get(variable).map(|one| one.value.expose().to_owned());
    targets.filter_map(value).collect()
}

async fn first(world: &World) -> DefinitionView {
    world.services.definitions(OPERATOR).await.unwrap().remove(0)
}

async fn save(world: &World, draft: &DefinitionDraft, origins: &[Was]) -> Vec<String> {
    let old = first(world).await;
    let edited = Some((&old.id, old.version));
    match world.services.save_levels(OPERATOR, edited, draft, origins).await {
        Ok(_) => Vec::new(),
        Err(ServiceError::Invalid(errors)) => errors.iter().map(ToString::to_string).collect(),
        Err(other) => panic!("{other}"),
    }
}

on_both! {
    async fn a_secret_of_a_level_is_sealed_masked_and_kept_and_sent_whole(world: World) {
        let receiver = Receiver::open().await;
        let desk = desk(&world, &receiver.url).await;
        define(&world, Vec::new()).await;
        let mut draft = first(&world).await.draft;
        draft.levels = vec![given(&desk, &[("Team", "night")])];
        let refused = save(&world, &draft, &[]).await;
        assert!(refused.len() == 1 && refused[0].contains("Level 1, “Desk”, variable “Key”"), "{refused:?}");
        draft.levels = vec![given(&desk, &[("Team", "night"), ("Key", MASK)])];
        let refused = save(&world, &draft, &[]).await;
        assert!(refused.len() == 1 && refused[0].contains("no value is stored"), "{refused:?}");

        draft.levels = vec![given(&desk, &[("Team", "night"), ("Key", "hunter2")])];
        assert!(save(&world, &draft, &[]).await.is_empty());
        let text = at_rest(&world).await;
        assert!(text.contains("sealed:1:") && text.contains("night") && !text.contains("hunter2"), "{text}");
        let shown = first(&world).await.draft;
        let json = serde_json::to_string(&shown).unwrap();
        assert!(json.contains(MASK) && json.contains("night") && !json.contains("hunter2"), "{json}");
        assert!(save(&world, &shown, &[]).await.is_empty());
        assert_eq!(stored(&world.db, "Key").await, ["hunter2"]);
        let list = world.services.definition_list(OPERATOR, &ListQuery::default()).await.unwrap();
        let json = serde_json::to_string(&list).unwrap();
        assert!(json.contains("Desk") && !json.contains("hunter2") && !json.contains("night"), "{json}");

        let (monitor, _) = world.monitor("Shop").await;
        let telling = Telling::over(&world);
        world.outage(monitor).await;
        telling.pass().await;
        let outbox = "select cast(message as text) from deliveries";
        let text = texts(&world, outbox).await;
        assert!(text.contains("sealed:1:") && !text.contains("hunter2") && !text.contains("night"), "{text}");
        let heard = receiver.heard.lock().unwrap()[0].body.clone();
        assert_eq!(heard, serde_json::json!({ "team": "night", "key": "hunter2" }));
        let log = world.services.deliveries(OPERATOR, &DeliveryQuery::default()).await.unwrap();
        let detail = world.services.delivery(OPERATOR, &log.rows[0].id).await.unwrap();
        let json = serde_json::to_string(&detail).unwrap();
        assert!(json.contains(MASK) && !json.contains("hunter2"), "{json}");
    }

    async fn what_a_level_gave_is_sent_after_the_keys_have_changed(world: World) {
        let receiver = Receiver::open().await;
        let desk = desk(&world, &receiver.url).await;
        define(&world, vec![given(&desk, &[("Team", "night"), ("Key", "hunter2")])]).await;
        let (monitor, _) = world.monitor("Shop").await;
        world.outage(monitor).await;
        let keys = [engine::seal::new_key(&Chance::System), engine::seal::new_key(&Chance::System)];
        let with = |keys: &[&String]| {
            let keys = keys.iter().map(|key| key.as_str());
            world.db.clone().sealing_with(Sealer::new(keys, Chance::System).unwrap())
        };
        let mut telling = Telling::over(&world);
        telling.planner.db = with(&[&keys[0]]);
        keys::agree(&telling.planner.db).await.unwrap();
        telling.planner.round().await.unwrap();
        keys::reseal(&with(&[&keys[1], &keys[0]])).await.unwrap();
        telling.dispatcher.db = with(&[&keys[1]]);
        telling.dispatcher.pass().await.unwrap();
        let heard = receiver.heard.lock().unwrap()[0].body.clone();
        assert_eq!(heard, serde_json::json!({ "team": "night", "key": "hunter2" }));
    }

    async fn who_sends_elsewhere_does_not_get_the_secrets_of_levels(world: World) {
        let (receiver, thief) = (Receiver::open().await, Receiver::open().await);
        let desk = desk(&world, &receiver.url).await;
        define(&world, vec![
            given(&desk, &[("Team", "night"), ("Key", "hunter2")]),
            level(Condition::Minutes { minutes: 60 }, &desk),
        ]).await;
        let (monitor, _) = world.monitor("Shop").await;
        let telling = Telling::over(&world);
        receiver.answers(&[(503, ""), (200, "")]);
        world.outage(monitor).await;
        telling.pass().await;
        let version = first(&world).await.version;

        // Another path of the same host is no other place.
        edit_url(&world, &desk, &format!("{}/2", receiver.url)).await;
        assert_eq!((stored(&world.db, "Key").await, first(&world).await.version), (vec!["hunter2".to_owned()], version));
        edit_url(&world, &desk, &thief.url).await;
        assert!(stored(&world.db, "Key").await.is_empty());
        assert_eq!(stored(&world.db, "Team").await, ["night"]);
        let view = first(&world).await;
        assert!(view.version > version, "whoever has the old one in a form hears of it");
        let lacking: Vec<_> = view.lacking.iter().map(|one| (one.level, one.variable.as_str())).collect();
        assert_eq!(lacking, [(1, "Key"), (2, "Team"), (2, "Key")]);
        let form = world.services.integration_form(OPERATOR, Some(&desk), ProviderKind::Custom).await.unwrap();
        assert_eq!(form.used_by.lacking, view.lacking);

        // Neither what is tried again nor what somebody asks for once more has it.
        world.pass(domain::time::MINUTE);
        telling.pass().await;
        let log = world.services.deliveries(OPERATOR, &DeliveryQuery::default()).await.unwrap();
        assert_eq!(world.services.replay(OPERATOR, &[log.rows[0].id.clone()]).await.unwrap(), 1);
        telling.pass().await;
        let heard = thief.heard.lock().unwrap().clone();
        let expected = serde_json::json!({ "team": "night", "key": "" });
        assert_eq!(heard.iter().map(|heard| &heard.body).collect::<Vec<_>>(), [&expected, &expected]);
    }

    async fn what_was_a_secret_once_does_not_leave_with_a_message_that_is_sent_once_more(world: World) {
        let (receiver, thief) = (Receiver::open().await, Receiver::open().await);
        let desk = desk(&world, &receiver.url).await;
        define(&world, vec![given(&desk, &[("Team", "night"), ("Key", "hunter2")])]).await;
        let (monitor, _) = world.monitor("Shop").await;
        let telling = Telling::over(&world);
        world.outage(monitor).await;
        telling.pass().await;
        // Step by step: it is a secret no more, has a value that is none, and then the address changes.
        edit(&world, &desk, |settings| settings.variables[2].secret = false).await;
        let draft = DefinitionDraft { levels: vec![given(&desk, &[("Team", "day"), ("Key", "x")])], ..first(&world).await.draft };
        assert!(save(&world, &draft, &[]).await.is_empty());
        edit_url(&world, &desk, &thief.url).await;
        assert_eq!(stored(&world.db, "Key").await, ["x"], "this one everybody sees");
        let log = world.services.deliveries(OPERATOR, &DeliveryQuery::default()).await.unwrap();
        world.services.replay(OPERATOR, &[log.rows[0].id.clone()]).await.unwrap();
        telling.pass().await;
        let heard = thief.heard.lock().unwrap()[0].body.clone();
        assert_eq!(heard, serde_json::json!({ "team": "", "key": "" }));
    }

    async fn a_definition_that_lacks_values_is_switched_off_and_not_on(world: World) {
        let desk = desk(&world, "https://desk.example.org").await;
        define(&world, vec![
            given(&desk, &[("Team", "night"), ("Key", "hunter2")]),
            level(Condition::Minutes { minutes: 5 }, &desk),
        ]).await;
        let mut draft = first(&world).await.draft;
        let refused = save(&world, &draft, &[]).await;
        assert!(refused.len() == 2 && refused[0].contains("Level 2, “Desk”, variable “Team”"), "{refused:?}");
        draft.active = false;
        draft.name = String::from("Off");
        assert!(save(&world, &draft, &[]).await.is_empty());
        let view = first(&world).await;
        assert_eq!((view.draft.active, view.draft.name.as_str(), view.lacking.len()), (false, "Off", 2));
        assert_eq!(stored(&world.db, "Key").await, ["hunter2"]);
        // What is there must not go, what is new must be whole, and on it goes only with everything.
        let mut worse = view.draft.clone();
        worse.levels[0].targets[0].variables.remove("Key");
        assert_eq!(save(&world, &worse, &[]).await.len(), 1);
        let mut more = view.draft.clone();
        more.levels.push(level(Condition::Minutes { minutes: 10 }, &desk));
        assert_eq!(save(&world, &more, &[Was::Level(0), Was::Level(1), Was::New]).await.len(), 2);
        let mut on = view.draft.clone();
        on.active = true;
        assert_eq!(save(&world, &on, &[]).await.len(), 2);
        on.levels[1] = given(&desk, &[("Team", "day"), ("Key", "hunter3")]);
        assert!(save(&world, &on, &[]).await.is_empty());
    }

    async fn each_level_keeps_its_own_secret_when_others_come_and_go(world: World) {
        let desk = desk(&world, "https://desk.example.org").await;
        define(&world, Vec::new()).await;
        let mut draft = first(&world).await.draft;
        let keyed = |key| given(&desk, &[("Team", "x"), ("Key", key)]);
        draft.levels = vec![keyed("first"), keyed("second")];
        assert!(save(&world, &draft, &[]).await.is_empty());
        // A form says which level each was; a program that sends another number of them does not.
        draft.levels = vec![keyed(MASK)];
        let refused = save(&world, &draft, &[]).await;
        assert!(refused.len() == 1 && refused[0].contains("not clear"), "{refused:?}");
        draft.levels = vec![keyed(MASK), keyed("third")];
        assert!(save(&world, &draft, &[Was::Level(1), Was::New]).await.is_empty());
        assert_eq!(stored(&world.db, "Key").await, ["second", "third"]);
    }

    async fn plain_values_of_an_older_program_are_masked_and_sealed_at_the_next_rotation(world: World) {
        let desk = desk(&world, "https://desk.example.org").await;
        define(&world, vec![given(&desk, &[("Team", "night"), ("Key", "hunter2")])]).await;
        assert!(at_rest(&world).await.contains("hunter2"));
        let json = serde_json::to_string(&first(&world).await.draft).unwrap();
        assert!(json.contains(MASK) && !json.contains("hunter2"), "{json}");
        // A program leaves the value alone; changing anything else seals it.
        let mut draft = first(&world).await.draft;
        draft.active = false;
        assert!(save(&world, &draft, &[]).await.is_empty());
        assert!(!at_rest(&world).await.contains("hunter2"));

        define_again(&world, &desk).await;
        let key = engine::seal::new_key(&Chance::System);
        let with = |keys: &[&str]| {
            world.db.clone().sealing_with(Sealer::new(keys.iter().copied(), Chance::System).unwrap())
        };
        let new = with(&[&key]);
        let done = keys::reseal(&new).await.unwrap();
        assert_eq!(done.definitions, 1, "one does not open with these keys, and is left as it is");
        let text = at_rest(&world).await;
        assert!(!text.contains("hunter3") && text.matches("sealed:1:").count() == 2, "{text}");
        assert_eq!(stored(&new, "Key").await, ["hunter3"], "what does not open is left out");
        assert_eq!(stored(&world.db, "Key").await, ["hunter2"], "and was not lost");
        let later = engine::seal::new_key(&Chance::System);
        assert_eq!(keys::reseal(&with(&[&later, &key])).await.unwrap().definitions, 1);
        assert_eq!(stored(&with(&[&later]), "Key").await, ["hunter3"]);
    }

    async fn values_that_are_missing_are_told_of_where_they_are_given_and_where_they_are_used(world: World) {
        let desk = desk(&world, "https://desk.example.org").await;
        define(&world, vec![
            given(&desk, &[("Team", "night"), ("Key", "x")]),
            level(Condition::Minutes { minutes: 5 }, &desk),
        ]).await;
        let view = first(&world).await;
        let lacking: Vec<_> = view.lacking.iter().map(|one| (one.level, one.variable.as_str())).collect();
        assert_eq!(lacking, [(2, "Team"), (2, "Key")]);
        let form = world.services.integration_form(OPERATOR, Some(&desk), ProviderKind::Custom).await.unwrap();
        assert_eq!(form.used_by.lacking, view.lacking);
    }
}

/// A second definition, as an older program stored it.
async fn define_again(world: &World, desk: &IntegrationId) {
    let (_, monitor) = world.monitor("Mail").await;
    let mut tx = world.db.write().await.unwrap();
    let project = store::projects::only(&mut tx).await.unwrap().unwrap();
    let levels = vec![given(desk, &[("Team", "day"), ("Key", "hunter3")])];
    let draft = DefinitionDraft { name: "Mail".to_owned(), active: true, monitors: vec![monitor], levels };
    let id = domain::id::DefinitionId::new(world.chance.bytes());
    store::definitions::insert(&mut tx, project.key, &id, &draft, false, world.now()).await.unwrap();
    tx.commit().await.unwrap();
}
