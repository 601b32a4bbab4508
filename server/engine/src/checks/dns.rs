//! dns: what a resolver answers, asked afresh each time.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use domain::{
    check::{Blindness, DnsSettings, Failure, Outcome, Phase, dns::RecordType, target::parse_resolver},
    form::Choice as _,
};
use hickory_resolver::{
    TokioResolver,
    config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig},
    net::{DnsError, NetError, runtime::TokioRuntimeProvider},
    proto::{
        op::ResponseCode,
        rr::{self, Name, RData},
    },
};

use super::{Probe, dial};

/// How long one question waits before it is asked again: datagrams get lost.
const RETRY_AFTER: Duration = Duration::from_secs(2);
/// How often it is asked again; the check's own time-out comes first.
const RETRIES: usize = 4;
/// The most resolvers that are kept.
const MAX_RESOLVERS: usize = 256;
/// The most records that are kept as evidence.
const MAX_RECORDS: usize = 100;

/// The resolvers in use: the system's (`None`) and those that monitors chose.
#[derive(Default)]
pub(super) struct Resolvers {
    open: Mutex<HashMap<Option<SocketAddr>, TokioResolver>>,
}

impl Resolvers {
    fn get(&self, server: Option<SocketAddr>) -> Result<TokioResolver, NetError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(resolver) = open.get(&server) {
            return Ok(resolver.clone());
        }
        let resolver = build(server)?;
        if open.len() >= MAX_RESOLVERS {
            open.clear();
        }
        open.insert(server, resolver.clone());
        Ok(resolver)
    }
}

fn build(server: Option<SocketAddr>) -> Result<TokioResolver, NetError> {
    let mut builder = match server {
        None => TokioResolver::builder_tokio()?,
        Some(server) => {
            let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
                connection.port = server.port();
                connection
            });
            let server = NameServerConfig::new(server.ip(), true, connections.into());
            let config = ResolverConfig::from_name_servers(vec![server]);
            TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
        }
    };
    let options = builder.options_mut();
    // Asked afresh each time: a cached answer says nothing about the server.
    options.cache_size = 0;
    options.use_hosts_file = ResolveHosts::Never;
    options.timeout = RETRY_AFTER;
    options.attempts = RETRIES;
    builder.build()
}

/// Runs a dns check.
pub(super) async fn run(settings: &DnsSettings, probe: &Probe<'_>) -> Outcome {
    let misconfigured = |message: String| Outcome::Unknown { why: Blindness::Misconfigured { message } };
    let server = match settings.resolver.as_deref().map(|text| (text, parse_resolver(text))) {
        None => None,
        Some((_, Some(server))) => Some(server),
        Some((text, None)) => return misconfigured(format!("“{text}” is not the address of a resolver.")),
    };
    // The system's resolver may be link-local; a chosen one is a target like any other.
    if let Some(server) = server
        && let Err(refusal) = probe.policy().judge(server.ip())
    {
        return Outcome::down(dial::forbidden(&server.ip(), refusal));
    }
    let record = settings.record_type.as_str();
    probe.trace.with(|notes| {
        notes.evidence.request = Some(format!("{} {record}", settings.name));
        notes.evidence.remote = server;
    });
    let Ok(mut name) = Name::from_utf8(&settings.name) else {
        return misconfigured(format!("“{}” is not a name.", settings.name));
    };
    // Without search domains: what was written is what is meant.
    name.set_fqdn(true);
    let resolver = match probe.shared.resolvers.get(server) {
        Ok(resolver) => resolver,
        Err(error) => return Outcome::Unknown { why: Blindness::LocalFault { message: error.to_string() } },
    };
    probe.trace.enter(Phase::Dns);
    let wanted = wire_type(settings.record_type);
    let answer: Vec<String> = match resolver.lookup(name, wanted).await {
        Ok(lookup) => {
            let records = lookup.answers().iter().filter(|record| record.record_type() == wanted);
            records.map(|record| shown(&record.data)).collect()
        }
        Err(NetError::Dns(DnsError::NoRecordsFound(nothing)))
            if nothing.response_code == ResponseCode::NoError =>
        {
            Vec::new()
        }
        Err(error) => return failed(&error, settings, probe),
    };
    probe.trace.answered();
    probe.trace.with(|notes| notes.evidence.records = answer.iter().take(MAX_RECORDS).cloned().collect());
    if settings.accepts(&answer) {
        return Outcome::Up;
    }
    if settings.expected.is_empty() {
        let reason = format!("it has no {record} records");
        return Outcome::down(Failure::DnsError { name: settings.name.clone(), reason });
    }
    Outcome::down(Failure::DnsMismatch {
        record_type: record.to_owned(),
        expected: settings.expected.clone(),
        got: answer,
    })
}

fn failed(error: &NetError, settings: &DnsSettings, probe: &Probe<'_>) -> Outcome {
    let code = match error {
        NetError::Timeout => return probe.timed_out(),
        NetError::Dns(DnsError::NoRecordsFound(nothing)) => Some(nothing.response_code),
        NetError::Dns(DnsError::ResponseCode(code)) => Some(*code),
        NetError::Io(error) => {
            if let Some(why) = dial::local_fault(error) {
                return Outcome::Unknown { why };
            }
            None
        }
        _ => None,
    };
    let reason = match code {
        Some(ResponseCode::NXDomain) => "the name does not exist (NXDOMAIN)".to_owned(),
        Some(ResponseCode::ServFail) => "the resolver failed (SERVFAIL)".to_owned(),
        Some(ResponseCode::Refused) => "the resolver refuses to answer (REFUSED)".to_owned(),
        Some(other) => format!("the resolver answers {other}"),
        None => error.to_string(),
    };
    if code.is_some() {
        probe.trace.answered();
    }
    Outcome::down(Failure::DnsError { name: settings.name.clone(), reason })
}

/// A record as dig(1) prints it, but TXT without quotes.
fn shown(data: &RData) -> String {
    match data {
        RData::TXT(txt) => txt.txt_data.iter().map(|part| String::from_utf8_lossy(part)).collect::<String>(),
        other => other.to_string(),
    }
}

fn wire_type(record: RecordType) -> rr::RecordType {
    match record {
        RecordType::A => rr::RecordType::A,
        RecordType::Aaaa => rr::RecordType::AAAA,
        RecordType::Cname => rr::RecordType::CNAME,
        RecordType::Mx => rr::RecordType::MX,
        RecordType::Ns => rr::RecordType::NS,
        RecordType::Txt => rr::RecordType::TXT,
        RecordType::Srv => rr::RecordType::SRV,
        RecordType::Caa => rr::RecordType::CAA,
    }
}
