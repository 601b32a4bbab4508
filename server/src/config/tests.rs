//! What an operator gets to read when something is wrong.

use super::*;

fn environment(pairs: &[(&str, &str)]) -> Sources {
    let environment = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Sources { environment, file: Some(empty_file()), ..Sources::default() }
}

/// A file without values, so that no test reads one of the machine's.
fn empty_file() -> PathBuf {
    file("empty", "")
}

fn file(name: &str, text: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("pharos-config-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join(format!("{name}.toml"));
    std::fs::write(&path, text).unwrap();
    path
}

fn mistakes(sources: &Sources) -> Vec<String> {
    let Err(ConfigErrors(mistakes)) = Config::load(sources) else { panic!("the configuration is accepted") };
    mistakes
        .into_iter()
        .map(|mistake| match mistake.origin {
            Origin::File { line, .. } => format!("{line}: {}", mistake.message),
            _ => mistake.to_string(),
        })
        .collect()
}

#[test]
fn every_default_can_be_read() {
    let config = Config::load(&environment(&[])).unwrap();
    assert_eq!(config, Config::default());
    assert_eq!(config.server.port, 3_000);
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_file() {
    let mut sources = environment(&[("PHAROS_PORT", "2"), ("HOST", "127.0.0.1")]);
    sources.file = Some(file("order", "[server]\nport = 1\nhost = \"::1\"\nsession_days = 3\n"));
    sources.flags = vec![("--port".to_owned(), "server.port".to_owned(), "9".to_owned())];
    let config = Config::load(&sources).unwrap();
    assert_eq!(
        (config.server.port, config.server.host.as_str(), config.server.session_days),
        (9, "127.0.0.1", 3)
    );
    sources.flags.clear();
    assert_eq!(Config::load(&sources).unwrap().server.port, 2);
}

#[test]
fn our_own_variable_wins_over_the_generic_one() {
    let config = Config::load(&environment(&[("PORT", "80"), ("PHAROS_PORT", "3001")])).unwrap();
    assert_eq!(config.server.port, 3_001);
}

#[test]
fn an_unknown_key_of_the_file_is_named_with_its_line_and_what_was_meant() {
    let path = file("unknown", "port = 1\n\n[server]\nprot = 3000\n[retention]\nweek = 3\n");
    let sources = Sources { file: Some(path), ..Sources::default() };
    assert_eq!(
        mistakes(&sources),
        [
            "1: there is no key `port`; did you mean `server.port`?",
            "4: there is no key `server.prot`; did you mean `server.port`?",
            "6: there is no key `retention.week`; the README lists every key.",
        ]
    );
}

#[test]
fn a_bad_value_of_the_file_is_named_with_its_line() {
    let text = "[server]\nport = 70000\nhost = 3.5\n[checks]\ndeny = [\"10.0.0.0/8\", \"home\"]\n";
    let sources = Sources { file: Some(file("bad", text)), ..Sources::default() };
    assert_eq!(
        mistakes(&sources),
        [
            "2: server.port: “70000” is not a whole number from 0 to 65535.",
            "3: server.host: a float does not fit; write a text, a number or a list of texts.",
            "5: checks.deny: “home” is not a network; write addresses or ranges such as 10.0.0.0/8, or loopback, \
             private, none.",
        ]
    );
}

#[test]
fn a_file_that_is_not_toml_is_named_with_its_line() {
    let sources = Sources { file: Some(file("broken", "[server]\nport = \n")), ..Sources::default() };
    let mistakes = mistakes(&sources);
    assert!(mistakes[0].starts_with("2: this is not TOML"), "{mistakes:?}");
}

#[test]
fn a_file_that_was_asked_for_must_be_there() {
    let sources = Sources { file: Some(PathBuf::from("/nonexistent/pharos.toml")), ..Sources::default() };
    assert!(mistakes(&sources)[0].contains("cannot be read"));
}

#[test]
fn a_misspelt_variable_stops_the_start() {
    assert_eq!(
        mistakes(&environment(&[("PHAROS_PROT", "1"), ("PHAROS_LOG_LEVEL", "loud"), ("HOSTNAME", "x")])),
        [
            "the variable PHAROS_LOG_LEVEL: “loud” is not a level; use one of off, error, warn, info, debug, trace.",
            "the variable PHAROS_PROT: it is not known here; did you mean PHAROS_PORT?",
        ]
    );
}

#[test]
fn an_empty_variable_counts_as_none() {
    assert_eq!(Config::load(&environment(&[("PORT", ""), ("DATABASE_URL", "")])).unwrap(), Config::default());
}

#[test]
fn a_secret_may_stand_in_a_file_and_is_never_printed() {
    let path = file("secret", "hunter2\n");
    let config = Config::load(&environment(&[("METRICS_TOKEN_FILE", path.to_str().unwrap())])).unwrap();
    assert_eq!(config.metrics.token.as_ref().unwrap().expose(), "hunter2");
    assert!(!format!("{config:?}").contains("hunter2"));
}

#[test]
fn a_value_and_its_file_contradict_each_other() {
    let path = file("both", "x");
    let sources = environment(&[("METRICS_TOKEN", "y"), ("METRICS_TOKEN_FILE", path.to_str().unwrap())]);
    assert_eq!(
        mistakes(&sources),
        ["the variable METRICS_TOKEN_FILE: METRICS_TOKEN is set too; keep one of them."]
    );
}

#[test]
fn the_variables_that_kubernetes_sets_for_a_service_called_pharos_are_passed_over() {
    let sources = environment(&[
        ("PHAROS_PORT", "tcp://10.0.0.1:3000"),
        ("PHAROS_SERVICE_HOST", "10.0.0.1"),
        ("PHAROS_PORT_3000_TCP_ADDR", "10.0.0.1"),
        ("PHAROS_POSTGRESQL_SERVICE_HOST", "10.0.0.2"),
        ("PHAROS_POSTGRESQL_SERVICE_PORT", "5432"),
        ("PHAROS_WEB_SERVICE_PORT_HTTP", "80"),
        ("PHAROS_WEB_PORT", "tcp://10.0.0.3:80"),
        ("PHAROS_MAIL_PORT", "udp://10.0.0.4:25"),
        ("PHAROS_WEB_PORT_80_TCP", "tcp://10.0.0.3:80"),
        ("PHAROS_WEB_PORT_80_TCP_PROTO", "tcp"),
    ]);
    assert_eq!(Config::load(&sources).unwrap(), Config::default());
    for ours in [("PHAROS_WEB_PORT", "80"), ("PHAROS_SERVICE_HOSTS", "x"), ("PHAROS_MAIL_PORT", "many")] {
        assert_eq!(mistakes(&environment(&[ours])).len(), 1, "{ours:?}");
    }
}

#[test]
fn names_that_other_programs_have_are_not_passed_over() {
    let key = "a".repeat(64);
    let config = Config::load(&environment(&[("SECRET_KEY", &key)])).unwrap();
    assert_eq!(config.secrets.key.unwrap().expose(), key);
    let found = mistakes(&environment(&[("BASE_PATH", "/status")]));
    assert!(found[0].starts_with("the variable BASE_PATH: “/status” is a path"), "{found:?}");
    assert!(Config::load(&environment(&[("BASE_PATH", "/")])).is_ok());
}

#[test]
fn addresses_that_are_none_stop_the_start() {
    let found = mistakes(&environment(&[
        ("PHAROS_MAIL_HOST", "mail.example.org"),
        ("PHAROS_MAIL_FROM", "Pharos <pharos@example.org>"),
        ("PHAROS_SLACK_AUTHORIZE_URL", "slack.com/oauth"),
        ("PHAROS_SLACK_API_URL", "ftp://slack.com"),
    ]));
    assert_eq!(found.len(), 3, "{found:?}");
    for variable in ["PHAROS_MAIL_FROM", "PHAROS_SLACK_AUTHORIZE_URL", "PHAROS_SLACK_API_URL"] {
        assert!(
            found.iter().any(|line| line.starts_with(&format!("the variable {variable}: "))),
            "{found:?}"
        );
    }
}

#[test]
fn an_address_of_ipv6_may_be_a_mail_server() {
    let variables = [("PHAROS_MAIL_HOST", "[::1]"), ("PHAROS_MAIL_FROM", "pharos@example.org")];
    let config = Config::load(&environment(&variables)).unwrap();
    assert_eq!(config.carriers().mail.unwrap().host, "::1");
}

#[test]
fn finer_results_may_not_outlive_coarser_ones() {
    let mistakes = mistakes(&environment(&[("PHAROS_RETENTION_RAW", "60")]));
    assert_eq!(mistakes.len(), 1);
    assert!(mistakes[0].contains("raw ≤ five_minutes ≤ hour"), "{mistakes:?}");
}

/// A value that can be read and is refused, as the file has it.
const REFUSED: &[(&str, &str)] = &[
    ("retention.raw", "0"),
    ("retention.raw", "40"),
    ("retention.day", "3"),
    ("server.session_days", "0"),
    ("server.request_timeout", "0"),
    ("checks.concurrency", "0"),
    ("checks.per_host", "0"),
    ("telex.rate", "0"),
    ("mail.url", "https://mail"),
    ("mail.host", "mail.example.org"),
    ("mail.host", "smtp://mail.example.org"),
    ("mail.port", "0"),
    ("mail.from", "Pharos <pharos@example.org>"),
    ("mail.timeout", "61"),
    ("mail.username", "ada"),
    ("sms.account_sid", "AC1"),
    ("sms.account_sid", "XX1"),
    ("sms.from", "call me maybe"),
    ("sms.from", "+15550100100"),
    ("sms.messaging_service", "IT1"),
    ("sms.verify_service", "VA1"),
    ("sms.api_url", "twilio"),
    ("slack.authorize_url", "slack.com/oauth"),
    ("slack.api_url", "ftp://slack.com"),
    ("slack.client_id", "1"),
    ("admin.email", "ada@example.org"),
    ("admin.password", "a sentence of mine"),
    ("secrets.key", "abc"),
    ("secrets.old_keys", "abc"),
];

#[test]
fn whatever_is_refused_is_told_with_where_it_stands() {
    for (key, value) in REFUSED {
        let field = field(key).unwrap();
        let (section, name) = key.split_once('.').unwrap();
        let text = format!("[{section}]\n{name} = \"{value}\"\n");
        let in_file = Sources { file: Some(file(&format!("refused-{key}"), &text)), ..Sources::default() };
        let found = mistakes(&in_file);
        assert!(found.iter().all(|line| line.starts_with(&format!("2: {key}: "))), "{key}: {found:?}");
        let found = mistakes(&environment(&[(field.variables[0], value)]));
        let place = format!("the variable {}: ", field.variables[0]);
        assert!(found.iter().all(|line| line.starts_with(&place)), "{key}: {found:?}");
        let flags = vec![("--set".to_owned(), (*key).to_owned(), (*value).to_owned())];
        let found = mistakes(&Sources { flags, ..environment(&[]) });
        assert!(
            found.iter().all(|line| line.starts_with(&format!("the flag --set: {key}: "))),
            "{key}: {found:?}"
        );
    }
}

#[test]
fn parts_without_a_whole_are_refused() {
    let found = mistakes(&environment(&[("SMTP_USER", "ada"), ("SMTP_PASSWORD", "hunter2")]));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("no mail server is named; set `mail.host` or `mail.url`"), "{found:?}");
    let found =
        mistakes(&environment(&[("TWILIO_PHONE_NUMBER", "+15550100100"), ("TWILIO_AUTH_TOKEN", "x")]));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("`sms.auth_token` is of no account; set `sms.account_sid`"), "{found:?}");
    for sender in ["+15005550006", "12345", "Pharos"] {
        let whole = [("TWILIO_ACCOUNT_SID", "AC1"), ("TWILIO_AUTH_TOKEN", "x"), ("TWILIO_FROM", sender)];
        assert!(Config::load(&environment(&whole)).is_ok(), "{sender}");
    }
}

