use std::io::Write;

use domain::event::Seq;
use domain::id::{ComponentId, GroupId, IncidentId, IncidentUpdateId};
use domain::incident::IncidentPhase;
use domain::status_page::{ComponentState, PageState, page_state, worst};
use domain::time::{HOUR, MINUTE, Timestamp};
use domain::views::public::{
    ComponentView, DayView, GroupHead, HistoryView, IncidentPage, IncidentUpdateView, IncidentView, PageHead,
    PageView, PastDay, SectionView,
};

use super::*;

/// 2026-11-21T12:04:10Z.
const NOW: Timestamp = Timestamp(1_795_262_650_000);

fn head() -> PageHead {
    PageHead {
        slug: "main".to_owned(),
        name: "Northwind".to_owned(),
        description: Some("Freight, tracked".to_owned()),
        logo: None,
        time_zone: "Europe/Berlin".to_owned(),
        is_default: true,
    }
}

fn component(number: u8, name: &str, state: ComponentState) -> ComponentView {
    let day = |index: usize| {
        let bad = index == 40 || (index == 89 && state == ComponentState::MajorOutage);
        DayView {
            date: format!("2026-{:02}-{:02}", 8 + index / 30, 1 + index % 30),
            state: if bad { ComponentState::MajorOutage } else { ComponentState::Operational },
            uptime: Some(if bad { 0.9 } else { 1.0 }),
            down_minutes: if bad { 90 } else { 0 },
            incidents: u32::from(bad),
        }
    };
    ComponentView {
        id: ComponentId::new([number; 13]),
        name: name.to_owned(),
        description: None,
        created_at: Timestamp(NOW.0 - 90 * MINUTE),
        state,
        counted: Vec::new(),
        uptime: Some(0.9987),
        days: (0..90).map(day).collect(),
        sparkline: None,
    }
}

fn incident(number: u8, title: &str) -> IncidentView {
    IncidentView {
        id: IncidentId::new([number; 13]),
        title: title.to_owned(),
        phase: IncidentPhase::Investigating,
        impact: ComponentState::MajorOutage,
        started_at: Timestamp(NOW.0 - 46 * MINUTE),
        resolved_at: None,
        components: vec!["Tracking".to_owned()],
        updates: vec![IncidentUpdateView {
            id: IncidentUpdateId::new([number; 13]),
            phase: IncidentPhase::Investigating,
            body: "We look into it.\n\nMore soon.".to_owned(),
            at: Timestamp(NOW.0 - 40 * MINUTE),
        }],
    }
}

fn view(sections: Vec<SectionView>, incidents: Vec<IncidentView>) -> PageView {
    let states = || sections.iter().flat_map(|section| &section.components).map(|component| component.state);
    PageView {
        head: head(),
        seq: Seq(120),
        at: NOW,
        base_url: String::new(),
        state: page_state(states(), incidents.len()),
        worst: worst(states()),
        past: vec![PastDay {
            date: "2026-11-21".to_owned(),
            incidents: Vec::new(),
            more: 0,
            ongoing: !incidents.is_empty(),
        }],
        incidents,
        overruled: Vec::new(),
        sections,
    }
}

fn section(group: Option<&str>, components: Vec<ComponentView>) -> SectionView {
    SectionView {
        group: group.map(|name| GroupHead { id: GroupId::new([9; 13]), name: name.to_owned() }),
        state: worst(components.iter().map(|component| component.state)),
        components,
    }
}

fn shell(assets: &Assets, live: bool) -> Shell<'_> {
    Shell { assets, theme: None, live: live.then_some(Live { build: "b1", seq: 120.0 }), base_url: "" }
}

fn draw(view: &PageView) -> String {
    status_page(view, parts(view)[0].html(), &shell(&Assets::default(), true))
}

fn walk<'a>(part: &'a Part, all: &mut Vec<&'a Part>) {
    all.push(part);
    for inner in &part.parts {
        walk(inner, all);
    }
}

