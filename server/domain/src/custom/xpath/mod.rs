//! Paths into XML: the part of `XPath` 1.0 that picks one value out of an answer.
//!
//! | Written | Means |
//! | --- | --- |
//! | `/AuthInfo/access_token/text()` | from the root, element by element, and the text in it |
//! | `//Price` | an element anywhere below; its value is all text in it |
//! | `//ProductInfo/@Id` | an attribute |
//! | `//ProductInfo[1]`, `[last()]` | by place among its siblings, counted from 1 |
//! | `[@Id="P-24680"]`, `[@Id]` | by an attribute's value, or having it |
//! | `*`, `[local-name()="Price"]` | any element; by its name without prefix |
//! | `product:Price` | the prefix as the answer declares it; without a prefix any namespace is meant |
//! | `count(//a)`, `sum(//a)`, `contains(//a, "b")` | a number, a number, `true` or `false` |
//!
//! When several nodes are found, the first of the document counts. Anything else of `XPath` is refused with a sentence.

use roxmltree::{Document, Node};

use super::source::Found;

mod parse;

/// The most numbers of a sum: each may be all text below an element.
const MAX_SUMMED: usize = 1_000;

/// A path that was read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct XPath {
    function: Function,
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq)]
enum Function {
    Value,
    Count,
    Sum,
    Contains(String),
}

#[derive(Debug, Clone, PartialEq)]
struct Step {
    /// Whether `//` stands before it.
    anywhere: bool,
    test: Test,
    predicates: Vec<Predicate>,
}

#[derive(Debug, Clone, PartialEq)]
enum Test {
    Element(Name),
    Attribute(Name),
    Text,
}

#[derive(Debug, Clone, PartialEq)]
enum Name {
    Any,
    Named { prefix: Option<String>, local: String },
}

#[derive(Debug, Clone, PartialEq)]
enum Predicate {
    Place(usize),
    Last,
    Attribute(Name, Option<String>),
    LocalName(String),
}

impl XPath {
    /// What the path leads to.
    ///
    /// # Errors
    /// A sentence when a sum has too many parts, or one that is no number.
    pub(super) fn find(&self, document: &Document<'_>) -> Result<Found, String> {
        let items = self.items(document);
        let first = || items.first().map(Item::text);
        Ok(match &self.function {
            Function::Value => first().map_or(Found::Missing, Found::Text),
            Function::Count => Found::Text(items.len().to_string()),
            Function::Contains(part) => {
                Found::Text(first().is_some_and(|text| text.contains(part)).to_string())
            }
            Function::Sum if items.len() > MAX_SUMMED => {
                return Err(format!("These are more than {MAX_SUMMED} numbers to add up."));
            }
            Function::Sum => {
                let numbers = items.iter().map(|item| item.text().trim().parse::<f64>());
                let sum: f64 = numbers
                    .sum::<Result<f64, _>>()
                    .map_err(|_| "Not everything that would be added up is a number.".to_owned())?;
                // Nobody wants to see 0.30000000000000004.
                Found::Text(((sum * 1e9).round() / 1e9).to_string())
            }
        })
    }

    /// Everything found, in the order of the document.
    fn items<'a, 'input>(&self, document: &'a Document<'input>) -> Vec<Item<'a, 'input>> {
        let mut nodes = vec![document.root()];
        for step in &self.steps {
            if step.anywhere {
                nodes = below(document, &nodes);
            }
            nodes = match &step.test {
                Test::Element(name) => {
                    nodes.iter().flat_map(|node| children(*node, name, &step.predicates)).collect()
                }
                Test::Text => nodes.iter().flat_map(|node| node.children().filter(Node::is_text)).collect(),
                // Nothing follows an attribute: reading the path sees to it.
                Test::Attribute(name) => {
                    let of = |node: &Node<'a, 'input>| {
                        let node = *node;
                        let found =
                            node.attributes().filter(move |attribute| is_attribute(node, attribute, name));
                        found.map(|attribute| Item::Attribute(attribute.value().to_owned()))
                    };
                    return nodes.iter().flat_map(of).collect();
                }
            };
            // Children of nested parents do not come in order.
            nodes.sort_by_key(|node| node.id().get());
        }
        nodes.into_iter().map(Item::Node).collect()
    }
}

/// Something that a path found.
enum Item<'a, 'input> {
    Node(Node<'a, 'input>),
    Attribute(String),
}

impl Item<'_, '_> {
    /// Its own text, or all text below it.
    fn text(&self) -> String {
        match self {
            Self::Attribute(value) => value.clone(),
            Self::Node(node) if node.is_text() => node.text().unwrap_or_default().to_owned(),
            Self::Node(node) => {
                node.descendants().filter(Node::is_text).filter_map(|text| text.text()).collect()
            }
        }
    }
}

/// The nodes and everything below them, each once. One pass over the document, however the nodes are nested.
fn below<'a, 'input>(document: &'a Document<'input>, nodes: &[Node<'a, 'input>]) -> Vec<Node<'a, 'input>> {
    let all = document.root().descendants();
    let size = all.clone().map(|node| node.id().get_usize()).max().unwrap_or(0) + 1;
    let mut marked = vec![false; size];
    for node in nodes {
        marked[node.id().get_usize()] = true;
    }
    all.filter(|node| {
        let below = node.parent().is_some_and(|parent| marked[parent.id().get_usize()]);
        let own = &mut marked[node.id().get_usize()];
        *own |= below;
        *own
    })
    .collect()
}

