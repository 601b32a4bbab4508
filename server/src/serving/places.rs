//! Who has how many connections open.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Connections from this machine for which there is room beyond the limit: whoever looks whether the server is well still can when
/// it is full.
const SPARE: usize = 32;
/// How often it is told that somebody was hung up on.
const TELL_EVERY: Duration = Duration::from_mins(1);

/// The places of a listener.
#[derive(Debug)]
pub(super) struct Places {
    connections: usize,
    per_address: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    /// By address; nothing stays of those that have none open.
    by_address: HashMap<IpAddr, usize>,
    told: Option<Instant>,
}

/// The place of one connection; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    address: IpAddr,
}

impl Places {
    /// So many places, and so many of them for one address.
    pub(super) fn new(connections: usize, per_address: usize) -> Self {
        Self { connections, per_address, taken: Mutex::default() }
    }

    /// Takes a place for an address; `None` when there is none for it. Who is exempt has no share that could be used up.
    pub(super) fn take(self: &Arc<Self>, address: IpAddr, exempt: bool) -> Option<Place> {
        let spare = if address.to_canonical().is_loopback() { SPARE } else { 0 };
        let address = network(address);
        let mut taken = self.taken();
        let own = taken.by_address.get(&address).copied().unwrap_or_default();
        let full = taken.all >= self.connections + spare;
        if full || (!exempt && own >= self.per_address) {
            if taken.told.is_none_or(|at| at.elapsed() >= TELL_EVERY) {
                taken.told = Some(Instant::now());
                let (open, limit) = (taken.all, self.connections);
                tracing::warn!(%address, own, open, limit, "too many connections are open; new ones are closed at once");
            }
            return None;
        }
        taken.all += 1;
        taken.by_address.insert(address, own + 1);
        Some(Place { places: Arc::clone(self), address })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        taken.all = taken.all.saturating_sub(1);
        if let Some(own) = taken.by_address.get_mut(&self.address) {
            *own = own.saturating_sub(1);
            if *own == 0 {
                taken.by_address.remove(&self.address);
            }
        }
    }
}

/// The address, or the network of an IPv6 one: one machine has all of its addresses.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(places: &Arc<Places>, address: &str) -> Option<Place> {
        places.take(address.parse().unwrap(), false)
    }

    #[test]
    fn one_address_has_its_share_and_an_ipv6_network_is_one() {
        let places = Arc::new(Places::new(10, 2));
        let held: Vec<_> = ["2001:db8::1", "2001:db8::2"].map(|from| take(&places, from).unwrap()).into();
        assert!(take(&places, "2001:db8::3").is_none());
        assert!(take(&places, "2001:db8:0:1::3").is_some());
        let mapped: Vec<_> = ["203.0.113.7", "::ffff:203.0.113.7"].map(|from| take(&places, from)).into();
        assert!(mapped.iter().all(Option::is_some) && take(&places, "203.0.113.7").is_none());
        assert!(places.take("203.0.113.7".parse().unwrap(), true).is_some(), "a trusted proxy");
        drop((held, mapped));
        assert!(take(&places, "2001:db8::3").is_some());
        assert!(places.taken().by_address.is_empty() && places.taken().all == 0);
    }

    #[test]
    fn all_together_have_so_many_and_this_machine_a_few_more() {
        let places = Arc::new(Places::new(3, 2));
        let held: Vec<_> = (1..=3).map(|host| take(&places, &format!("203.0.113.{host}")).unwrap()).collect();
        assert!(take(&places, "203.0.113.9").is_none());
        assert!(places.take("203.0.113.9".parse().unwrap(), true).is_none(), "also through a proxy");
        let own: Vec<_> = std::iter::from_fn(|| places.take("127.0.0.1".parse().unwrap(), true)).collect();
        assert_eq!(own.len(), SPARE);
        drop(held);
        assert!(take(&places, "203.0.113.9").is_none(), "this machine has them still");
    }
}
