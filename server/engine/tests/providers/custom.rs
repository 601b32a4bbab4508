//! Custom integrations, run against services with a mind of their own.

use domain::check::request::Header;
use domain::custom::{
    Capture, Comparison, CustomSettings, Definition, HttpStep, MessageTypes, PredefinedVariable, Source,
    StepAssertion, StepAuth, StepMethod, VariableSource,
};
use domain::id::DefinitionId;
use domain::integration::IntegrationSettings;
use domain::message::{Body, LevelFacts, Message};
use domain::template::{Functions, Scope, Template, UserFunction};
use serde_json::json;

use super::support::{self, Reply, Server, Told, deliver, error, ok, reminder};

fn fixed(name: &str, value: &str, secret: bool) -> PredefinedVariable {
    PredefinedVariable {
        name: name.to_owned(),
        source: VariableSource::Fixed { value: value.into() },
        secret,
    }
}

/// The stock definition for a service at a URL.
fn stock(url: &str) -> CustomSettings {
    CustomSettings { variables: vec![fixed("ApiUrl", url, false)], ..CustomSettings::default() }
}

/// Steps for every message.
fn steps(url: &str, steps: Vec<HttpStep>) -> CustomSettings {
    let definition = Definition { name: String::new(), types: MessageTypes::ALL, steps };
    CustomSettings { definitions: vec![definition], ..stock(url) }
}

fn step(url: &str) -> HttpStep {
    HttpStep::to(url)
}

fn header(name: &str, value: &str) -> Header {
    Header { name: name.to_owned(), value: value.into() }
}

fn capture(variable: &str, source: Source, property: &str) -> Capture {
    Capture { variable: variable.to_owned(), source, property: property.to_owned(), secret: false }
}

fn assertion(source: Source, property: &str, comparison: Comparison, target: &str) -> StepAssertion {
    StepAssertion { source, property: property.to_owned(), comparison, target: target.to_owned() }
}

async fn tell(settings: &CustomSettings, message: &Message) -> Told {
    settings.validate().unwrap();
    deliver(&IntegrationSettings::from(settings.clone()), message).await
}

#[tokio::test]
async fn the_stock_definition_tells_every_kind_of_message_in_the_documented_shape() {
    let server = Server::saying(Reply::text(200, "thanks")).await;
    for (message, kind, description, downtime) in [
        (error(), "Alert", "No answer within 10 s.", "00:05:00"),
        (reminder(), "Reminder", "No answer within 10 s.", "00:05:00"),
        (ok(), "Ok", "The monitor is up again.", "00:05:00"),
    ] {
        let told = tell(&stock(&format!("{}/hook", server.url)), &message).await;
        told.result.as_ref().unwrap();
        let heard = server.one();
        assert_eq!((heard.method.as_str(), heard.path.as_str()), ("POST", "/hook"));
        assert_eq!(heard.header("content-type"), "application/json");
        let alert = message.alert().unwrap();
        let (incident, monitor) = (&alert.incident.id, &alert.monitor.id);
        assert_eq!(
            heard.json(),
            json!({
                "alert": {
                    "alertGuid": alert.id,
                    "type": kind,
                    "description": description,
                    "failureMessage": "",
                    "timestampUtc": "2026-03-02T00:00:00",
                    "timestamp": "2026-03-02T00:00:00",
                    "timestampUtcFormatted": "3/2/2026 12:00 AM",
                    "timestampFormatted": "3/2/2026 12:00 AM",
                    "firstErrorUtc": "2026-03-01T23:55:00",
                    "firstError": "2026-03-01T23:55:00",
                    "firstErrorUtcFormatted": "3/1/2026 11:55 PM",
                    "firstErrorFormatted": "3/1/2026 11:55 PM",
                    "firstErrorCheckUrl": format!("https://pharos.example.org/console/incidents/{incident}"),
                    "firstErrorCheckId": "1772409300000",
                    "serverIpv4": "192.0.2.80",
                    "serverIpv6": "",
                    "resolvedIpAddress": "192.0.2.80",
                    "responseBody": "",
                    "downtimeDuration": downtime,
                },
                "alertDefinition": { "guid": "", "name": "" },
                "escalationLevel": { "id": "", "message": "" },
                "incident": { "key": incident },
                "monitor": {
                    "guid": monitor,
                    "name": "Shop <EU> & more",
                    "type": "Https",
                    "url": "https://shop.example.com/?a=1&b=2",
                    "notes": "",
                    "dashboardUrl": format!("https://pharos.example.org/console/monitors/{monitor}"),
                    "editUrl": format!("https://pharos.example.org/console/monitors/{monitor}/edit"),
                },
                "account": { "id": "" },
                "source": "Uptrends",
                "version": "1.0",
            })
        );
        assert!(told.request.contains("Step 1\nPOST ") && told.response.ends_with("thanks"), "{told:#?}");
    }
}

