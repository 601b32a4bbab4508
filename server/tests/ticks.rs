//! Forms of what names more monitors than they show, as a browser without scripts sees and sends them.

use std::collections::BTreeMap;

use domain::check::CheckKind;
use domain::id::MonitorId;
use domain::integration::ProviderKind;
use domain::person::Viewer;
use domain::views::console::{Naming, SubscriptionDraft};
use engine::services::Services;
use reqwest::Method;

use crate::support::{Actor, TestApp};

/// What no page with such a form weighs more than, in bytes: without compression, with everything that the browser takes over.
const HEAVY: usize = 200_000;

/// Where such a form stands, what it is sent to, and what it sends beside its ticks.
struct Place {
    path: String,
    function: &'static str,
    fields: Vec<(&'static str, String)>,
}

/// Many monitors, by number.
struct Stage {
    app: TestApp,
    viewer: Actor,
    ids: Vec<MonitorId>,
}

impl Stage {
    async fn spawn(many: usize) -> Self {
        let app = TestApp::spawn().await;
        let viewer = app.viewer().await;
        let mut ids = Vec::new();
        for number in 0..many {
            let mut form = domain::monitor_form::empty_form(CheckKind::Push);
            form.insert("name".to_owned(), format!("Branch {number:03}"));
            ids.push(app.running.state.services.add_monitor(&Viewer::System, &form).await.unwrap());
        }
        Self { app, viewer, ids }
    }

    fn services(&self) -> &Services {
        &self.app.running.state.services
    }

    /// The part of a page that people see.
    async fn read(&self, path: &str) -> String {
        let page = self.app.request(&self.viewer, Method::GET, path).send().await.unwrap();
        assert_eq!(page.status(), 200, "{path}");
        let page = page.text().await.unwrap().replace("<!>", "");
        assert!(page.len() < HEAVY, "{path}: {} bytes", page.len());
        let mut parts = page.split("<script");
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |seen, part| seen + part.split_once("</script>").map_or("", |(_, rest)| rest))
    }

    /// The numbers of the monitors whose boxes are drawn, and of those that are ticked.
    fn boxes(&self, page: &str) -> (Vec<usize>, Vec<usize>) {
        let rows = page.split("name=\"monitors[]\"").skip(1).map(|rest| rest.split('>').next().unwrap());
        let (mut drawn, mut ticked) = (Vec::new(), Vec::new());
        for row in rows {
            let number = self.ids.iter().position(|id| row.contains(id.as_str())).unwrap();
            drawn.push(number);
            ticked.extend(row.contains("checked").then_some(number));
        }
        drawn.sort_unstable();
        ticked.sort_unstable();
        (drawn, ticked)
    }

    /// Sends the form on a page with these ticked; where the browser goes on to.
    async fn send(&self, place: &Place, page: &str, ticked: &[usize], more: &[(&str, &str)]) -> String {
        let said = page.split("name=\"said\" value=\"").nth(1).map(|rest| rest.split('"').next().unwrap());
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(&place.fields);
        form.extend_pairs(said.map(|said| ("said", said)));
        form.extend_pairs(ticked.iter().map(|number| ("monitors[]", self.ids[*number].as_str())));
        form.extend_pairs(more);
        let request = self.app.request(&self.viewer, Method::POST, &format!("/api/{}", place.function));
        let request = request.header("accept", "text/html");
        let request = request.header("referer", format!("http://{}{}", self.app.running.address, place.path));
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(form.finish());
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 303);
        answer.headers()["location"].to_str().unwrap().split('#').next().unwrap().to_owned()
    }

    /// The numbers of the monitors that are named.
    async fn named(&self, of: &Naming) -> Vec<usize> {
        let named = self.services().monitors_named_by(&Viewer::System, of).await.unwrap();
        let number = |id: &MonitorId| self.ids.iter().position(|known| known == id).unwrap();
        named.iter().map(|one| number(&one.id)).collect()
    }

    /// Unticks 3, which is drawn, and 260, which is found by searching, ticks 315, and saves. All from 0 to 309 but `own` are named before.
    /// In between `spoil` has the form refused.
    async fn change(&self, place: &Place, of: &Naming, own: Option<usize>, spoil: Option<(&str, &str)>) {
        let without = |numbers: std::ops::Range<usize>, gone: &[usize]| -> Vec<usize> {
            numbers.filter(|number| !gone.contains(number) && Some(*number) != own).collect()
        };
        let page = self.read(&place.path).await;
        let (drawn, ticked) = self.boxes(&page);
        assert!(drawn.len() == 200 - usize::from(own.is_some_and(|own| own < 200)) && drawn == ticked);
        let count = without(0..310, &[]).len();
        assert!(page.contains(&format!("{count} are ticked. Those that are not shown stay so")), "{page}");

        let rest: Vec<_> = ticked.into_iter().filter(|number| *number != 3).collect();
        let to = self.send(place, &page, &rest, &[("find", "branch 26"), ("look", "true")]).await;
        let page = self.read(&to).await;
        let (drawn, ticked) = self.boxes(&page);
        assert!(!drawn.contains(&3) && drawn.ends_with(&[268, 269]) && drawn == ticked, "{drawn:?}");
        let rest: Vec<_> = ticked.into_iter().filter(|number| *number != 260).collect();
        let to = self.send(place, &page, &rest, &[("find", "branch 31"), ("look", "true")]).await;
        let page = self.read(&to).await;
        let (_, mut ticked) = self.boxes(&page);
        ticked.push(315);
        let page = match spoil {
            Some(spoil) => {
                let to = self.send(place, &page, &ticked, &[spoil]).await;
                let page = self.read(&to).await;
                assert!(page.contains("Nothing was saved yet."), "{page}");
                ticked = self.boxes(&page).1;
                // Without what it was refused for.
                ticked.retain(|number| *number != 319);
                page
            }
            None => page,
        };
        assert!(ticked.contains(&315) && !ticked.contains(&3) && !ticked.contains(&260), "{ticked:?}");
        assert_eq!(self.named(of).await, without(0..310, &[]), "nothing is saved yet");
        self.send(place, &page, &ticked, &[]).await;
        let mut expected = without(0..310, &[3, 260]);
        expected.push(315);
        assert_eq!(self.named(of).await, expected);
    }
}

