//! What frames carry: the same that stands in the page, and only what is new.

use super::*;

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
