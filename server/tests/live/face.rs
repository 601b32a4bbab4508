use app::pages::status::{self, Part};
use domain::event::Seq;
use domain::id::MonitorKey;
use domain::incident::IncidentPhase;
use domain::status_page::ComponentState::{MajorOutage, NoData, Operational};
use domain::time::{DAY, Timestamp};
use domain::uptime::Counts;
use domain::views::public::{Counted, PageView};
use serde_json::{Value, json};
use server::live::face::Answer;
use server::live::refresh::refreshed;
use server::live::wire::{Place, Resume};

use super::support::{BUILD, NOW, component, face, ids, incident, told, view};

fn at(seq: i64) -> Resume {
    Resume { seq: Place::of(Seq(seq), NOW), build: Some(BUILD.to_owned()) }
}

/// What a client is told that shows the place of `seq`.
fn told_to(face: &server::live::face::Face, client: &Resume) -> Vec<String> {
    ids(&face.resume(client, Seq(0)).text())
}

#[test]
fn only_the_parts_that_differ_are_sent() {
    let face = face(view(1, vec![component(1, Operational), component(2, Operational)], Vec::new()));
    let (_, mut frames) = face.follow(&at(1), Seq(1));
    let mut down = component(2, MajorOutage);
    let today = down.days.last_mut().unwrap();
    (today.state, today.down_minutes) = (MajorOutage, 1);
    let id = down.id.clone();
    assert!(face.show(view(2, vec![component(1, Operational), down], Vec::new())));
    let row = ["banner".to_owned(), format!("c-{id}"), format!("t-{id}"), format!("s-{id}")];
    assert_eq!(ids(&frames.try_recv().unwrap().text), row, "the banner and one row, without its past days");
    assert!(frames.try_recv().is_err(), "one frame");
}

#[test]
fn programs_are_told_in_the_fields_of_the_seed() {
    let face = face(view(1, vec![component(1, Operational)], vec![incident(7)]));
    let (whole, mut news) = face.follow_json();
    let read = |text: &str| serde_json::from_str::<Value>(text).unwrap()["data"].clone();
    let whole = read(&whole);
    let meta = json!({ "unsubscribe": "", "documentation": "" });
    let now = "2026-11-21T12:04:10.000Z";
    assert_eq!((&whole["meta"], &whole["page"]["url"]), (&meta, &json!("https://status.example.org/")));
    assert_eq!(whole["components"][0]["created_at"], now);
    let open = &whole["incidents"][0];
    assert_eq!((&open["backfilled"], &open["updated_at"]), (&json!(false), &open["created_at"]));
    let id = incident(7).id;
    assert_eq!(open["url"], format!("https://status.example.org/incidents/{id}"));

    let mut later = incident(7);
    told(&mut later, IncidentPhase::Identified);
    let mut next = view(2, vec![component(1, MajorOutage)], vec![later]);
    next.base_url = String::new();
    next.head.is_default = false;
    face.show(next);
    let change = read(&news.try_recv().unwrap());
    assert_eq!((&change["meta"], &change["component"]["created_at"]), (&meta, &json!(now)));
    assert_eq!(change["page"]["url"], "/status/main", "nobody said where that is");
    let change = read(&news.try_recv().unwrap());
    let incident = &change["incident"];
    assert_eq!((&change["meta"], &incident["updated_at"]), (&meta, &json!(now)));
    assert_eq!(incident["url"], format!("/status/main/incidents/{id}"));
    assert_eq!(incident["incident_updates"][0]["updated_at"], now);
}

