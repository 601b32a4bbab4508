//! Monitors to choose from: those that a component follows, or that an alert definition is for. There may be more than fit into a list, so they are searched for: as one
//! types with scripts; without, by the form around them, which comes back with everything that was typed and ticked.

use std::collections::HashSet;
use std::time::Duration;

use domain::id::MonitorId;
use domain::views::console::{MonitorChoice, MonitorChoices, Named};
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_query_map;

use super::figures;
use super::find::{FindBox, LOOK, MANY, told};
use crate::flash::Flash;
use crate::server_fns::chosen::{CHOSEN, REMOVED};
use crate::server_fns::page::read_choices;

/// How long after the last key monitors are asked for.
const PAUSE: Duration = Duration::from_millis(250);
/// The name of what is searched for, in forms and in the address.
pub const FIND: &str = "find";

/// What is offered at present, in the context of the editor.
#[derive(Clone, Copy)]
pub struct Choices {
    search: RwSignal<String>,
    offered: RwSignal<MonitorChoices>,
    /// The id of what names those that are ticked, and may name more than are shown; empty when there is nothing yet.
    of: StoredValue<String>,
}

impl Choices {
    /// Puts them into the context. What is searched for stands in the address when the page came without scripts.
    pub fn provide() -> Self {
        let search = use_query_map().read_untracked().get(FIND).unwrap_or_default();
        let choices = Self {
            search: RwSignal::new(search),
            offered: RwSignal::new(MonitorChoices::default()),
            of: StoredValue::new(String::new()),
        };
        provide_context(choices);
        choices
    }

    /// The choices of the context.
    pub fn here() -> Self {
        expect_context()
    }

    /// What is searched for.
    pub fn search(self) -> String {
        self.search.get_untracked()
    }

    /// Says what names those that are ticked, by its id, so that a search tells which of them it has found.
    pub fn are_for(self, of: &str) {
        self.of.set_value(of.to_owned());
    }

    /// Whether this one is named already.
    fn names(self, id: &MonitorId) -> bool {
        self.offered.with_untracked(|offered| offered.named.contains(id))
    }

    /// Offers these from now on. What is drawn is told of news only: a view that is being replaced listens still.
    pub fn offer(self, offered: MonitorChoices) {
        if self.offered.with_untracked(|known| *known != offered) {
            self.offered.set(offered);
        }
    }

    /// What is offered behind what was chosen; that stays in sight, whatever is searched for.
    pub fn behind(self, chosen: Vec<MonitorChoice>) -> Vec<MonitorChoice> {
        self.offered.with(|offered| with_chosen(chosen, &offered.monitors))
    }

    /// How many are offered at once.
    pub fn offered(self) -> usize {
        self.offered.with(|offered| offered.monitors.len())
    }

    /// Whether a list of boxes needs the search.
    pub fn are_many(self) -> bool {
        self.offered.with(|offered| offered.total > MANY)
    }

    /// Whether some are not offered, unless one searches for them.
    pub fn are_partial(self) -> bool {
        self.offered.with(|offered| offered.total > shown(offered))
    }

    /// Looks for monitors. In the browser only.
    fn find(self, text: String) {
        self.search.set(text.clone());
        let of = self.of.get_value();
        spawn_local(async move {
            let found = read_choices(text.clone(), of).await;
            // Somebody may have typed on, or gone.
            if self.search.try_get_untracked() == Some(text)
                && let Ok(found) = found
            {
                self.offered.set(found);
            }
        });
    }
}

/// The box of the search, and how many monitors it leaves.
#[component]
pub fn Find(
    /// Whether it stands in no form; then it needs scripts, and forms have a [`PlainFind`] for when there are none.
    #[prop(optional)]
    alone: bool,
) -> impl IntoView {
    let choices = Choices::here();
    let typed = StoredValue::new(0_u32);
    let search = move |text: String| {
        let round = typed.get_value().wrapping_add(1);
        typed.set_value(round);
        set_timeout(
            move || {
                if typed.try_get_value() == Some(round) {
                    choices.find(text);
                }
            },
            PAUSE,
        );
    };
    let said = move || {
        choices.offered.with(|offered| {
            let is_searched = !choices.search.with(|search| search.trim().is_empty());
            told(shown(offered), offered.found, offered.total, "monitor", is_searched)
        })
    };
    let said = Signal::derive(said);
    // Alone it stands beside the search of the list, which is for something else.
    let placeholder = if alone { "Search monitors to follow" } else { "Search name or address" };
    let (label, value) = ("Search monitors", choices.search());
    view! { <FindBox name=FIND value label placeholder alone said search/> }
}

