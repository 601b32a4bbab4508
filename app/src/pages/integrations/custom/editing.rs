//! The definition while somebody edits it: fields and JSON are two faces of one text, and the text is what the form sends.

use domain::custom::CustomSettings;
use domain::form::FieldError;
use leptos::prelude::*;

use crate::browser;

/// The definition that is being edited, in the context of its form.
#[derive(Clone, Copy)]
pub(super) struct Editing {
    text: RwSignal<String>,
    settings: StoredValue<Option<CustomSettings>>,
    drawn: RwSignal<u32>,
    errors: RwSignal<Vec<FieldError>>,
    looks: RwSignal<u32>,
    caret: StoredValue<String>,
}

impl Editing {
    /// Puts a definition into the context.
    pub(super) fn provide(text: String) -> Self {
        let editing = Self {
            settings: StoredValue::new(serde_json::from_str(&text).ok()),
            text: RwSignal::new(text),
            drawn: RwSignal::new(0),
            errors: RwSignal::new(Vec::new()),
            looks: RwSignal::new(0),
            caret: StoredValue::new(String::new()),
        };
        provide_context(editing);
        editing
    }

    /// The definition of the context.
    pub(super) fn here() -> Self {
        expect_context()
    }

    /// The JSON, as it stands in the form.
    pub(super) fn text(self) -> String {
        self.text.get()
    }

    /// Whether the JSON can be read as a definition.
    pub(super) fn is_readable(self) -> bool {
        self.settings.with_value(Option::is_some)
    }

    /// Asks for a look at the definition as it is: somebody was refused.
    pub(super) fn look(self) {
        self.looks.update(|looks| *looks += 1);
    }

    /// How often that was asked for.
    pub(super) fn looks(self) -> u32 {
        self.looks.get()
    }

    /// The JSON at first.
    pub(super) fn first_text(self) -> String {
        self.text.get_untracked()
    }

    /// Draws the fields, and again when there are other fields; `None` while the JSON cannot be read.
    pub(super) fn draw<V>(self, draw: impl FnOnce(&CustomSettings) -> V) -> Option<V> {
        self.drawn.track();
        self.settings.with_value(|settings| settings.as_ref().map(draw))
    }

    /// Takes JSON that somebody types.
    pub(super) fn type_json(self, text: String) {
        self.settings.set_value(serde_json::from_str(&text).ok());
        self.text.set(text);
        self.drawn.update(|drawn| *drawn += 1);
    }

    /// Changes what a field holds. The fields stay as they are, so nobody loses the caret.
    pub(super) fn write(self, change: impl FnOnce(&mut CustomSettings)) {
        let text = self.settings.try_update_value(|settings| {
            let settings = settings.as_mut()?;
            change(settings);
            serde_json::to_string_pretty(settings).ok()
        });
        if let Some(text) = text.flatten() {
            self.text.set(text);
        }
    }

    /// Changes which fields there are, and moves the focus to the field of a path.
    pub(super) fn shape(self, focus: Option<String>, change: impl FnOnce(&mut CustomSettings)) {
        self.write(change);
        self.drawn.update(|drawn| *drawn += 1);
        if let Some(path) = focus {
            // After the fields have been drawn.
            request_animation_frame(move || {
                browser::focus(&format!("#{}", dom_id(&path)));
            });
        }
    }

    /// What is wrong, from the last preview.
    pub(super) fn set_errors(self, errors: Vec<FieldError>) {
        if self.errors.with_untracked(|known| *known != errors) {
            self.errors.set(errors);
        }
    }

    /// What is wrong with the field of a path.
    pub(super) fn error_of(self, path: String) -> Memo<Option<String>> {
        Memo::new(move |_| {
            self.errors.with(|errors| {
                errors.iter().find(|error| error.field == path).map(|error| error.message.clone())
            })
        })
    }

    /// Remembers where the caret is, by the id of the control.
    pub(super) fn caret_in(self, id: &str) {
        self.caret.set_value(id.to_owned());
    }

    /// Writes a text where the caret was last; into the first body when it was nowhere.
    pub(super) fn insert(self, text: &str) {
        let caret = self.caret.get_value();
        let nowhere = || dom_id("definitions[0].steps[0].body");
        browser::insert_text(&if caret.is_empty() { nowhere() } else { caret }, text);
    }
}

/// The id in the page of the control of a path.
pub(super) fn dom_id(path: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    format!("part-{}", path.chars().map(plain).collect::<String>())
}

