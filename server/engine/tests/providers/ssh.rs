//! ssh: OpenSSH's own server restarts (a stand-in for `sudo` says so), and one of ours does what a real one does rarely.

use domain::integration::{IntegrationSettings, SshSettings};
use domain::message::Message;
use domain::time::{MINUTE, Timestamp};
use engine::checks::{Checks, ChecksConfig, TargetPolicy};
use engine::providers::Outbound;

use crate::mail_server::silence;
use crate::ssh_server::{Act, Door, RealServer, Scripted};
use crate::support::{
    NOW, Told, acknowledged, deliver, deliver_over, error, event, group, ok, outbound, probe, reminder, test,
};

/// Settings for the real server with one of its keys.
fn with_key(server: &RealServer, key: &str) -> SshSettings {
    SshSettings {
        password: None,
        private_key: Some(server.file(key).into()),
        ..SshSettings::with_password("127.0.0.1", server.port, &server.user, "")
    }
}

fn with_password(port: u16, password: &str) -> SshSettings {
    SshSettings::with_password("127.0.0.1", port, "deploy", password)
}

async fn tell(settings: &SshSettings, message: &Message) -> Told {
    deliver(&settings.clone().into(), message).await
}

/// The settings that a run has taught us.
fn learned(told: &Told) -> SshSettings {
    match told.result.as_ref().unwrap().learned.as_deref() {
        Some(IntegrationSettings::Ssh(settings)) => settings.as_ref().clone(),
        other => panic!("nothing of ours was learned: {other:?}"),
    }
}

#[tokio::test]
async fn the_beginning_of_an_incident_restarts_the_server_and_nothing_else_does() {
    let Some(server) = RealServer::start().await else { return };
    let settings = with_key(&server, "user");
    for message in [reminder(), ok(), group(3), acknowledged(), event()] {
        let told = tell(&settings, &message).await;
        let why = told.nothing();
        assert!(why.starts_with("Nothing: a server is restarted when an incident begins"), "{why}");
    }
    assert_eq!(server.ran(), [""; 0]);
    let told = tell(&settings, &error()).await;
    assert_eq!(told.external_id(), Some(format!("run:{}", NOW.0).as_str()));
    assert_eq!(server.ran(), ["reboot"]);
    assert!(told.request.ends_with("$ sudo reboot"), "{told:#?}");
    assert!(told.response.ends_with("Ended with status 0.\ngoing down\n"), "{told:#?}");
    told.hides(&[server.file("user").lines().nth(1).unwrap()]);
    assert_eq!(learned(&told).host_key, Some(server.fingerprint().await));
}

#[tokio::test]
async fn every_kind_of_key_opens_and_a_strange_one_does_not() {
    let Some(server) = RealServer::start().await else { return };
    for (key, passphrase) in [("rsa", None), ("locked", Some("open s3same"))] {
        let settings = SshSettings { passphrase: passphrase.map(Into::into), ..with_key(&server, key) };
        let told = tell(&settings, &error()).await;
        assert!(told.result.is_ok(), "{key}: {told:#?}");
    }
    assert_eq!(server.ran().len(), 2);
    let told = tell(&with_key(&server, "stranger"), &error()).await;
    assert!(told.permanent().contains("does not let"), "{told:#?}");
    for (settings, words) in [
        (with_key(&server, "locked"), "and its passphrase"),
        (
            SshSettings { passphrase: Some("wr0ng".into()), ..with_key(&server, "locked") },
            "check its passphrase",
        ),
        (
            SshSettings {
                private_key: Some("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA".into()),
                ..with_key(&server, "user")
            },
            "paste the whole file",
        ),
    ] {
        assert!(tell(&settings, &error()).await.hides(&["wr0ng"]).permanent().contains(words), "{words}");
    }
    assert_eq!(server.ran().len(), 2);
}

#[tokio::test]
async fn another_host_key_is_refused_until_somebody_empties_the_known_one() {
    let Some(mut server) = RealServer::start().await else { return };
    let known = learned(&tell(&with_key(&server, "user"), &error()).await);
    let again = tell(&known, &error()).await;
    assert_eq!(again.result.as_ref().unwrap().learned, None, "there is nothing new");
    let before = server.fingerprint().await;
    server.change_host_key().await;
    let told = tell(&known, &error()).await;
    let after = server.fingerprint().await;
    assert!(told.permanent().starts_with("The host key changed: "), "{told:#?}");
    assert!(told.permanent().contains(&before) && told.permanent().contains(&after), "{told:#?}");
    assert_eq!(server.ran().len(), 2, "nothing ran, and nothing was said about us");
    let told = tell(&SshSettings { host_key: None, ..known }, &error()).await;
    assert_eq!(learned(&told).host_key, Some(after));
}

#[tokio::test]
async fn a_command_that_fails_says_its_first_words() {
    let Some(server) = RealServer::start().await else { return };
    server.mark("refuse");
    let told = tell(&with_key(&server, "user"), &error()).await;
    let reason = told.permanent();
    assert!(
        reason.starts_with("“sudo reboot” ended with status 1: sudo: a password is required."),
        "{reason}"
    );
    let settings = SshSettings { command: "/nowhere/reboot now".to_owned(), ..with_key(&server, "user") };
    assert!(tell(&settings, &error()).await.permanent().contains("ended with status 127"));
}

#[tokio::test]
async fn a_connection_that_ends_under_the_command_is_a_restart() {
    let Some(server) = RealServer::start().await else { return };
    server.mark("vanish");
    let told = tell(&with_key(&server, "user"), &error()).await;
    assert!(
        told.external_id().is_some() && told.response.contains("as it does when a server restarts"),
        "{told:#?}"
    );
    for act in [Act::Vanish, Act::Signal("TERM"), Act::Status(0)] {
        let scripted = Scripted::start(Door::Password, act).await;
        let told = tell(&with_password(scripted.port, "hunter2"), &error()).await;
        assert!(told.external_id().is_some(), "{told:#?}");
        assert_eq!(scripted.ran(), ["sudo reboot"]);
    }
}

