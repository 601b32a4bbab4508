mod components;
mod incidents;
mod parts;

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
