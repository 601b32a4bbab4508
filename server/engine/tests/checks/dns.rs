use std::{net::SocketAddr, time::Duration};

use domain::check::{
    DnsSettings, Failure, Outcome, Phase,
    dns::{MatchMode, RecordType},
};
use hickory_resolver::proto::{
    op::{Message, MessageType, ResponseCode},
    rr::{Name, RData, Record, RecordType as WireType, rdata},
    serialize::binary::{BinDecodable as _, BinEncodable as _},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, UdpSocket},
};

use crate::support::*;

/// A name server for example.test.
async fn name_server() -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut buffer = [0; 1_500];
        loop {
            let (read, from) = socket.recv_from(&mut buffer).await.unwrap();
            if let Some(answer) = answer(&Message::from_bytes(&buffer[..read]).unwrap()) {
                socket.send_to(&answer.to_bytes().unwrap(), from).await.unwrap();
            }
        }
    });
    address
}

fn answer(question: &Message) -> Option<Message> {
    let query = question.queries.first()?.clone();
    let mut message = question.clone();
    message.metadata.message_type = MessageType::Response;
    message.metadata.recursion_available = true;
    let name = query.name().to_string();
    let host = |text: &str| Name::from_utf8(text).unwrap();
    let data: Vec<RData> = match (name.as_str(), query.query_type()) {
        ("silent.test.", _) => return None,
        ("broken.test.", _) => {
            message.metadata.response_code = ResponseCode::ServFail;
            Vec::new()
        }
        ("example.test.", WireType::A) => {
            vec![RData::A(rdata::A::new(192, 0, 2, 1)), RData::A(rdata::A::new(192, 0, 2, 2))]
        }
        ("example.test.", WireType::AAAA) => {
            vec![RData::AAAA(rdata::AAAA::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1))]
        }
        ("www.example.test.", WireType::CNAME) => vec![RData::CNAME(rdata::CNAME(host("example.test.")))],
        ("example.test.", WireType::MX) => vec![RData::MX(rdata::MX::new(10, host("mail.example.test.")))],
        ("example.test.", WireType::NS) => vec![RData::NS(rdata::NS(host("ns1.example.test.")))],
        ("example.test.", WireType::TXT) => {
            vec![RData::TXT(rdata::TXT::new(vec!["v=spf1 ".to_owned(), "-all".to_owned()]))]
        }
        ("_sip._tcp.example.test.", WireType::SRV) => {
            vec![RData::SRV(rdata::SRV::new(1, 2, 5_060, host("sip.example.test.")))]
        }
        ("example.test.", WireType::CAA) => {
            vec![RData::CAA(rdata::CAA::new_issue(false, Some(host("ca.example.net")), Vec::new()))]
        }
        ("example.test.", _) => Vec::new(),
        _ => {
            message.metadata.response_code = ResponseCode::NXDomain;
            Vec::new()
        }
    };
    message.answers =
        data.into_iter().map(|data| Record::from_rdata(query.name().clone(), 60, data)).collect();
    message.edns = None;
    message.additionals.clear();
    Some(message)
}

fn settings(server: SocketAddr, name: &str, record: RecordType, expected: &[&str]) -> DnsSettings {
    DnsSettings {
        resolver: Some(server.to_string()),
        expected: expected.iter().map(|&value| value.to_owned()).collect(),
        match_mode: MatchMode::Exact,
        ..DnsSettings::new(name, record)
    }
}

#[tokio::test]
async fn every_record_type_is_asked_for_and_compared() {
    let server = name_server().await;
    for (name, record, expected) in [
        ("example.test", RecordType::A, vec!["192.0.2.2", "192.0.2.1"]),
        ("example.test", RecordType::Aaaa, vec!["2001:DB8::1"]),
        ("www.example.test", RecordType::Cname, vec!["example.test"]),
        ("example.test", RecordType::Mx, vec!["10 mail.example.test"]),
        ("example.test", RecordType::Ns, vec!["ns1.example.test"]),
        ("example.test", RecordType::Txt, vec!["v=spf1 -all"]),
        ("_sip._tcp.example.test", RecordType::Srv, vec!["1 2 5060 sip.example.test"]),
        ("example.test", RecordType::Caa, vec!["0 issue \"ca.example.net\""]),
    ] {
        let report = run(settings(server, name, record, &expected)).await;
        assert_eq!(report.outcome, Outcome::Up, "{record:?}: {report:?}");
        assert!(report.phases.dns_us.is_some() && report.latency_us.is_some());
        assert_eq!(report.evidence.records.len(), expected.len());
    }
}