#[test]
fn programs_hear_of_an_incident_that_a_state_set_by_hand_hides_and_of_its_return() {
    let shown = |seq| view(seq, vec![component(1, MajorOutage)], vec![incident(1), incident(2)]);
    let face = face(shown(1));
    let (_, mut news) = face.follow_json();
    let (_, mut frames) = face.follow(&at(1), Seq(1));
    let mut hidden = view(2, vec![component(1, MajorOutage)], vec![incident(2)]);
    hidden.overruled = vec![incident(1)];
    hidden.overruled[0].impact = Operational;
    face.show(hidden);
    let next = |news: &mut tokio::sync::broadcast::Receiver<_>| -> Value {
        let text: axum::extract::ws::Utf8Bytes = news.try_recv().unwrap();
        serde_json::from_str(&text).unwrap()
    };
    let whole = next(&mut news);
    assert_eq!(
        (&whole["event"], &whole["data"]["incidents"].as_array().unwrap().len()),
        (&json!("page"), &1)
    );
    let story = format!("i-{}", incident(1).id);
    assert_eq!(ids(&frames.try_recv().unwrap().text), ["incidents", &story], "its own page is told, too");
    face.show(shown(3));
    assert_eq!(next(&mut news)["data"]["incident"]["id"], incident(1).id.as_str());
    assert_eq!(ids(&frames.try_recv().unwrap().text), ["incidents", &story]);
}

#[test]
fn what_is_drawn_alike_is_not_sent() {
    let face = face(view(1, vec![component(1, Operational)], Vec::new()));
    let (_, mut frames) = face.follow(&at(1), Seq(1));
    assert!(!face.show(view(2, vec![component(1, Operational)], Vec::new())));
    assert!(frames.try_recv().is_err());
    assert_eq!(face.place().seq(), Seq(2), "but the page has seen the event");
}

#[test]
fn an_incident_that_opens_swaps_the_incidents_and_not_the_page() {
    let face = face(view(1, vec![component(1, MajorOutage)], Vec::new()));
    let (_, mut frames) = face.follow(&at(1), Seq(1));
    let mut trouble = incident(1);
    face.show(view(2, vec![component(1, MajorOutage)], vec![trouble.clone()]));
    let mut next = || ids(&frames.try_recv().unwrap().text);
    // Of the log only the day that is not without any from now on.
    assert_eq!(next(), ["incidents".to_owned(), "d-2026-11-21".to_owned(), format!("i-{}", trouble.id)]);

    told(&mut trouble, IncidentPhase::Identified);
    face.show(view(3, vec![component(1, MajorOutage)], vec![trouble.clone()]));
    let card = format!("incident-{}", trouble.id);
    assert_eq!(next(), [card, format!("i-{}", trouble.id)]);

    let second = incident(2);
    face.show(view(4, vec![component(1, MajorOutage)], vec![second.clone(), trouble]));
    assert_eq!(next(), ["incidents".to_owned(), format!("i-{}", second.id)], "the log says it already");
}

#[test]
fn an_incident_that_is_over_tells_those_who_read_its_page() {
    let mut trouble = incident(1);
    let face = face(view(1, vec![component(1, MajorOutage)], vec![trouble.clone()]));
    let (_, mut frames) = face.follow(&at(1), Seq(1));
    told(&mut trouble, IncidentPhase::Resolved);
    trouble.resolved_at = Some(NOW);
    let mut over = view(2, vec![component(1, Operational)], Vec::new());
    over.past[0].incidents.push(trouble.clone());
    face.show(over);
    let told = ids(&frames.try_recv().unwrap().text);
    assert!(told.contains(&"incidents".to_owned()) && told.contains(&"d-2026-11-21".to_owned()));
    assert!(!told.contains(&"d-2026-11-20".to_owned()), "{told:?}");
    assert!(told.contains(&format!("i-{}", trouble.id)), "{told:?}");
}

#[test]
fn another_name_or_zone_reaches_what_stands_around_the_page() {
    let face = face(view(1, vec![component(1, Operational)], Vec::new()));
    let (_, mut frames) = face.follow(&at(1), Seq(1));
    let mut next = || ids(&frames.try_recv().unwrap().text);
    let mut page = view(2, vec![component(1, Operational)], Vec::new());
    page.head.name = "Southwind".to_owned();
    face.show(page.clone());
    assert_eq!(next(), ["banner", "brand"], "the banner carries the title of the tab");
    (page.seq, page.head.time_zone) = (Seq(3), "Europe/Berlin".to_owned());
    face.show(page);
    assert_eq!(next(), ["zone"]);
    assert_eq!(told_to(&face, &at(1)), ["banner", "brand", "zone"], "who was away is told as well");
}

