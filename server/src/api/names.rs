//! Names of operations, by which generated clients call them: no two may be the same (OpenAPI 3.1).

use std::collections::HashMap;

use utoipa::openapi::OpenApi;
use utoipa::openapi::path::{Operation, PathItem, PathsMap};

/// Gives operations whose handlers have a common name, such as `list`, the names of what they are of, too: `list_incidents`.
pub(super) fn tell_apart(api: &mut OpenApi) {
    let mut count: HashMap<String, usize> = HashMap::new();
    each(&mut api.paths.paths, |_, name| *count.entry(name.clone()).or_default() += 1);
    each(&mut api.paths.paths, |path, name| {
        if count.get(name).is_some_and(|count| *count > 1) {
            let of = path.trim_start_matches("/api/v1/").split('/').filter(|part| !part.starts_with('{'));
            *name = [name.as_str()].into_iter().chain(of).collect::<Vec<_>>().join("_");
        }
    });
}

fn each(paths: &mut PathsMap<String, PathItem>, mut change: impl FnMut(&str, &mut String)) {
    for (path, item) in paths {
        let operations: [&mut Option<Operation>; 5] =
            [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch];
        for operation in operations.into_iter().flatten() {
            operation.operation_id.as_mut().into_iter().for_each(|name| change(path, name));
        }
    }
}