#[tokio::test]
async fn a_subscription_shows_some_of_its_many_monitors_and_keeps_the_others() {
    let stage = Stage::spawn(320).await;
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let hook = BTreeMap::from([
        pair("name", "Hook"),
        pair("url", "http://127.0.0.1:9/"),
        pair("in_default", "false"),
    ]);
    let services = stage.services();
    let channel = services.add_integration(&Viewer::System, ProviderKind::Webhook, &hook).await.unwrap();
    let draft = |monitors: Option<&[MonitorId]>| SubscriptionDraft {
        name: "Branches".to_owned(),
        integration: channel.clone(),
        events: vec!["incident.incident.created".to_owned()],
        monitors: monitors.map(<[MonitorId]>::to_vec),
        enabled: true,
    };
    // By name, whatever the order that they were named in.
    let backwards: Vec<_> = stage.ids[..310].iter().rev().cloned().collect();
    let id = services.save_subscription(&Viewer::System, None, &draft(Some(&backwards))).await.unwrap();
    let place = Place {
        path: format!("/console/subscriptions/{id}"),
        function: "save_subscription",
        fields: vec![
            ("subscription", id.to_string()),
            ("integration", channel.to_string()),
            ("enabled", "true".to_owned()),
            ("scope", "these".to_owned()),
            ("events[]", "incident.incident.created".to_owned()),
            ("name", "Branches".to_owned()),
        ],
    };
    let of = Naming::Subscription(id.clone());
    stage.change(&place, &of, None, None).await;

    // Refused, it comes back as it was; and nobody loses what the form does not show when the subscription has become one of all.
    let page = stage.read(&place.path).await;
    let (_, ticked) = stage.boxes(&page);
    let rest: Vec<_> = ticked.into_iter().filter(|number| *number != 7).collect();
    let mut nameless = Place { fields: place.fields.clone(), path: place.path.clone(), ..place };
    nameless.fields.pop();
    let to = stage.send(&nameless, &page, &rest, &[("name", "")]).await;
    let page = stage.read(&to).await;
    assert!(page.contains("Please give it a name") && page.contains("309 are ticked."), "{page}");
    assert!(!stage.boxes(&page).1.contains(&7));
    services.save_subscription(&Viewer::System, Some(&id), &draft(None)).await.unwrap();
    let to = stage.send(&place, &page, &rest, &[]).await;
    assert!(stage.read(&to).await.contains("Somebody else changed this subscription meanwhile."));
    assert_eq!(services.subscription(&Viewer::System, &id).await.unwrap().monitors, None);
    stage.app.close().await;
}

#[tokio::test]
async fn a_monitor_that_hangs_on_many_shows_some_of_them_and_keeps_the_others() {
    let stage = Stage::spawn(320).await;
    let (own, services) = (stage.ids[100].clone(), stage.services());
    let others: Vec<_> = stage.ids[..310].iter().filter(|id| **id != own).cloned().collect();
    services.set_parents(&Viewer::System, &own, &others).await.unwrap();
    // 319 hangs on this one, so this one cannot hang on it.
    let child = &stage.ids[319];
    services.set_parents(&Viewer::System, child, std::slice::from_ref(&own)).await.unwrap();
    let place = Place {
        path: format!("/console/monitors/{own}"),
        function: "set_parents",
        fields: vec![("monitor", own.to_string())],
    };
    let page = stage.read(&place.path).await;
    assert!(page.contains("Branch 000, Branch 001, Branch 002, Branch 003 and 305 others"), "{page}");
    let refused = ("monitors[]", child.as_str());
    stage.change(&place, &Naming::Monitor(own), Some(100), Some(refused)).await;
    stage.app.close().await;
}
