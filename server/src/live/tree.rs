//! Which parts of a page differ, and since when.

use std::collections::HashMap;

use app::pages::status::Part;

use super::wire::Place;

/// Since which place each part, apart from its inner parts, is as it is; by id.
pub type Changed = HashMap<String, Place>;

/// The parts to swap so that a page drawn as `old` becomes one drawn as `new`. When a part itself differs, say because a
/// component came, went or moved, it is swapped as a whole.
///
/// The roots are matched by id: the first is the page, the others stand alone.
pub fn differences<'new>(old: &[Part], new: &'new [Part]) -> Vec<&'new Part> {
    let mut found = Vec::new();
    for part in new {
        match old.iter().find(|known| known.id == part.id) {
            Some(known) => compare(known, part, &mut found),
            None => found.push(part),
        }
    }
    found
}

fn compare<'new>(old: &Part, new: &'new Part, found: &mut Vec<&'new Part>) {
    if !new.is_like(old) {
        found.push(new);
        return;
    }
    for (old, new) in old.parts.iter().zip(&new.parts) {
        compare(old, new, found);
    }
}

/// The places of `new`, of which `different` changed at `place`.
pub fn places(new: &[Part], different: &[&Part], old: &Changed, place: Place) -> Changed {
    let mut changed = Changed::new();
    walk(new, &mut |part| {
        let since = old.get(&part.id).copied().unwrap_or(place);
        changed.insert(part.id.clone(), since);
    });
    for part in different {
        changed.insert(part.id.clone(), place);
    }
    changed
}

/// The parts that a client at `place` does not know yet.
pub fn newer<'part>(parts: &'part [Part], changed: &Changed, place: Place) -> Vec<&'part Part> {
    let mut found = Vec::new();
    collect(parts, changed, place, &mut found);
    found
}

fn collect<'part>(parts: &'part [Part], changed: &Changed, place: Place, found: &mut Vec<&'part Part>) {
    for part in parts {
        if changed.get(&part.id).is_some_and(|since| *since > place) {
            found.push(part);
        } else {
            collect(&part.parts, changed, place, found);
        }
    }
}

fn walk(parts: &[Part], visit: &mut impl FnMut(&Part)) {
    for part in parts {
        visit(part);
        walk(&part.parts, visit);
    }
}
