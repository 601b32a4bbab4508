//! Which addresses may be reached. Judged on the address that is really dialled, at every hop, after everything that
//! hides an IPv4 address in an IPv6 one has been taken off.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// Names under which clouds serve the credentials of a machine.
const METADATA_HOSTS: &[&str] = &[
    "metadata",
    "metadata.google.internal",
    "metadata.goog",
    "metadata.azure.internal",
    "instance-data",
    "instance-data.ec2.internal",
];

/// Which targets checks may reach.
#[derive(Debug, Clone)]
pub struct TargetPolicy {
    /// Whether private ranges and the machine itself may be reached: most monitors watch a network of their own.
    pub allow_private: bool,
    /// Ranges that may be reached even if they are private. They do not lift what is never reached.
    pub allow: Vec<IpNet>,
    /// Ranges that may not be reached.
    pub deny: Vec<IpNet>,
}

impl Default for TargetPolicy {
    fn default() -> Self {
        Self { allow_private: true, allow: Vec::new(), deny: Vec::new() }
    }
}

/// Why an address may not be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Link-local addresses, among them the metadata services of clouds.
    LinkLocal,
    /// The metadata service of a cloud, which hands out credentials.
    Metadata,
    /// Multicast, broadcast, unspecified and reserved addresses: nothing can be checked there.
    NotAHost,
    /// The operator denies the range.
    Denied,
    /// A private range, and these are not allowed.
    Private,
}

impl Refusal {
    /// The reason, to follow "may not be reached from here".
    pub fn why(self) -> &'static str {
        match self {
            Self::LinkLocal => "link-local addresses are never checked",
            Self::Metadata => "cloud metadata services are never checked",
            Self::NotAHost => "it is not the address of a host",
            Self::Denied => "the operator of this installation denies the range",
            Self::Private => "private ranges are not allowed on this installation",
        }
    }
}

impl TargetPolicy {
    /// Judges an address.
    ///
    /// # Errors
    /// The rule that forbids it.
    pub fn judge(&self, address: IpAddr) -> Result<(), Refusal> {
        // Plain addresses, which are nearly all, take one turn.
        let mut next = Some(address);
        while let Some(address) = next {
            self.judge_one(address)?;
            next = embedded(address);
        }
        Ok(())
    }

    /// Judges a host name before it is resolved.
    ///
    /// # Errors
    /// [`Refusal::Metadata`] for the names of metadata services.
    pub fn judge_name(&self, name: &str) -> Result<(), Refusal> {
        let name = name.strip_suffix('.').unwrap_or(name);
        if METADATA_HOSTS.iter().any(|host| host.eq_ignore_ascii_case(name)) {
            Err(Refusal::Metadata)
        } else {
            Ok(())
        }
    }

    fn judge_one(&self, address: IpAddr) -> Result<(), Refusal> {
        if let Some(never) = never(address) {
            return Err(never);
        }
        if self.deny.iter().any(|net| net.contains(&address)) {
            return Err(Refusal::Denied);
        }
        if self.allow_private || !is_private(address) || self.allow.iter().any(|net| net.contains(&address)) {
            return Ok(());
        }
        Err(Refusal::Private)
    }
}

/// Whether an address is reachable on the public Internet. Our own connectivity is in question only when such a target
/// fails.
pub fn is_public(address: IpAddr) -> bool {
    never(address).is_none()
        && !is_private(address)
        && !is_documentation(address)
        && embedded(address).is_none_or(is_public)
}

