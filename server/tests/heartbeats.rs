//! Jobs that call, and stop calling.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use domain::health::State;
use domain::person::Viewer;

use crate::support::TestApp;

/// Long enough for a machine under load, and much shorter than the monitor's interval.
const PATIENCE: Duration = Duration::from_mins(2);

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_call_is_noticed_when_it_is_due_after_the_first_one_and_after_an_outage() {
    let app = TestApp::spawn().await;
    let fields = [
        ("name", "Job"),
        ("kind", "push"),
        ("period_s", "5"),
        ("grace_s", "0"),
        ("interval", "3600"),
        ("failure_threshold", "1"),
        ("recovery_threshold", "1"),
    ];
    let form: BTreeMap<_, _> =
        fields.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter().collect();
    let services = &app.running.state.services;
    let job = services.add_monitor(&Viewer::System, &form).await.unwrap();
    let ping = services.program_monitor(&Viewer::System, &job).await.unwrap().push_path.unwrap();
    let shows = async |wanted: State| {
        let begun = Instant::now();
        while services.program_monitor(&Viewer::System, &job).await.unwrap().row.state != wanted {
            assert!(begun.elapsed() < PATIENCE, "not {wanted:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    shows(State::Pending).await;
    // Behind the look that follows the adding of a monitor: the next one is in an hour.
    tokio::time::sleep(Duration::from_secs(2)).await;
    for _ in 0..2 {
        assert_eq!(app.get(&ping).await.status(), 200);
        shows(State::Up).await;
        shows(State::Down).await;
    }
}
