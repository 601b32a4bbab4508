//! The pages of Pharos: the console, which the browser takes over, and the public status page, which it does not.

#![expect(
    unreachable_pub,
    reason = "the component macro declares properties as pub, whatever the component is"
)]
#![expect(clippy::needless_pass_by_value, reason = "a component owns its properties: views outlive the call")]
#![cfg_attr(
    feature = "ssr",
    expect(clippy::unused_async, reason = "server functions are async, whatever they do")
)]

pub mod browser;
pub mod call;
pub mod codec;
pub mod components;
#[cfg(feature = "ssr")]
pub mod context;
pub mod error;
pub mod flash;
pub mod live;
pub mod pages;
pub mod server_fns;
#[cfg(feature = "ssr")]
mod shell;
pub mod words;

#[cfg(feature = "ssr")]
pub use shell::{PageAssets, shell};

use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::components::{Outlet, ParentRoute, Route, Router, Routes};
use leptos_router::path;

use crate::components::layout::Layout;
use crate::components::leave::Leaving;
use crate::components::time::Clock;
use crate::pages::{
    alerts, confirm, deliveries, incidents, integrations, login, missing, monitors, more, overview,
    page_editor, settings, setup, tokens,
};

/// The console.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    Clock::provide();
    Leaving::provide();
    view! {
        // The empty text holds while one page has gone and the next is not there yet: a tab is never without a name.
        <Title text="" formatter=|text: String| if text.is_empty() { "Pharos".to_owned() } else { format!("{text} · Pharos") }/>
        <Router>
            <Routes fallback=missing::Missing>
                <Route path=path!("/setup") view=setup::SetUp/>
                <Route path=path!("/login") view=login::LogIn/>
                <Route path=path!("/confirm/:token") view=confirm::Confirm/>
                <ParentRoute path=path!("/console") view=|| view! { <Layout><Outlet/></Layout> }>
                    <Route path=path!("") view=overview::Overview/>
                    <Route path=path!("/monitors") view=monitors::list::Monitors/>
                    <Route path=path!("/monitors/new") view=monitors::form::NewMonitor/>
                    <Route path=path!("/monitors/:id") view=monitors::detail::Monitor/>
                    <Route path=path!("/monitors/:id/edit") view=monitors::form::ChangeMonitor/>
                    <Route path=path!("/incidents") view=incidents::Incidents/>
                    <Route path=path!("/incidents/:id") view=incidents::Incident/>
                    <Route path=path!("/alerts") view=alerts::list::Alerts/>
                    <Route path=path!("/alerts/:id") view=alerts::editor::Definition/>
                    <Route path=path!("/subscriptions") view=alerts::subscriptions::Subscriptions/>
                    <Route path=path!("/subscriptions/:id") view=alerts::subscription::Subscription/>
                    <Route path=path!("/integrations") view=integrations::list::Integrations/>
                    <Route path=path!("/integrations/new") view=integrations::form::NewIntegration/>
                    <Route path=path!("/integrations/:id") view=integrations::form::Integration/>
                    <Route path=path!("/deliveries") view=deliveries::Deliveries/>
                    <Route path=path!("/deliveries/:id") view=deliveries::Delivery/>
                    <Route path=path!("/more") view=more::More/>
                    <Route path=path!("/page") view=page_editor::PageEditor/>
                    <Route path=path!("/settings") view=settings::Settings/>
                    <Route path=path!("/settings/tokens") view=tokens::Tokens/>
                    <Route path=path!("/*any") view=missing::Missing/>
                </ParentRoute>
            </Routes>
        </Router>
    }
}
