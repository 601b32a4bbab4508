//! Status pages as the public sees them. Nobody has to log in for them, and nothing that an operator did not write for the
//! public can get in: the views have no place for it.

mod bars;
mod incidents;

use std::collections::{BTreeMap, HashMap};

use domain::days::{self, Month};
use domain::id::{ComponentKey, IncidentId, PageKey};
use domain::person::Viewer;
use domain::status_page::{ComponentState, follow, page_state, worst};
use domain::views::public::{
    ComponentView, GroupHead, HistoryView, IncidentPage, PAST_DAYS, PageHead, PageView, SectionView, uptime,
};

use super::{Result, ServiceError, Services};
use crate::store::components::Component;
use crate::store::pages::{Logo, Page};
use crate::store::views::public::Followed;
use crate::store::{self, Tx};

/// Open incidents that a page shows; a page with more of them says enough.
const MOST_OPEN: i64 = 100;

/// How much of the bars is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// Every day, the uptime over them, and sparklines.
    Whole,
    /// Today alone.
    Today,
}

/// What is known of the components of a page.
struct Board {
    components: Vec<Component>,
    followed: HashMap<ComponentKey, Vec<Followed>>,
}

impl Board {
    async fn read(tx: &mut Tx, page: PageKey) -> Result<Self> {
        let components = store::components::of_page(tx, page).await?;
        let mut followed: HashMap<ComponentKey, Vec<Followed>> = HashMap::new();
        for monitor in store::views::public::followed(tx, page).await? {
            followed.entry(monitor.component).or_default().push(monitor);
        }
        Ok(Self { components, followed })
    }

    fn followed(&self, component: ComponentKey) -> &[Followed] {
        self.followed.get(&component).map_or(&[], Vec::as_slice)
    }

    /// Whether a person said of a component that it is well or under maintenance, so that an incident may be overruled.
    fn may_overrule(&self) -> bool {
        self.components.iter().any(|component| component.by_hand.is_some_and(|state| !state.is_problem()))
    }

    /// The state of a component: what was set by hand wins.
    fn state(&self, component: &Component) -> ComponentState {
        component.by_hand.unwrap_or_else(|| {
            let states: Vec<_> = self.followed(component.key).iter().map(|monitor| monitor.state).collect();
            follow(&states)
        })
    }
}

impl Services {
    /// What the head of a page needs; `None` is the page at `/`.
    pub async fn page_head(&self, _viewer: &Viewer, slug: Option<&str>) -> Result<PageHead> {
        let mut tx = self.inner.db.read().await?;
        Ok(find(&mut tx, slug).await?.head)
    }

    /// A whole status page, read in one transaction; `None` is the page at `/`.
    pub async fn page(&self, _viewer: &Viewer, slug: Option<&str>) -> Result<PageView> {
        self.read_page(slug, Reach::Whole).await
    }

    /// A status page as far as an event can change it: bars hold today alone, and so does what the uptime is made of;
    /// uptime and sparklines are not there. For whoever keeps a whole [`Self::page`] and reads again up to ten times a second.
    pub async fn page_now(&self, _viewer: &Viewer, slug: Option<&str>) -> Result<PageView> {
        self.read_page(slug, Reach::Today).await
    }

    async fn read_page(&self, slug: Option<&str>, reach: Reach) -> Result<PageView> {
        let now = self.now();
        let mut tx = self.inner.db.read().await?;
        let page = find(&mut tx, slug).await?;
        let seq = store::events::last(&mut tx).await?;
        let board = Board::read(&mut tx, page.key).await?;
        let groups = store::components::groups(&mut tx, page.key).await?;
        let zone = days::zone(&page.head.time_zone).unwrap_or(jiff::tz::TimeZone::UTC);
        let whole = reach == Reach::Whole;
        let mut bars = bars::read(&mut tx, page.key, &board, (&zone, now), reach).await?;

        let mut by_group: BTreeMap<Option<usize>, Vec<ComponentView>> = BTreeMap::new();
        for component in &board.components {
            let place = component.group.and_then(|key| groups.iter().position(|group| group.key == key));
            let bar = bars.remove(&component.key).unwrap_or_default();
            by_group.entry(place).or_default().push(ComponentView {
                id: component.id.clone(),
                name: component.fields.name.clone(),
                created_at: component.created_at,
                description: Some(component.fields.description.clone()).filter(|text| !text.is_empty()),
                state: board.state(component),
                uptime: whole.then(|| uptime(&bar.counted)).flatten(),
                days: bar.days,
                sparkline: bar.sparkline,
                counted: bar.counted,
            });
        }
        // `None` sorts first: the components without a group.
        let section = |(place, components): (Option<usize>, Vec<ComponentView>)| SectionView {
            group: place
                .map(|place| GroupHead { id: groups[place].id.clone(), name: groups[place].name.clone() }),
            state: worst(components.iter().map(|component| component.state)),
            components,
        };
        let sections: Vec<SectionView> = by_group.into_iter().map(section).collect();

        let open = store::views::incidents::open_on_page(&mut tx, page.key, MOST_OPEN).await?;
        let overruled = if board.may_overrule() {
            store::views::incidents::overruled_on_page(&mut tx, page.key, MOST_OPEN).await?
        } else {
            Vec::new()
        };
        // Also of those that the page has no room for.
        let open_since = store::views::incidents::open_since(&mut tx, page.key).await?;
        let past_days = days::last_days(now, &zone, PAST_DAYS);
        let (past, totals) = incidents::of_days(&mut tx, page.key, &past_days, true).await?;
        let past = incidents::views(&mut tx, page.key, &board, past).await?;
        let incidents = incidents::views(&mut tx, page.key, &board, open).await?;
        let overruled = incidents::views(&mut tx, page.key, &board, overruled).await?;

        let states = || sections.iter().map(|section| section.state);
        let components =
            sections.iter().flat_map(|section| &section.components).map(|component| component.state);
        Ok(PageView {
            head: page.head,
            seq,
            at: now,
            base_url: self.configured_url().to_owned(),
            state: page_state(components, incidents.len()),
            worst: worst(states()),
            past: incidents::by_day(&past_days, past, &totals, open_since),
            incidents,
            overruled,
            sections,
        })
    }

