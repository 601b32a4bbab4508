//! Parts: pieces of a page with an id of their own, which a frame can swap in.

use leptos::prelude::*;
use leptos::tachys::html::InertElement;

/// Where an inner part goes in the markup of an outer one. It cannot come from anybody's text: there `<` is escaped.
const SLOT: &str = "<!--part-->";
/// The attribute that becomes `open` when the part is unfolded. Kept apart from the markup because a visitor folds and
/// unfolds at will: whether it is open is no difference that a frame should tell.
const FOLD: &str = " data-fold=\"\"";

/// A piece of a page: markup with an id, around inner parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The id of the markup's outermost element.
    pub id: String,
    /// The markup without that of the inner parts.
    pub shell: String,
    /// The inner parts, in the order of the markup.
    pub parts: Vec<Part>,
    /// Whether a part that can be folded, which marks its outermost element, is drawn unfolded.
    pub open: Option<bool>,
    /// Whether the part changes by itself, as the time of reading does: no reason to send it.
    pub volatile: bool,
}

impl Part {
    /// A part without inner parts.
    pub(super) fn leaf(id: impl Into<String>, view: impl IntoView) -> Self {
        Self::around(id, view, Vec::new())
    }

    /// A part around others; `view` has a [`slot`] for each, in the same order.
    pub(super) fn around(id: impl Into<String>, view: impl IntoView, parts: Vec<Self>) -> Self {
        let shell = html(view);
        debug_assert_eq!(shell.matches(SLOT).count(), parts.len(), "a slot for each inner part");
        Self { id: id.into(), shell, parts, open: None, volatile: false }
    }

    /// The whole markup.
    pub fn html(&self) -> String {
        let mut text = String::with_capacity(self.size());
        self.write(&mut text);
        text
    }

    /// Whether the part itself, apart from its inner parts, is drawn alike. If so, swapping inner parts is enough.
    pub fn is_like(&self, other: &Self) -> bool {
        self.id == other.id
            && (self.volatile || self.shell == other.shell)
            && self.parts.len() == other.parts.len()
            && self.parts.iter().zip(&other.parts).all(|(mine, theirs)| mine.id == theirs.id)
    }

    fn write(&self, text: &mut String) {
        let mut inner = self.parts.iter();
        for (index, piece) in self.shell.split(SLOT).enumerate() {
            if index > 0
                && let Some(part) = inner.next()
            {
                part.write(text);
            }
            // The mark stands in the first tag; the same letters further on are somebody's text.
            let fold = self.open.filter(|_| index == 0).zip(piece.split_once(FOLD));
            if let Some((open, (before, after))) = fold {
                text.push_str(before);
                text.push_str(if open { " open" } else { "" });
                text.push_str(after);
            } else {
                text.push_str(piece);
            }
        }
    }

    fn size(&self) -> usize {
        self.shell.len() + self.parts.iter().map(Self::size).sum::<usize>()
    }
}

/// The place of an inner part.
pub(super) fn slot() -> impl IntoView {
    InertElement::new(SLOT)
}

/// Markup that was drawn before.
pub(super) fn drawn(html: String) -> impl IntoView {
    InertElement::new(html)
}

/// Draws a view. Leptos marks the borders of text and lists with `<!>` for hydration, which does not happen here.
pub(super) fn html(view: impl IntoView) -> String {
    view.into_view().to_html().replace("<!>", "")
}
