//! The stream of a page for programs: what happened, in the words of `up` and Instatus (contracts.md 5.4).

use axum::extract::ws::{Utf8Bytes, WebSocketUpgrade};
use axum::extract::{Path, State};
use axum::response::Response;
use domain::incident::IncidentPhase;
use domain::status_page::{ComponentState, PageState};
use domain::time::Timestamp;
use domain::views::public::{ComponentView, IncidentView, PageView};
use serde::Serialize;

use super::face::Face;
use super::hub::Hub;
use super::wire::encode;
use super::{full, refused, socket};

/// Follows a page. The first message is the whole page; then each change is told by itself.
pub async fn socket(State(hub): State<Hub>, Path(slug): Path<String>, upgrade: WebSocketUpgrade) -> Response {
    let face = match hub.face(Some(&slug)).await {
        Ok(face) => face,
        Err(error) => return refused(&error),
    };
    let Some(seat) = hub.seat(&face) else { return full() };
    socket::limited(upgrade).on_upgrade(move |socket| async move {
        let _seat = seat;
        let (first, news) = face.follow_json();
        // Whoever lagged is told the whole page.
        let tell = |news: Option<Utf8Bytes>| news.unwrap_or_else(|| json_of(&face));
        socket::serve(socket, first, news, tell).await;
    })
}

fn json_of(face: &Face) -> Utf8Bytes {
    snapshot(&face.view())
}

#[derive(Serialize)]
struct Message<T> {
    event: &'static str,
    data: T,
}

/// What receivers of webhooks find beside a page. Both are empty: whoever listens here ends that by going away.
#[derive(Default, Serialize)]
struct Meta {
    unsubscribe: &'static str,
    documentation: &'static str,
}

#[derive(Serialize)]
struct Page<'a> {
    id: &'a str,
    name: &'a str,
    status_indicator: &'static str,
    status_description: &'static str,
    /// Without its host when the configuration does not say where the installation is.
    url: String,
}

#[derive(Serialize)]
struct Component<'a> {
    created_at: String,
    id: &'a str,
    name: &'a str,
    status: &'static str,
}

#[derive(Serialize)]
struct ComponentUpdate<'a> {
    created_at: String,
    new_status: &'static str,
    component_id: &'a str,
}

#[derive(Serialize)]
struct Incident<'a> {
    id: &'a str,
    name: &'a str,
    status: &'static str,
    impact: &'static str,
    /// Never: each was on the page from its beginning.
    backfilled: bool,
    created_at: String,
    /// The last thing that was said or happened.
    updated_at: String,
    resolved_at: Option<String>,
    url: String,
    /// The oldest first: receivers take the last one as the latest.
    #[serde(rename = "incident_updates")]
    updates: Vec<IncidentUpdate<'a>>,
}

#[derive(Serialize)]
struct IncidentUpdate<'a> {
    id: &'a str,
    incident_id: &'a str,
    body: &'a str,
    status: &'static str,
    created_at: String,
    /// The same: what was said is not written anew.
    updated_at: String,
}

#[derive(Serialize)]
struct Whole<'a> {
    meta: Meta,
    page: Page<'a>,
    components: Vec<Component<'a>>,
    incidents: Vec<Incident<'a>>,
}

#[derive(Serialize)]
struct ComponentNews<'a> {
    meta: Meta,
    page: Page<'a>,
    component_update: ComponentUpdate<'a>,
    component: Component<'a>,
}

#[derive(Serialize)]
struct IncidentNews<'a> {
    meta: Meta,
    page: Page<'a>,
    incident: Incident<'a>,
}

/// The whole page.
pub(super) fn snapshot(view: &PageView) -> Utf8Bytes {
    let data = Whole {
        meta: Meta::default(),
        page: page(view),
        components: components(view).map(component).collect(),
        incidents: view.incidents.iter().map(|one| incident(view, one)).collect(),
    };
    encode(&Message { event: "page", data })
}