/// Where a list stands: the numbers of what is around it. What is not around it is 0.
#[derive(Clone, Copy, Default)]
pub(super) struct At {
    /// The definition, or the function.
    pub(super) outer: usize,
    /// The step.
    pub(super) step: usize,
}

/// Finds a list in the settings.
type Find<T> = fn(&mut CustomSettings, At) -> Option<&mut Vec<T>>;

/// A list of the definition: variables, steps, headers …
pub(super) struct List<T: 'static> {
    editing: Editing,
    at: At,
    get: Find<T>,
    path: StoredValue<String>,
}

impl<T> Clone for List<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for List<T> {}

impl<T: 'static> List<T> {
    /// The list at a path, found by `get`.
    pub(super) fn new(path: impl Into<String>, at: At, get: Find<T>) -> Self {
        Self { editing: Editing::here(), at, get, path: StoredValue::new(path.into()) }
    }

    /// The path of something in an item.
    pub(super) fn path(self, index: usize, field: &str) -> String {
        let dot = if field.is_empty() { "" } else { "." };
        self.path.with_value(|path| format!("{path}[{index}]{dot}{field}"))
    }

    /// Changes an item; its fields stay.
    pub(super) fn write(self, index: usize, change: impl FnOnce(&mut T)) {
        self.editing.write(|settings| self.with_item(settings, index, change));
    }

    /// Changes which fields an item has, and moves the focus to one of them.
    pub(super) fn shape(self, index: usize, focus: &str, change: impl FnOnce(&mut T)) {
        let focus = self.path(index, focus);
        self.editing.shape(Some(focus), |settings| self.with_item(settings, index, change));
    }

    /// Adds an item behind the others and moves the focus into it.
    pub(super) fn push(self, count: usize, focus: &str, item: T) {
        let focus = self.path(count, focus);
        self.editing.shape(Some(focus), |settings| {
            if let Some(list) = (self.get)(settings, self.at) {
                list.push(item);
            }
        });
    }

    /// Where the button stands that adds an item.
    pub(super) fn add_path(self) -> String {
        self.path.with_value(|path| format!("{path}.add"))
    }

    /// Removes an item of `count`; the focus goes to the same button of a neighbour, or to the one that adds.
    pub(super) fn remove(self, index: usize, count: usize) {
        let focus = match count {
            0 | 1 => self.add_path(),
            more => self.path(index.min(more - 2), "remove"),
        };
        self.editing.shape(Some(focus), |settings| {
            if let Some(list) = (self.get)(settings, self.at).filter(|list| index < list.len()) {
                list.remove(index);
            }
        });
    }

    /// Swaps an item with its neighbour; the focus goes with it, to its button of that id.
    pub(super) fn swap(self, index: usize, other: usize, focus: &str) {
        let focus = self.path(other, focus);
        self.editing.shape(Some(focus), |settings| {
            if let Some(list) =
                (self.get)(settings, self.at).filter(|list| index < list.len() && other < list.len())
            {
                list.swap(index, other);
            }
        });
    }

    fn with_item(self, settings: &mut CustomSettings, index: usize, change: impl FnOnce(&mut T)) {
        if let Some(item) = (self.get)(settings, self.at).and_then(|list| list.get_mut(index)) {
            change(item);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_an_id() {
        assert_eq!(dom_id("definitions[0].steps[1].url"), "part-definitions-0--steps-1--url");
    }

    #[test]
    fn fields_write_the_json_and_json_the_fields() {
        let owner = Owner::new();
        owner.with(|| {
            let text = serde_json::to_string_pretty(&CustomSettings::default()).unwrap();
            let editing = Editing::provide(text.clone());
            let steps = List::new("definitions[0].steps", At::default(), |settings, at| {
                settings.definitions.get_mut(at.outer).map(|definition| &mut definition.steps)
            });
            steps.write(0, |step| step.url = "https://example.org".to_owned());
            assert_eq!(editing.first_text(), text.replace("\"{{ApiUrl}}\"", "\"https://example.org\""));
            editing.type_json("{".to_owned());
            assert!(!editing.is_readable());
            steps.write(0, |step| step.url.clear());
            assert_eq!(editing.first_text(), "{", "what cannot be read is not written over");
            editing.type_json(text.clone());
            steps.write(7, |step| step.url.clear());
            assert_eq!(editing.first_text(), text);
            assert_eq!(editing.draw(|settings| settings.definitions.len()), Some(1));
        });
    }
}