#[test]
fn a_component_that_comes_goes_or_moves_swaps_what_holds_it() {
    let (one, two) = (component(1, Operational), component(2, Operational));
    let face = face(view(1, vec![one.clone()], Vec::new()));
    let (_, mut frames) = face.follow(&at(1), Seq(1));
    let mut next = || ids(&frames.try_recv().unwrap().text);
    face.show(view(2, vec![one.clone(), two.clone()], Vec::new()));
    assert_eq!(next(), ["g-none"]);
    face.show(view(3, vec![two.clone(), one], Vec::new()));
    assert_eq!(next(), ["g-none"]);
    face.show(view(4, vec![two], Vec::new()));
    assert_eq!(next(), ["g-none"]);
    face.show(view(5, Vec::new(), Vec::new()));
    assert_eq!(next(), ["page"]);
}

#[test]
fn a_new_day_moves_the_bars_without_an_event() {
    let face = face(view(1, vec![component(1, Operational)], Vec::new()));
    let (_, mut frames) = face.follow(&at(1), Seq(1));
    let mut tomorrow = view(1, vec![component(1, Operational)], Vec::new());
    tomorrow.at = Timestamp(NOW.0 + DAY);
    for (day, date) in tomorrow.sections[0].components[0].days.iter_mut().zip(["2026-11-21", "2026-11-22"]) {
        date.clone_into(&mut day.date);
    }
    face.show(tomorrow);
    assert_eq!(ids(&frames.try_recv().unwrap().text), ["g-none"]);
    // A laptop that slept has the last event, and yesterday's bars.
    assert_eq!(told_to(&face, &at(1)), ["g-none"]);
}

#[test]
fn a_client_that_was_away_is_told_the_current_parts_that_are_newer() {
    let face = face(view(10, vec![component(1, Operational), component(2, Operational)], Vec::new()));
    face.show(view(11, vec![component(1, MajorOutage), component(2, Operational)], Vec::new()));
    face.show(view(12, vec![component(1, MajorOutage), component(2, NoData)], Vec::new()));
    let row = |number| format!("c-{}", component(number, NoData).id);
    assert_eq!(told_to(&face, &at(10)), ["banner".to_owned(), row(1), row(2)]);
    assert_eq!(told_to(&face, &at(11)), ["banner".to_owned(), row(2)]);
    assert!(told_to(&face, &at(12)).is_empty());
}

#[test]
fn a_client_from_before_our_time_is_told_everything() {
    let face = face(view(10, vec![component(1, Operational)], vec![incident(1)]));
    let story = format!("i-{}", incident(1).id);
    assert_eq!(told_to(&face, &at(9)), ["page", "brand", "zone", &story]);
    assert_eq!(told_to(&face, &Resume::default()).first().unwrap(), "page");
}

#[test]
fn a_client_of_another_build_or_of_a_lost_future_reads_the_page_again() {
    let face = face(view(10, vec![component(1, Operational)], Vec::new()));
    let is_reload = |client: &Resume, seen| matches!(face.resume(client, Seq(seen)), Answer::Reload);
    assert!(is_reload(&at(11), 10));
    assert!(!is_reload(&at(11), 11), "the event is there, and concerns another page");
    let old = Resume { build: Some("b0".to_owned()), ..at(10) };
    assert!(is_reload(&old, 10));
    assert_eq!(face.resume(&old, Seq(10)).text().as_str(), r#"{"reload":true}"#);
}

#[test]
fn an_older_view_does_not_undo_a_newer_one() {
    let face = face(view(10, vec![component(1, MajorOutage)], Vec::new()));
    assert!(!face.show(view(9, vec![component(1, Operational)], Vec::new())));
    assert_eq!(face.view().worst, MajorOutage);
}

/// Does what `live.js` does: swaps the element of each id.
fn swap(page: &mut String, drawn: &mut Vec<Part>, frame: &str, view: &PageView) {
    fn find<'a>(parts: &'a [Part], id: &str) -> Option<&'a Part> {
        parts.iter().find_map(|part| if part.id == id { Some(part) } else { find(&part.parts, id) })
    }
    let frame: Value = serde_json::from_str(frame).unwrap();
    for part in frame["parts"].as_array().unwrap() {
        let old = find(&drawn[..1], part["id"].as_str().unwrap());
        // The story of an incident is not on the page.
        if let Some(old) = old {
            *page = page.replacen(&old.html(), part["html"].as_str().unwrap(), 1);
        }
    }
    *drawn = status::parts(view);
}

