//! Lists of the console as they are after years of use.

use std::collections::BTreeMap;

use domain::alert::{DefinitionDraft, Level, LevelTarget};
use domain::id::{ComponentId, DefinitionId, IntegrationId, MonitorId};
use domain::integration::ProviderKind;
use domain::person::Viewer;
use domain::views::console::{ComponentDraft, SubscriptionDraft};
use engine::services::Services;

/// Definitions, integrations, subscriptions and tokens: so many of each.
const EACH: usize = 300;
/// Monitors that one definition names.
const NAMED: usize = 4_000;
/// Groups of the status page.
const GROUPS: usize = 20;
/// Components of the status page, with those that it has before: as many as a page may have.
const COMPONENTS: usize = 1_000;
const BEFORE: usize = 50;
/// Monitors that each of them follows.
const FOLLOWED: usize = 5;

/// What is looked at besides the lists.
pub(crate) struct Filled {
    /// A definition that names thousands of monitors.
    pub(crate) definition: DefinitionId,
    /// A component of the last page.
    pub(crate) component: ComponentId,
}

/// Fills the lists.
pub(crate) async fn fill(services: &Services, monitors: &[MonitorId]) -> Filled {
    let mut channels = Vec::new();
    for number in 0..EACH {
        channels.push(integration(services, &format!("Channel {number:03}")).await);
    }
    for (number, channel) in channels.iter().enumerate() {
        definition(services, &format!("Team {number:03}"), &monitors[number..number + 3], channel).await;
        let draft = SubscriptionDraft {
            name: format!("Feed {number:03}"),
            integration: channel.clone(),
            events: vec!["incident.created".to_owned()],
            monitors: None,
            enabled: true,
        };
        services.save_subscription(&Viewer::System, None, &draft).await.unwrap();
        services.create_token(&Viewer::System, &format!("Program {number:03}")).await.unwrap();
    }
    let definition = definition(services, "Everything", &monitors[..NAMED], &channels[0]).await;
    let mut component = None;
    for number in 0..GROUPS {
        let group = services.add_group(&Viewer::System, &format!("Region {number:02}")).await.unwrap();
        let each = (COMPONENTS - BEFORE) / GROUPS + usize::from(number < (COMPONENTS - BEFORE) % GROUPS);
        for place in 0..each {
            let from = (number * each + place) * FOLLOWED % (monitors.len() - FOLLOWED);
            let draft = ComponentDraft {
                name: format!("Part {number:02}{place:02}"),
                group: Some(group.clone()),
                monitors: monitors[from..from + FOLLOWED].to_vec(),
                show_uptime: true,
                ..ComponentDraft::default()
            };
            component = Some(services.add_component(&Viewer::System, &draft).await.unwrap());
        }
    }
    Filled { definition, component: component.unwrap() }
}

async fn integration(services: &Services, name: &str) -> IntegrationId {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let form = [pair("name", name), pair("url", "http://127.0.0.1:9/"), pair("in_default", "false")].into();
    services.add_integration(&Viewer::System, ProviderKind::Webhook, &form).await.unwrap()
}

async fn definition(
    services: &Services,
    name: &str,
    monitors: &[MonitorId],
    integration: &IntegrationId,
) -> DefinitionId {
    let target = LevelTarget {
        integration: integration.clone(),
        ok: true,
        reminders: true,
        variables: BTreeMap::new(),
    };
    let draft = DefinitionDraft {
        name: name.to_owned(),
        active: true,
        monitors: monitors.to_vec(),
        levels: vec![Level::at_once(vec![target])],
    };
    services.save_definition(&Viewer::System, None, &draft).await.unwrap()
}