fn children<'a, 'input>(
    parent: Node<'a, 'input>,
    name: &Name,
    predicates: &[Predicate],
) -> Vec<Node<'a, 'input>> {
    let mut found: Vec<_> =
        parent.children().filter(|node| node.is_element() && is_element(*node, name)).collect();
    for predicate in predicates {
        match predicate {
            Predicate::Place(place) => found = found.get(place - 1).copied().into_iter().collect(),
            Predicate::Last => found = found.last().copied().into_iter().collect(),
            Predicate::LocalName(local) => found.retain(|node| node.tag_name().name() == local),
            Predicate::Attribute(name, value) => found.retain(|node| {
                node.attributes().any(|attribute| {
                    is_attribute(*node, &attribute, name)
                        && value.as_deref().is_none_or(|value| value == attribute.value())
                })
            }),
        }
    }
    found
}

fn is_element(node: Node<'_, '_>, name: &Name) -> bool {
    let tag = node.tag_name();
    is_named(node, tag.name(), tag.namespace(), name)
}

fn is_attribute(node: Node<'_, '_>, attribute: &roxmltree::Attribute<'_, '_>, name: &Name) -> bool {
    is_named(node, attribute.name(), attribute.namespace(), name)
}

fn is_named(node: Node<'_, '_>, local: &str, namespace: Option<&str>, name: &Name) -> bool {
    match name {
        Name::Any => true,
        Name::Named { prefix: None, local: wanted } => local == wanted,
        Name::Named { prefix: Some(prefix), local: wanted } => {
            local == wanted && namespace.is_some() && namespace == node.lookup_namespace_uri(Some(prefix))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOAP: &str = r#"<?xml version="1.0"?>
      <soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" xmlns:product="http://example.org">
        <soap:Body><product:List>
          <product:ProductInfo Id="P-12345"><product:Name>One &amp; only</product:Name><product:Price>99.90</product:Price></product:ProductInfo>
          <product:ProductInfo Id="P-24680"><product:Name>Two</product:Name><product:Price>45.99</product:Price></product:ProductInfo>
        </product:List></soap:Body>
      </soap:Envelope>"#;

    fn find(xml: &str, path: &str) -> Found {
        XPath::parse(path).unwrap().find(&Document::parse(xml).unwrap()).unwrap()
    }

    #[test]
    fn each_form_of_the_documentation_finds_its_value() {
        for (path, expected) in [
            ("/soap:Envelope/soap:Body/product:List/product:ProductInfo/product:Price/text()", "99.90"),
            ("//product:Price/text()", "99.90"),
            ("//Price", "99.90"),
            ("//product:ProductInfo/@Id", "P-12345"),
            ("//@Id", "P-12345"),
            ("//product:ProductInfo[2]/product:Name", "Two"),
            ("//product:ProductInfo[last()]/product:Price/text()", "45.99"),
            ("//product:ProductInfo[@Id=\"P-24680\"]/product:Price/text()", "45.99"),
            ("//*[local-name()=\"ProductInfo\"][@Id='P-24680']/*[local-name() = \"Name\"]/text()", "Two"),
            ("//product:ProductInfo[@Id][2]/@Id", "P-24680"),
            ("Envelope//Name/text()", "One & only"),
            ("count(//ProductInfo)", "2"),
            ("sum(//product:Price)", "145.89"),
            ("contains(//product:Name, \"only\")", "true"),
            ("contains(//product:Name, 'Two')", "false"),
        ] {
            assert_eq!(find(SOAP, path), Found::Text(expected.to_owned()), "{path}");
        }
    }

    #[test]
    fn what_is_not_there_is_missing() {
        for path in [
            "//soap:Price",
            "//none:Price",
            "/Body",
            "//ProductInfo[3]",
            "//Price/@Id",
            "//ProductInfo/text()/",
        ] {
            match XPath::parse(path) {
                Ok(path) => assert_eq!(
                    path.find(&Document::parse(SOAP).unwrap()).unwrap(),
                    Found::Missing,
                    "{path:?}"
                ),
                Err(message) => assert!(message.contains("no path into XML"), "{message}"),
            }
        }
        assert_eq!(find("<a><b/></a>", "/a/b/text()"), Found::Missing);
        assert_eq!(find("<a><b/></a>", "/a/b"), Found::Text(String::new()));
    }

    #[test]
    fn what_is_beyond_the_subset_is_refused() {
        for path in [
            "",
            "/",
            "///a",
            "a/",
            "a[0]",
            "a[",
            "a[position()=1]",
            "text()/a",
            "@a/b",
            "a|b",
            "count(a",
            "name(a)",
            "a:b:c",
            "..",
            "contains(a)",
            "ancestor::a",
        ] {
            assert!(XPath::parse(path).is_err(), "{path}");
        }
    }

    #[test]
    fn deeply_nested_elements_are_walked_once() {
        let deep = 20_000;
        let xml = format!("{}x{}", "<a>".repeat(deep), "</a>".repeat(deep));
        let document = Document::parse(&xml).unwrap();
        let path = XPath::parse("count(//a//a//a//a//a)").unwrap();
        assert_eq!(path.find(&document).unwrap(), Found::Text((deep - 4).to_string()));
        assert_eq!(XPath::parse("//a").unwrap().find(&document).unwrap(), Found::Text("x".to_owned()));
    }
}
