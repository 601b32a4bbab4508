use domain::check::{Blindness, Failure, Outcome, PingSettings};

use crate::support::*;

#[tokio::test]
async fn the_machine_answers_itself_or_the_system_says_what_to_allow() {
    let report = run(PingSettings::new("127.0.0.1")).await;
    match &report.outcome {
        Outcome::Up => {
            let statistics = report.evidence.ping.unwrap();
            assert_eq!((statistics.sent, statistics.received), (3, 3));
            assert_eq!(report.latency_us, Some(statistics.mean_us));
            assert!(statistics.min_us <= statistics.mean_us && statistics.mean_us <= statistics.max_us);
        }
        Outcome::Unknown { why: Blindness::NotPermitted { remedy, .. } } => {
            assert!(
                remedy.contains("net.ipv4.ping_group_range") && remedy.contains("cap_net_raw"),
                "{remedy}"
            );
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn many_pings_at_once_do_not_take_each_others_replies() {
    let checks = checks();
    let reports = futures::future::join_all((0..20).map(|_| {
        let checks = checks.clone();
        async move { checks.run(&PingSettings::new("127.0.0.1").into(), TIMEOUT).await }
    }))
    .await;
    for report in reports {
        assert!(matches!(report.outcome, Outcome::Up | Outcome::Unknown { .. }), "{report:?}");
    }
}

#[tokio::test]
async fn an_unknown_name_and_a_forbidden_address_are_down() {
    let report = run(PingSettings::new("does-not-exist.invalid")).await;
    assert!(matches!(failure(&report), Failure::DnsError { .. }), "{report:?}");
    let report = run(PingSettings::new("169.254.169.254")).await;
    assert!(matches!(failure(&report), Failure::ForbiddenTarget { .. }), "{report:?}");
}
