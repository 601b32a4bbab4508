//! email: what a real mail server takes, and what becomes of each way in which one can refuse.

use std::time::Duration;

use domain::integration::{EmailSettings, IntegrationSettings};
use domain::message::Message;
use engine::checks::{Checks, ChecksConfig, TargetPolicy};
use engine::providers::{MailSecurity, MailSettings, Outbound, Reach};
use serde_json::{Value, json};

use crate::mail_server::{PASSWORD, RealServer, Scripted, USER, silence, usual};
use crate::support::{
    Told, deliver, deliver_over, delivery, error, error_with, event, event_with, group, group_over,
    incident_id, noted, ok, outbound, planned_at_once, probe_over, reminder, test,
};

const FROM: &str = "pharos@status.example.org";

fn mail(port: u16, security: MailSecurity) -> MailSettings {
    MailSettings {
        from_name: Some("Pharos “EU”".to_owned()),
        timeout: Duration::from_secs(5),
        ..MailSettings::relay("127.0.0.1", port, security, FROM)
    }
}

fn logged_in(port: u16, security: MailSecurity) -> MailSettings {
    MailSettings { username: Some(USER.to_owned()), password: Some(PASSWORD.into()), ..mail(port, security) }
}

fn trusting(root: &[u8]) -> Outbound {
    let config = ChecksConfig { extra_roots: vec![root.to_vec()], ..ChecksConfig::default() };
    Checks::new(config).unwrap().outbound().unwrap()
}

fn to(addresses: &[&str]) -> IntegrationSettings {
    EmailSettings {
        email: addresses.iter().map(|address| (*address).to_owned()).collect(),
        subject_prefix: "[Pharos]".to_owned(),
    }
    .into()
}

fn ops() -> IntegrationSettings {
    to(&["ops@example.org"])
}

async fn send(outbound: &Outbound, settings: &IntegrationSettings, message: &Message) -> Told {
    deliver_over(outbound, settings, message, None, None).await
}

/// Sends an error to one receiver through a server without encryption.
async fn through(port: u16) -> Told {
    send(&outbound().with_mail(Some(mail(port, MailSecurity::None))), &ops(), &error()).await
}

#[tokio::test]
async fn a_real_server_takes_the_mails_of_an_incident_as_one_thread() {
    let Some(mut server) = RealServer::start("starttls").await else { return };
    let outbound = trusting(&server.root).with_mail(Some(logged_in(server.port, MailSecurity::StartTls)));
    let settings = to(&["ops@example.org", "oncall@example.org"]);
    let told = send(&outbound, &settings, &error()).await;
    let first = format!("<{}@status.example.org>", delivery());
    assert_eq!(told.external_id(), Some(first.as_str()));
    told.hides(&[PASSWORD]);
    let mail = server.mail().await;
    assert_eq!(mail["from"], FROM);
    assert_eq!(mail["to"], json!(["ops@example.org", "oncall@example.org"]));
    assert_eq!((&mail["user"], &mail["encrypted"]), (&json!(USER), &json!(true)));
    assert_eq!((&mail["ascii"], &mail["defects"]), (&json!(true), &json!([])), "{mail:#}");
    assert!(mail["longest"].as_u64().unwrap() <= 998, "RFC 5322, 2.1.1: {}", mail["longest"]);
    let headers = &mail["headers"];
    assert_eq!(headers["subject"], "[Pharos] Shop <EU> & more is down");
    assert_eq!(headers["from"], "Pharos “EU” <pharos@status.example.org>");
    assert_eq!(headers["to"], "ops@example.org, oncall@example.org");
    assert_eq!(headers["date"], "Mon, 02 Mar 2026 00:00:00 +0000");
    assert_eq!(headers["message-id"], first);
    assert_eq!(headers["auto-submitted"], "auto-generated");
    assert_eq!(headers["x-pharos-incident"], incident_id());
    assert_eq!((&headers["in-reply-to"], &headers["references"]), (&Value::Null, &Value::Null));
    let link = format!("https://pharos.example.org/console/incidents/{}", incident_id());
    assert_eq!(
        mail["plain"].as_str().unwrap().replace("\r\n", "\n"),
        format!(
            "Shop <EU> & more is down\n\nDown since 2026-03-01 23:55 UTC (5 min): No answer within 10 s.\nhttps://shop.example.com/?a=1&b=2\n\n\
             Began: 2026-03-01 23:55:00 UTC\nSo far: 5 min\nAddress: 192.0.2.80\n\n{link}\n\n-- \nSent by Pharos.\n"
        )
    );
    let html = mail["html"].as_str().unwrap();
    assert!(html.contains("Shop &lt;EU&gt; &amp; more is down</td>"), "{html}");
    assert!(
        html.contains(&format!("<a href=\"{link}\"")) && html.contains("background-color:#b3261e"),
        "{html}"
    );
    assert!(!html.contains("<img") && !html.contains("<EU>"), "{html}");
    // The next ones come with an id of their own in life; here the first is another one's.
    for (message, subject) in [
        (reminder(), "[Pharos] [Still down] Shop <EU> & more is down"),
        (ok(), "[Pharos] [Resolved] Shop <EU> & more is down"),
    ] {
        let before = Some("<DLfirst@status.example.org>");
        deliver_over(&outbound, &settings, &message, before, None).await.external_id();
        let mail = server.mail().await;
        assert_eq!(mail["headers"]["subject"], subject);
        assert_eq!(mail["headers"]["in-reply-to"], "<DLfirst@status.example.org>");
        assert_eq!(mail["headers"]["references"], "<DLfirst@status.example.org>");
        let resolved = subject.contains("[Resolved]");
        assert_eq!(mail["html"].as_str().unwrap().contains("#1a7f37"), resolved);
        assert_eq!(mail["plain"].as_str().unwrap().contains("Ended: 2026-03-02 00:00:00 UTC"), resolved);
    }
}