#[test]
fn values_of_the_mail_server_that_its_url_overrules_are_named_and_one_that_says_the_same_is_not() {
    let url = ("SMTP_URL", "smtps://ada:pass@mail.example.org");
    let from = ("SMTP_FROM", "pharos@example.org");
    let agreeing = [("SMTP_HOST", "MAIL.example.org"), ("SMTP_PORT", "465")];
    let login = [("SMTP_USER", "ada"), ("SMTP_PASSWORD", "pass")];
    let doubts = |pairs: &[(&str, &str)]| Config::load(&environment(pairs)).unwrap().doubts;
    assert!(doubts(&[url, from]).is_empty(), "nobody gave the default port");
    assert!(doubts(&[url, from, agreeing[0], agreeing[1], login[0], login[1]]).is_empty());
    assert_eq!(
        doubts(&[
            url,
            from,
            ("SMTP_HOST", "other.example.org"),
            ("PHAROS_MAIL_PORT", "587"),
            login[0],
            login[1]
        ]),
        [
            "`mail.url` (the variable SMTP_URL) says which mail server is used and in whose name; what `mail.host` (the variable \
          SMTP_HOST), `mail.port` (the variable PHAROS_MAIL_PORT) would have instead does not count: leave out one or the other."
        ]
    );
    let other = doubts(&[url, from, login[0], ("SMTP_PASSWORD", "hunter2")]);
    assert!(other[0].contains("what `mail.password` (the variable SMTP_PASSWORD) would"), "{other:?}");
    assert!(!other[0].contains("hunter2") && !other[0].contains("pass@"), "{other:?}");
    assert!(doubts(&[from, agreeing[0], ("SMTP_PORT", "587")]).is_empty());
}

