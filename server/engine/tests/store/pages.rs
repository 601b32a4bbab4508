//! Editing the status page.

use domain::id::{ComponentId, GroupId, MonitorId};
use domain::status_page::ComponentState;
use domain::views::console::{ComponentDraft, ComponentRow, EditorQuery, Move, PageDraft};
use engine::services::{ServiceError, pages::MAX_LOGO};

use crate::on_both;
use crate::world::{OPERATOR, VISITOR, World};

fn named(name: &str, monitors: &[MonitorId]) -> ComponentDraft {
    ComponentDraft {
        name: name.to_owned(),
        monitors: monitors.to_vec(),
        show_uptime: true,
        ..ComponentDraft::default()
    }
}

async fn order(world: &World) -> Vec<String> {
    let editor = world.services.page_editor(OPERATOR, &EditorQuery::default()).await.unwrap();
    editor.lines().map(|component| component.name.clone()).collect()
}

/// A component as its form shows it.
async fn opened(world: &World, id: &ComponentId) -> ComponentRow {
    let query = EditorQuery { edit: id.to_string(), ..EditorQuery::default() };
    world.services.page_editor(OPERATOR, &query).await.unwrap().edited.unwrap()
}

on_both! {
    async fn a_page_is_made_once_and_renamed(world: World) {
        let services = &world.services;
        assert!(matches!(services.page_head(VISITOR, None).await, Err(ServiceError::NotFound)));
        services.ensure_default_page().await.unwrap();
        services.ensure_default_page().await.unwrap();
        let draft = PageDraft {
            name: " Acme ".to_owned(), description: "All of it".to_owned(), time_zone: "Europe/Berlin".to_owned(),
        };
        services.save_page(OPERATOR, &draft).await.unwrap();
        let head = services.page_head(VISITOR, None).await.unwrap();
        assert_eq!((head.name.as_str(), head.time_zone.as_str()), ("Acme", "Europe/Berlin"));
        assert_eq!(services.page_head(VISITOR, Some(&head.slug)).await.unwrap(), head);
        let wrong = PageDraft { name: String::new(), time_zone: "Mars/Olympus".to_owned(), ..draft };
        let Err(ServiceError::Invalid(errors)) = services.save_page(OPERATOR, &wrong).await else { panic!("refused") };
        assert_eq!(errors.iter().map(|error| error.field.as_str()).collect::<Vec<_>>(), ["name", "time_zone"]);
        assert!(matches!(services.page_editor(VISITOR, &EditorQuery::default()).await, Err(ServiceError::Forbidden)));
        assert_eq!(services.page_keys(VISITOR).await.unwrap().len(), 1);
    }

    async fn a_logo_is_an_image_and_its_version_changes(world: World) {
        let services = &world.services;
        services.ensure_default_page().await.unwrap();
        let slug = services.page_head(VISITOR, None).await.unwrap().slug;
        let png = b"\x89PNG\r\n\x1a\n the rest";
        services.set_logo(OPERATOR, Some(png)).await.unwrap();
        let logo = services.logo(VISITOR, &slug).await.unwrap();
        assert_eq!((logo.media_type.as_str(), logo.bytes.as_slice()), ("image/png", png.as_slice()));
        let head = services.page_head(VISITOR, None).await.unwrap();
        assert_eq!(head.logo, Some(logo.version));
        world.pass(1);
        services.set_logo(OPERATOR, Some(b"GIF89a...")).await.unwrap();
        assert!(services.logo(VISITOR, &slug).await.unwrap().version > logo.version);
        for image in [b"<svg onload='x'>".to_vec(), vec![0; MAX_LOGO + 1]] {
            assert!(matches!(services.set_logo(OPERATOR, Some(&image)).await, Err(ServiceError::Invalid(_))));
        }
        services.set_logo(OPERATOR, None).await.unwrap();
        assert!(matches!(services.logo(VISITOR, &slug).await, Err(ServiceError::NotFound)));
    }

    async fn groups_and_components_keep_their_order(world: World) {
        let services = &world.services;
        services.ensure_default_page().await.unwrap();
        let group = services.add_group(OPERATOR, "Europe").await.unwrap();
        let other = services.add_group(OPERATOR, "Asia").await.unwrap();
        let mut ids: Vec<ComponentId> = Vec::new();
        for (name, group) in [("A", &group), ("B", &group), ("C", &other)] {
            let draft = ComponentDraft { group: Some(group.clone()), ..named(name, &[]) };
            ids.push(services.add_component(OPERATOR, &draft).await.unwrap());
        }
        let loose = services.add_component(OPERATOR, &named("Loose", &[])).await.unwrap();
        assert_eq!(order(&world).await, ["Loose", "A", "B", "C"]);
        services.move_component(OPERATOR, &ids[1], Move::Up).await.unwrap();
        services.move_component(OPERATOR, &loose, Move::Down).await.unwrap();
        assert_eq!(order(&world).await, ["Loose", "B", "A", "C"]);
        services.move_group(OPERATOR, &other, Move::Up).await.unwrap();
        services.move_group(OPERATOR, &other, Move::Up).await.unwrap();
        assert_eq!(order(&world).await, ["Loose", "C", "B", "A"]);
        services.rename_group(OPERATOR, &other, "Africa").await.unwrap();
        let page = services.page(VISITOR, None).await.unwrap();
        let heads: Vec<_> = page.sections.iter().map(|section| section.group.as_ref().map(|group| group.name.clone())).collect();
        assert_eq!(heads, [None, Some("Africa".to_owned()), Some("Europe".to_owned())]);
        services.delete_group(OPERATOR, &group).await.unwrap();
        assert_eq!(order(&world).await, ["B", "A", "Loose", "C"]);
        services.delete_component(OPERATOR, &loose).await.unwrap();
        assert!(matches!(services.delete_component(OPERATOR, &loose).await, Err(ServiceError::NotFound)));
        let unknown = GroupId::new([9; 13]);
        assert!(matches!(services.rename_group(OPERATOR, &unknown, "X").await, Err(ServiceError::NotFound)));
        assert!(matches!(services.delete_group(OPERATOR, &unknown).await, Err(ServiceError::NotFound)));
        assert!(matches!(services.add_group(OPERATOR, " ").await, Err(ServiceError::Invalid(_))));
    }

    async fn a_component_is_edited_and_its_monitors_are_those_that_exist(world: World) {
        let services = &world.services;
        services.ensure_default_page().await.unwrap();
        let (_, monitor) = world.monitor("Secret monitor").await;
        let id = services.add_component(OPERATOR, &named("API", std::slice::from_ref(&monitor))).await.unwrap();
        let draft = ComponentDraft { show_latency: true, description: "It".to_owned(), ..named("Api", &[monitor]) };
        services.edit_component(OPERATOR, &id, None, &draft).await.unwrap();
        let row = opened(&world, &id).await;
        assert_eq!((row.name.as_str(), row.description.as_str(), row.monitors.len()), ("Api", "It", 1));
        let wrong = ComponentDraft { group: Some(GroupId::new([1; 13])), ..named("", &[MonitorId::new([9; 13])]) };
        let Err(ServiceError::Invalid(errors)) = services.edit_component(OPERATOR, &id, None, &wrong).await else {
            panic!("refused")
        };
        let fields: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["name", "group", "monitors"]);
    }

    async fn a_form_of_a_component_that_changed_meanwhile_is_refused(world: World) {
        let services = &world.services;
        services.ensure_default_page().await.unwrap();
        let monitors = [world.monitor("One").await.1, world.monitor("Other").await.1];
        let id = services.add_component(OPERATOR, &named("API", &monitors)).await.unwrap();
        let version = opened(&world, &id).await.version();
        // Its place and its state are no part of the form.
        services.set_state(OPERATOR, &id, Some(ComponentState::UnderMaintenance)).await.unwrap();
        services.edit_component(OPERATOR, &id, Some(&version), &named("First", &monitors)).await.unwrap();
        let second = services.edit_component(OPERATOR, &id, Some(&version), &named("Second", &[])).await;
        assert!(matches!(second, Err(ServiceError::Conflict(_))), "{second:?}");
        let row = opened(&world, &id).await;
        assert_eq!((row.name.as_str(), row.monitors.len()), ("First", 2));
        services.edit_component(OPERATOR, &id, Some(&row.version()), &named("Second", &[])).await.unwrap();
    }

    async fn a_monitor_beyond_those_that_are_offered_is_found_by_searching(world: World) {
        let services = &world.services;
        for number in 0..201 {
            world.monitor(&format!("Branch {number:03}")).await;
        }
        let (_, last) = world.monitor("Zürich").await;
        let all = services.monitor_choices(OPERATOR, "", None).await.unwrap();
        assert_eq!((all.monitors.len(), all.found, all.total), (200, 202, 202));
        assert_eq!(all.monitors[0].name, "Branch 000");
        assert!(all.monitors.iter().all(|monitor| monitor.id != last));
        let found = services.monitor_choices(OPERATOR, " rich ", None).await.unwrap();
        assert_eq!((found.monitors.len(), found.found, found.total), (1, 1, 202));
        assert_eq!(found.monitors[0].id, last);
        assert!(found.monitors[0].about.starts_with("HTTP(S) · https://"), "{}", found.monitors[0].about);
        assert!(matches!(services.monitor_choices(VISITOR, "", None).await, Err(ServiceError::Forbidden)));
    }

    async fn the_editor_shows_components_page_by_page_and_searches_them(world: World) {
        let services = &world.services;
        services.ensure_default_page().await.unwrap();
        let mut monitors = Vec::new();
        for name in ["delta", "Alpha", "charlie", "Bravo"] {
            monitors.push(world.monitor(name).await.1);
        }
        let group = services.add_group(OPERATOR, "Größe").await.unwrap();
        let empty = services.add_group(OPERATOR, "Empty").await.unwrap();
        for number in 0..30 {
            services.add_component(OPERATOR, &named(&format!("Loose {number:02}"), &[])).await.unwrap();
        }
        let mut ids = Vec::new();
        for number in 0..40 {
            let draft = ComponentDraft { group: Some(group.clone()), ..named(&format!("Part {number:02}"), &monitors) };
            ids.push(services.add_component(OPERATOR, &draft).await.unwrap());
        }
        let ask = async |search: &str, page: u32| {
            let query = EditorQuery { search: search.to_owned(), page, edit: String::new() };
            let editor = services.page_editor(OPERATOR, &query).await.unwrap();
            let parts = editor.parts.iter().map(|part| (part.group.clone(), part.before, part.all, part.lines.len()));
            let parts: Vec<_> = parts.collect();
            (parts, editor)
        };
        let (first, editor) = ask("", 0).await;
        assert_eq!(first, [(None, 0, 30, 30), (Some(group.clone()), 0, 40, 20)]);
        assert_eq!((editor.page, editor.found, editor.total, editor.groups.len()), (1, 70, 70, 2));
        assert_eq!(editor.state, ComponentState::NoData);
        let line = &editor.parts[1].lines[0];
        assert_eq!((line.monitors.join(" "), line.followed), ("Alpha Bravo charlie".to_owned(), 4));
        let (second, editor) = ask("", 9).await;
        assert_eq!(second, [(Some(group.clone()), 20, 40, 20), (Some(empty.clone()), 0, 0, 0)]);
        assert_eq!((editor.page, editor.lines().next().unwrap().name.as_str()), (2, "Part 20"));
        // By the name of a component, or of its group, in every alphabet.
        let (found, editor) = ask(" PART 1", 1).await;
        assert_eq!((found, editor.found), (vec![(Some(group.clone()), 0, 10, 10)], 10));
        assert_eq!(ask("GRÖSSE", 1).await.1.found + ask("GRÖẞE", 1).await.1.found, 40);
        let (none, editor) = ask("%", 3).await;
        assert_eq!((none.len(), editor.found, editor.total, editor.page), (0, 0, 70, 1));

        // Over the border of a page, and where things stand then.
        assert_eq!(services.component_page(OPERATOR, &ids[19]).await.unwrap(), 1);
        services.move_component(OPERATOR, &ids[19], Move::Down).await.unwrap();
        assert_eq!(services.component_page(OPERATOR, &ids[19]).await.unwrap(), 2);
        assert_eq!(ask("", 1).await.1.lines().last().unwrap().name, "Part 20");
        assert_eq!(services.group_page(OPERATOR, &group).await.unwrap(), 1);
        assert_eq!(services.group_page(OPERATOR, &empty).await.unwrap(), 2);
        services.move_group(OPERATOR, &empty, Move::Up).await.unwrap();
        assert_eq!(services.group_page(OPERATOR, &empty).await.unwrap(), 1);
        // The worst of all is told on every page, also what is set by hand.
        services.set_state(OPERATOR, &ids[39], Some(ComponentState::MajorOutage)).await.unwrap();
        assert_eq!(ask("", 1).await.1.state, ComponentState::MajorOutage);
        services.delete_component(OPERATOR, &ids[39]).await.unwrap();
        assert!(matches!(services.component_page(OPERATOR, &ids[39]).await, Err(ServiceError::NotFound)));
        assert!(matches!(services.component_page(VISITOR, &ids[0]).await, Err(ServiceError::Forbidden)));
        let gone = EditorQuery { edit: ids[39].to_string(), ..EditorQuery::default() };
        assert_eq!(services.page_editor(OPERATOR, &gone).await.unwrap().edited, None);
    }

    async fn no_data_cannot_be_set_by_hand(world: World) {
        let services = &world.services;
        services.ensure_default_page().await.unwrap();
        let id = services.add_component(OPERATOR, &named("API", &[])).await.unwrap();
        let refused = services.set_state(OPERATOR, &id, Some(ComponentState::NoData)).await;
        assert!(matches!(refused, Err(ServiceError::Invalid(_))));
        assert!(matches!(services.set_state(VISITOR, &id, None).await, Err(ServiceError::Forbidden)));
    }

    async fn every_edit_tells_of_the_page(world: World) {
        let services = &world.services;
        services.ensure_default_page().await.unwrap();
        let before = world.events().await.len();
        let id = services.add_component(OPERATOR, &named("API", &[])).await.unwrap();
        services.set_state(OPERATOR, &id, Some(ComponentState::Operational)).await.unwrap();
        services.delete_component(OPERATOR, &id).await.unwrap();
        let events = world.events().await;
        assert!(events[before..].iter().all(|event| event.event.kind() == "page_saved"));
        assert_eq!(events.len() - before, 3);
    }
}
