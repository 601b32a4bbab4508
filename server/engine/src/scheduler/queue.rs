//! When each monitor is due: a heap in memory, so that a check costs the database nothing. Pure; the loop around it sleeps.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::id::MonitorKey;
use domain::monitor::Monitor;
use domain::time::Timestamp;

/// A check that is due.
#[derive(Clone, Debug)]
pub(super) struct Due {
    /// What is to be checked.
    pub(super) monitor: Arc<Monitor>,
    /// The host that it reaches, if it reaches one.
    pub(super) host: Option<Arc<str>>,
    /// When it was due.
    pub(super) slot: Timestamp,
    /// Set while the check runs, so that it never runs twice at a time.
    pub(super) running: Arc<AtomicBool>,
}

#[derive(Debug)]
struct Entry {
    monitor: Arc<Monitor>,
    host: Option<Arc<str>>,
    due: Timestamp,
    running: Arc<AtomicBool>,
}

/// The monitors of this node in the order in which they are due.
#[derive(Debug, Default)]
pub(super) struct Queue {
    entries: HashMap<MonitorKey, Entry>,
    /// May hold times that are no longer true; those are passed over.
    heap: BinaryHeap<Reverse<(Timestamp, MonitorKey)>>,
}

impl Queue {
    /// Adds or replaces a monitor, due at `due`.
    pub(super) fn put(&mut self, monitor: Arc<Monitor>, due: Timestamp) {
        let key = monitor.key;
        let running = self.entries.get(&key).map(|entry| entry.running.clone()).unwrap_or_default();
        let host = monitor.draft.settings.host_key().map(Arc::from);
        self.entries.insert(key, Entry { monitor, host, due, running });
        self.heap.push(Reverse((due, key)));
    }

    /// Forgets a monitor.
    pub(super) fn remove(&mut self, key: MonitorKey) {
        self.entries.remove(&key);
    }

    /// Keeps only the monitors that `keep` names.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(&Monitor) -> bool) {
        self.entries.retain(|_, entry| keep(&entry.monitor));
    }

    /// Lets a monitor be due at `at`, if that is sooner than it would be.
    pub(super) fn hasten(&mut self, key: MonitorKey, at: Timestamp) {
        if let Some(entry) = self.entries.get_mut(&key).filter(|entry| at < entry.due) {
            entry.due = at;
            self.heap.push(Reverse((at, key)));
        }
    }

    /// Lets no monitor wait for longer than until its next slot after `now`: what was planned before the clock was set back
    /// lies ahead by as much.
    pub(super) fn plan_again(&mut self, now: Timestamp) {
        for entry in self.entries.values_mut() {
            entry.due = entry.due.min(entry.monitor.next_slot(now));
        }
        self.heap = self.entries.iter().map(|(key, entry)| Reverse((entry.due, *key))).collect();
    }

    /// When the next monitor is due.
    pub(super) fn next(&mut self) -> Option<Timestamp> {
        loop {
            let Reverse((due, key)) = *self.heap.peek()?;
            if self.entries.get(&key).is_some_and(|entry| entry.due == due) {
                return Some(due);
            }
            self.heap.pop();
        }
    }

    /// Takes the next monitor that is due at `now` and plans its next check: the first slot after now, so that a late check
    /// is made up for once and not in a burst. A monitor whose check still runs is passed over.
    pub(super) fn pop(&mut self, now: Timestamp) -> Option<Due> {
        loop {
            let due = self.next().filter(|due| *due <= now)?;
            let Reverse((_, key)) = self.heap.pop()?;
            let Some(entry) = self.entries.get_mut(&key) else { continue };
            entry.due = entry.monitor.next_slot(now);
            self.heap.push(Reverse((entry.due, key)));
            if !entry.running.swap(true, Ordering::AcqRel) {
                return Some(Due {
                    monitor: entry.monitor.clone(),
                    host: entry.host.clone(),
                    slot: due,
                    running: entry.running.clone(),
                });
            }
        }
    }

    /// Whether a monitor is in it.
    pub(super) fn holds(&self, key: MonitorKey) -> bool {
        self.entries.contains_key(&key)
    }

    /// How many monitors there are.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }
}

#[cfg(test)]
mod tests {
    use domain::check::recognise;
    use domain::id::MonitorId;
    use domain::monitor::{MonitorDraft, Policy};

    use super::*;

    fn monitor(key: i64) -> Arc<Monitor> {
        let settings = recognise("tcp://127.0.0.1:1").expect("an address").settings;
        Arc::new(Monitor {
            key: MonitorKey(key),
            id: MonitorId::new([0; 13]),
            draft: MonitorDraft {
                name: "m".to_owned(),
                settings,
                policy: Policy::default(),
                notes: domain::notes::Notes::default(),
            },
            paused: false,
            push_token: None,
            version: 1,
            created_at: Timestamp(0),
        })
    }

    #[test]
    fn monitors_come_in_the_order_in_which_they_are_due() {
        let mut queue = Queue::default();
        queue.put(monitor(1), Timestamp(300));
        queue.put(monitor(2), Timestamp(100));
        assert_eq!(queue.next(), Some(Timestamp(100)));
        assert!(queue.pop(Timestamp(99)).is_none());
        assert_eq!(queue.pop(Timestamp(400)).map(|due| due.monitor.key.0), Some(2));
        assert_eq!(queue.pop(Timestamp(400)).map(|due| due.monitor.key.0), Some(1));
        assert!(queue.pop(Timestamp(400)).is_none());
    }

    #[test]
    fn a_late_check_is_made_up_for_once() {
        let mut queue = Queue::default();
        queue.put(monitor(1), Timestamp(0));
        let hour = Timestamp(3_600_000);
        let due = queue.pop(hour).expect("due");
        due.running.store(false, Ordering::Release);
        assert!(queue.pop(hour).is_none());
        assert!(queue.next().expect("planned") > hour);
    }

    #[test]
    fn after_the_clock_was_set_back_nothing_waits_for_longer_than_an_interval() {
        let mut queue = Queue::default();
        let hour = Timestamp(3_600_000);
        for key in 1..=20 {
            let monitor = monitor(key);
            let due = monitor.next_slot(hour);
            queue.put(monitor, due);
        }
        let sooner = Timestamp(1_800_001);
        queue.hasten(MonitorKey(7), sooner);
        queue.plan_again(Timestamp(1_800_000));
        assert_eq!(queue.next(), Some(sooner), "what is due sooner stays so");
        let mut keys: Vec<_> =
            std::iter::from_fn(|| queue.pop(Timestamp(1_860_000))).map(|due| due.monitor.key.0).collect();
        keys.sort_unstable();
        assert_eq!(keys, (1..=20).collect::<Vec<_>>());
    }

    #[test]
    fn a_check_never_runs_twice_at_a_time() {
        let mut queue = Queue::default();
        queue.put(monitor(1), Timestamp(0));
        assert!(queue.pop(Timestamp(0)).is_some());
        queue.hasten(MonitorKey(1), Timestamp(1));
        assert!(queue.pop(Timestamp(10)).is_none());
    }

    #[test]
    fn a_removed_monitor_is_never_due() {
        let mut queue = Queue::default();
        queue.put(monitor(1), Timestamp(0));
        queue.remove(MonitorKey(1));
        assert_eq!(queue.next(), None);
        assert!(queue.pop(Timestamp(10)).is_none());
    }
}