#[test]
fn a_page_shows_what_is_broken_what_works_and_what_is_not_known() {
    let mut unknown = component(3, "Exports", ComponentState::NoData);
    unknown.uptime = None;
    for day in &mut unknown.days {
        (day.state, day.uptime, day.down_minutes, day.incidents) = (ComponentState::NoData, None, 0, 0);
    }
    let mut tracking = component(2, "Tracking", ComponentState::MajorOutage);
    tracking.sparkline = Some(vec![Some(80_000), None, Some(120_000), Some(90_000)]);
    tracking.description = Some("Positions of trucks".to_owned());
    let view = view(
        vec![
            section(None, vec![component(1, "Portal", ComponentState::Operational)]),
            section(Some("Platform"), vec![tracking, unknown]),
        ],
        vec![incident(1, "Tracking is not available")],
    );
    let text = draw(&view).replace("><", ">\n<");
    insta::assert_snapshot!(text.replace(env!("SPRITE"), "/icons.svg"));
}

#[test]
fn names_of_operators_are_escaped_everywhere() {
    let evil = "<script>alert('x')</script>\"><img src=x onerror=1>&amp; data-fold=\"\" <!--part-->";
    let mut page = view(
        vec![section(Some(evil), vec![component(1, evil, ComponentState::MajorOutage)])],
        vec![incident(1, evil)],
    );
    page.head.name = evil.to_owned();
    page.head.description = Some(evil.to_owned());
    page.head.time_zone = evil.to_owned();
    page.incidents[0].components = vec![evil.to_owned()];
    page.incidents[0].updates[0].body = evil.to_owned();
    page.sections[0].components[0].description = Some(evil.to_owned());
    page.past[0].incidents = page.incidents.clone();
    let month = HistoryView {
        head: page.head.clone(),
        at: NOW,
        month: "2026-11".to_owned(),
        previous: None,
        next: None,
        days: page.past.clone(),
    };
    let one = IncidentPage { head: page.head.clone(), at: NOW, incident: page.incidents[0].clone() };
    let assets = Assets::default();
    for text in [
        draw(&page),
        history_page(&month, &shell(&assets, false)),
        incident_page(&one, &shell(&assets, true)),
        not_found(Some(&page.head), &shell(&assets, false)),
    ] {
        assert!(!text.contains("<script>"), "a script tag came through: {text}");
        assert!(!text.contains("<img src=x"), "a tag came through");
        assert!(!text.contains("<!--"), "a comment came through");
        assert_eq!(text.matches("<script").count(), 1, "only our own script");
        assert!(!text.contains("style=\"") && !text.contains("onclick"), "nothing inline");
    }
}

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

#[test]
fn a_part_is_drawn_in_the_page_as_it_is_in_a_frame() {
    let page = view(
        vec![
            section(None, vec![component(1, "Portal", ComponentState::Operational)]),
            section(Some("Platform"), vec![component(2, "Tracking", ComponentState::MajorOutage)]),
        ],
        vec![incident(1, "Tracking is not available")],
    );
    let drawn = parts(&page);
    let document = draw(&page);
    let mut all = Vec::new();
    walk(&drawn[0], &mut all);
    assert!(all.len() > 9, "banner, live, incidents, an incident, components, groups, rows, todays, past");
    all.extend(&drawn[1..3]);
    for part in all {
        let html = part.html();
        assert!(document.contains(&html), "{} stands in the page as it would be sent", part.id);
        assert!(html.starts_with('<'));
        let tag_end = html.find('>').unwrap();
        assert!(html[..tag_end].contains(&format!("id=\"{}\"", part.id)), "{html}");
        assert_eq!(document.matches(&format!("id=\"{}\"", part.id)).count(), 1, "{} is unique", part.id);
    }
}

#[test]
fn a_page_without_components_says_so_and_nothing_else() {
    let mut page = view(Vec::new(), Vec::new());
    page.worst = ComponentState::NoData;
    let text = draw(&page);
    assert!(text.contains("Nothing to show yet"));
    assert!(text.contains("No data yet · Northwind"));
    assert!(!text.contains("Past incidents"));
    assert!(!text.contains("Operational"));
}

