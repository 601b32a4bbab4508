//! What names monitors. It may name thousands, so that its form shows some of them and searches for the others.

use std::str::FromStr;

use crate::id::{DefinitionId, InvalidId, MonitorId, SubscriptionId};

/// Monitors that a form shows of those that are named before anybody searches for others.
pub const MONITORS_SHOWN: usize = 50;

/// What names monitors, by its public id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Naming {
    /// An alert definition: those that it is for.
    Definition(DefinitionId),
    /// A subscription to events: those that it is narrowed to.
    Subscription(SubscriptionId),
    /// A monitor: those that it hangs on.
    Monitor(MonitorId),
}

impl FromStr for Naming {
    type Err = InvalidId;

    fn from_str(id: &str) -> Result<Self, InvalidId> {
        let definition = || id.parse().map(Self::Definition);
        let subscription = || id.parse().map(Self::Subscription);
        definition().or_else(|_| subscription()).or_else(|_| id.parse().map(Self::Monitor))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_tells_what_it_is_of() {
        let (definition, monitor) = (DefinitionId::new([1; 13]), MonitorId::new([1; 13]));
        let subscription = SubscriptionId::new([1; 13]);
        assert_eq!(definition.as_str().parse(), Ok(Naming::Definition(definition)));
        assert_eq!(subscription.as_str().parse(), Ok(Naming::Subscription(subscription)));
        assert_eq!(monitor.as_str().parse(), Ok(Naming::Monitor(monitor)));
        assert!("".parse::<Naming>().is_err());
    }
}
