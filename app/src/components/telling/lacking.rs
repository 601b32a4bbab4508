//! What levels leave out that integrations ask them for.

use domain::views::console::LackingVariable;
use leptos::prelude::*;

use crate::components::icon::Icon;

/// A warning with a row for each value that is missing; nothing when none is.
#[component]
pub fn LackingNotice(
    /// What is missing.
    lacking: Vec<LackingVariable>,
) -> impl IntoView {
    if lacking.is_empty() {
        return ().into_any();
    }
    let rows = lacking.into_iter().map(|one| {
        let (definition, integration) = (
            format!("/console/alerts/{}", one.definition.id),
            format!("/console/integrations/{}", one.integration.id),
        );
        view! {
            <li>
                <a href=definition>{one.definition.name} ", level " {one.level}</a> " gives "
                <a href=integration>{one.integration.name}</a> " nothing for " <code>{one.variable}</code> "."
            </li>
        }
    });
    view! {
        <div class="notice" data-state="degraded">
            <Icon name="st-degraded"/>
            <div>
                <strong>"Values are missing"</strong>
                <p>"The integration leaves them to the level. Until they are filled in, they are empty in what is sent."</p>
                <ul>{rows.collect_view()}</ul>
            </div>
        </div>
    }
    .into_any()
}
