use super::*;

fn alert(kind: AlertKind) -> Message {
    let now = Timestamp(10 * MINUTE);
    let (incident, monitor) = (IncidentId::new([2; 13]), MonitorId::new([3; 13]));
    let alert = Alert::example(kind, AlertId::new([1; 13]), incident, monitor, now);
    let alert = Alert { test: false, ..alert };
    Message {
        at: now,
        base_url: String::new(),
        time_zone: "UTC".to_owned(),
        project: None,
        only: Vec::new(),
        body: Body::Alert(Box::new(alert)),
    }
}

#[test]
fn people_read_what_happened_first() {
    assert_eq!(alert(AlertKind::Error).headline(), "Example shop is down");
    assert_eq!(alert(AlertKind::Ok).text(Timestamp(0)).lines().next(), Some("It was down for 5 min."));
    assert_eq!(duration_words(0), "less than a second");
    assert_eq!(duration_words(25 * HOUR + 61 * SECOND), "1 d 1 h");
    assert_eq!(duration_words(2 * HOUR + 59 * SECOND), "2 h");
}

#[test]
fn people_read_since_when_it_is_down_as_of_when_they_are_told() {
    let mut message = alert(AlertKind::Error);
    let first = |message: &Message, now: i64| message.text(Timestamp(now)).lines().next().unwrap().to_owned();
    let reason = "No answer within 10 s while waiting for the first byte.";
    let began = 5 * MINUTE;
    assert_eq!(first(&message, began + MINUTE - 1), reason, "it has just begun");
    assert_eq!(
        first(&message, began + 14 * MINUTE),
        format!("Down since 00:05 UTC (14 min): {reason}"),
        "however long ago that was planned"
    );
    message.time_zone = "Europe/Berlin".to_owned();
    assert_eq!(first(&message, began + 9 * HOUR), format!("Down since 01:05 CET (9 h): {reason}"));
    assert_eq!(
        first(&message, began + 23 * HOUR),
        format!("Down since 1970-01-01 01:05 CET (23 h): {reason}")
    );
    let Body::Alert(alert) = &mut message.body else { panic!("an alert") };
    alert.kind = AlertKind::Reminder;
    assert_eq!(first(&message, began + HOUR), format!("Down since 01:05 CET (1 h): {reason}"));
    assert_eq!(first(&message, began + 30 * SECOND), format!("Down for 30 s: {reason}"));
}

#[test]
fn what_a_level_asks_for_is_not_asked_for_when_it_is_over() {
    for (kind, is_asked) in [(AlertKind::Error, true), (AlertKind::Reminder, true), (AlertKind::Ok, false)] {
        let mut message = alert(kind);
        let Body::Alert(alert) = &mut message.body else { panic!("an alert") };
        alert.level = Some(LevelFacts {
            definition: DefinitionId::new([4; 13]),
            name: "Night".to_owned(),
            number: 2,
            message: "Call +1 555 now".to_owned(),
            variables: BTreeMap::new(),
        });
        assert_eq!(message.text(message.at).contains("Call +1 555 now"), is_asked, "{kind:?}");
    }
}

#[test]
fn the_fields_of_an_incident_are_those_of_the_seed() {
    let error = alert(AlertKind::Error);
    let body = error.alert().unwrap().uptinio(error.at);
    assert_eq!(body["incident_status"], "ongoing");
    assert_eq!(body["incident_duration"], Value::Null);
    assert_eq!(body["incident_type"], "timeout");
    let ok = alert(AlertKind::Ok);
    assert_eq!(ok.alert().unwrap().uptinio(ok.at)["incident_duration"], 300);
}

#[test]
fn a_message_reads_back_from_what_was_stored() {
    let message = alert(AlertKind::Reminder);
    let text = serde_json::to_string(&message).unwrap();
    assert_eq!(serde_json::from_str::<Message>(&text).unwrap(), message);
}

#[test]
fn a_message_reads_back_wherever_its_type_stands() {
    let taken = Acknowledged {
        incident: alert(AlertKind::Error).alert().unwrap().incident.clone(),
        monitor: alert(AlertKind::Error).alert().unwrap().monitor.clone(),
        by: "Ada".to_owned(),
    };
    let event = EventNote {
        event: "incident.incident.created".to_owned(),
        payload: json!({ "type": "of the event", "number": 1.5, "list": [{ "ü\"": null }] }),
        subscription: "ES".to_owned(),
        name: "all".to_owned(),
    };
    let outages = vec![(taken.monitor.clone(), taken.incident.clone())];
    let group = Group { outages, more: 2, cause: Some("the same host".to_owned()), still: false };
    let bodies = [
        alert(AlertKind::Error).body,
        Body::Acknowledged(Box::new(taken)),
        Body::Event(event),
        Body::Group(group),
    ];
    for body in bodies {
        let value = serde_json::to_value(&body).unwrap();
        assert_eq!(serde_json::from_value::<Body>(value.clone()).unwrap(), body);
        let Value::Object(mut fields) = value else { panic!("an object") };
        let tag = fields.remove("type").unwrap();
        let fields = Value::Object(fields).to_string();
        let last = format!("{},\"type\":{tag}}}", fields.strip_suffix('}').unwrap());
        assert_eq!(serde_json::from_str::<Body>(&last).unwrap(), body, "{last}");
    }
    for wrong in ["{}", "[]", "null", r#"{"type":"fax"}"#, r#"{"type":"event"}"#] {
        assert!(serde_json::from_str::<Body>(wrong).is_err(), "{wrong}");
    }
}
