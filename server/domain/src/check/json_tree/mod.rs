//! A JSON document that can be searched by a JSONPath within bounds.
//!
//! A path such as `$..a..b` finds a value once for each way that leads to it: what is deep inside many others costs its square or
//! more, and the site that is checked chooses the document. The search of the library has no bound of its own, so the document counts
//! what it is asked for, and says that there is nothing more when that is too much. It also gives no names of fields: the search
//! would write the whole way to every value that it looks at.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;

use jsonpath_rust::{
    parser::model::JpQuery,
    query::{QueryRef, js_path_process, queryable::Queryable},
};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::{Serialize, Serializer};
use serde_json::Number;

/// What every search may cost, in steps. A step takes some ten nanoseconds and bytes.
const ALLOWANCE: u64 = 1_000_000;
/// How often a search may look at the whole document beyond that.
const TIMES: u64 = 3;
/// What looking at a value costs beside the way to it.
const LOOK: u64 = 4;
/// What looking at a text costs: it may be a pattern, which has to be compiled.
const TEXT: u64 = 200;

thread_local! {
    /// What the search that runs on this thread may still cost; `None` when that was too little.
    static LEFT: Cell<Option<u64>> = const { Cell::new(Some(u64::MAX)) };
}

/// Pays for something; `false` when there is not enough left, from then on for everything.
fn pay(cost: u64) -> bool {
    LEFT.with(|left| {
        left.set(left.get().and_then(|left| left.checked_sub(cost)));
        left.get().is_some()
    })
}

/// A document.
#[derive(Debug)]
pub(super) struct Tree {
    root: Node,
    /// What looking at each of its values costs.
    cost: u64,
}

impl Tree {
    /// Reads a document.
    pub(super) fn parse(text: &str) -> serde_json::Result<Self> {
        let mut root: Node = serde_json::from_str(text)?;
        let cost = root.settle(0);
        Ok(Self { root, cost })
    }

    /// The values that a path leads to; `None` when finding them would cost too much.
    pub(super) fn find(&self, path: &JpQuery) -> Option<Vec<&Node>> {
        LEFT.set(Some(ALLOWANCE.saturating_add(self.cost.saturating_mul(TIMES))));
        let found = js_path_process(path, &self.root).unwrap_or_default();
        // Comparisons outside of a search cost nothing.
        LEFT.replace(Some(u64::MAX))?;
        Some(found.into_iter().map(QueryRef::val).collect())
    }
}

/// A value of a document.
#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    kind: Kind,
    /// In how many others it is: the way to it is as long.
    depth: u8,
}

#[derive(Clone, Debug, Default)]
enum Kind {
    #[default]
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Node>),
    Fields(BTreeMap<String, Node>),
}

impl Node {
    /// Notes how deep each value is; says what looking at all of them costs.
    fn settle(&mut self, depth: u8) -> u64 {
        self.depth = depth;
        // Documents that are nested deeper than 128 are not read.
        let below = depth.saturating_add(1);
        let inner: u64 = match &mut self.kind {
            Kind::List(items) => items.iter_mut().map(|item| item.settle(below)).sum(),
            Kind::Fields(fields) => fields.values_mut().map(|field| field.settle(below)).sum(),
            _ => 0,
        };
        self.cost().saturating_add(inner)
    }

    fn cost(&self) -> u64 {
        LOOK + u64::from(self.depth)
    }

    /// Pays for looking at so many values within this one.
    fn pay_for(&self, count: usize) -> bool {
        pay((self.cost() + 1).saturating_mul(count as u64).saturating_add(1))
    }

    /// The text, or the JSON of what is none.
    pub(super) fn text(&self) -> String {
        match &self.kind {
            Kind::Text(text) => text.clone(),
            _ => serde_json::to_string(self).unwrap_or_default(),
        }
    }

