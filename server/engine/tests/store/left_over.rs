//! Mails that a server takes for some of their receivers and wants to take for the others later.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::delivery::DeliveryState;
use domain::id::MonitorKey;
use domain::integration::{EmailSettings, IntegrationDraft};
use domain::person::Viewer;
use domain::time::{MINUTE, SECOND};
use domain::views::console::DeliveryQuery;
use engine::providers::{MailSecurity, MailSettings};

use crate::mail_server::{Scripted, usual};
use crate::on_both;
use crate::tellers::{Telling, attach, insert};
use crate::world::World;

/// A mail server at which one box of two is full for now, and who writes to both.
struct Stage {
    server: Scripted,
    full: Arc<AtomicBool>,
    telling: Telling,
    monitor: MonitorKey,
}

impl Stage {
    async fn in_world(world: &World) -> Self {
        let full = Arc::new(AtomicBool::new(true));
        let is_full = full.clone();
        let server = Scripted::start(move |line| {
            let refused = line.starts_with("RCPT TO:<full@") && is_full.load(Ordering::SeqCst);
            if refused { "452 4.2.2 mailbox full\r\n".to_owned() } else { usual(line) }
        })
        .await;
        let email = ["ops@example.org", "full@example.org"].map(str::to_owned).into();
        let settings = EmailSettings { email, subject_prefix: String::new() }.into();
        let draft = IntegrationDraft { name: "mail".to_owned(), settings, enabled: true, quiet: None };
        let (key, _) = insert(world, &draft).await;
        let (monitor, _) = world.monitor("Shop").await;
        attach(world, monitor, key).await;
        let mut telling = Telling::over(world);
        let relay =
            MailSettings::relay("127.0.0.1", server.port, MailSecurity::None, "pharos@status.example.org");
        telling.dispatcher.outbound = telling.dispatcher.outbound.with_mail(Some(relay));
        Self { server, full, telling, monitor }
    }

    /// Tells what is due; for whom the server was asked to take a mail, and how many it took.
    async fn pass(&self) -> (Vec<String>, usize) {
        self.telling.pass().await;
        let heard = self.server.heard();
        let receivers = heard.iter().filter_map(|line| line.strip_prefix("RCPT TO:<")?.strip_suffix('>'));
        let taken = heard.iter().filter(|line| *line == "DATA").count();
        (receivers.map(ToOwned::to_owned).collect(), taken)
    }
}

/// Kind, state and note of every message, the oldest first.
async fn log(world: &World) -> Vec<(String, DeliveryState, String)> {
    let page = world.services.deliveries(&Viewer::System, &DeliveryQuery::default()).await.unwrap();
    let rows = page.rows.into_iter().rev();
    rows.map(|row| (row.kind, row.state, row.error.unwrap_or_default())).collect()
}

on_both! {
    async fn who_was_left_over_gets_a_mail_alone_and_nobody_gets_it_twice(world: World) {
        let stage = Stage::in_world(&world).await;
        world.outage(stage.monitor).await;
        let (ops, full) = ("ops@example.org".to_owned(), "full@example.org".to_owned());
        assert_eq!(stage.pass().await, (vec![ops, full.clone()], 1));
        let note = "The mail server does not take it now for full@example.org (452 4.2.2 mailbox full). \
                    It is sent there alone a little later.";
        let both = log(&world).await;
        assert_eq!(both[0], ("error".to_owned(), DeliveryState::Delivered, note.to_owned()));
        assert_eq!((both[1].0.as_str(), both[1].1, both.len()), ("rest", DeliveryState::Waiting, 2));
        world.pass(59 * SECOND);
        assert_eq!(stage.pass().await, (Vec::new(), 0));
        world.pass(SECOND);
        assert_eq!(stage.pass().await, (vec![full.clone()], 0), "it is still full");
        assert_eq!(log(&world).await[1].1, DeliveryState::Retrying);
        stage.full.store(false, Ordering::SeqCst);
        world.pass(MINUTE);
        assert_eq!(stage.pass().await, (vec![full], 1));
        assert_eq!(log(&world).await[1].1, DeliveryState::Delivered);
        world.pass(60 * MINUTE);
        assert_eq!(stage.pass().await, (Vec::new(), 0));
    }

    async fn good_news_does_not_wait_for_who_was_left_over_and_what_is_over_is_not_told_later(world: World) {
        let stage = Stage::in_world(&world).await;
        world.outage(stage.monitor).await;
        stage.pass().await;
        world.pass(30 * SECOND);
        world.recovery(stage.monitor).await;
        let (ops, full) = ("ops@example.org".to_owned(), "full@example.org".to_owned());
        assert_eq!(stage.pass().await, (vec![ops, full.clone()], 1), "at once");
        stage.full.store(false, Ordering::SeqCst);
        world.pass(60 * MINUTE);
        assert_eq!(stage.pass().await, (vec![full], 1), "that it is over, and not that it begins");
        let states: Vec<_> = log(&world).await.into_iter().map(|(kind, state, _)| (kind, state)).collect();
        let expected = [
            ("error", DeliveryState::Delivered),
            ("rest", DeliveryState::Skipped),
            ("ok", DeliveryState::Delivered),
            ("rest", DeliveryState::Delivered),
        ];
        assert_eq!(states, expected.map(|(kind, state)| (kind.to_owned(), state)));
    }
}