#[test]
fn no_data_is_told_and_never_called_operational() {
    let components = vec![
        component(1, "Portal", ComponentState::Operational),
        component(2, "Exports", ComponentState::NoData),
    ];
    let page = view(vec![section(None, components)], Vec::new());
    let told = summary(&page);
    assert_eq!(told.sentence, "All systems operational");
    assert_eq!(told.detail, "1 of 2 components has no data");
    let blind = view(vec![section(None, vec![component(2, "Exports", ComponentState::NoData)])], Vec::new());
    assert_eq!(summary(&blind).sentence, "No data yet");
    assert_eq!(summary(&blind).state, ComponentState::NoData);
}

#[test]
fn each_state_of_a_page_has_its_sentence() {
    use ComponentState::*;

    let of = |states: &[ComponentState], incidents: Vec<IncidentView>| {
        let components = (1..).zip(states).map(|(number, state)| component(number, "Part", *state)).collect();
        let told = summary(&view(vec![section(None, components)], incidents));
        (told.sentence, told.detail)
    };
    assert_eq!(
        of(&[MajorOutage, PartialOutage, DegradedPerformance, Operational], Vec::new()),
        ("Some systems are down", "2 of 4 components have an outage, 1 is degraded".to_owned())
    );
    assert_eq!(of(&[MajorOutage, MajorOutage], Vec::new()).0, "All systems are down");
    assert_eq!(of(&[PartialOutage], Vec::new()).0, "Some systems are partly down");
    assert_eq!(of(&[DegradedPerformance], Vec::new()).0, "Some systems are slow or unreliable");
    assert_eq!(of(&[UnderMaintenance, MajorOutage, Operational], Vec::new()).0, "Some systems are down");
    assert_eq!(of(&[UnderMaintenance, Operational], Vec::new()).0, "Maintenance in progress");
    assert_eq!(of(&[Operational], vec![incident(1, "Odd")]).0, "We are looking into a problem");
    assert_eq!(view(Vec::new(), Vec::new()).state, PageState::Up);
}

#[test]
fn what_a_bar_says_stands_beside_it() {
    let one = component(1, "Portal", ComponentState::Operational);
    let text = draw(&view(vec![section(None, vec![one])], Vec::new()));
    assert!(text.contains("</svg></div><p id=\"s-"), "{text}");
}

#[test]
fn a_response_time_is_one_of_now_and_says_what_it_is() {
    let shown = |state, hours: &[Option<i64>]| {
        let mut one = component(1, "Portal", state);
        one.sparkline = Some(hours.to_vec());
        draw(&view(vec![section(None, vec![one])], Vec::new())).contains("response time </span>90 ms</span>")
    };
    let ms = Some(90_000);
    assert!(shown(ComponentState::Operational, &[None, None, ms]));
    assert!(shown(ComponentState::DegradedPerformance, &[None, ms, None]), "the hour has just begun");
    assert!(!shown(ComponentState::Operational, &[ms, None, None]), "hours ago");
    assert!(!shown(ComponentState::MajorOutage, &[ms, ms, ms]), "it does not answer");
}

#[test]
fn a_group_says_on_a_phone_too_that_nothing_is_known_of_a_component() {
    let group = |states: &[ComponentState]| {
        let components = (1..).zip(states).map(|(number, state)| component(number, "Part", *state)).collect();
        draw(&view(vec![section(Some("Platform"), components)], Vec::new()))
    };
    let (well, blind) = (ComponentState::Operational, ComponentState::NoData);
    assert!(group(&[well, blind]).contains(
        "<span class=\"count\"><span class=\"wide-only\">1 of 2 operational, </span>1 without data</span>"
    ));
    assert!(group(&[well, well]).contains("<span class=\"count wide-only\">2 components</span>"));
}

#[test]
fn a_page_has_one_address_when_it_is_known_where_it_stands() {
    let (mut page, assets) = (view(Vec::new(), vec![incident(1, "Odd")]), Assets::default());
    let known = Shell { base_url: "https://status.example.org", ..shell(&assets, true) };
    let links = |address: &str| {
        format!("<meta property=\"og:url\" content=\"{address}\"><link rel=\"canonical\" href=\"{address}\">")
    };
    let front = status_page(&page, String::new(), &known);
    assert!(front.contains(&links("https://status.example.org/")), "{front}");
    page.head.is_default = false;
    let other = status_page(&page, String::new(), &known);
    assert!(other.contains(&links("https://status.example.org/status/main")), "{other}");
    for text in [draw(&page), not_found(Some(&page.head), &known), failure(&known)] {
        assert!(!text.contains("og:url") && !text.contains("canonical"), "{text}");
    }
}

