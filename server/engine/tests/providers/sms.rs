//! sms: Twilio's Messages API, as contracts.md 8.4 has it, and the codes that prove who owns a number.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use domain::integration::{IntegrationSettings, SmsSettings};
use domain::message::{Body, Message};
use domain::time::Timestamp;
use engine::chance::Chance;
use engine::clock::Clock;
use engine::providers::verify::{Verifier, VerifyError};
use engine::providers::{Outbound, TwilioAuth, TwilioSender, TwilioSettings};
use serde_json::json;

use crate::support::{
    Heard, NOW, Reply, Server, Told, deliver, deliver_over, error, error_with, event, group,
    holds_to_the_table_over, noted, ok, outbound, probe_over, reminder, test,
};

const ACCOUNT: &str = "AC00000000000000000000000000000001";
const TOKEN: &str = "t0k3n-of-the-account";
const PHONE: &str = "+15550100199";
const SENDER: &str = "+15550100100";

fn twilio(url: &str) -> TwilioSettings {
    TwilioSettings {
        api_url: url.to_owned(),
        verify_url: url.to_owned(),
        ..TwilioSettings::account(ACCOUNT, TOKEN, TwilioSender::From(SENDER.to_owned()))
    }
}

fn over(url: &str) -> Outbound {
    outbound().with_sms(Some(twilio(url)))
}

fn settings() -> IntegrationSettings {
    SmsSettings::to(PHONE).into()
}

async fn tell(server: &Server, message: &Message) -> Told {
    deliver_over(&over(&server.url), &settings(), message, None, None).await
}

fn refusal(status: u16, code: u32) -> Reply {
    let body = json!({
        "code": code,
        "message": "what was wrong",
        "more_info": format!("https://www.twilio.com/docs/errors/{code}"),
        "status": status,
    });
    Reply::json(status, &body)
}

fn taken(heard: &Heard) -> Reply {
    let form = heard.form();
    Reply::json(
        201,
        &json!({
            "sid": "SM00000000000000000000000000000007",
            "account_sid": ACCOUNT,
            "to": form["To"],
            "from": form.get("From"),
            "messaging_service_sid": form.get("MessagingServiceSid"),
            "body": form["Body"],
            "status": "queued",
            "num_segments": "1",
            "direction": "outbound-api",
            "error_code": null,
            "error_message": null,
        }),
    )
}

fn basic(user: &str, secret: &str) -> String {
    format!("Basic {}", BASE64.encode(format!("{user}:{secret}")))
}

/// Refuses whatever the documentation refuses.
fn messages(heard: &Heard) -> Reply {
    if heard.header("authorization") != basic(ACCOUNT, TOKEN) {
        return refusal(401, 20003);
    }
    let path = format!("/2010-04-01/Accounts/{ACCOUNT}/Messages.json");
    match (heard.method.as_str(), heard.path.split('?').next().unwrap()) {
        ("GET", known) if known == path => Reply::json(200, &json!({ "messages": [] })),
        ("POST", known) if known == path => {
            let form = heard.form();
            if heard.header("content-type") != "application/x-www-form-urlencoded" || !form.contains_key("To")
            {
                return refusal(400, 21604);
            }
            // Exactly one of the two.
            if form.contains_key("From") == form.contains_key("MessagingServiceSid") {
                return refusal(400, 21603);
            }
            match form.get("Body").map(|body| body.chars().count()) {
                Some(1..=1_600) => taken(heard),
                Some(0) | None => refusal(400, 21602),
                Some(_) => refusal(400, 21617),
            }
        }
        _ => refusal(404, 20404),
    }
}

#[tokio::test]
async fn statuses_mean_what_they_mean_everywhere() {
    let accepted = Reply::json(201, &json!({ "sid": "SM1", "status": "queued" }));
    holds_to_the_table_over(|url| (over(url), settings()), &accepted, &[]).await;
}

