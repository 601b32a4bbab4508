//! Names that lead where nobody may go: messages are held to the same rules as checks.

use std::net::{IpAddr, Ipv4Addr};

use domain::integration::{EmailSettings, IntegrationSettings, SshSettings, WebhookSettings};
use engine::checks::{Checks, ChecksConfig, Names};
use engine::providers::{MailSecurity, MailSettings};

use crate::support::{deliver_over, error};

#[tokio::test]
async fn a_name_that_leads_to_a_metadata_service_is_refused_by_every_way_out() {
    for address in ["169.254.169.254", "fd00:ec2::254", "::ffff:169.254.169.254", "fe80::1"] {
        let trap: IpAddr = address.parse().unwrap();
        let names = Names::told(move |_| Ok(vec![Ipv4Addr::LOCALHOST.into(), trap]));
        let checks = Checks::new(ChecksConfig { names, ..ChecksConfig::default() }).unwrap();
        let mail = MailSettings::relay("trap.test", 25, MailSecurity::None, "pharos@example.org");
        let outbound = checks.outbound().unwrap().with_mail(Some(mail));
        let ways: [IntegrationSettings; 3] = [
            WebhookSettings::to("http://trap.test/hook").into(),
            SshSettings::with_password("trap.test", 22, "deploy", "x").into(),
            EmailSettings { email: vec!["ops@example.org".to_owned()], subject_prefix: String::new() }.into(),
        ];
        for settings in ways {
            let told = deliver_over(&outbound, &settings, &error(), None, None).await;
            let why = told.permanent();
            assert!(why.contains("may not be reached from here"), "{address}: {why}");
            assert!(why.contains("are never checked"), "{address}: {why}");
        }
    }
}