#[test]
fn a_hidden_bar_leaves_neither_bar_nor_figure() {
    let mut hidden = component(1, "Portal", ComponentState::Operational);
    hidden.days.clear();
    hidden.uptime = None;
    let text = draw(&view(vec![section(None, vec![hidden])], Vec::new()));
    assert!(text.contains("Portal"));
    assert!(!text.contains("class=\"days\"") && !text.contains("uptime") && !text.contains("90 days ago"));
}

#[test]
fn what_changes_by_itself_is_no_difference() {
    let page =
        view(vec![section(None, vec![component(1, "Portal", ComponentState::Operational)])], Vec::new());
    let mut later = page.clone();
    later.at = Timestamp(NOW.0 + HOUR);
    let (before, after) = (parts(&page), parts(&later));
    let (mut old, mut new) = (Vec::new(), Vec::new());
    walk(&before[0], &mut old);
    walk(&after[0], &mut new);
    assert!(old.iter().zip(&new).all(|(old, new)| old.is_like(new)));
}

#[test]
fn folding_a_group_is_no_difference_but_its_state_is() {
    let group = |state| {
        let many = (1..=30).map(|number| component(number, "Part", state)).collect();
        parts(&view(vec![section(Some("Platform"), many)], Vec::new()))
    };
    let (well, down) = (group(ComponentState::Operational), group(ComponentState::MajorOutage));
    let components = |page: &[Part]| page[0].parts[2].clone();
    assert!(components(&well).parts[0].html().starts_with("<details id=\"g-"));
    assert!(!components(&well).html().contains(" open class="));
    assert!(components(&down).html().contains(" open class="));
    assert!(!components(&down).html().contains("data-fold"));
}

#[test]
fn fifty_components_stay_a_small_page() {
    let mut many: Vec<ComponentView> = (0..50)
        .map(|number| {
            let state =
                if number % 10 == 3 { ComponentState::MajorOutage } else { ComponentState::Operational };
            component(number, &format!("Service number {number}"), state)
        })
        .collect();
    // Every bar its own history, and every other component a sparkline: what compresses least.
    let mut chance: u64 = 7;
    let mut draw_number = |below: u64| {
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (chance >> 33) % below
    };
    for (number, component) in many.iter_mut().enumerate() {
        let mut random = [0; 13];
        random.fill_with(|| u8::try_from(draw_number(256)).unwrap());
        component.id = ComponentId::new(random);
        for _ in 0..4 {
            let day = usize::try_from(draw_number(90)).unwrap();
            component.days[day].down_minutes = u32::try_from(draw_number(600)).unwrap();
            component.days[day].state = ComponentState::PartialOutage;
        }
        if number % 2 == 0 {
            component.sparkline =
                Some((0..24).map(|_| Some(i64::try_from(draw_number(400_000)).unwrap())).collect());
        }
    }
    let page = view(vec![section(Some("All"), many)], vec![incident(1, "Tracking is not available")]);
    let gzipped = |text: &str| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap().len()
    };
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let read = |path: &str| std::fs::read_to_string(format!("{root}/{path}")).unwrap();
    // The sheet as the bundler joins it, but not minified: an upper bound.
    let style: String = read("style/public.css")
        .lines()
        .filter_map(|line| line.strip_prefix("@import \"")?.strip_suffix("\";"))
        .map(|name| read(&format!("style/{name}")))
        .collect();
    let sizes = [gzipped(&draw(&page)), gzipped(&style), gzipped(&read("public/live.js"))];
    let total: usize = sizes.iter().sum();
    // A kilobyte of it is for those who do not see the page.
    assert!(sizes[2] <= 6_000, "the script alone weighs {} bytes", sizes[2]);
    assert!(total < 40_000, "page, style and script weigh {sizes:?}, {total} bytes in all");
    eprintln!("page, style and script weigh {sizes:?}, {total} bytes in all");
}