    /// A month of a page's incidents, `YYYY-MM`; `None` is the current month.
    pub async fn history(
        &self,
        _viewer: &Viewer,
        slug: Option<&str>,
        month: Option<&str>,
    ) -> Result<HistoryView> {
        let now = self.now();
        let mut tx = self.inner.db.read().await?;
        let page = find(&mut tx, slug).await?;
        let zone = days::zone(&page.head.time_zone).unwrap_or(jiff::tz::TimeZone::UTC);
        let current = Month::of(now, &zone);
        let month = match month {
            Some(text) => Month::parse(text).ok_or(ServiceError::NotFound)?,
            None => current,
        };
        let begun = store::views::incidents::first_on_page(&mut tx, page.key).await?;
        let first = Month::of(begun.map_or(page.created_at, |begun| begun.min(page.created_at)), &zone);
        if month < first || month > current {
            return Err(ServiceError::NotFound);
        }
        let mut of_month = month.days(&zone);
        of_month.retain(|day| day.start <= now);
        let board = Board::read(&mut tx, page.key).await?;
        let (found, totals) = incidents::of_days(&mut tx, page.key, &of_month, false).await?;
        let found = incidents::views(&mut tx, page.key, &board, found).await?;
        let days = incidents::by_day(&of_month, found, &totals, None);
        Ok(HistoryView {
            head: page.head,
            at: now,
            month: month.name(),
            previous: month.previous().filter(|previous| *previous >= first).map(|month| month.name()),
            next: month.next().filter(|next| *next <= current).map(|month| month.name()),
            days,
        })
    }

    /// One incident, if it touches a component of the page.
    pub async fn incident_page(
        &self,
        _viewer: &Viewer,
        slug: Option<&str>,
        id: &IncidentId,
    ) -> Result<IncidentPage> {
        let mut tx = self.inner.db.read().await?;
        let page = find(&mut tx, slug).await?;
        let found = store::views::incidents::on_page(&mut tx, page.key, id).await?;
        let found = found.ok_or(ServiceError::NotFound)?;
        let board = Board::read(&mut tx, page.key).await?;
        let mut views = incidents::views(&mut tx, page.key, &board, vec![found]).await?;
        let incident = views.pop().ok_or(ServiceError::NotFound)?;
        Ok(IncidentPage { head: page.head, at: self.now(), incident })
    }

    /// The logo of a page.
    pub async fn logo(&self, _viewer: &Viewer, slug: &str) -> Result<Logo> {
        let mut tx = self.inner.db.read().await?;
        store::pages::logo(&mut tx, slug).await?.ok_or(ServiceError::NotFound)
    }

    /// Every page with its key, for whoever keeps rendered pages.
    pub async fn page_keys(&self, _viewer: &Viewer) -> Result<Vec<(PageKey, PageHead)>> {
        let mut tx = self.inner.db.read().await?;
        let pages = store::pages::all(&mut tx).await?;
        Ok(pages.into_iter().map(|page| (page.key, page.head)).collect())
    }
}

async fn find(tx: &mut Tx, slug: Option<&str>) -> Result<Page> {
    let page = match slug {
        Some(slug) => store::pages::by_slug(tx, slug).await?,
        None => store::pages::default(tx).await?,
    };
    page.ok_or(ServiceError::NotFound)
}