#[tokio::test]
async fn storms_events_and_tests_are_mails_too() {
    let Some(mut server) = RealServer::start("tls").await else { return };
    let outbound = trusting(&server.root).with_mail(Some(logged_in(server.port, MailSecurity::Tls)));
    for (message, subject, line) in [
        (group(3), "[Pharos] 3 more monitors are down", "Shop 2: No answer within 10 s."),
        (event(), "[Pharos] Incident created: Checkout <fails>", "  \"title\": \"Checkout <fails>\""),
        (
            test(),
            "[Pharos] Test: Shop <EU> & more is down",
            "Somebody is trying this integration; nothing is wrong.",
        ),
    ] {
        send(&outbound, &ops(), &message).await.result.unwrap();
        let mail = server.mail().await;
        assert_eq!((&mail["headers"]["subject"], &mail["defects"]), (&json!(subject), &json!([])));
        assert!(mail["plain"].as_str().unwrap().lines().any(|known| known == line), "{}", mail["plain"]);
    }
    // Notes are for whoever has something to do.
    for message in [error(), ok()] {
        let is_error = message == error();
        send(&outbound, &ops(), &noted(message, "Ask <Ada>.\nThen Bob.")).await.result.unwrap();
        let mail = server.mail().await;
        let (plain, html) = (mail["plain"].as_str().unwrap(), mail["html"].as_str().unwrap());
        assert_eq!(
            plain.contains("\r\n\r\nNotes:\r\nAsk <Ada>.\r\nThen Bob.\r\n\r\nBegan:"),
            is_error,
            "{plain}"
        );
        assert_eq!(
            html.contains("<strong>Notes</strong><br>Ask &lt;Ada&gt;.<br>Then Bob.</p>"),
            is_error,
            "{html}"
        );
    }
    // It was held back by quiet hours.
    send(&outbound, &ops(), &planned_at_once(error())).await.result.unwrap();
    let plain = server.mail().await["plain"].as_str().unwrap().to_owned();
    assert!(
        plain.contains("\r\nSo far: 5 min\r\n")
            && plain.contains("Down since 2026-03-01 23:55 UTC (5 min): "),
        "{plain}"
    );
    // What would end a header, a line or the mail does not; nor does what is long break anything.
    let mut nasty =
        error_with("Ü\r\nBcc: x@example.org\r\n\r\n. <b>", &format!("_\r\n.\r\n.\r\n{}", "Ω".repeat(5_000)));
    if let domain::message::Body::Alert(alert) = &mut nasty.body {
        alert.incident.title = format!("{} is down", alert.monitor.name);
    }
    send(&outbound, &ops(), &nasty).await.result.unwrap();
    let mail = server.mail().await;
    assert_eq!(mail["headers"]["subject"], "[Pharos] Ü  Bcc: x@example.org    . <b> is down");
    assert_eq!(
        (&mail["headers"]["bcc"], &mail["defects"], &mail["ascii"]),
        (&Value::Null, &json!([]), &json!(true))
    );
    assert!(mail["plain"].as_str().unwrap().contains("\r\n.\r\n.\r\nΩΩΩ"), "{}", mail["plain"]);
    let payload = json!((0..5_000).collect::<Vec<_>>());
    send(&outbound, &ops(), &event_with(payload)).await.result.unwrap();
    let long = server.mail().await;
    assert!(long["plain"].as_str().unwrap().contains("And 4802 more."), "{}", long["plain"]);
    send(&outbound, &ops(), &group_over(3)).await.result.unwrap();
    assert!(server.mail().await["html"].as_str().unwrap().contains("background-color:#1a7f37"));
}

