//! The editor of the status page with many components, as a browser without scripts sees it.

use domain::id::{ComponentId, GroupId};
use domain::person::Viewer;
use domain::views::console::{ComponentDraft, EditorQuery};
use engine::services::Services;
use reqwest::Method;

use crate::support::{Actor, TestApp, tag};

/// What no page of the editor weighs more than, in bytes: without compression, with everything that the browser takes over.
const HEAVY: usize = 250_000;
const PATH: &str = "/console/page";

async fn read(app: &TestApp, viewer: &Actor, path: &str) -> String {
    let path = path.split('#').next().unwrap();
    let page = app.request(viewer, Method::GET, path).send().await.unwrap().text().await.unwrap();
    assert!(page.len() < HEAVY, "{path}: {} bytes", page.len());
    // Without what the browser takes over.
    let page = page.replace("<!>", "");
    let mut parts = page.split("<script");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |seen, part| seen + part.split_once("</script>").map_or("", |(_, rest)| rest))
}

/// Sends a form from a page of the editor; where the browser goes on to.
async fn send(app: &TestApp, viewer: &Actor, from: &str, function: &str, fields: &[(&str, &str)]) -> String {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(fields);
    let request =
        app.request(viewer, Method::POST, &format!("/api/{function}")).header("accept", "text/html");
    let request = request.header("referer", format!("http://{}{from}", app.running.address));
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(form.finish());
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 303);
    answer.headers()["location"].to_str().unwrap().to_owned()
}

async fn component(services: &Services, name: &str, group: Option<&GroupId>) -> ComponentId {
    let draft = ComponentDraft { name: name.to_owned(), group: group.cloned(), ..ComponentDraft::default() };
    services.add_component(&Viewer::System, &draft).await.unwrap()
}