fn never(address: IpAddr) -> Option<Refusal> {
    match address {
        IpAddr::V4(v4) => {
            let metadata = [
                Ipv4Addr::new(100, 100, 100, 200), // Alibaba
                Ipv4Addr::new(168, 63, 129, 16),   // Azure's wire server
                Ipv4Addr::new(192, 0, 0, 192),     // Oracle
            ];
            if metadata.contains(&v4) {
                Some(Refusal::Metadata)
            } else if v4.is_link_local() {
                Some(Refusal::LinkLocal)
            } else if v4.is_multicast() || v4.octets()[0] >= 240 || v4.octets()[0] == 0 {
                Some(Refusal::NotAHost)
            } else {
                None
            }
        }
        IpAddr::V6(v6) => {
            let metadata = [
                Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254), // AWS
                Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23),  // AWS, identities of pods
                Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),  // Google
                Ipv6Addr::new(0xfd00, 0xc1, 0, 0, 0, 0, 0xa9fe, 0xa9fe), // Oracle
                Ipv6Addr::new(0xfd00, 0xa9fe, 0xa9fe, 0, 0, 0, 0, 1), // Akamai (Linode)
                Ipv6Addr::new(0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42),   // Scaleway
                Ipv6Addr::new(0xfd00, 0x100, 0, 0, 0, 0, 0x100, 0x200), // Alibaba
            ];
            if metadata.contains(&v6) {
                Some(Refusal::Metadata)
            } else if v6.is_unicast_link_local() {
                Some(Refusal::LinkLocal)
            } else if v6.is_multicast() || v6.is_unspecified() {
                Some(Refusal::NotAHost)
            } else {
                None
            }
        }
    }
}

fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            v4.is_private()
                || v4.is_loopback()
                || within4(v4, [100, 64, 0, 0], 10) // carrier-grade NAT
                || within4(v4, [192, 0, 0, 0], 24)
                || within4(v4, [198, 18, 0, 0], 15) // benchmarks
        }
        IpAddr::V6(v6) => {
            v6.is_loopback()
                || v6.is_unique_local()
                || within6(v6, Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10) // site-local, deprecated
        }
    }
}

fn is_documentation(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_documentation(),
        IpAddr::V6(v6) => {
            within6(v6, Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32)
                || within6(v6, Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20)
        }
    }
}

/// The IPv4 address that an IPv6 one stands for, if any.
#[expect(clippy::match_same_arms, reason = "an arm for each notation, beside its source")]
fn embedded(address: IpAddr) -> Option<IpAddr> {
    let IpAddr::V6(v6) = address else { return None };
    let segments = v6.segments();
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Some(IpAddr::V4(Ipv4Addr::new(a, b, c, d)))
    };
    match segments {
        // Mapped, and translated (RFC 2765).
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0, 0, 0, 0, 0xffff, 0, high, low] => v4(high, low),
        // Compatible, deprecated; `::` and `::1` are addresses of their own.
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => v4(high, low),
        // NAT64 (RFC 6052), and its local prefix (RFC 8215) in the usual /96 form.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x64, 0xff9b, 1, _, _, _, high, low] => v4(high, low),
        // 6to4 (RFC 3056).
        [0x2002, high, low, ..] => v4(high, low),
        // Teredo (RFC 4380) has the client's address inverted at the end.
        [0x2001, 0, _, _, _, _, high, low] => v4(!high, !low),
        // ISATAP (RFC 5214).
        [_, _, _, _, 0 | 0x200, 0x5efe, high, low] => v4(high, low),
        _ => None,
    }
}

fn within4(address: Ipv4Addr, net: [u8; 4], prefix: u8) -> bool {
    Ipv4Net::new_assert(net.into(), prefix).contains(&address)
}