/// A name server whose datagrams are too small for any answer: it asks to come again over TCP.
async fn truncating_server() -> SocketAddr {
    let (tcp, udp) = loop {
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        if let Ok(udp) = UdpSocket::bind(tcp.local_addr().unwrap()).await {
            break (tcp, udp);
        }
    };
    let address = udp.local_addr().unwrap();
    tokio::spawn(async move {
        let mut buffer = [0; 1_500];
        loop {
            let (read, from) = udp.recv_from(&mut buffer).await.unwrap();
            let mut short = answer(&Message::from_bytes(&buffer[..read]).unwrap()).unwrap();
            short.answers.clear();
            short.metadata.truncation = true;
            udp.send_to(&short.to_bytes().unwrap(), from).await.unwrap();
        }
    });
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = tcp.accept().await.unwrap();
            tokio::spawn(async move {
                while let Ok(length) = stream.read_u16().await {
                    let mut question = vec![0; usize::from(length)];
                    stream.read_exact(&mut question).await.unwrap();
                    let whole = answer(&Message::from_bytes(&question).unwrap()).unwrap().to_bytes().unwrap();
                    stream.write_u16(u16::try_from(whole.len()).unwrap()).await.unwrap();
                    stream.write_all(&whole).await.unwrap();
                }
            });
        }
    });
    address
}

#[tokio::test]
async fn an_answer_that_is_cut_off_is_fetched_over_tcp() {
    let server = truncating_server().await;
    let report = run(settings(server, "example.test", RecordType::Txt, &["v=spf1 -all"])).await;
    assert_eq!(report.outcome, Outcome::Up, "{report:?}");
    assert_eq!(report.evidence.records, ["v=spf1 -all"]);
}

#[tokio::test]
async fn another_answer_is_a_mismatch_with_both_sides() {
    let server = name_server().await;
    let report = run(settings(server, "example.test", RecordType::A, &["192.0.2.9"])).await;
    let Failure::DnsMismatch { record_type, expected, got } = failure(&report) else { panic!("{report:?}") };
    assert_eq!((record_type.as_str(), expected.as_slice()), ("A", ["192.0.2.9".to_owned()].as_slice()));
    assert_eq!(got.len(), 2);
    assert_eq!(failure(&report).incident_type(), "dns_error");
}

#[tokio::test]
async fn no_such_name_no_such_record_and_a_broken_server_are_told_apart() {
    let server = name_server().await;
    for (name, record, part) in [
        ("nothing.test", RecordType::A, "NXDOMAIN"),
        ("broken.test", RecordType::A, "SERVFAIL"),
        ("example.test", RecordType::Srv, "no SRV records"),
    ] {
        let report = run(settings(server, name, record, &[])).await;
        assert!(failure(&report).sentence().contains(part), "{name}: {report:?}");
    }
}

#[tokio::test]
async fn a_server_that_is_silent_is_a_time_out_in_dns() {
    let server = name_server().await;
    let silent = settings(server, "silent.test", RecordType::A, &[]);
    let report = checks().run(&silent.into(), Duration::from_millis(400)).await;
    assert_eq!(failure(&report), &Failure::Timeout { after_ms: 400, phase: Phase::Dns });
}

#[tokio::test]
async fn a_chosen_resolver_is_judged_like_any_target() {
    let settings =
        DnsSettings { resolver: Some("169.254.169.253".into()), ..DnsSettings::new("a.test", RecordType::A) };
    let report = run(settings).await;
    assert!(matches!(failure(&report), Failure::ForbiddenTarget { .. }), "{report:?}");
}