#[tokio::test]
async fn a_real_server_refuses_a_wrong_password_and_receivers_one_by_one() {
    let Some(mut server) = RealServer::start("none").await else { return };
    let wrong = MailSettings { password: Some("wr0ng".into()), ..logged_in(server.port, MailSecurity::None) };
    let told = send(&outbound().with_mail(Some(wrong)), &ops(), &error()).await;
    assert!(told.hides(&["wr0ng"]).permanent().contains("(535 5.7.8"), "{told:#?}");
    assert!(told.permanent().contains("check mail.username and mail.password"));
    let stranger = outbound().with_mail(Some(mail(server.port, MailSecurity::None)));
    let told = send(&stranger, &ops(), &error()).await;
    assert!(told.permanent().contains("530"), "{told:#?}");

    let outbound = outbound().with_mail(Some(logged_in(server.port, MailSecurity::None)));
    let told = send(&outbound, &to(&["ops@example.org", "nobody@example.org"]), &error()).await;
    assert!(
        told.result.is_ok()
            && told
                .response
                .ends_with("Sent to the others, but not to nobody@example.org (550 5.1.1 no such mailbox)."),
        "{told:#?}"
    );
    let missed = "The mail server does not take it for nobody@example.org (550 5.1.1 no such mailbox).";
    assert_eq!(told.result.as_ref().unwrap().missed(), Some(missed));
    assert_eq!(server.mail().await["to"], json!(["ops@example.org"]));
    let told = send(&outbound, &to(&["nobody@example.org"]), &error()).await;
    assert_eq!(
        told.permanent(),
        "The mail server refuses nobody@example.org (550 5.1.1 no such mailbox): check the address."
    );
    let told = send(&outbound, &to(&["nobody@example.org", "full@example.org"]), &error()).await;
    assert!(told.retry().1.contains("full@example.org (452 4.2.2 mailbox full)"), "{told:#?}");

    let said = probe_over(&outbound, &ops()).await.unwrap().unwrap();
    assert_eq!(said, "127.0.0.1 takes mail for ops@example.org.");
    let refused = probe_over(&outbound, &to(&["ops@example.org", "nobody@example.org"])).await.unwrap();
    assert!(refused.unwrap_err().to_string().contains("refuses nobody@example.org"));
    // Neither of the two has sent a mail: the next one is this.
    send(&outbound, &to(&["last@example.org"]), &error()).await.result.unwrap();
    assert_eq!(server.mail().await["to"], json!(["last@example.org"]));
}