/// The search of a form in a line, without scripts: it comes back with what was typed.
#[component]
pub fn PlainFind() -> impl IntoView {
    let search = Choices::here().search();
    view! {
        <noscript>
            <input class="input" type="search" name=FIND value=search placeholder="Search name or address" aria-label="Search monitors" autocomplete="off"/>
            <button class="button" name=LOOK value="true">"Search"</button>
        </noscript>
    }
}

/// The monitors that are ticked at first.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// Those that are shown.
    chosen: Vec<MonitorChoice>,
    /// What they are a part of; `None` when they are all.
    part: Option<Part>,
}

/// What boxes are a part of: more monitors were chosen before than are shown.
#[derive(Clone, Debug)]
struct Part {
    /// How many.
    named: usize,
    /// Those of them that the form takes away.
    removed: Vec<MonitorId>,
}

impl Given {
    /// All of them.
    pub fn all(chosen: Vec<MonitorChoice>) -> Self {
        Self { chosen, part: None }
    }

    /// Those of a form of something that names `count` monitors, of which these are the first; or of a form that came back.
    pub fn of(named: &[Named<MonitorId>], count: usize, flash: Option<&Flash>) -> Self {
        let came_back = |name: &str| flash.and_then(|flash| flash.values.get(name));
        let (ticked, removed) = (came_back(CHOSEN), came_back(REMOVED));
        // A form that came back shows a part of the monitors if it did before.
        let is_part = ticked.map_or(count > named.len(), |_| removed.is_some());
        let mut given = Self::all(chosen(named, ticked));
        if is_part {
            let removed = removed.map(String::as_str).unwrap_or_default();
            let removed: Vec<_> = removed.split(',').filter_map(|id| id.parse().ok()).collect();
            if ticked.is_some() {
                let others = chosen(named, None).into_iter();
                given.chosen.extend(others.filter(|one| !removed.contains(&one.id)));
            }
            given.part = Some(Part { named: count, removed });
        }
        given
    }
}

/// Boxes to tick: the monitors that were chosen, before those that might be. They are sent as `monitors[]`. Of a part of them
/// `said` tells, between commas, which ones the form says something of.
#[component]
pub fn MonitorBoxes(
    /// What a tick means.
    legend: &'static str,
    /// What was chosen.
    given: Given,
    /// The monitor that cannot be chosen.
    #[prop(optional)]
    without: Option<MonitorId>,
) -> impl IntoView {
    let choices = Choices::here();
    let Given { chosen: given, part } = given;
    let before = part.as_ref().map(|part| part.named);
    let removed = RwSignal::new(part.map(|part| part.removed).unwrap_or_default());
    let given = StoredValue::new(given);
    // What was ticked since: it is sent, so it must not leave with the next search.
    let ticked = RwSignal::new(Vec::<MonitorChoice>::new());
    let rows = move || {
        // When the page is read again, the old boxes hear of new choices after their own signals are gone.
        let offered = choices.behind(given.try_get_value().unwrap_or_default());
        let strays = ticked
            .try_get()
            .unwrap_or_default()
            .into_iter()
            .filter(|ticked| offered.iter().all(|known| known.id != ticked.id));
        let all = strays.chain(offered.iter().cloned());
        all.filter(|choice| without.as_ref() != Some(&choice.id)).collect::<Vec<_>>()
    };
    let names = Memo::new({
        let rows = rows.clone();
        move |_| twins(&rows())
    });
    let said = {
        let rows = rows.clone();
        move || {
            let shown = rows().into_iter().map(|choice| choice.id);
            let all = shown.chain(removed.try_get().unwrap_or_default()).map(String::from);
            all.collect::<Vec<_>>().join(",")
        }
    };
    let row = move |choice: MonitorChoice| {
        let (id, name, about) = (choice.id.to_string(), choice.name.clone(), choice.about.clone());
        let twin = name.clone();
        let has_twin = move || names.try_with(|names| names.contains(&twin)).unwrap_or_default();
        let is_among = |all: &[MonitorChoice]| all.iter().any(|known| known.id == choice.id);
        let is_removed = removed.with_untracked(|removed| removed.contains(&choice.id));
        let is_named = before.is_some() && choices.names(&choice.id);
        let is_chosen = given.with_value(|given| is_among(given)) || is_named;
        let is_given = is_chosen && !is_removed || ticked.with_untracked(|ticked| is_among(ticked));
        let change = move |is_ticked: bool| {
            ticked.update(|ticked| {
                ticked.retain(|known| known.id != choice.id);
                if is_ticked {
                    ticked.push(choice.clone());
                }
            });
            // One that leaves with the next search stays unticked.
            removed.update(|removed| {
                removed.retain(|known| *known != choice.id);
                if !is_ticked {
                    removed.push(choice.id.clone());
                }
            });
        };
        view! {
            <label class="check">
                <input type="checkbox" name="monitors[]" value=id checked=is_given
                    on:change:target=move |event| change(event.target().checked())/>
                <span>{name}{move || has_twin().then(|| view! { <span class="hint">{about.clone()}</span> })}</span>
            </label>
        }
    };
    view! {
        <fieldset class="field">
            <legend>{legend}</legend>
            {before.map(|before| {
                let count = figures::thousands(i64::try_from(before).unwrap_or(i64::MAX));
                let words = format!("{count} are ticked. Those that are not shown stay so: search for one to untick it.");
                view! { <p class="muted">{words}</p><input type="hidden" name="said" value=said/> }
            })}
            <Show when=move || choices.are_many()><Find/></Show>
            <div class="boxes"><For each=rows key=|choice| choice.id.clone() children=row/></div>
        </fieldset>
    }
}

