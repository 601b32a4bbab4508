//! The ways to a target: IPv6, proxies, and HTTP/2.

use std::{
    net::{Ipv6Addr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};

use domain::check::{Failure, HttpSettings, Outcome, TcpSettings, target::IpVersion};
use engine::checks::TargetPolicy;
use rustls::ServerConfig;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

use crate::support::*;

/// A page on the IPv6 loopback; `None` where the machine has none.
async fn page_on_ipv6() -> Option<SocketAddr> {
    let listener = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).await.ok()?;
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4_096]).await;
            let _ = stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok")
                .await;
        }
    });
    Some(address)
}

#[tokio::test]
async fn ipv6_is_dialled_by_address_and_by_name() {
    let Some(address) = page_on_ipv6().await else { return };
    let report = run(get(&format!("http://[::1]:{}/", address.port()))).await;
    assert_eq!(report.outcome, Outcome::Up, "{report:?}");
    assert_eq!(report.evidence.remote, Some(address));
    let report = run(TcpSettings::new("::1", address.port())).await;
    assert_eq!(report.outcome, Outcome::Up, "{report:?}");

    let settings =
        HttpSettings { ip_version: IpVersion::V6, ..get(&format!("http://localhost:{}/", address.port())) };
    let report = run(settings).await;
    // A machine whose hosts file gives localhost no IPv6 address says so.
    let nameless = matches!(&report.outcome, Outcome::Down { failure: Failure::DnsError { reason, .. } } if reason.contains("IPv6"));
    assert!(nameless || report.evidence.remote == Some(address), "{report:?}");
    let closed = TargetPolicy { allow_private: false, ..TargetPolicy::default() };
    let report =
        checks_with(closed).run(&get(&format!("http://[::1]:{}/", address.port())).into(), TIMEOUT).await;
    assert!(matches!(failure(&report), Failure::ForbiddenTarget { .. }), "{report:?}");
}