#[tokio::test]
async fn who_is_refused_for_now_is_named_and_can_be_written_to_alone() {
    let server = Scripted::start(|line| match line {
        "RCPT TO:<full@example.org>" => "452 4.2.2 mailbox full\r\n".to_owned(),
        "RCPT TO:<nobody@example.org>" => "550 5.1.1 no such mailbox\r\n".to_owned(),
        other => usual(other),
    })
    .await;
    let outbound = outbound().with_mail(Some(mail(server.port, MailSecurity::None)));
    let all = to(&["ops@example.org", "full@example.org", "nobody@example.org", "oncall@example.org"]);
    let told = send(&outbound, &all, &error()).await;
    let why = "The mail server does not take it for nobody@example.org (550 5.1.1 no such mailbox). \
               The mail server does not take it now for full@example.org (452 4.2.2 mailbox full).";
    let owed = vec!["full@example.org".to_owned()];
    assert_eq!(told.result.unwrap().reach, Reach::Later { why: why.to_owned(), owed });
    server.heard();
    let only = |address: &str| Message { only: vec![address.to_owned()], ..error() };
    let told = send(&outbound, &all, &only("OnCall@example.org")).await;
    assert_eq!(told.result.unwrap().reach, Reach::All);
    let heard = server.heard();
    let receivers: Vec<_> = heard.iter().filter(|line| line.starts_with("RCPT")).collect();
    assert_eq!(receivers, ["RCPT TO:<oncall@example.org>"]);
    assert!(heard.iter().any(|line| line.contains("To: oncall@example.org\r\n")), "{heard:#?}");
    // Who is not named any more gets nothing.
    let told = send(&outbound, &all, &only("gone@example.org")).await;
    assert!(matches!(told.result.unwrap().reach, Reach::Nobody(_)));
    assert!(server.heard().is_empty());
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_not_talked_to() {
    for (security, word) in [(MailSecurity::StartTls, "starttls"), (MailSecurity::Tls, "tls")] {
        let Some(server) = RealServer::start(word).await else { return };
        let outbound = outbound().with_mail(Some(logged_in(server.port, security)));
        let told = send(&outbound, &ops(), &error()).await;
        let (_, reason) = told.hides(&[PASSWORD]).retry();
        assert!(reason.contains("could not be encrypted (the certificate is not trusted: "), "{reason}");
        assert!(reason.contains("own, name it in SSL_CERT_FILE): check mail.security"), "{reason}");
        // Messages over HTTPS come to the same trust.
        let url = format!("https://localhost:{}/", server.port);
        let told = deliver(&domain::integration::WebhookSettings::to(&url).into(), &error()).await;
        let (_, reason) = told.retry();
        assert!(security == MailSecurity::StartTls || reason.ends_with("in SSL_CERT_FILE."), "{reason}");
    }
}

#[tokio::test]
async fn what_a_server_refuses_for_now_is_tried_again_and_for_good_is_not() {
    for command in ["", "EHLO", "MAIL", "RCPT", "DATA"] {
        let server = Scripted::but(command, "451 4.3.0 try later").await;
        let told = through(server.port).await;
        assert!(told.retry().1.contains("451 4.3.0 try later"), "{command}: {told:#?}");
        let server = Scripted::but(command, "421 4.3.2 closing").await;
        through(server.port).await.retry();
        let server = Scripted::but(command, "550 5.7.1 never").await;
        let told = through(server.port).await;
        assert!(told.permanent().contains("550 5.7.1 never"), "{command}: {told:#?}");
    }
    // After the mail itself.
    for (answer, passes) in [("452 4.3.1 full", true), ("554 5.7.1 spam", false)] {
        let server = Scripted::start(move |line| match line.lines().count() {
            0 | 1 => usual(line),
            _ => format!("{answer}\r\n"),
        })
        .await;
        let told = through(server.port).await;
        assert_eq!(
            matches!(told.result, Err(engine::providers::DeliveryError::Retry { .. })),
            passes,
            "{told:#?}"
        );
        assert!(told.response.contains(answer), "{told:#?}");
    }
}

#[tokio::test]
async fn the_log_has_envelope_subject_and_answers_but_no_password() {
    // A server that repeats what it did not understand.
    let server = Scripted::start(|line| match line.split(' ').next() {
        Some("EHLO") => "250-mail.test\r\n250 AUTH=LOGIN\r\n".to_owned(),
        Some("AUTH") => "334 VXNlcm5hbWU6\r\n".to_owned(),
        Some("cGhhcm9z") => "334 UGFzc3dvcmQ6\r\n".to_owned(),
        Some(word) if word.ends_with('=') || word.len() > 20 => {
            format!("535 5.7.8 not {word} ({PASSWORD})\r\n")
        }
        _ => usual(line),
    })
    .await;
    let outbound = outbound().with_mail(Some(logged_in(server.port, MailSecurity::None)));
    let told = send(&outbound, &ops(), &error()).await;
    assert!(told.permanent().contains("535 5.7.8 not ********"), "{told:#?}");
    told.hides(&[PASSWORD, "cDRzc3cwcmQtb2YtdGhlLXJlbGF5"]);
    for line in [
        "AUTH as pharos",
        "MAIL FROM:<pharos@status.example.org>",
        "RCPT TO:<ops@example.org>",
        "Subject: [Pharos] Shop",
    ] {
        assert!(told.request.contains(line), "{line}: {}", told.request);
    }
    assert!(
        told.response.starts_with("220 mail.test ESMTP\n\n250 mail.test\n250 AUTH=LOGIN\n\n334 "),
        "{}",
        told.response
    );
}

#[tokio::test]
async fn encryption_that_is_asked_for_is_never_left_out() {
    let plain = Scripted::start(usual).await;
    let outbound = outbound();
    let starttls = outbound.clone().with_mail(Some(logged_in(plain.port, MailSecurity::StartTls)));
    let told = send(&starttls, &ops(), &error()).await;
    assert!(told.permanent().contains("offers no STARTTLS"), "{told:#?}");
    assert!(plain.heard().iter().all(|line| line.starts_with("EHLO")), "nothing else was said");
    let told =
        send(&outbound.clone().with_mail(Some(mail(plain.port, MailSecurity::Tls))), &ops(), &error()).await;
    assert!(told.retry().1.contains("the server does not speak TLS on this port"), "{told:#?}");
    // Somebody on the way adds an answer that would be read as if it had come encrypted.
    let injected = Scripted::start(|line| match line {
        "STARTTLS" => "220 go on\r\n250 injected\r\n".to_owned(),
        line if line.starts_with("EHLO") => "250-mail.test\r\n250 STARTTLS\r\n".to_owned(),
        other => usual(other),
    })
    .await;
    let told =
        send(&outbound.with_mail(Some(mail(injected.port, MailSecurity::StartTls))), &ops(), &error()).await;
    assert!(told.retry().1.contains("before the connection was encrypted"), "{told:#?}");
}

#[tokio::test]
async fn no_answer_however_strange_does_harm() {
    let http = Scripted::start(|_| "HTTP/1.1 400 Bad Request\r\n".to_owned()).await;
    assert!(through(http.port).await.permanent().contains("as no mail server does"));
    for answer in ["\r\n", "2\r\n", "22é\r\n", "+20 x\r\n", "\u{0}\u{1}\r\n"] {
        let server = Scripted::start(move |_| answer.to_owned()).await;
        through(server.port).await.permanent();
    }
    let endless = Scripted::start(|_| "220-x\r\n".repeat(1_000)).await;
    through(endless.port).await.result.unwrap_err();
    let long = Scripted::start(|_| "220 ".to_owned() + &"x".repeat(100_000) + "\r\n").await;
    through(long.port).await.result.unwrap_err();
    let closing =
        Scripted::start(|line| if line.starts_with("RCPT") { String::new() } else { usual(line) }).await;
    assert!(through(closing.port).await.retry().1.contains("closed the connection"));
    let hasty =
        MailSettings { timeout: Duration::from_millis(300), ..mail(silence().await, MailSecurity::None) };
    let told = send(&outbound().with_mail(Some(hasty)), &ops(), &error()).await;
    assert!(told.retry().1.contains("did not finish within"), "{told:#?}");
}

#[tokio::test]
async fn nobody_listens_or_nobody_may_be_reached() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    assert!(through(port).await.retry().1.contains(&format!("no connection to 127.0.0.1:{port}")));
    let policy = TargetPolicy { allow_private: false, ..TargetPolicy::default() };
    let closed = Checks::new(ChecksConfig { policy, ..ChecksConfig::default() }).unwrap().outbound().unwrap();
    for host in ["127.0.0.1", "localhost"] {
        let mail = MailSettings { host: host.to_owned(), ..mail(25, MailSecurity::None) };
        let told = send(&closed.clone().with_mail(Some(mail)), &ops(), &error()).await;
        assert!(told.permanent().contains("may not be reached from here"), "{told:#?}");
    }
    let told = deliver(&ops(), &error()).await;
    assert!(told.permanent().contains("fill in mail.host, mail.port and mail.from"), "{told:#?}");
}
