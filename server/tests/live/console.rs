use std::sync::atomic::Ordering;

use domain::person::Viewer;
use domain::views::console::Frame;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use super::support::{BUILD, Site, Socket, Target};

async fn connect(site: &Site, query: &str) -> Socket {
    let mut request = format!("ws://{}/api/live{query}", site.address).into_client_request().unwrap();
    request.headers_mut().insert("cookie", "session=1".parse().unwrap());
    Socket { socket: tokio_tungstenite::connect_async(request).await.unwrap().0 }
}

async fn frame(socket: &mut Socket) -> Frame {
    serde_json::from_str(&socket.text().await.expect("a frame")).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_logged_in_hears_nothing() {
    let site = Site::open().await;
    let refused = tokio_tungstenite::connect_async(format!("ws://{}/api/live", site.address)).await;
    assert!(refused.unwrap_err().to_string().contains("401"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_screen_is_told_of_rows_samples_and_of_what_is_gone() {
    let site = Site::open().await;
    let target = Target::open().await;
    let mut socket = connect(&site, "").await;
    assert!(matches!(frame(&mut socket).await, Frame::Hello { build, .. } if build == BUILD));
    let id = site.watch("Shop", target.port).await;
    loop {
        if let Frame::Monitor { row, counts, .. } = frame(&mut socket).await
            && counts.up == 1
        {
            assert_eq!((row.id.clone(), row.name.as_str()), (id.clone(), "Shop"));
            break;
        }
    }
    socket.say(&format!(r#"{{"watch":["{id}","NM00000000000000000000"]}}"#)).await;
    loop {
        if let Frame::Sample { id: of, beat, .. } = frame(&mut socket).await {
            assert_eq!(of, id);
            assert!(beat.latency_us.is_some());
            break;
        }
    }
    drop(target);
    loop {
        if let Frame::Monitor { item: Some(item), counts, .. } = frame(&mut socket).await
            && counts.down == 1
        {
            assert_eq!(item.name, "Shop");
            break;
        }
    }
    site.services.delete_monitor(&Viewer::System, &id).await.unwrap();
    loop {
        if let Frame::Gone { id: gone, counts, .. } = frame(&mut socket).await {
            assert_eq!((gone, counts.total()), (id, 0));
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_screen_that_missed_something_reads_everything_again() {
    let site = Site::open().await;
    let mut current = connect(&site, "").await;
    let Frame::Hello { seq, .. } = frame(&mut current).await else { panic!("a greeting comes first") };
    let mut behind = connect(&site, &format!("?seq={}", seq.0 - 1)).await;
    assert!(matches!(frame(&mut behind).await, Frame::Hello { .. }));
    assert_eq!(frame(&mut behind).await, Frame::Resync { seq });
    let mut level = connect(&site, &format!("?seq={}", seq.0)).await;
    assert!(matches!(frame(&mut level).await, Frame::Hello { .. }));
    level.say("ping").await;
    assert_eq!(level.text().await.unwrap(), "pong", "and nothing else before");
}

#[tokio::test(flavor = "multi_thread")]
async fn logging_out_closes_the_screen() {
    let site = Site::open().await;
    let mut socket = connect(&site, "").await;
    frame(&mut socket).await;
    site.logged_in.store(false, Ordering::SeqCst);
    // The socket must be waiting before it is told; the ping shows that it is.
    socket.say("ping").await;
    assert_eq!(socket.text().await.unwrap(), "pong");
    site.console.recheck();
    assert_eq!(socket.text().await, None);
}