#[tokio::test]
async fn a_phone_shows_the_headline_the_reason_and_where_to_look() {
    let server = Server::start(messages).await;
    // Notes are too long for it.
    let told = tell(&server, &noted(error(), "Ask Ada.")).await;
    assert_eq!(told.external_id(), Some("SM00000000000000000000000000000007"));
    told.hides(&[TOKEN, &BASE64.encode(format!("{ACCOUNT}:{TOKEN}"))]);
    let form = server.one().form();
    assert_eq!((form["To"].as_str(), form["From"].as_str()), (PHONE, SENDER));
    let incident = crate::support::incident_id();
    let link = format!("https://pharos.example.org/console/incidents/{incident}");
    assert_eq!(
        form["Body"],
        format!(
            "Shop <EU> & more is down\nDown since 2026-03-01 23:55 UTC (5 min): No answer within 10 s.\n{link}"
        )
    );
    for (message, text) in [
        (reminder(), format!("Shop <EU> & more is still down\nDown since 2026-03-01 23:55 UTC (5 min): No answer within 10 s.\n{link}")),
        (ok(), format!("Shop <EU> & more is up again\nIt was down for 5 min.\n{link}")),
        (
            group(3),
            "3 more monitors are down\nAll of them are behind 192.0.2.80. Shop 1, Shop 2, Shop 3\nhttps://pharos.example.org/console"
                .to_owned(),
        ),
        (event(), "Incident created: Checkout <fails>\nhttps://pharos.example.org/console".to_owned()),
    ] {
        tell(&server, &message).await.result.unwrap();
        assert_eq!(server.one().form()["Body"], text);
    }
    tell(&server, &test()).await.result.unwrap();
    assert!(server.one().form()["Body"].starts_with("Test: Shop <EU> & more is down\n"));
}

#[tokio::test]
async fn a_text_stays_within_three_parts_and_where_it_can_within_the_usual_alphabet() {
    let server = Server::start(messages).await;
    let long = "“ein” – lang… ".repeat(100);
    let storm = |name: &str| {
        let mut message = group(200);
        let Body::Group(group) = &mut message.body else { panic!("a storm") };
        name.clone_into(&mut group.outages[5].0.name);
        message
    };
    for (message, is_usual) in [
        (error_with(&long, &long), true),
        (group(200), true),
        (storm("[{^~}]"), true),
        (storm("Shop 🎉"), false),
        (error_with(&"ü🎉".repeat(400), "kurz"), false),
        (error_with(&"a🎉".repeat(400), &"🎉".repeat(400)), false),
        (error_with(&"[".repeat(400), &"a[".repeat(400)), true),
        // What is cut off does not matter.
        (error_with("Shop", &format!("{}🎉", "a".repeat(600))), true),
    ] {
        tell(&server, &message).await.result.unwrap();
        let body = server.one().form()["Body"].clone();
        let (parts, usual) = parts(&body);
        assert!((2..=3).contains(&parts) && usual == is_usual, "{parts} parts, {usual}: {body}");
        assert!(body.contains("\nhttps://pharos.example.org/console"), "the link is never cut: {body}");
        assert!(!body.contains(['“', '”', '–', '…']), "{body}");
        let headline = body.lines().next().unwrap();
        assert!(headline.ends_with(" down"), "the name is cut, not what happened to it: {body}");
    }
}

/// The parts of a text as whoever carries it counts them, and whether all of it is in the usual alphabet.
fn parts(text: &str) -> (usize, bool) {
    let places = |character: char| match character {
        '^' | '{' | '}' | '\\' | '[' | '~' | ']' | '|' | '€' => Some(2),
        'ü' | '\n' | ' '..='_' | 'a'..='z' => Some(1),
        _ => None,
    };
    let usual = text.chars().all(|character| places(character).is_some());
    let most = if usual { 153 } else { 67 };
    let (mut parts, mut used) = (1, 0);
    for character in text.chars() {
        let places = if usual { places(character).unwrap() } else { character.len_utf16() };
        if used + places > most {
            (parts, used) = (parts + 1, 0);
        }
        used += places;
    }
    (parts, usual)
}