/// What changed from one view to the next.
pub(super) fn news(old: &PageView, new: &PageView) -> Vec<Utf8Bytes> {
    let mut messages = Vec::new();
    for now in components(new) {
        let before = components(old).find(|before| before.id == now.id);
        if before.is_none_or(|before| before.state != now.state) {
            let component_update = ComponentUpdate {
                created_at: written(new.at),
                new_status: now.state.as_str(),
                component_id: now.id.as_str(),
            };
            let (meta, page) = (Meta::default(), page(new));
            let data = ComponentNews { meta, page, component_update, component: component(now) };
            messages.push(encode(&Message { event: "component", data }));
        }
    }
    for now in incidents(new) {
        let before = incidents(old).find(|before| before.id == now.id);
        // What moves into the page's past without a change is old news.
        if before.map_or(now.resolved_at.is_none(), |before| before != now) {
            let data = IncidentNews { meta: Meta::default(), page: page(new), incident: incident(new, now) };
            messages.push(encode(&Message { event: "incident", data }));
        }
    }
    let same =
        components(old).map(|component| &component.id).eq(components(new).map(|component| &component.id));
    // One that left the page without an end: a state was set by hand, or it began too long ago for the page's past.
    let gone = old.incidents.iter().any(|before| incidents(new).all(|now| now.id != before.id));
    if !same || gone || old.state != new.state || old.head != new.head {
        messages.push(snapshot(new));
    }
    messages
}

fn components(view: &PageView) -> impl Iterator<Item = &ComponentView> {
    view.sections.iter().flat_map(|section| &section.components)
}

fn incidents(view: &PageView) -> impl Iterator<Item = &IncidentView> {
    view.incidents.iter().chain(view.past.iter().flat_map(|day| &day.incidents))
}

fn page(view: &PageView) -> Page<'_> {
    Page {
        id: &view.head.slug,
        name: &view.head.name,
        status_indicator: view.state.as_str(),
        status_description: match view.state {
            PageState::Up if view.worst == ComponentState::NoData => "No data yet",
            PageState::Up => "All systems operational",
            PageState::HasIssues => "Some systems are experiencing issues",
            PageState::UnderMaintenance => "Some systems are under maintenance",
        },
        url: format!("{}{}", view.base_url, view.head.home()),
    }
}

fn component(view: &ComponentView) -> Component<'_> {
    Component {
        created_at: written(view.created_at),
        id: view.id.as_str(),
        name: &view.name,
        status: view.state.as_str(),
    }
}

fn incident<'a>(page: &PageView, view: &'a IncidentView) -> Incident<'a> {
    let told = view.updates.iter().map(|update| update.at);
    let updated_at = told.chain(view.resolved_at).fold(view.started_at, Timestamp::max);
    Incident {
        id: view.id.as_str(),
        name: &view.title,
        status: phase(view.phase),
        impact: view.impact.as_str(),
        backfilled: false,
        created_at: written(view.started_at),
        updated_at: written(updated_at),
        resolved_at: view.resolved_at.map(written),
        url: format!("{}{}/incidents/{}", page.base_url, page.head.base(), view.id),
        updates: view
            .updates
            .iter()
            .rev()
            .map(|told| IncidentUpdate {
                id: told.id.as_str(),
                incident_id: view.id.as_str(),
                body: &told.body,
                status: phase(told.phase),
                created_at: written(told.at),
                updated_at: written(told.at),
            })
            .collect(),
    }
}

fn phase(phase: IncidentPhase) -> &'static str {
    match phase {
        IncidentPhase::Investigating => "INVESTIGATING",
        IncidentPhase::Identified => "IDENTIFIED",
        IncidentPhase::Monitoring => "MONITORING",
        IncidentPhase::Resolved => "RESOLVED",
    }
}

fn written(at: Timestamp) -> String {
    at.to_rfc3339()
}
