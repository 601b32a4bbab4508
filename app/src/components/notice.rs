//! A sentence that matters, in a box.

use leptos::prelude::*;

use super::icon::Icon;

/// What a notice is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// It was done.
    Good,
    /// It was not done.
    Bad,
    /// Something to look at.
    Warning,
    /// Something to know.
    Plain,
}

impl Tone {
    fn style(self) -> (&'static str, &'static str, Option<&'static str>) {
        match self {
            Self::Good => ("up", "st-operational", Some("status")),
            Self::Bad => ("down", "st-major", Some("alert")),
            Self::Warning => ("degraded", "st-degraded", None),
            Self::Plain => ("unknown", "info", None),
        }
    }
}

/// A notice: a headline, and more where there is more.
#[component]
pub fn Notice(
    /// What it is about.
    tone: Tone,
    /// The headline.
    #[prop(into)]
    title: String,
    /// The rest.
    #[prop(optional, into)]
    text: String,
) -> impl IntoView {
    let (state, icon, role) = tone.style();
    // A form that was refused leads there.
    let tabindex = (tone == Tone::Bad).then_some("-1");
    view! {
        <div class="notice" data-state=state role=role tabindex=tabindex>
            <Icon name=icon/>
            <div><strong>{title}</strong>{(!text.is_empty()).then(|| view! { <p>{text}</p> })}</div>
        </div>
    }
}