#[tokio::test]
async fn a_messaging_service_and_a_key_take_the_place_of_number_and_token() {
    let server = Server::start(|heard| {
        let known = heard.header("authorization") == basic("SK01", "s3cr3t");
        if known { taken(heard) } else { refusal(401, 20003) }
    })
    .await;
    let twilio = TwilioSettings {
        auth: TwilioAuth::Key { sid: "SK01".to_owned(), secret: "s3cr3t".into() },
        sender: TwilioSender::Service("MG01".to_owned()),
        ..twilio(&server.url)
    };
    let outbound = outbound().with_sms(Some(twilio));
    deliver_over(&outbound, &settings(), &error(), None, None).await.hides(&["s3cr3t"]).external_id();
    let form = server.one().form();
    assert_eq!((form["MessagingServiceSid"].as_str(), form.get("From")), ("MG01", None));
}

#[tokio::test]
async fn what_twilio_refuses_for_good_says_what_to_do() {
    for (status, code, words) in [
        (401, 20003, "check sms.account_sid and sms.auth_token"),
        (400, 21211, "no valid phone number"),
        (400, 21408, "geographic permissions"),
        (400, 21606, "choose another number"),
        (400, 21608, "trial"),
        (400, 21610, "START"),
        (400, 21612, "choose another sender"),
        (400, 21614, "no mobile phone"),
    ] {
        let server = Server::saying(refusal(status, code)).await;
        let told = tell(&server, &error()).await;
        let reason = told.permanent();
        assert!(reason.contains(words) && reason.contains(&code.to_string()), "{code}: {reason}");
    }
    let failed = json!({ "sid": "SM1", "status": "failed", "error_message": "carrier violation" });
    let server = Server::saying(Reply::json(201, &failed)).await;
    assert!(tell(&server, &error()).await.permanent().contains("carrier violation"));
}

#[tokio::test]
async fn too_many_messages_wait_as_long_as_twilio_asks() {
    for status in [429, 400] {
        let server = Server::saying(refusal(status, 20429).header("retry-after", "3")).await;
        assert_eq!(tell(&server, &error()).await.retry().0, Some(Duration::from_secs(3)), "{status}");
    }
}

#[tokio::test]
async fn without_twilio_the_operator_reads_what_to_fill_in() {
    let told = deliver(&settings(), &error()).await;
    assert!(told.permanent().contains("fill in sms.account_sid, sms.auth_token and sms.from"));
}

#[tokio::test]
async fn the_connection_is_tried_without_a_message() {
    let server = Server::start(messages).await;
    let said = probe_over(&over(&server.url), &settings()).await.unwrap().unwrap();
    assert!(said.contains("accepts the credentials"), "{said}");
    let heard = server.one();
    assert_eq!((heard.method.as_str(), heard.path.ends_with("?PageSize=1&To=%2B15550100199")), ("GET", true));
    let wrong = TwilioSettings { auth: TwilioAuth::Token("other".into()), ..twilio(&server.url) };
    let refused = probe_over(&outbound().with_sms(Some(wrong)), &settings()).await.unwrap();
    assert!(refused.unwrap_err().to_string().contains("refuses the credentials"));
}

/// Twilio Verify: one code, five tries, forgotten once it was used.
fn verify_service() -> impl Fn(&Heard) -> Reply + Send + Sync + 'static {
    let tries: Arc<Mutex<Option<u32>>> = Arc::default();
    move |heard| {
        if heard.header("authorization") != basic(ACCOUNT, TOKEN) {
            return refusal(401, 20003);
        }
        let (form, mut tries) = (heard.form(), tries.lock().unwrap());
        match heard.path.as_str() {
            "/v2/Services/VA01/Verifications" => match form["To"].as_str() {
                _ if form.get("Channel").map(String::as_str) != Some("sms") => refusal(400, 60200),
                "+15550100000" => refusal(400, 60200),
                "+15550100001" => refusal(429, 60203),
                "+15550100002" => refusal(503, 20503),
                to => {
                    *tries = Some(0);
                    Reply::json(201, &json!({ "sid": "VE1", "to": to, "status": "pending", "valid": false }))
                }
            },
            "/v2/Services/VA01/VerificationCheck" => match *tries {
                None => refusal(404, 20404),
                Some(5) => refusal(429, 60202),
                Some(_) if form["Code"] == "246810" => {
                    *tries = None;
                    Reply::json(200, &json!({ "status": "approved", "valid": true }))
                }
                Some(count) => {
                    *tries = Some(count + 1);
                    Reply::json(200, &json!({ "status": "pending", "valid": false }))
                }
            },
            _ => refusal(404, 20404),
        }
    }
}

