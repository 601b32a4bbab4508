//! Closed sets of values, as selects offer them.

/// A closed set of values that a select offers; made by the `choices!` macro.
pub trait Choice: Copy + 'static {
    /// Value and label of each, in the order shown.
    const OPTIONS: &'static [(&'static str, &'static str)];

    /// The value as it stands in forms and in JSON.
    fn as_str(self) -> &'static str;

    /// Reads a value; `None` when it is not in the set.
    fn parse(text: &str) -> Option<Self>;

    /// The first of the set.
    fn first() -> Self;
}

/// Declares an enum whose values are offered by a select: serde, text and labels from one list.
#[macro_export]
macro_rules! choices {
    ($(#[$meta:meta])* $name:ident {
        $(#[$first_doc:meta])* $first:ident = $first_value:literal, $first_label:literal;
        $($(#[$doc:meta])* $variant:ident = $value:literal, $label:literal;)*
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $(#[$first_doc])* #[serde(rename = $first_value)] $first,
            $($(#[$doc])* #[serde(rename = $value)] $variant,)*
        }

        impl $crate::form::Choice for $name {
            const OPTIONS: &'static [(&'static str, &'static str)] = &[($first_value, $first_label), $(($value, $label)),*];

            fn as_str(self) -> &'static str {
                match self { Self::$first => $first_value, $(Self::$variant => $value),* }
            }

            fn parse(text: &str) -> Option<Self> {
                match text { $first_value => Some(Self::$first), $($value => Some(Self::$variant),)* _ => None }
            }

            fn first() -> Self {
                Self::$first
            }
        }
    };
}