/// A SOCKS5 proxy (RFC 1928) without authentication, which leads everybody to one place; it remembers whom it was asked for.
pub(crate) async fn socks_proxy(to: SocketAddr) -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, asked) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(Vec::new())));
    let wishes = asked.clone();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let wishes = wishes.clone();
            tokio::spawn(async move {
                let [_, methods] = [client.read_u8().await.unwrap(), client.read_u8().await.unwrap()];
                client.read_exact(&mut vec![0; usize::from(methods)]).await.unwrap();
                client.write_all(&[5, 0]).await.unwrap();
                let mut head = [0; 4];
                client.read_exact(&mut head).await.unwrap();
                let wish = match head[3] {
                    1 => std::net::Ipv4Addr::from(client.read_u32().await.unwrap()).to_string(),
                    3 => {
                        let length = client.read_u8().await.unwrap();
                        let mut name = vec![0; usize::from(length)];
                        client.read_exact(&mut name).await.unwrap();
                        String::from_utf8(name).unwrap()
                    }
                    _ => Ipv6Addr::from(client.read_u128().await.unwrap()).to_string(),
                };
                client.read_u16().await.unwrap();
                wishes.lock().unwrap().push(wish);
                client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await.unwrap();
                let mut server = TcpStream::connect(to).await.unwrap();
                let _ = copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    (address, asked)
}

#[tokio::test]
async fn a_socks_proxy_gets_a_name_or_an_address_as_asked() {
    let server = Server::start(|_| ok("through the proxy")).await;
    let (proxy, asked) = socks_proxy(server.address).await;
    let through = |scheme: &str, url: &str| HttpSettings {
        proxy: Some(format!("{scheme}://{proxy}").into()),
        keyword: Some("through the proxy".into()),
        ..get(url)
    };
    let report = run(through("socks5h", "http://shop.invalid/")).await;
    assert_eq!(report.outcome, Outcome::Up, "{report:?}");
    let report =
        run(HttpSettings { ip_version: IpVersion::V4, ..through("socks5", "http://localhost:1/") }).await;
    assert_eq!(report.outcome, Outcome::Up, "{report:?}");
    assert_eq!(*asked.lock().unwrap(), ["shop.invalid", "127.0.0.1"]);
    // Looked up here, so that it is known here that there is no such name.
    let report = run(through("socks5", "http://shop.invalid/")).await;
    assert!(matches!(failure(&report), Failure::DnsError { .. }), "{report:?}");
    assert_eq!(asked.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn behind_a_proxy_is_judged_what_can_be_judged() {
    let server = Server::start(|_| ok("hello")).await;
    let (proxy, asked) = socks_proxy(server.address).await;
    let open = TargetPolicy { deny: vec!["10.0.0.0/8".parse().unwrap()], ..TargetPolicy::default() };
    let checks = checks_with(open);
    for scheme in ["http", "socks5", "socks5h"] {
        for url in ["http://10.1.2.3/", "http://169.254.169.254/latest", "http://metadata.google.internal/"] {
            let settings = HttpSettings { proxy: Some(format!("{scheme}://{proxy}").into()), ..get(url) };
            let report = checks.run(&settings.into(), TIMEOUT).await;
            assert!(
                matches!(failure(&report), Failure::ForbiddenTarget { .. }),
                "{scheme} {url}: {report:?}"
            );
        }
    }
    // A name that is looked up here, and a proxy in a forbidden network, by address and by name.
    let closed = checks_with(TargetPolicy {
        allow_private: false,
        allow: vec!["127.0.0.0/8".parse().unwrap()],
        deny: vec!["127.0.0.1/32".parse().unwrap(), "::1/128".parse().unwrap()],
    });
    for proxy in [format!("http://{proxy}"), format!("socks5h://localhost:{}", proxy.port())] {
        let settings = HttpSettings { proxy: Some(proxy.as_str().into()), ..get("http://shop.invalid/") };
        let report = closed.run(&settings.into(), TIMEOUT).await;
        assert!(matches!(failure(&report), Failure::ForbiddenTarget { .. }), "{proxy}: {report:?}");
    }
    let by_name =
        checks_with(TargetPolicy { deny: vec!["::1/128".parse().unwrap()], ..TargetPolicy::default() });
    let settings =
        HttpSettings { proxy: Some(format!("socks5://{proxy}").into()), ..get("http://metadata/") };
    let report = by_name.run(&settings.into(), TIMEOUT).await;
    assert!(matches!(failure(&report), Failure::ForbiddenTarget { .. }), "{report:?}");
    assert!(asked.lock().unwrap().is_empty(), "{asked:?}");
}

/// Speaks as much HTTP/2 (RFC 9113) as one request takes: an answer after 120 ms, its body after 80 more.
async fn serve_http2(config: Arc<ServerConfig>) -> SocketAddr {
    let mut config = Arc::unwrap_or_clone(config);
    config.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            stream.read_exact(&mut [0; 24]).await.unwrap();
            // Length (3 bytes), type, flags, stream (4 bytes).
            stream.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await.unwrap();
            stream.flush().await.unwrap();
            let mut head = [0; 9];
            while stream.read_exact(&mut head).await.is_ok() {
                let length = usize::from(head[1]) << 8 | usize::from(head[2]);
                stream.read_exact(&mut vec![0; length]).await.unwrap();
                match (head[3], head[4]) {
                    // SETTINGS that are not an acknowledgement.
                    (4, 0) => stream.write_all(&[0, 0, 0, 4, 1, 0, 0, 0, 0]).await.unwrap(),
                    // HEADERS: `:status 200` stands in HPACK's own table.
                    (1, _) => {
                        tokio::time::sleep(Duration::from_millis(120)).await;
                        stream
                            .write_all(&[0, 0, 1, 1, 4, head[5], head[6], head[7], head[8], 0x88])
                            .await
                            .unwrap();
                        stream.flush().await.unwrap();
                        tokio::time::sleep(Duration::from_millis(80)).await;
                        let data = [&[0, 0, 5, 0, 1, head[5], head[6], head[7], head[8]][..], b"hello"];
                        stream.write_all(&data.concat()).await.unwrap();
                    }
                    _ => {}
                }
                stream.flush().await.unwrap();
            }
        }
    });
    address
}

#[tokio::test]
async fn http2_over_tls_shows_every_phase() {
    let authority = Authority::new();
    let address = serve_http2(serving_all(authority.issue(&Leaf::default()))).await;
    let settings = HttpSettings {
        keyword: Some("hello".into()),
        ..get(&format!("https://localhost:{}/", address.port()))
    };
    let report = authority.trusted().run(&settings.into(), TIMEOUT).await;
    assert_eq!(report.outcome, Outcome::Up, "{report:?}");
    assert_eq!(report.evidence.protocol.as_deref(), Some("HTTP/2.0"));
    let phases = report.phases;
    assert!(phases.dns_us.is_some() && phases.connect_us.is_some() && phases.tls_us.is_some(), "{phases:?}");
    assert!(phases.wait_us.unwrap() >= 110_000, "{phases:?}");
    assert!(phases.download_us.unwrap() >= 70_000, "{phases:?}");
    assert!(report.certificate.is_some());
}