fn shown(choices: &MonitorChoices) -> i64 {
    i64::try_from(choices.monitors.len()).unwrap_or(i64::MAX)
}

/// The monitors that are chosen at first: those of a form that came back, with their names, or those that are `named` already. One that
/// is not offered stays: nobody has taken it away.
pub fn chosen(named: &[Named<MonitorId>], came_back: Option<&String>) -> Vec<MonitorChoice> {
    let ticked = came_back.map(|ticked| serde_json::from_str(ticked).unwrap_or_default());
    let all: Vec<Named<MonitorId>> = ticked.unwrap_or_else(|| named.to_vec());
    all.into_iter().map(|one| MonitorChoice { id: one.id, name: one.name, about: String::new() }).collect()
}

/// The names that several of these have.
pub fn twins(choices: &[MonitorChoice]) -> HashSet<String> {
    let mut seen = HashSet::new();
    choices.iter().filter(|one| !seen.insert(one.name.as_str())).map(|one| one.name.clone()).collect()
}

/// What was chosen, and behind it what is offered besides.
fn with_chosen(mut chosen: Vec<MonitorChoice>, offered: &[MonitorChoice]) -> Vec<MonitorChoice> {
    for choice in chosen.iter_mut().filter(|choice| choice.about.is_empty()) {
        if let Some(known) = offered.iter().find(|known| known.id == choice.id) {
            choice.about.clone_from(&known.about);
        }
    }
    let fresh = |choice: &&MonitorChoice| chosen.iter().all(|known| known.id != choice.id);
    let fresh: Vec<_> = offered.iter().filter(fresh).cloned().collect();
    chosen.extend(fresh);
    chosen
}

#[cfg(test)]
mod tests {
    use domain::id::MonitorId;

    use super::*;

    fn choice(id: u8) -> MonitorChoice {
        MonitorChoice { id: MonitorId::new([id; 13]), name: id.to_string(), about: format!("Ping · {id}") }
    }

    #[test]
    fn what_was_chosen_stays_in_front_of_what_a_search_offers() {
        let all = with_chosen(vec![choice(7)], &[choice(1), choice(7), choice(2)]);
        let names: Vec<_> = all.iter().map(|choice| choice.name.as_str()).collect();
        assert_eq!(names, ["7", "1", "2"]);
    }

    #[test]
    fn monitors_of_the_same_name_are_told_apart() {
        let named = |id, name: &str| MonitorChoice { name: name.to_owned(), ..choice(id) };
        let all = [named(1, "Shop"), named(2, "Mail"), named(3, "Shop")];
        assert_eq!(twins(&all), HashSet::from(["Shop".to_owned()]));
        let bare = MonitorChoice { about: String::new(), ..named(3, "Shop") };
        assert_eq!(with_chosen(vec![bare], &all)[0].about, "Ping · 3");
    }
}