fn within6(address: Ipv6Addr, net: Ipv6Addr, prefix: u8) -> bool {
    Ipv6Net::new_assert(net, prefix).contains(&address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(policy: &TargetPolicy, address: &str) -> Result<(), Refusal> {
        policy.judge(address.parse().unwrap())
    }

    #[test]
    fn what_is_never_reached_hides_behind_no_notation() {
        // Nothing lifts it, not even a range that the operator allows.
        let policy = TargetPolicy {
            allow: vec!["0.0.0.0/0".parse().unwrap(), "::/0".parse().unwrap()],
            ..Default::default()
        };
        for (address, refusal) in [
            ("169.254.169.254", Refusal::LinkLocal),
            ("169.254.0.1", Refusal::LinkLocal),
            ("::ffff:169.254.169.254", Refusal::LinkLocal),
            ("::169.254.169.254", Refusal::LinkLocal),
            ("::ffff:0:169.254.169.254", Refusal::LinkLocal),
            ("64:ff9b::169.254.169.254", Refusal::LinkLocal),
            ("64:ff9b:1::a9fe:a9fe", Refusal::LinkLocal),
            ("2002:a9fe:a9fe::1", Refusal::LinkLocal),
            ("2001:0:0:0:0:0:5601:5601", Refusal::LinkLocal),
            ("2001:db8::5efe:169.254.169.254", Refusal::LinkLocal),
            ("fe80::1", Refusal::LinkLocal),
            ("febf::1", Refusal::LinkLocal),
            ("fd00:ec2::254", Refusal::Metadata),
            ("fd00:ec2::23", Refusal::Metadata),
            ("fd20:ce::254", Refusal::Metadata),
            ("fd00:c1::a9fe:a9fe", Refusal::Metadata),
            ("fd00:a9fe:a9fe::1", Refusal::Metadata),
            ("fd00:42::42", Refusal::Metadata),
            ("fd00:100::100:200", Refusal::Metadata),
            ("100.100.100.200", Refusal::Metadata),
            ("::ffff:100.100.100.200", Refusal::Metadata),
            ("168.63.129.16", Refusal::Metadata),
            ("192.0.0.192", Refusal::Metadata),
            ("0.0.0.0", Refusal::NotAHost),
            ("0.1.2.3", Refusal::NotAHost),
            ("::", Refusal::NotAHost),
            ("::ffff:0.0.0.0", Refusal::NotAHost),
            ("224.0.0.1", Refusal::NotAHost),
            ("255.255.255.255", Refusal::NotAHost),
            ("240.0.0.1", Refusal::NotAHost),
            ("ff02::1", Refusal::NotAHost),
        ] {
            assert_eq!(judge(&policy, address), Err(refusal), "{address}");
        }
    }

    #[test]
    fn private_ranges_follow_the_switch_and_the_lists() {
        let open = TargetPolicy::default();
        let closed = TargetPolicy { allow_private: false, ..Default::default() };
        let listed = TargetPolicy {
            allow_private: false,
            allow: vec!["10.1.0.0/16".parse().unwrap()],
            ..Default::default()
        };
        for address in ["10.1.2.3", "::ffff:10.1.2.3", "2002:a01:203::1"] {
            assert_eq!(judge(&open, address), Ok(()), "{address}");
            assert_eq!(judge(&closed, address), Err(Refusal::Private), "{address}");
        }
        assert_eq!(judge(&listed, "10.1.2.3"), Ok(()));
        assert_eq!(judge(&listed, "10.2.2.3"), Err(Refusal::Private));
        for address in [
            "127.0.0.1",
            "::1",
            "172.16.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "198.18.0.1",
            "fc00::1",
            "fd12::1",
            "fec0::1",
        ] {
            assert_eq!(judge(&open, address), Ok(()), "{address}");
            assert_eq!(judge(&closed, address), Err(Refusal::Private), "{address}");
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn a_denied_range_wins_over_an_allowed_one() {
        let nets = |net: &str| vec![net.parse().unwrap()];
        let policy =
            TargetPolicy { allow_private: true, allow: nets("10.0.0.0/8"), deny: nets("10.9.0.0/16") };
        assert_eq!(judge(&policy, "10.9.1.1"), Err(Refusal::Denied));
        assert_eq!(judge(&policy, "::ffff:10.9.1.1"), Err(Refusal::Denied));
        assert_eq!(judge(&policy, "10.8.1.1"), Ok(()));
    }

    #[test]
    fn public_addresses_are_reached_by_every_policy() {
        let closed = TargetPolicy { allow_private: false, ..Default::default() };
        for address in [
            "1.1.1.1",
            "93.184.216.34",
            "172.32.0.1",
            "100.128.0.1",
            "2606:4700::1111",
            "64:ff9b::1.1.1.1",
            "2002:101:101::1",
        ] {
            assert_eq!(judge(&closed, address), Ok(()), "{address}");
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
        assert!(!is_public("192.0.2.1".parse().unwrap()) && !is_public("2001:db8::1".parse().unwrap()));
    }

    #[test]
    fn metadata_names_are_refused_before_they_are_resolved() {
        let policy = TargetPolicy::default();
        for name in ["metadata.google.internal", "Metadata.Google.Internal.", "metadata", "instance-data"] {
            assert_eq!(policy.judge_name(name), Err(Refusal::Metadata), "{name}");
        }
        assert_eq!(policy.judge_name("example.org"), Ok(()));
    }
}
