//! Addresses that belong to accounts, the links that prove them, and where links lead: on both databases.

use std::sync::{Arc, Mutex};

use domain::form::Form;
use domain::id::IntegrationId;
use domain::integration::ProviderKind;
use domain::origin::Origin;
use domain::person::{Account, Viewer};
use domain::time::{HOUR, MINUTE, Timestamp};
use domain::views::console::LinkSource;
use engine::checks::{Checks, ChecksConfig};
use engine::providers::{Carriers, MailSecurity, MailSettings};
use engine::recorder::Recorder;
use engine::registry::Registry;
use engine::services::people::NewAccount;
use engine::services::{self, ServiceError, Services};
use engine::store::claiming::{self, Limits};
use engine::store::integrations;
use engine::vitals::Vitals;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;

use crate::on_both;
use crate::tellers::{Receiver, Telling, attach, integration};
use crate::world::{OPERATOR, World};

const PASSWORD: &str = "correct horse battery";
pub(crate) const HOME: &str = "https://status.example.org";

/// A mail server that takes everything.
pub(crate) struct Mailbox {
    pub(crate) settings: MailSettings,
    mails: Arc<Mutex<Vec<String>>>,
}

impl Mailbox {
    pub(crate) async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mails = Arc::new(Mutex::new(Vec::new()));
        let all = mails.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let all = all.clone();
                tokio::spawn(async move {
                    let mut stream = BufReader::new(socket);
                    let _ = stream.write_all(b"220 mail.test ESMTP\r\n").await;
                    let mut line = String::new();
                    while stream.read_line(&mut line).await.is_ok_and(|read| read > 0) {
                        let answer = match line.split([' ', ':', '\r']).next().unwrap_or_default() {
                            "DATA" => "354 go on\r\n",
                            "QUIT" => "221 bye\r\n",
                            _ => "250 OK\r\n",
                        };
                        let _ = stream.write_all(answer.as_bytes()).await;
                        if answer.starts_with("354") {
                            let mut mail = String::new();
                            while !mail.ends_with("\r\n.\r\n")
                                && stream.read_line(&mut mail).await.is_ok_and(|read| read > 0)
                            {
                            }
                            // Quoted-printable (RFC 2045, 6.7), as far as a link needs it.
                            all.lock().unwrap().push(mail.replace("=\r\n", "").replace("=3D", "="));
                            let _ = stream.write_all(b"250 taken\r\n").await;
                        }
                        line.clear();
                    }
                });
            }
        });
        let settings =
            MailSettings::relay("127.0.0.1", port, MailSecurity::None, "pharos@status.example.org");
        Self { settings, mails }
    }

    /// The next mail.
    pub(crate) async fn next(&self) -> String {
        for _ in 0..500 {
            let first = {
                let mut mails = self.mails.lock().unwrap();
                (!mails.is_empty()).then(|| mails.remove(0))
            };
            if let Some(mail) = first {
                return mail;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("no mail came");
    }

    /// The token of the link in the next mail.
    pub(crate) async fn token(&self) -> String {
        let mail = self.next().await;
        let (_, after) =
            mail.split_once(&format!("{HOME}/confirm/")).unwrap_or_else(|| panic!("no link in: {mail}"));
        let token: String = after.chars().take_while(char::is_ascii_alphanumeric).collect();
        assert_eq!(token.len(), 64, "256 bits in hexadecimal digits");
        token
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.mails.lock().unwrap().is_empty()
    }
}

/// Services that send mail.
pub(crate) fn mailing(world: &World, mail: Option<&Mailbox>) -> Services {
    let checks = Checks::new(ChecksConfig::default()).unwrap();
    let vitals = Arc::new(Vitals::default());
    let recorder =
        Recorder::new(Registry::default(), vitals.clone(), tokio::sync::mpsc::unbounded_channel().0);
    let (clock, chance) = (world.clock.clone(), world.chance.clone());
    let carriers = Carriers { mail: mail.map(|mail| mail.settings.clone()), ..Carriers::default() };
    let telling =
        services::Telling::new(&world.db, &clock, &chance, &checks, "node".to_owned(), String::new());
    let telling = telling.unwrap().carried_by(carriers);
    Services::new(world.db.clone(), clock, chance, checks, vitals, recorder, telling)
}

pub(crate) async fn ada(services: &Services) -> (Account, Viewer) {
    let new = NewAccount {
        email: "ada@example.org".to_owned(),
        name: "Ada".to_owned(),
        password: PASSWORD.to_owned(),
    };
    let account = services.add_user(OPERATOR, &new).await.unwrap();
    (account.clone(), Viewer::Person(account))
}

fn form(pairs: &[(&str, &str)]) -> Form {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

pub(crate) async fn mail_to(services: &Services, address: &str) -> IntegrationId {
    services
        .add_integration(OPERATOR, ProviderKind::Email, &form(&[("email", address), ("enabled", "true")]))
        .await
        .unwrap()
}

fn origin(text: &str) -> Origin {
    text.parse().unwrap()
}

on_both! {
    async fn nothing_is_sent_to_an_account_before_somebody_opened_the_link_that_was_mailed_there(world: World) {
        let mailbox = Mailbox::open().await;
        let services = mailing(&world, Some(&mailbox));
        let (_, viewer) = ada(&services).await;
        services.set_link_address(OPERATOR, HOME).await.unwrap();
        let id = mail_to(&services, "Ada@example.org").await;
        let token = mailbox.token().await;
        let page = services.integration_form(OPERATOR, Some(&id), ProviderKind::Email).await.unwrap();
        assert_eq!(page.unconfirmed, ["ada@example.org"]);
        assert!(services.integrations(OPERATOR).await.unwrap()[0].unverified);
        assert!(!services.myself(&viewer).await.unwrap().confirmed);
        let trial = services.try_stored_integration(OPERATOR, &id, domain::alert::AlertKind::Error).await.unwrap();
        let words = trial.words.unwrap();
        assert!(!trial.ok && words.starts_with("ada@example.org has not been confirmed. "), "{words}");

        let health = services.telling_health(OPERATOR).await.unwrap();
        assert_eq!((health.failing[0].id.clone(), health.why), (id.clone(), Some(words.clone())), "before the first outage");

        // An outage says the same, for good, and nothing leaves.
        let (monitor, _) = world.monitor("Shop").await;
        let key = integrations::by_id(&mut world.db.read().await.unwrap(), &id).await.unwrap().unwrap().key;
        attach(&world, monitor, key).await;
        let mut telling = Telling::over(&world);
        telling.dispatcher.outbound = telling.dispatcher.outbound.clone().with_mail(Some(mailbox.settings.clone()));
        world.outage(monitor).await;
        telling.pass().await;
        let page = services.integration_form(OPERATOR, Some(&id), ProviderKind::Email).await.unwrap();
        assert_eq!(page.failing, Some(words.clone()));
        assert_eq!(page.deliveries[0].error, Some(words));
        assert!(mailbox.is_empty());

        // Looking confirms nothing; a second use does not either.
        for _ in 0..2 {
            assert_eq!(services.confirmation(&token).await.unwrap().as_deref(), Some("ada@example.org"));
        }
        assert!(!services.myself(&viewer).await.unwrap().confirmed);
        assert_eq!(services.confirm(&token).await.unwrap(), "ada@example.org");
        assert!(services.myself(&viewer).await.unwrap().confirmed);
        let again = services.confirm(&token).await;
        assert!(matches!(again, Err(ServiceError::Invalid(errors)) if errors[0].field == "token"));
        assert_eq!(services.confirmation(&token).await.unwrap(), None);
        let page = services.integration_form(OPERATOR, Some(&id), ProviderKind::Email).await.unwrap();
        assert_eq!((page.unconfirmed.len(), page.failing), (0, None));
        world.recovery(monitor).await;
        world.outage(monitor).await;
        telling.pass().await;
        assert!(mailbox.next().await.contains("Subject: secret-monitor is down"));
    }
}

on_both! {
    async fn an_address_of_nobody_needs_no_link(world: World) {
        let mailbox = Mailbox::open().await;
        let services = mailing(&world, Some(&mailbox));
        ada(&services).await;
        services.set_link_address(OPERATOR, HOME).await.unwrap();
        let id = mail_to(&services, "ops@example.org").await;
        assert!(!services.integrations(OPERATOR).await.unwrap()[0].unverified);
        let trial = services.try_stored_integration(OPERATOR, &id, domain::alert::AlertKind::Error).await.unwrap();
        assert!(trial.ok, "{:?}", trial.words);
        assert!(mailbox.next().await.contains("To: ops@example.org"));
        assert!(mailbox.is_empty());
    }
}

on_both! {
    async fn a_link_holds_a_day_and_three_are_mailed_an_hour(world: World) {
        let mailbox = Mailbox::open().await;
        let services = mailing(&world, Some(&mailbox));
        let (_, viewer) = ada(&services).await;
        services.set_link_address(OPERATOR, HOME).await.unwrap();
        let mut tokens = Vec::new();
        for _ in 0..3 {
            assert_eq!(services.send_own_link(&viewer).await.unwrap(), "ada@example.org");
            tokens.push(mailbox.token().await);
            world.pass(MINUTE);
        }
        let refused = services.send_own_link(&viewer).await;
        assert!(matches!(refused, Err(ServiceError::TooMany { retry_after }) if retry_after.as_secs() == 57 * 60), "{refused:?}");
        world.pass(57 * MINUTE);
        services.send_own_link(&viewer).await.unwrap();
        mailbox.token().await;
        world.pass(23 * HOUR);
        assert_eq!(services.confirmation(&tokens[0]).await.unwrap(), None, "a day has passed");
        assert!(matches!(services.confirm(&tokens[0]).await, Err(ServiceError::Invalid(_))));
        assert!(matches!(services.confirm("guessed").await, Err(ServiceError::Invalid(_))));
        services.confirm(&tokens[2]).await.unwrap();
        assert!(matches!(services.send_own_link(&viewer).await, Err(ServiceError::Conflict(_))));
    }
}

on_both! {
    async fn another_address_is_to_be_confirmed_anew_and_the_links_of_the_old_one_are_worth_nothing(world: World) {
        let mailbox = Mailbox::open().await;
        let services = mailing(&world, Some(&mailbox));
        let (account, viewer) = ada(&services).await;
        services.set_link_address(OPERATOR, HOME).await.unwrap();
        services.send_own_link(&viewer).await.unwrap();
        services.confirm(&mailbox.token().await).await.unwrap();
        let wrong = services.change_email(&viewer, "lovelace@example.org", "guessed wrongly").await;
        assert!(matches!(wrong, Err(ServiceError::Invalid(errors)) if errors[0].field == "current"));
        services.change_email(&viewer, " Lovelace@example.org ", PASSWORD).await.unwrap();
        let account = services.account(account.key).await.unwrap().unwrap();
        assert_eq!(account.email, "lovelace@example.org");
        let viewer = Viewer::Person(account);
        assert!(!services.myself(&viewer).await.unwrap().confirmed);
        services.send_own_link(&viewer).await.unwrap();
        let token = mailbox.token().await;
        services.change_email(&viewer, "ada@example.org", PASSWORD).await.unwrap();
        assert!(matches!(services.confirm(&token).await, Err(ServiceError::Invalid(_))));
    }
}

on_both! {
    async fn what_is_missing_for_a_link_is_said(world: World) {
        let (mailbox, said) = (Mailbox::open().await, |refused: Result<String, ServiceError>| match refused {
            Err(ServiceError::Conflict(words)) => words,
            other => panic!("{other:?}"),
        });
        let services = mailing(&world, None);
        let (_, viewer) = ada(&services).await;
        assert!(said(services.send_own_link(&viewer).await).contains("mail.host"));
        let services = mailing(&world, Some(&mailbox));
        assert!(said(services.send_own_link(&viewer).await).contains("Links in messages"));
        services.set_link_address(OPERATOR, HOME).await.unwrap();
        let mut nowhere = Mailbox::open().await;
        nowhere.settings.port = 1;
        for _ in 0..4 {
            let refused = mailing(&world, Some(&nowhere)).send_own_link(&viewer).await;
            assert!(said(refused).starts_with("The link could not be mailed: "), "what was not mailed is not counted");
        }
        services.send_own_link(&viewer).await.unwrap();
        assert!(matches!(services.send_own_link(&Viewer::Anonymous).await, Err(ServiceError::Forbidden)));
    }
}

on_both! {
    async fn links_begin_where_operators_log_in_and_a_better_address_stays(world: World) {
        let services = mailing(&world, None);
        let (_, viewer) = ada(&services).await;
        let used = async || services.link_address(OPERATOR, None).await.unwrap().used;
        assert_eq!(used().await, None);
        let local = origin("http://127.0.0.1:3000");
        for nobody in [Viewer::Anonymous, Viewer::System] {
            assert!(matches!(services.logged_in_at(&nobody, &origin("https://evil.example")).await, Err(ServiceError::Forbidden)));
        }
        services.logged_in_at(&viewer, &local).await.unwrap();
        assert_eq!(used().await, Some(("http://127.0.0.1:3000".to_owned(), LinkSource::LogIn)));
        assert!(services.link_address(OPERATOR, None).await.unwrap().only_here);
        services.logged_in_at(&viewer, &origin("https://status.example.com")).await.unwrap();
        // Neither the machine's own address nor another that is as good takes its place.
        for other in ["http://127.0.0.1:3000", "http://status.example.com", "https://other.example.com"] {
            services.logged_in_at(&viewer, &origin(other)).await.unwrap();
            assert_eq!(used().await, Some(("https://status.example.com".to_owned(), LinkSource::LogIn)), "{other}");
        }

        // Messages begin with it.
        let receiver = Receiver::open().await;
        let (monitor, _) = world.monitor("Shop").await;
        let (key, _) = integration(&world, &receiver, None).await;
        attach(&world, monitor, key).await;
        let mut telling = Telling::over(&world);
        telling.planner.base_url = String::new();
        let incident = world.outage(monitor).await;
        telling.planner.round().await.unwrap();
        let mut tx = world.db.write().await.unwrap();
        let (until, limits) = (Timestamp(world.now().0 + MINUTE), Limits { total: 1, each: 1, full: &[], fast: &[], each_fast: 1 });
        let claimed = claiming::claim(&mut tx, "here", world.now(), until, &limits).await.unwrap();
        let message = &claimed[0].message;
        assert_eq!(message.link(), Some(format!("https://status.example.com/console/incidents/{incident}")));
        drop(tx);

        // What an operator writes counts more than where anybody logs in, until it is forgotten.
        let wrong = services.set_link_address(OPERATOR, "status.example.net/pharos").await;
        assert!(matches!(wrong, Err(ServiceError::Invalid(errors)) if errors[0].field == "url"));
        services.set_link_address(OPERATOR, "http://pharos.lan:3000/").await.unwrap();
        services.logged_in_at(&viewer, &origin("https://better.example.com")).await.unwrap();
        assert_eq!(used().await, Some(("http://pharos.lan:3000".to_owned(), LinkSource::Operator)));
        services.set_link_address(OPERATOR, "").await.unwrap();
        assert_eq!(used().await, None);
        services.logged_in_at(&viewer, &local).await.unwrap();
        assert_eq!(used().await, Some(("http://127.0.0.1:3000".to_owned(), LinkSource::LogIn)));
    }
}

on_both! {
    async fn a_number_is_added_in_the_console_with_the_code_that_was_sent_to_it(world: World) {
        let services = mailing(&world, None);
        services.ensure_project().await.unwrap();
        let field = |refused: Result<IntegrationId, ServiceError>| match refused {
            Err(ServiceError::Invalid(errors)) => (errors[0].field.clone(), errors[0].message.clone()),
            other => panic!("{other:?}"),
        };
        let add = async |pairs: &[(&str, &str)]| field(services.add_proven_integration(OPERATOR, ProviderKind::Sms, &form(pairs)).await);
        let (name, words) = add(&[("phone_number", "+15550100199")]).await;
        assert_eq!(name, "verification_code");
        assert!(words.contains("Send code"), "{words}");
        let (name, words) = add(&[("phone_number", "+15550100199"), ("verification_code", "123456")]).await;
        assert!(name == "verification_code" && words.contains("expired"), "{words}");
        assert_eq!(add(&[("phone_number", "0151"), ("verification_code", "123456")]).await.0, "phone_number");
        let unsent = services.send_code_to(OPERATOR, "+15550100199").await;
        assert!(matches!(unsent, Err(ServiceError::Conflict(words)) if words.contains("sms.account_sid")));
        let id = services.add_integration(OPERATOR, ProviderKind::Sms, &form(&[("phone_number", "+15550100199")])).await.unwrap();
        let rename = form(&[("phone_number", "+1 555 010 0199"), ("name", "Ada's phone")]);
        services.edit_proven_integration(OPERATOR, &id, &rename).await.expect("the number stays");
        let other = services.edit_proven_integration(OPERATOR, &id, &form(&[("phone_number", "+15550100100")])).await;
        assert_eq!(field(other.map(|()| id)).0, "verification_code");
    }
}