#[test]
fn after_any_frames_a_page_is_what_a_fresh_load_shows() {
    let mut trouble = incident(1);
    told(&mut trouble, IncidentPhase::Investigating);
    let mut over = view(6, vec![component(1, Operational), component(3, NoData)], Vec::new());
    over.past[0].incidents.push(trouble.clone());
    let mut renamed = over.clone();
    (renamed.seq, renamed.head.name) = (Seq(7), "Southwind".to_owned());
    let views = [
        view(2, vec![component(1, MajorOutage), component(2, Operational)], Vec::new()),
        view(3, vec![component(1, MajorOutage), component(2, Operational)], vec![trouble.clone()]),
        view(4, vec![component(1, MajorOutage), component(2, NoData)], vec![trouble.clone(), incident(2)]),
        view(5, vec![component(1, Operational), component(3, NoData)], vec![incident(2)]),
        over,
        renamed,
    ];
    let first = view(1, vec![component(1, Operational), component(2, Operational)], Vec::new());
    let mut drawn = status::parts(&first);
    let mut page = drawn[0].html();
    let face = face(first);
    let (_, mut frames) = face.follow(&at(1), Seq(1));
    for next in views {
        face.show(next.clone());
        let frame = frames.try_recv().unwrap().text;
        swap(&mut page, &mut drawn, &frame, &next);
        assert_eq!(page, status::parts(&next)[0].html(), "after {:?}", next.seq);
    }
}

#[test]
fn a_view_of_today_takes_the_past_from_the_one_that_was_read_whole() {
    let mut kept = view(1, vec![component(1, Operational)], Vec::new());
    kept.sections[0].components[0].sparkline = Some(vec![Some(80_000)]);
    let mut now = view(2, vec![component(1, MajorOutage)], Vec::new());
    let today = &mut now.sections[0].components[0];
    today.days.remove(0);
    today.days[0].down_minutes = 3;
    today.uptime = None;
    // Yesterday and until noon it worked; the view of today knows of today alone.
    let counted = |before, up, down| Counted {
        monitor: MonitorKey(1),
        before: Counts { up: before, ..Counts::default() },
        today: Counts { up, down, ..Counts::default() },
    };
    kept.sections[0].components[0].counted = vec![counted(6, 2, 0)];
    today.counted = vec![counted(0, 3, 1)];
    let merged = refreshed(&kept, now.clone()).unwrap();
    let merged = &merged.sections[0].components[0];
    assert_eq!((merged.state, merged.uptime), (MajorOutage, Some(0.9)));
    assert_eq!(merged.counted, [counted(6, 3, 1)], "the next view of today finds the past here");
    assert_eq!(merged.days.iter().map(|day| day.down_minutes).collect::<Vec<_>>(), [0, 3]);
    assert_eq!(merged.sparkline, Some(vec![Some(80_000)]));

    let mut tomorrow = now.clone();
    "2026-11-22".clone_into(&mut tomorrow.sections[0].components[0].days[0].date);
    assert!(refreshed(&kept, tomorrow).is_none(), "a day began");
    let mut moved = now.clone();
    moved.sections[0].components[0].counted[0].monitor = MonitorKey(2);
    assert!(refreshed(&kept, moved).is_none(), "it follows another monitor");
    let mut other = now;
    other.sections[0].components[0].id = component(9, Operational).id;
    assert!(refreshed(&kept, other).is_none(), "another component");
}