#[tokio::test]
async fn the_shared_table_of_statuses_holds() {
    let settings = |url: &str| IntegrationSettings::from(stock(url));
    support::holds_to_the_table_of_statuses(settings, &Reply::text(200, ""), &[]).await;
}

#[tokio::test]
async fn a_redirect_tells_nobody_unless_the_author_asserts_that_it_is_meant() {
    for status in [301, 302, 304, 307, 399] {
        let server = Server::saying(Reply::text(status, "").header("location", "/elsewhere")).await;
        let told = tell(&stock(&server.url), &error()).await;
        let why = "redirects are not followed; use the address that it leads to.";
        assert_eq!(told.permanent(), format!("Step 1: HTTP {status}: {why}"));
        assert_eq!(server.heard().len(), 1, "{status}: it is not followed");
        let mut meant = step("{{ApiUrl}}/x");
        meant.assertions = vec![assertion(Source::StatusCode, "", Comparison::Less, "400")];
        tell(&steps(&server.url, vec![meant]), &error()).await.result.unwrap();
    }
}

/// A ticket system as they are: log in with name and password, get a token and a cookie, open a ticket with both.
#[tokio::test]
async fn steps_hand_on_tokens_and_cookies() {
    let server = Server::start(|heard| match (heard.method.as_str(), heard.path.as_str()) {
        // me:pass word
        ("GET", "/login") if heard.header("authorization") == "Basic bWU6cGFzcyB3b3Jk" => {
            let token = json!({ "response": { "access_token": "T0KEN-abc" } });
            Reply::json(200, &token).header("set-cookie", "sid=C00KIE; Path=/; HttpOnly")
        }
        ("PUT", "/tickets/Alert")
            if heard.header("authorization") == "Bearer T0KEN-abc"
                && heard.header("cookie") == "own=1; sid=C00KIE" =>
        {
            Reply::json(201, &json!({ "number": 4711 }))
        }
        ("POST", "/tickets/4711/notes") => Reply::text(204, ""),
        _ => Reply::text(401, "who are you?"),
    })
    .await;
    let mut login = step("{{ApiUrl}}/login");
    login.method = StepMethod::Get;
    login.auth = StepAuth::Basic { username: "me".to_owned(), password: "{{Password}}".into() };
    login.captures = vec![capture("t", Source::Json, "response.access_token")];
    let mut open = step("{{ApiUrl}}/tickets/{{@alert.type}}");
    open.name = "open the ticket".to_owned();
    open.method = StepMethod::Put;
    open.headers = vec![header("Authorization", "Bearer {{t}}"), header("Cookie", "own=1")];
    open.body = r#"{"title": "{{@JsonEncode({{@monitor.name}})}}", "team": "{{Team}}"}"#.to_owned();
    open.captures = vec![capture("number", Source::Json, "number")];
    open.assertions = vec![assertion(Source::StatusCode, "", Comparison::Equal, "201")];
    let mut note = step("{{ApiUrl}}/tickets/{{number}}/notes");
    note.headers =
        vec![header("Content-Type", "application/x-www-form-urlencoded"), header("X-Monitor", "Café")];
    note.body = "text={{@monitor.name}}&key={{Password}}".to_owned();
    let mut settings = steps(&server.url, vec![login, open, note]);
    settings.variables.push(fixed("Password", "pass word", true));
    settings.variables.push(PredefinedVariable {
        name: "Team".to_owned(),
        source: VariableSource::PerLevel,
        secret: false,
    });
    let mut message = error();
    let Body::Alert(alert) = &mut message.body else { panic!("an alert") };
    alert.level = Some(LevelFacts {
        definition: DefinitionId::new([4; 13]),
        name: "Night".to_owned(),
        number: 1,
        message: String::new(),
        variables: [("team".to_owned(), "night \"shift\"".to_owned())].into(),
    });
    message.time_zone = "Europe/Berlin".to_owned();

    let told = tell(&settings, &message).await;
    told.result.as_ref().unwrap();
    let heard = server.heard();
    assert_eq!(heard.len(), 3);
    assert_eq!(heard[1].body, r#"{"title": "Shop <EU> & more", "team": "night "shift""}"#);
    assert_eq!(heard[2].form()["text"], "Shop <EU> & more");
    assert_eq!(heard[2].form()["key"], "pass word");
    assert_eq!(heard[2].header("x-monitor"), "Café");
    told.hides(&["T0KEN-abc", "C00KIE", "pass word", "pass+word", "pass%20word", "bWU6cGFzcyB3b3Jk"]);
    assert!(told.request.contains("Step 2 (open the ticket)\nPUT "), "{}", told.request);
    assert!(told.response.contains("number = 4711"), "{}", told.response);
    assert_eq!(told.status, Some(204));
}

#[tokio::test]
async fn what_the_log_shows_of_an_address_and_of_encodings_tells_no_secret() {
    let server = Server::start(|heard| Reply::text(200, &format!("{} {}", heard.path, heard.body))).await;
    let mut only = step("{{ApiUrl}}/m/{{Key}}?z={{Key}}");
    only.body = "{{@XmlEncode({{Key}})}} {{@Base64Encode(u:{{Key}})}}".to_owned();
    let mut settings = steps(&server.url, vec![only]);
    settings.variables.push(fixed("Key", "pä$$ <1>", true));
    let told = tell(&settings, &error()).await;
    assert_eq!(server.one().body, "pä$$ &lt;1&gt; dTpww6QkJCA8MT4=");
    told.hides(&["$$", "lt;", "dTpww"]);
}

#[tokio::test]
async fn digest_answers_the_challenge_and_a_wrong_password_is_refused() {
    // RFC 7616 with the values of this server; the hash is reckoned as the server would.
    fn server(
        hash: fn(&str) -> String,
        algorithm: &'static str,
    ) -> impl Fn(&support::Heard) -> Reply + Send + Sync {
        move |heard| {
            let sent = heard.header("authorization");
            let part = |name: &str| {
                let at =
                    sent.find(&format!("{name}=")).map(|at| &sent[at + name.len() + 1..]).unwrap_or_default();
                at.trim_start_matches('"').split(['"', ',']).next().unwrap_or_default().to_owned()
            };
            let who = hash("me:the realm:hunter2");
            let what = hash(&format!("{}:{}", heard.method, heard.path));
            let expected = hash(&format!("{who}:n0nce:{}:{}:auth:{what}", part("nc"), part(" cnonce")));
            let challenge =
                format!("Digest realm=\"the realm\", nonce=\"n0nce\", qop=\"auth\", algorithm={algorithm}");
            if sent.starts_with("Digest ") && part("response") == expected && part("uri") == heard.path {
                Reply::text(200, "welcome")
            } else {
                Reply::text(401, "no").header("www-authenticate", challenge)
            }
        }
    }
    fn hashed(algorithm: &str, text: &str) -> String {
        let function = json!([{ "name": "h", "type": "hash", "algorithm": algorithm, "key": "" }]);
        let functions = serde_json::from_value::<Vec<UserFunction>>(function).unwrap();
        let mut scope =
            Scope::new(support::NOW, || 0).with_functions(Functions::compile(&functions).unwrap());
        scope.set("text", text);
        Template::parse("{{h({{text}})}}").unwrap().render(&mut scope).unwrap().text
    }
    let md5: fn(&str) -> String = |text| hashed("MD5", text);
    let sha256: fn(&str) -> String = |text| hashed("SHA256", text);
    for (hash, algorithm) in [(md5, "MD5"), (sha256, "SHA-256")] {
        let server = Server::start(server(hash, algorithm)).await;
        let mut only = step("{{ApiUrl}}/a/b?c=d%20e");
        only.body = "the message".to_owned();
        only.auth = StepAuth::Digest { username: "me".to_owned(), password: "hunter2".into() };
        let told = tell(&steps(&server.url, vec![only.clone()]), &error()).await;
        assert!(told.result.is_ok(), "{algorithm}: {told:#?}");
        told.hides(&["hunter2"]);
        let heard = server.heard();
        assert_eq!(
            (heard.len(), heard[0].header("authorization"), heard[1].body.as_str()),
            (2, "", "the message")
        );

        only.auth = StepAuth::Digest { username: "me".to_owned(), password: "wrong one".into() };
        let told = tell(&steps(&server.url, vec![only]), &error()).await;
        assert!(told.permanent().contains("401"), "{told:#?}");
        assert_eq!(server.heard().len(), 2);
    }
}

#[tokio::test]
async fn the_author_has_to_mend_what_would_not_change() {
    let server = Server::saying(Reply::json(200, &json!({ "state": "refused" }))).await;
    let mut asserted = step("{{ApiUrl}}/second");
    asserted.assertions = vec![assertion(Source::Json, "state", Comparison::Equal, "accepted")];
    let mut captured = step("{{ApiUrl}}/second");
    captured.captures = vec![capture("id", Source::Json, "id")];
    let unfit = step("{{Nowhere}}");
    for (second, part) in [
        (
            asserted,
            "Step 2: “Response body as JSON state” should hold: is equal to “accepted”; it is “refused”.",
        ),
        (captured, "Step 2: The variable “id” could not be captured"),
        (unfit, "Step 2 cannot be filled in. url: "),
    ] {
        let told = tell(&steps(&server.url, vec![step("{{ApiUrl}}/first"), second]), &error()).await;
        assert!(told.permanent().contains(part), "{told:#?}");
    }
}

#[tokio::test]
async fn what_may_pass_is_tried_again_and_says_which_step() {
    let busy = Reply::text(503, "busy").header("retry-after", "30");
    let server = Server::saying(busy).await;
    let mut second = step("{{ApiUrl}}/x");
    second.assertions = vec![assertion(Source::Json, "id", Comparison::Exists, "")];
    let told = tell(&steps(&server.url, vec![second]), &error()).await;
    let (after, reason) = told.retry();
    assert_eq!(after, Some(std::time::Duration::from_secs(30)));
    assert!(reason.starts_with("Step 1: ") && reason.contains("503"), "{reason}");

    let told = tell(&stock("http://127.0.0.1:1/secret-path"), &error()).await;
    assert_eq!(
        told.retry().1,
        "Step 1: 127.0.0.1:1 refused the connection: nothing listens there. Check the address."
    );

    // Nothing there, and the author expects just that.
    let mut silent = step("http://127.0.0.1:1/");
    silent.assertions = vec![assertion(Source::Completed, "", Comparison::Equal, "false")];
    tell(&steps("unused", vec![silent]), &error()).await.result.unwrap();
}

#[tokio::test]
async fn a_step_that_may_fail_does_not_stop_the_others_and_nothing_is_sent_twice() {
    let server = Server::start(|heard| match heard.path.as_str() {
        "/ok" => Reply::text(200, ""),
        _ => Reply::text(500, "broken"),
    })
    .await;
    let (broken, ok) = (step("{{ApiUrl}}/broken"), step("{{ApiUrl}}/ok"));
    let may_fail = HttpStep { continue_after_error: true, ..broken.clone() };
    for steps_of_it in [
        vec![may_fail.clone(), ok.clone()],
        vec![ok.clone(), may_fail.clone()],
        vec![may_fail.clone(), ok.clone(), may_fail.clone()],
    ] {
        let (count, first) = (steps_of_it.len(), steps_of_it[0].continue_after_error);
        let told = tell(&steps(&server.url, steps_of_it), &error()).await;
        let receipt = told.result.as_ref().unwrap();
        let missed = receipt.missed().unwrap();
        assert!(missed.starts_with(if first { "Step 1: " } else { "Step 2: " }), "{missed}");
        assert!(missed.ends_with(". The other steps were taken, so it is not tried again."), "{missed}");
        assert_eq!(missed.contains("Step 3: "), count == 3, "{missed}");
        assert_eq!(server.heard().len(), count);
    }

    let told = tell(&steps(&server.url, vec![may_fail.clone(), ok.clone(), broken.clone()]), &error()).await;
    assert!(told.permanent().contains(". It is not tried again"), "{told:#?}");
    assert_eq!(server.heard().len(), 3);

    let told = tell(&steps(&server.url, vec![may_fail.clone(), may_fail]), &error()).await;
    assert!(told.retry().1.starts_with("Step 1: "), "{told:#?}");

    let told =
        tell(&steps(&server.url, vec![step("{{ApiUrl}}/broken"), step("{{ApiUrl}}/ok")]), &error()).await;
    told.retry();
    assert_eq!(server.heard().len(), 3, "the second step of the last run is left out");
}

#[tokio::test]
async fn nothing_is_sent_for_what_is_not_ticked_or_not_spoken_of() {
    let server = Server::saying(Reply::text(200, "")).await;
    let mut settings = stock(&server.url);
    settings.definitions[0].types = MessageTypes { error: true, ..MessageTypes::default() };
    for message in [ok(), reminder(), support::acknowledged()] {
        let told = tell(&settings, &message).await;
        assert!(told.nothing().starts_with("Nothing: no definition of this integration is "), "{told:#?}");
    }
    tell(&settings, &support::group(2)).await.permanent();
    let told = tell(&settings, &support::event()).await;
    // The fault of the subscription: neither a failure of the integration nor a success.
    let why = told.nothing();
    assert!(why.starts_with("Nothing: its templates speak of alerts. Remove the subscription"), "{why}");
    assert_eq!(server.heard().len(), 0);
}

#[tokio::test]
async fn a_large_answer_is_read_to_the_end_but_logged_in_part() {
    let filler = "x".repeat(300_000);
    let server = Server::saying(Reply::json(200, &json!({ "filler": filler, "last": "here" }))).await;
    let mut only = step("{{ApiUrl}}");
    only.captures = vec![capture("last", Source::Json, "last"), capture("size", Source::ContentLength, "")];
    let told = tell(&steps(&server.url, vec![only]), &error()).await;
    assert!(told.response.contains("last = here\nsize = 300027"), "{told:#?}");
    assert!(told.response.len() < 16_384);
}

#[tokio::test]
async fn an_address_that_may_not_be_reached_is_for_the_author_to_mend() {
    let told = tell(&stock("http://169.254.169.254/latest/meta-data"), &error()).await;
    assert!(told.permanent().starts_with("Step 1: 169.254.169.254 may not be reached"), "{told:#?}");
}

#[test]
fn all_steps_together_take_a_minute_at_most() {
    let seconds = |count: usize| {
        let settings =
            IntegrationSettings::from(steps("https://example.org", vec![step("{{ApiUrl}}"); count]));
        engine::providers::of(&settings).timeout().as_secs()
    };
    assert_eq!([1, 2, 10].map(seconds), [10, 20, 60]);
}