    /// The number, also one that is written as a text.
    pub(super) fn number(&self) -> Option<f64> {
        match &self.kind {
            Kind::Number(number) => number.as_f64(),
            Kind::Text(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// The items of a list.
    pub(super) fn items(&self) -> Option<&[Self]> {
        if let Kind::List(items) = &self.kind { Some(items) } else { None }
    }

    /// Whether it has values in it.
    pub(super) fn is_nested(&self) -> bool {
        matches!(self.kind, Kind::List(_) | Kind::Fields(_))
    }
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        pay(1)
            && match (&self.kind, &other.kind) {
                (Kind::Null, Kind::Null) => true,
                (Kind::Bool(one), Kind::Bool(other)) => one == other,
                (Kind::Number(one), Kind::Number(other)) => one == other,
                (Kind::Text(one), Kind::Text(other)) => one == other,
                (Kind::List(one), Kind::List(other)) => one == other,
                (Kind::Fields(one), Kind::Fields(other)) => one == other,
                _ => false,
            }
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.kind {
            Kind::Null => serializer.serialize_unit(),
            Kind::Bool(value) => serializer.serialize_bool(*value),
            Kind::Number(number) => number.serialize(serializer),
            Kind::Text(text) => serializer.serialize_str(text),
            Kind::List(items) => serializer.collect_seq(items),
            Kind::Fields(fields) => serializer.collect_map(fields),
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reading;

        impl<'de> Visitor<'de> for Reading {
            type Value = Kind;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any valid JSON value")
            }

            fn visit_unit<E: Error>(self) -> Result<Kind, E> {
                Ok(Kind::Null)
            }

            fn visit_bool<E: Error>(self, value: bool) -> Result<Kind, E> {
                Ok(Kind::Bool(value))
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<Kind, E> {
                Ok(Kind::Number(value.into()))
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<Kind, E> {
                Ok(Kind::Number(value.into()))
            }

            fn visit_f64<E: Error>(self, value: f64) -> Result<Kind, E> {
                Ok(Number::from_f64(value).map_or(Kind::Null, Kind::Number))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Kind, E> {
                Ok(Kind::Text(text.to_owned()))
            }

            fn visit_string<E: Error>(self, text: String) -> Result<Kind, E> {
                Ok(Kind::Text(text))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Kind, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = list.next_element()? {
                    items.push(item);
                }
                Ok(Kind::List(items))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Kind, A::Error> {
                let mut fields = BTreeMap::new();
                while let Some((name, value)) = map.next_entry()? {
                    fields.insert(name, value);
                }
                Ok(Kind::Fields(fields))
            }
        }

        Ok(deserializer.deserialize_any(Reading)?.into())
    }
}

impl Queryable for Node {
    fn get(&self, key: &str) -> Option<&Self> {
        match &self.kind {
            Kind::Fields(fields) if self.pay_for(1) => fields.get(key),
            _ => None,
        }
    }

    fn as_array(&self) -> Option<&Vec<Self>> {
        match &self.kind {
            Kind::List(items) if self.pay_for(items.len()) => Some(items),
            _ => None,
        }
    }

    fn as_object(&self) -> Option<Vec<(&str, &Self)>> {
        match &self.kind {
            Kind::Fields(fields) if self.pay_for(fields.len()) => {
                Some(fields.values().map(|value| ("", value)).collect())
            }
            _ => None,
        }
    }

    fn as_str(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) if pay(TEXT) => Some(text),
            _ => None,
        }
    }

    fn as_i64(&self) -> Option<i64> {
        if let Kind::Number(number) = &self.kind { number.as_i64() } else { None }
    }

    fn as_f64(&self) -> Option<f64> {
        if let Kind::Number(number) = &self.kind { number.as_f64() } else { None }
    }

    fn as_bool(&self) -> Option<bool> {
        if let Kind::Bool(value) = self.kind { Some(value) } else { None }
    }

    fn null() -> Self {
        Self::default()
    }

    /// What the library knows beside the functions of RFC 9535.
    fn extension_custom(name: &str, arguments: Vec<Cow<'_, Self>>) -> Self {
        let [one, other] = arguments.as_slice() else { return Self::null() };
        let Some(others) = other.items() else { return Self::null() };
        let ours = match name {
            "in" | "nin" => std::slice::from_ref(one.as_ref()),
            _ => match one.items() {
                Some(items) => items,
                None => return Self::null(),
            },
        };
        // Each is compared with each.
        if !pay((ours.len() as u64).saturating_mul(others.len() as u64)) {
            return Self::null();
        }
        let is_there = |item: &Self| others.contains(item);
        match name {
            "in" | "any_of" => ours.iter().any(is_there).into(),
            "nin" | "none_of" => (!ours.iter().any(is_there)).into(),
            "subset_of" => ours.iter().all(is_there).into(),
            _ => Self::null(),
        }
    }
}

impl From<Kind> for Node {
    fn from(kind: Kind) -> Self {
        Self { kind, depth: 0 }
    }
}

impl From<&str> for Node {
    fn from(text: &str) -> Self {
        Kind::Text(text.to_owned()).into()
    }
}

impl From<String> for Node {
    fn from(text: String) -> Self {
        Kind::Text(text).into()
    }
}

impl From<bool> for Node {
    fn from(value: bool) -> Self {
        Kind::Bool(value).into()
    }
}

impl From<i64> for Node {
    fn from(value: i64) -> Self {
        Kind::Number(value.into()).into()
    }
}

impl From<f64> for Node {
    fn from(value: f64) -> Self {
        Number::from_f64(value).map_or(Kind::Null, Kind::Number).into()
    }
}

impl From<Vec<Self>> for Node {
    fn from(items: Vec<Self>) -> Self {
        Kind::List(items).into()
    }
}

#[cfg(test)]
mod tests;