#[test]
fn a_rule_between_values_names_the_place_of_each() {
    let mut sources = environment(&[("PHAROS_RETENTION_HOUR", "20")]);
    sources.file = Some(file("between", "[retention]\nraw = 7\n"));
    assert_eq!(
        mistakes(&sources),
        [
            "2: retention.raw: coarser sums must be kept at least as long as finer ones: raw ≤ five_minutes ≤ hour, and these are \
          7, 30 and 20 days (retention.hour: the variable PHAROS_RETENTION_HOUR)."
        ]
    );
}

#[test]
fn the_spaces_of_a_password_belong_to_it() {
    let path = file("spaced", " spaced pass \n");
    let admin = ("PHAROS_ADMIN_EMAIL", "ada@example.org");
    for password in [("ADMIN_PASSWORD", " spaced pass "), ("ADMIN_PASSWORD_FILE", path.to_str().unwrap())] {
        let config = Config::load(&environment(&[admin, password])).unwrap();
        assert_eq!(config.admin.password.unwrap().expose(), " spaced pass ", "{password:?}");
    }
}

#[test]
fn keys_and_variables_are_unique() {
    let mut names: Vec<&str> =
        fields().flat_map(|field| field.variables.iter().copied().chain([field.key])).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
}

#[test]
fn a_file_with_nothing_in_it_is_a_secret_that_was_never_written() {
    let path = file("nothing", "\n");
    let path = path.to_str().unwrap();
    let found =
        mistakes(&environment(&[("PHAROS_SECRETS_KEY_FILE", path), ("PHAROS_METRICS_TOKEN_FILE", path)]));
    assert_eq!(found.len(), 2, "{found:?}");
    for (line, variable) in found.iter().zip(["PHAROS_SECRETS_KEY_FILE", "PHAROS_METRICS_TOKEN_FILE"]) {
        assert!(line.contains(variable) && line.contains("is empty"), "{line}");
    }
}

