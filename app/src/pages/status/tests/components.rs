//! What a component shows.

use super::*;

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
fn a_hidden_bar_leaves_neither_bar_nor_figure() {
    let mut hidden = component(1, "Portal", ComponentState::Operational);
    hidden.days.clear();
    hidden.uptime = None;
    let text = draw(&view(vec![section(None, vec![hidden])], Vec::new()));
    assert!(text.contains("Portal"));
    assert!(!text.contains("class=\"days\"") && !text.contains("uptime") && !text.contains("90 days ago"));
}