#[tokio::test]
async fn what_happens_before_the_command_begins_is_tried_again() {
    let hanging = Scripted::start(Door::Password, Act::Hang).await;
    let told = tell(&with_password(hanging.port, "hunter2"), &error()).await;
    assert!(told.retry().1.contains("before the command began"), "{told:#?}");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    assert!(tell(&with_password(port, "x"), &error()).await.retry().1.contains("no connection to"));
    for _ in 0..20 {
        let slammed = Scripted::start(Door::Slammed, Act::Status(0)).await;
        tell(&with_password(slammed.port, "hunter2"), &error()).await.retry();
    }
    for (act, words) in [
        (Act::Refuse, "runs no commands for this user"),
        (Act::Signal("SEGV"), "ended with status SIGSEGV"),
        (Act::Status(3), "ended with status 3. Check"),
    ] {
        let scripted = Scripted::start(Door::Password, act).await;
        let told = tell(&with_password(scripted.port, "hunter2"), &error()).await;
        assert!(told.permanent().contains(words), "{told:#?}");
    }
}

#[tokio::test]
async fn a_password_is_given_however_the_server_asks() {
    for door in [Door::Password, Door::Question] {
        let server = Scripted::start(door, Act::Status(0)).await;
        let told = tell(&with_password(server.port, "hunter2"), &error()).await;
        assert!(told.hides(&["hunter2"]).external_id().is_some());
        let told = tell(&with_password(server.port, "wr0ng"), &error()).await;
        assert!(told.hides(&["wr0ng"]).permanent().contains("does not let deploy in"), "{told:#?}");
        assert_eq!(server.ran().len(), 1);
    }
}

async fn at(outbound: &Outbound, settings: &SshSettings, last: Option<Timestamp>) -> Told {
    deliver_over(outbound, &settings.clone().into(), &error(), None, last).await
}

#[tokio::test]
async fn within_the_cool_down_nothing_runs() {
    let server = Scripted::start(Door::Password, Act::Status(0)).await;
    let settings = with_password(server.port, "hunter2");
    let before = |minutes: i64| Some(Timestamp(NOW.0 - minutes * MINUTE));
    let told = at(&outbound(), &settings, before(29)).await;
    assert_eq!(told.nothing(), "Nothing: not run, because the last restart was 29 min ago.");
    assert_eq!(server.ran().len(), 0);
    assert!(at(&outbound(), &settings, before(30)).await.external_id().is_some());
    let always = SshSettings { cooldown_minutes: 0, ..settings };
    assert!(at(&outbound(), &always, before(0)).await.external_id().is_some());
    assert_eq!(server.ran().len(), 2);
}

#[tokio::test]
async fn the_monitors_of_one_server_restart_it_once() {
    let server = Scripted::start(Door::Password, Act::Vanish).await;
    let (outbound, settings) = (outbound(), with_password(server.port, "hunter2"));
    // All of them were claimed before any had run.
    let told = futures::future::join_all((0..5).map(|_| at(&outbound, &settings, None))).await;
    let ran =
        told.iter().filter(|told| told.result.as_ref().is_ok_and(|receipt| receipt.external_id.is_some()));
    assert_eq!((ran.count(), server.ran().len()), (1, 1));
    for told in told.iter().filter(|told| told.result.is_err()) {
        assert!(told.retry().1.ends_with("right now"), "{told:#?}");
    }
    let later = at(&outbound, &settings, None).await;
    assert_eq!(later.nothing(), "Nothing: not run, because the last restart was less than a minute ago.");
    assert_eq!(server.ran().len(), 1);
}

#[tokio::test]
async fn trying_it_logs_in_and_runs_nothing() {
    let Some(server) = RealServer::start().await else { return };
    let settings = with_key(&server, "user");
    let told = tell(&settings, &test()).await;
    assert_eq!(learned(&told).host_key, Some(server.fingerprint().await));
    assert!(told.external_id().is_none() && told.response.contains("Not run: this is a test."), "{told:#?}");
    let said = probe(&settings.clone().into()).await.unwrap().unwrap();
    assert!(said.contains(&server.fingerprint().await) && said.ends_with("Nothing was run."), "{said}");
    let refused = probe(&with_key(&server, "stranger").into()).await.unwrap().unwrap_err();
    assert!(refused.to_string().contains("does not let"), "{refused}");
    assert_eq!(server.ran(), [""; 0]);
}

#[tokio::test]
async fn the_policy_holds_and_strange_servers_do_no_harm() {
    let policy = TargetPolicy { allow_private: false, ..TargetPolicy::default() };
    let closed = Checks::new(ChecksConfig { policy, ..ChecksConfig::default() }).unwrap().outbound().unwrap();
    let told = at(&closed, &with_password(22, "x"), None).await;
    assert!(told.permanent().contains("may not be reached from here"), "{told:#?}");
    // RFC 4253, 4.2 lets a server say other lines first, so that one which speaks HTTP is waited for like one that is silent.
    let http = crate::mail_server::Scripted::start(|_| "HTTP/1.1 400 Bad Request\r\n".to_owned()).await;
    let (http, slow) = (with_password(http.port, "x"), with_password(silence().await, "x"));
    let message = error();
    let (http, slow) = tokio::join!(tell(&http, &message), tell(&slow, &message));
    for told in [http, slow] {
        assert!(told.retry().1.contains("did not let us in within 10 s"), "{told:#?}");
    }
}
