//! Puts what an event can have changed into a view that was read whole.

use domain::views::public::{Counted, PageView, uptime};

/// `kept` with everything of `now`, a view of today alone, but the days before today and the sparklines, which only a roll-up
/// changes. The uptime is that of the days before and of today as it is now. `None` when the two do not fit, because components
/// or their monitors came, went or moved, or a day began: then the whole page has to be read.
pub fn refreshed(kept: &PageView, mut now: PageView) -> Option<PageView> {
    if kept.sections.len() != now.sections.len() {
        return None;
    }
    for (kept, now) in kept.sections.iter().zip(&mut now.sections) {
        if kept.group != now.group || kept.components.len() != now.components.len() {
            return None;
        }
        for (kept, now) in kept.components.iter().zip(&mut now.components) {
            if kept.id != now.id || !has_taken_the_past(&kept.counted, &mut now.counted) {
                return None;
            }
            now.uptime = uptime(&now.counted);
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

/// Copies what was counted before today; answers whether both are of the same monitors.
fn has_taken_the_past(kept: &[Counted], now: &mut [Counted]) -> bool {
    kept.len() == now.len()
        && kept.iter().zip(now).all(|(kept, now)| {
            now.before = kept.before;
            now.monitor == kept.monitor
        })
}