#[test]
fn a_database_is_one_of_those_that_are_known_and_is_never_guessed() {
    for good in [
        "sqlite:data.db",
        "sqlite:///var/lib/x.db?mode=rwc",
        "postgres://a:b@c/d",
        "postgresql:///x?host=/run",
    ] {
        assert!(Config::load(&environment(&[("DATABASE_URL", good)])).is_ok(), "{good}");
    }
    for bad in [
        "pgdb",
        "foo.db",
        "postgress://a:hunter2@b/c",
        "mysql://a/b",
        "sqlite:",
        "sqlite::memory:",
        "postgres://a:x/y",
    ] {
        let found = mistakes(&environment(&[("PHAROS_DATABASE_URL", bad)]));
        assert_eq!(found.len(), 1, "{bad}: {found:?}");
        assert!(found[0].starts_with("the variable PHAROS_DATABASE_URL: "), "{found:?}");
        assert!(found[0].contains("write for example sqlite:///"), "{found:?}");
        assert!(!found[0].contains("hunter2"), "{found:?}");
    }
    let sources =
        Sources { file: Some(file("database", "[data]\ndatabase_url = \"x\"\n")), ..Sources::default() };
    assert!(mistakes(&sources)[0].starts_with("2: data.database_url: it begins with neither"));
}

#[test]
fn how_mail_is_kept_private_can_be_said_beside_the_url() {
    use ::engine::providers::MailSecurity as Kept;

    let with = |url: &str, security: &str| {
        Config::load(&environment(&[
            ("PHAROS_MAIL_URL", url),
            ("PHAROS_MAIL_SECURITY", security),
            ("PHAROS_MAIL_FROM", "pharos@example.org"),
        ]))
    };
    for (url, security, expected) in [
        ("smtp://relay:25", "", Kept::StartTls),
        ("smtp://relay:25", "none", Kept::None),
        ("smtps://mail", "", Kept::Tls),
        ("smtps://mail", "tls", Kept::Tls),
    ] {
        let mail = with(url, security).unwrap().carriers().mail.unwrap();
        assert_eq!(mail.security, expected, "{url} {security}");
    }
    for (url, security) in [("smtp://mail", "tls"), ("smtps://mail", "none")] {
        let refused = with(url, security).unwrap_err().to_string();
        assert!(refused.contains("contradict each other"), "{refused}");
    }
}
