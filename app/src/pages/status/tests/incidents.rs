//! What pages tell of incidents.

use super::*;

#[test]
fn a_past_incident_that_is_over_looks_like_it_and_says_so() {
    let mut page = view(Vec::new(), Vec::new());
    let mut over = incident(1, "Shop is down");
    over.resolved_at = Some(Timestamp(over.started_at.0 + 60_000));
    page.past[0].incidents = vec![over.clone()];
    let text = draw(&page);
    assert!(
        text.contains("class=\"past\" data-state=\"operational\"")
            || text.contains("data-state=\"operational\" class=\"past\""),
        "{text}"
    );
    assert!(text.contains("<span class=\"visually-hidden\">Resolved: </span>"), "{text}");
    over.resolved_at = None;
    page.past[0].incidents = vec![over];
    assert!(!draw(&page).contains("Resolved: "), "an open one keeps its mark");
}

#[test]
fn only_the_days_of_an_open_incident_have_no_other_ones() {
    let mut page = view(Vec::new(), vec![incident(1, "Shop is down")]);
    let day =
        |date: &str, ongoing| PastDay { date: date.to_owned(), incidents: Vec::new(), more: 0, ongoing };
    let mut over = day("2026-11-19", false);
    over.incidents = vec![incident(2, "Mail was late")];
    page.past = vec![day("2026-11-21", true), day("2026-11-20", true), over, day("2026-11-18", false)];
    let words = |page: &PageView| {
        let drawn = parts(page);
        let past = drawn[0].parts.iter().find(|part| part.id == "past").unwrap();
        past.parts
            .iter()
            .map(|day| {
                let text = day.html();
                let said = text.split("<p class=\"none\">").nth(1).and_then(|rest| rest.split('<').next());
                (day.id.clone(), said.map(str::to_owned))
            })
            .collect::<Vec<_>>()
    };
    let line = |date: &str, text: Option<&str>| (format!("d-{date}"), text.map(str::to_owned));
    assert_eq!(
        words(&page),
        [
            line("2026-11-21", Some("No other incidents reported")),
            line("2026-11-20", Some("No other incidents reported")),
            line("2026-11-19", None),
            line("2026-11-18", Some("No incidents reported")),
        ]
    );
}

#[test]
fn a_day_says_how_many_incidents_it_has_no_room_for() {
    let mut page = view(Vec::new(), Vec::new());
    page.past[0].incidents = vec![incident(1, "Shop was down"), incident(2, "Mail was late")];
    assert!(!draw(&page).contains("more incident"));
    page.past[0].more = 481;
    assert!(draw(&page).contains("<li class=\"none\">481 more incidents</li></ul>"));
}

#[test]
fn the_page_of_an_open_incident_says_how_old_it_is_and_shows_its_state_in_the_tab() {
    let mut trouble = incident(1, "Tracking is not available");
    let page = |incident: &IncidentView, live| {
        let page = IncidentPage { head: head(), at: NOW, incident: incident.clone() };
        incident_page(&page, &shell(&Assets::default(), live))
    };
    let open = page(&trouble, true);
    assert!(open.contains("id=\"live\"") && open.contains("<link rel=\"icon\" href=\"/favicon-major.svg\""));
    assert!(
        open.contains(
            "data-title=\"Tracking is not available · Northwind\" data-icon=\"/favicon-major.svg\""
        )
    );
    assert!(open.contains("data-say=\"\" class=\"pill big\""), "{open}");

    // A later reading alone is no news; the end is, and takes the line away.
    let mut now = view(Vec::new(), vec![trouble.clone()]);
    let before = parts(&now);
    now.at = Timestamp(NOW.0 + HOUR);
    assert!(parts(&now).last().unwrap().is_like(before.last().unwrap()));
    (trouble.phase, trouble.resolved_at) = (IncidentPhase::Resolved, Some(NOW));
    let over = page(&trouble, false);
    assert!(!over.contains("id=\"live\"") && over.contains("<link rel=\"icon\" href=\"/favicon.svg\""));
}

#[test]
fn many_open_incidents_leave_the_components_in_sight() {
    let page = |count| {
        let incidents = (1..=count).map(|number| incident(number, "Tracking is not available")).collect();
        view(vec![section(None, vec![component(1, "Portal", ComponentState::Operational)])], incidents)
    };
    let counts = |count| {
        let incidents = parts(&page(count))[0].parts[1].html();
        let (before, folded) = incidents.split_once("<details").unwrap_or((&incidents, ""));
        let lines = |text: &str| text.matches("<li id=\"incident-").count();
        assert!(!folded.contains("<article") && !folded.contains(" open"));
        (before.matches("<article").count(), lines(before), lines(folded))
    };
    assert_eq!([3, 4, 8, 9, 19].map(counts), [(3, 0, 0), (3, 1, 0), (3, 5, 0), (3, 5, 1), (3, 5, 11)]);
    let many = draw(&page(19));
    assert!(many.contains("and 11 more</summary>"));
    assert_eq!(many.matches("href=\"/incidents/").count(), 19, "each has its link");
    // In a frame each is what it is in the page.
    let (drawn, mut all) = (parts(&page(19)), Vec::new());
    walk(&drawn[0].parts[1], &mut all);
    assert!(all.iter().all(|part| many.contains(&part.html())) && all.len() == 20);
}
