//! What is told of an incident that ended although its monitor does not work again.

use domain::alert::AlertKind;
use domain::id::{AlertId, IncidentId, MonitorId};
use domain::incident::{Ended, Ending};
use domain::message::{Alert, Body, Message};
use domain::time::{MINUTE, Timestamp};

fn over(how: Ending) -> Message {
    let at = Timestamp(10 * MINUTE);
    let ids = (AlertId::new([1; 13]), IncidentId::new([2; 13]), MonitorId::new([3; 13]));
    let mut alert = Alert { test: false, ..Alert::example(AlertKind::Ok, ids.0, ids.1, ids.2, at) };
    alert.incident.ended = Some(Ended { how, by: "Ada".to_owned() });
    let (base_url, time_zone) = (String::new(), "UTC".to_owned());
    Message { at, base_url, time_zone, project: None, only: Vec::new(), body: Body::Alert(Box::new(alert)) }
}

#[test]
fn nobody_is_told_that_all_is_well_when_nobody_knows() {
    let closed = over(Ending::Closed);
    assert_eq!(closed.headline(), "Example shop: closed by Ada while it was down");
    assert!(closed.text(closed.at).starts_with("It had been down for 5 min"), "{}", closed.text(closed.at));
    assert_eq!(over(Ending::Paused).headline(), "Example shop: no longer watched (paused by Ada)");
    assert_eq!(
        over(Ending::Changed).headline(),
        "Example shop: no longer watched as before (kind of check changed by Ada)"
    );
    let status = &closed.alert().unwrap().uptinio(closed.at)["incident_status"];
    assert_eq!(status, "resolved", "programs close what they opened");
    let text = serde_json::to_string(&closed).unwrap();
    assert_eq!(serde_json::from_str::<Message>(&text).unwrap(), closed);
}
