//! What becomes of everybody else when one sender or one receiver fails, beside a dispatcher that runs.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use domain::delivery::DeliveryState;
use domain::integration::WebhookSettings;
use engine::checks::Names;
use tokio::net::TcpListener;

use crate::on_both;
use crate::receiver::Receiver;
use crate::stage::{Stage, minutes, until};

/// What the log says of a message whose provider panicked.
const OUR_FAULT: &str = "Pharos itself failed; its log says where.";
/// Integrations whose receivers never answer, and messages to each: more than have a turn, and more than a node would hold if it held
/// what it may of those that answer.
const HANGING: usize = 136;
const FOR_EACH: usize = 64;

on_both! {
    async fn a_panic_while_a_message_is_sent_ends_that_message_alone(mut stage: Stage) {
        let panics = Arc::new(AtomicU32::new(1));
        let left = panics.clone();
        stage.resolves(Names::told(move |name| {
            assert_eq!(name, "fragile.test");
            let one_less = left.try_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
            assert!(one_less.is_err(), "a fault of our own, on purpose");
            Ok(vec![IpAddr::from(Ipv4Addr::LOCALHOST)])
        }));
        let fine = stage.teller().await;
        let receiver = Receiver::open().await;
        // A connection for each message: the next one looks the name up again.
        receiver.answers(&[(200, "connection: close\r\n")]);
        let settings = WebhookSettings::to(&receiver.url.replace("127.0.0.1", "fragile.test"));
        let fragile = stage.teller_by(receiver, settings, None).await;
        let (first, second) = (stage.fill(&fragile, 20).await, stage.fill(&fine, 20).await);
        let _running = stage.dispatch();
        until("everybody else was told", async || {
            let others = stage.in_state(&first, DeliveryState::Delivered).await.len() == 19;
            others && stage.in_state(&second, DeliveryState::Delivered).await.len() == 20
        })
        .await;
        until("the panic was written down", async || {
            stage.in_state(&first, DeliveryState::Retrying).await.len() == 1
        })
        .await;
        assert_eq!((fragile.ids().len(), fine.ids().len()), (19, 20));
        let unlucky = stage.in_state(&first, DeliveryState::Retrying).await.remove(0);
        let tried = stage.delivery(&unlucky).await;
        assert_eq!((tried.attempts.len(), tried.row.error.as_deref()), (1, Some(OUR_FAULT)));
        assert_eq!(tried.attempts[0].error.as_deref(), Some(OUR_FAULT));

        // It has as many attempts as any other, and then it has failed; the node goes on.
        panics.store(3, Ordering::SeqCst);
        for (attempts, pause) in [(2, minutes(1)), (3, minutes(5)), (4, minutes(15))] {
            stage.skip(pause);
            until("it was tried again", async || stage.delivery(&unlucky).await.attempts.len() == attempts).await;
        }
        let failed = stage.delivery(&unlucky).await;
        assert_eq!((failed.row.state, failed.row.error.as_deref()), (DeliveryState::Failed, Some(OUR_FAULT)));
        let next = stage.fill(&fragile, 1).await;
        stage.skip(minutes(1));
        until("the next one is told", async || stage.delivery(&next[0]).await.row.state == DeliveryState::Delivered)
            .await;
    }

    async fn receivers_that_never_answer_leave_room_for_those_who_do(stage: Stage) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let silent = format!("http://{}/hook", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let mut held = Vec::new();
            while let Ok((socket, _)) = listener.accept().await {
                held.push(socket);
            }
        });
        let mut waiting = Vec::new();
        for _ in 0..HANGING {
            // As long as may be: none of them ends while the story lasts.
            let settings = WebhookSettings { timeout_ms: 60_000, ..WebhookSettings::to(&silent) };
            let teller = stage.teller_by(Receiver::open().await, settings, None).await;
            waiting.extend(stage.fill(&teller, FOR_EACH).await);
        }
        let prompt = stage.teller().await;
        let told = stage.fill(&prompt, 100).await;
        let _running = stage.dispatch();
        until("who answers was told", async || prompt.ids().len() == told.len()).await;
        // Also what comes while they hang.
        stage.fill(&prompt, 1).await;
        stage.skip(std::time::Duration::from_millis(1));
        until("who answers was told again", async || prompt.ids().len() == told.len() + 1).await;
        let (first, last) = (&waiting[0], &waiting[waiting.len() - 1]);
        for id in [first, last] {
            assert_eq!(stage.delivery(id).await.attempts.len(), 0, "it still hangs");
        }
    }
}