/// The names of the components on a page, in their order.
fn names(page: &str) -> Vec<String> {
    let all = page.split("<p class=\"name\">").skip(1);
    all.map(|rest| rest.split('<').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_editor_has_pages_and_a_search() {
    let app = TestApp::spawn().await;
    let viewer = app.viewer().await;
    let services = &app.running.state.services;
    let empty = read(&app, &viewer, PATH).await;
    assert!(empty.contains("0 components in 0 groups") && empty.contains("id=\"add-component-\""), "{empty}");
    assert!(!empty.contains("role=\"search\"") && !empty.contains("class=\"pagination\""));
    for number in 0..50 {
        component(services, &format!("Loose {number:02}"), None).await;
    }
    // Exactly a page.
    let full = read(&app, &viewer, PATH).await;
    assert!(names(&full).len() == 50 && !full.contains("class=\"pagination\""));
    assert!(full.contains("role=\"search\"") && full.contains("name=\"q\""));
    let group = services.add_group(&Viewer::System, "Europe").await.unwrap();
    for number in 0..70 {
        component(services, &format!("Part {number:02}"), Some(&group)).await;
    }
    let first = read(&app, &viewer, PATH).await;
    assert_eq!(names(&first).len(), 50);
    assert!(first.contains("1–50 of 120</span>") && first.contains("120 components in 1 group"), "{first}");
    assert!(first.contains(&format!("rel=\"next\" href=\"{PATH}?page=2\"")));
    // The group goes on over two pages, and says which of its components stand where.
    let second = read(&app, &viewer, &format!("{PATH}?page=2")).await;
    assert!(names(&second).len() == 50 && second.contains(">1–50 of 70</span>"), "{second}");
    let last = read(&app, &viewer, &format!("{PATH}?page=3")).await;
    assert!(names(&last).len() == 20 && last.contains(">51–70 of 70</span>"));
    assert!(
        !last.contains("Without a group</h2>") && last.contains(&format!("id=\"add-component-{group}\""))
    );
    assert_eq!(names(&read(&app, &viewer, &format!("{PATH}?page=900")).await), names(&last));
    assert!(!tag(&last, "aria-label=\"Move Part 50 up\"").contains("disabled"));
    assert!(tag(&last, "aria-label=\"Move Part 69 down\"").contains("disabled"));

    let found = read(&app, &viewer, &format!("{PATH}?q=PART+1")).await;
    assert!(names(&found).len() == 10 && found.contains("10 components</span>"), "{found}");
    assert!(!found.contains("aria-label=\"Move Part 10 up\""), "what is beside it is not seen");
    let by_group = read(&app, &viewer, &format!("{PATH}?q=europe&page=2")).await;
    assert!(
        by_group.contains("51–70 of 70</span>") && by_group.contains(&format!("href=\"{PATH}?q=europe\""))
    );
    let none = read(&app, &viewer, &format!("{PATH}?q=%25&page=2")).await;
    assert!(
        none.contains("No component matches “%”") && none.contains("120 components are hidden."),
        "{none}"
    );
    app.close().await;
}

#[tokio::test]
async fn whoever_edits_a_long_page_stays_where_the_components_are() {
    let app = TestApp::spawn().await;
    let viewer = app.viewer().await;
    let services = &app.running.state.services;
    let group = services.add_group(&Viewer::System, "Europe").await.unwrap();
    let mut ids = Vec::new();
    for number in 0..50 {
        ids.push(component(services, &format!("Part {number:02}"), Some(&group)).await);
    }
    // The page is full: what is added stands on the next one.
    let add = [("group", group.as_str()), ("name", "Part 50"), ("q", ""), ("at", "1")];
    let to = send(&app, &viewer, PATH, "add_component", &add).await;
    assert_eq!(to, format!("{PATH}?page=2#add-component-{group}"));
    let page = read(&app, &viewer, &to).await;
    assert_eq!(names(&page), ["Part 50"]);
    let added: ComponentId =
        tag(&page, "name=\"component\"").split("value=\"").nth(1).unwrap()[..22].parse().unwrap();
    // Over the border, up and down again; the browser follows. Within a page it stays.
    let shift = async |at: &str, to: &str| {
        let fields = [("component", added.as_str()), ("to", to), ("q", ""), ("at", at)];
        send(&app, &viewer, &format!("{PATH}?page={at}"), "move_component", &fields).await
    };
    assert_eq!(shift("2", "up").await, format!("{PATH}#move-{added}"));
    assert_eq!(names(&read(&app, &viewer, PATH).await)[49], "Part 50");
    assert_eq!(shift("1", "up").await, format!("{PATH}?page=1"));
    assert_eq!(shift("1", "down").await, format!("{PATH}?page=1"));
    assert_eq!(shift("1", "down").await, format!("{PATH}?page=2#move-{added}"));

    // The form of a component keeps the page, and goes on to where the component is.
    let second = read(&app, &viewer, &format!("{PATH}?page=2")).await;
    assert!(second.contains(&format!("href=\"{PATH}?page=2&amp;edit={added}\"")), "{second}");
    let from = format!("{PATH}?page=2&edit={added}");
    let form = read(&app, &viewer, &from).await;
    assert!(form.contains(&format!("href=\"{PATH}?page=2\" class=\"button quiet\">Cancel")), "{form}");
    let edit = |name: &'static str, group: &'static str, q: &'static str| {
        [("component", added.as_str()), ("name", name), ("group", group), ("q", q), ("at", "2")]
    };
    assert_eq!(
        send(&app, &viewer, &from, "edit_component", &edit("Part 50", "", "part")).await,
        format!("{PATH}?q=part&page=2")
    );
    assert_eq!(send(&app, &viewer, &from, "edit_component", &edit("Part 50", "", "")).await, PATH);
    assert_eq!(names(&read(&app, &viewer, PATH).await)[0], "Part 50", "it stands in no group now");
    // The last one of the last page.
    let delete = [("component", ids[49].as_str()), ("q", ""), ("at", "2")];
    let to =
        send(&app, &viewer, &format!("{PATH}?page=2&edit={}", ids[49]), "delete_component", &delete).await;
    assert_eq!(to, format!("{PATH}?page=2"));
    assert_eq!(names(&read(&app, &viewer, &to).await).len(), 50);
    // Somebody else was faster.
    send(
        &app,
        &viewer,
        PATH,
        "move_component",
        &[("component", ids[49].as_str()), ("to", "up"), ("at", "1")],
    )
    .await;
    let gone = app.request(&viewer, Method::GET, &format!("{PATH}?edit={}", ids[49])).send().await.unwrap();
    assert_eq!(gone.status(), 404);

    // What a group that is gone would have got comes back, and says why.
    services.delete_group(&Viewer::System, &group).await.unwrap();
    let add = [("group", group.as_str()), ("name", "Late"), ("q", ""), ("at", "1")];
    let to = send(&app, &viewer, &format!("{PATH}?page=2"), "add_component", &add).await;
    assert_eq!(to, format!("{PATH}#add-component-"));
    let page = read(&app, &viewer, &to).await;
    assert!(
        page.contains("value=\"Late\"") && page.contains("This group is gone; choose another one."),
        "{page}"
    );
    // A group that is added stands behind everything, and the browser goes there.
    component(services, "One more", None).await;
    let to = send(&app, &viewer, PATH, "add_group", &[("name", "Asia"), ("q", ""), ("at", "1")]).await;
    assert_eq!(to, format!("{PATH}?page=2#add-group"));
    assert!(read(&app, &viewer, &to).await.contains("Asia</h2>"));
    let query = EditorQuery::default();
    let asia = services.page_editor(&Viewer::System, &query).await.unwrap().groups[0].id.clone();
    let delete = [("group", asia.as_str()), ("at", "2")];
    assert_eq!(send(&app, &viewer, PATH, "delete_group", &delete).await, format!("{PATH}?page=2"));
    app.close().await;
}

#[tokio::test]
async fn groups_without_components_have_pages_too() {
    let app = TestApp::spawn().await;
    let viewer = app.viewer().await;
    let services = &app.running.state.services;
    let mut ids = Vec::new();
    for number in 0..100 {
        ids.push(services.add_group(&Viewer::System, &format!("Region {number:03}")).await.unwrap());
    }
    let groups = |page: &str| page.matches("aria-label=\"Group Region ").count();
    let first = read(&app, &viewer, PATH).await;
    assert!(groups(&first) == 50 && first.contains("1–50 of 100</span>"), "{first}");
    assert!(first.contains("0 components in 100 groups") && first.contains("id=\"add-component-\""));
    let last = read(&app, &viewer, &format!("{PATH}?page=2")).await;
    assert!(groups(&last) == 50 && last.contains("Region 099</h2>"), "{last}");
    // Over the border; the browser follows.
    let shift = [("group", ids[50].as_str()), ("to", "up"), ("q", ""), ("at", "2")];
    let to = send(&app, &viewer, &format!("{PATH}?page=2"), "move_group", &shift).await;
    assert_eq!(to, format!("{PATH}#move-{}", ids[50]));
    // The first component of a group takes the place that the group had, the next one another.
    let at = component(services, "Edge", Some(&ids[99])).await;
    assert_eq!(services.component_page(&Viewer::System, &at).await.unwrap(), 2);
    let total = services.page_editor(&Viewer::System, &EditorQuery::default()).await.unwrap().places;
    component(services, "Core", Some(&ids[99])).await;
    let more = services.page_editor(&Viewer::System, &EditorQuery::default()).await.unwrap().places;
    assert_eq!((total, more), (100, 101));
    app.close().await;
}