fn verifier(twilio: TwilioSettings) -> (Verifier, Clock) {
    let clock = Clock::manual(NOW);
    (Verifier::new(outbound().with_sms(Some(twilio)), clock.clone(), Chance::seeded(5)), clock)
}

#[tokio::test]
async fn twilio_verify_sends_and_checks_a_code() {
    let server = Server::start(verify_service()).await;
    let (verifier, _) =
        verifier(TwilioSettings { verify_service: Some("VA01".to_owned()), ..twilio(&server.url) });
    assert!(matches!(verifier, Verifier::Twilio(_)));
    assert_eq!(verifier.check(PHONE, "246810").await, Err(VerifyError::Expired), "nothing was sent yet");
    assert_eq!(verifier.start("+1 (555) 010-0199").await, Ok(()));
    assert_eq!(verifier.check(PHONE, "111111").await, Err(VerifyError::WrongCode));
    assert_eq!(verifier.check(PHONE, "246-810").await, Ok(()));
    assert_eq!(verifier.check(PHONE, "246810").await, Err(VerifyError::Expired), "a code holds once");
    assert_eq!(verifier.start(PHONE).await, Ok(()));
    for _ in 0..5 {
        assert_eq!(verifier.check(PHONE, "111111").await, Err(VerifyError::WrongCode));
    }
    assert_eq!(verifier.check(PHONE, "246810").await, Err(VerifyError::Expired), "it was guessed too often");
    for (phone, error) in [
        ("555", VerifyError::InvalidNumber),
        ("+15550100000", VerifyError::InvalidNumber),
        ("+15550100001", VerifyError::TooOften),
    ] {
        assert_eq!(verifier.start(phone).await, Err(error), "{phone}");
    }
    let failed = verifier.start("+15550100002").await.unwrap_err();
    assert!(matches!(&failed, VerifyError::ProviderFailed(why) if why.contains("503")), "{failed}");
}

#[tokio::test]
async fn a_code_of_our_own_goes_out_as_a_message() {
    let server = Server::start(messages).await;
    let (verifier, clock) = verifier(twilio(&server.url));
    assert!(matches!(verifier, Verifier::Local(..)));
    assert_eq!(verifier.start(PHONE).await, Ok(()));
    let form = server.one().form();
    assert_eq!(form["To"], PHONE);
    let (code, rest) = form["Body"].split_once(' ').unwrap();
    assert_eq!((code.len(), rest), (6, "is your code for Pharos. It holds for 10 minutes."));
    assert!(!format!("{verifier:?}").contains(code));
    assert_eq!(verifier.start(PHONE).await, Err(VerifyError::TooOften));
    assert!(server.heard().is_empty(), "no second message");
    assert_eq!(verifier.check(PHONE, "x").await, Err(VerifyError::WrongCode));
    clock.advance(Duration::from_mins(9));
    assert_eq!(verifier.check(PHONE, code).await, Ok(()));
    assert_eq!(verifier.check(PHONE, code).await, Err(VerifyError::Expired));
    assert_eq!(clock.now(), Timestamp(NOW.0 + 9 * 60_000));
}

#[tokio::test]
async fn who_was_sent_nothing_need_not_wait() {
    let answers = Arc::new(Mutex::new(vec![refusal(503, 20503), refusal(400, 21614)]));
    let server = Server::start(move |heard| {
        let next = answers.lock().unwrap().pop();
        next.unwrap_or_else(|| messages(heard))
    })
    .await;
    let (verifier, _) = verifier(twilio(&server.url));
    assert_eq!(verifier.start(PHONE).await, Err(VerifyError::InvalidNumber), "a landline");
    assert!(matches!(verifier.start(PHONE).await, Err(VerifyError::ProviderFailed(_))));
    assert_eq!(verifier.start(PHONE).await, Ok(()));
    let nobody = Verifier::new(outbound(), Clock::manual(NOW), Chance::seeded(5));
    let failed = nobody.start(PHONE).await.unwrap_err().to_string();
    assert!(failed.contains("sms.account_sid"), "{failed}");
    assert_eq!(server.heard().len(), 3);
}
