//! Puts what an event can have changed into a view that was read whole.

use domain::views::public::PageView;

/// `kept` with everything of `now`, a view of today alone, but the days before today, uptime and sparklines, which only a
/// roll-up changes. `None` when the two do not fit, because components came, went or moved, or a day began: then the whole page
/// has to be read.
pub fn refreshed(kept: &PageView, mut now: PageView) -> Option<PageView> {
    if kept.sections.len() != now.sections.len() {
        return None;
    }
    for (kept, now) in kept.sections.iter().zip(&mut now.sections) {
        if kept.group != now.group || kept.components.len() != now.components.len() {
            return None;
        }
        for (kept, now) in kept.components.iter().zip(&mut now.components) {
            if kept.id != now.id {
                return None;
            }
            now.uptime = kept.uptime;
            now.sparkline.clone_from(&kept.sparkline);
            match (kept.days.split_last(), now.days.pop()) {
                (None, None) => {}
                (Some((last, before)), Some(today)) if last.date == today.date => {
                    now.days = before.to_vec();
                    now.days.push(today);
                }
                _ => return None,
            }
        }
    }
    Some(now)
}
