//! The template language of custom integrations: text with holes that are filled when a message is sent.
//!
//! # Language reference
//!
//! Everything outside of double braces is taken as it is. Between them stands one of:
//!
//! | Written | Filled with |
//! | --- | --- |
//! | `{{@monitor.name}}` | a **system variable** of the [catalogue] |
//! | `{{ApiUrl}}` | an **own variable**: predefined on the integration, or captured from an answer |
//! | `{{@JsonEncode(text)}}` | the result of a **system function** (see [`functions`]) |
//! | `{{severity({{@alert.type}})}}` | the result of an **own function** of the integration (see [`user`]) |
//! | `{{@CustomField(ComponentId)}}` | a custom field of the monitor |
//! | `{{@VaultItem.ID.Password}}` | what the scope knows under that name; otherwise nothing |
//!
//! * **Names** are letters, digits, `_`, `-` and `.`, and case does not matter: `{{@MONITOR.name}}` is `{{@monitor.name}}`
//!   and `{{BaseURL}}` is `{{BaseUrl}}`. Spaces around a name do not matter either.
//! * **Arguments** are text too, and may hold further `{{…}}`, which are filled first (inside out). Spaces inside the
//!   parentheses count. Commas separate only where a function takes several arguments: `@DateTime`, `@RandomInt` and
//!   `@RandomFloat`; everywhere else they are text. Only commas that the author wrote separate, never those of a value.
//!   The argument ends at the `)` that stands before `}}`; parentheses inside come in pairs.
//! * **Braces**: of a row of opening braces the last two open, so `{{{x}}}` is a variable in single braces. To send two
//!   opening braces as they are, write `{{@JsonDecode(\u007b\u007b)}}`.
//! * **Values are never read as templates**, so what a monitored server answers cannot call functions, and there is no
//!   way to loop.
//! * **Nothing unknown stops a message.** An unknown name and a function that cannot work with its argument give an empty
//!   text, because an alert with a gap beats no alert; [`Rendered::remarks`] names each gap, and [`Template::check`] names
//!   them beforehand, with the nearest known name. Only the limits below are errors.
//! * **Nothing is encoded by itself** (except form bodies, see [`Encoding`]): inside a JSON string, wrap what people or
//!   servers wrote in `@JsonEncode`.
//!
//! A template reads no clock and draws no chance of its own: both come in through the [`Scope`]. There is no access to
//! files or the network.
//!
//! The names, functions and formats follow contracts.md, section 3; where that is silent, the choice is documented at the
//! item.

pub mod catalogue;
mod check;
pub mod facts;
pub mod functions;
mod hidden;
mod nearest;
mod output;
pub mod pattern;
mod render;
mod scope;
mod syntax;
pub mod user;

pub use catalogue::{SystemVariable, VARIABLES};
pub use check::{Names, Remark, Severity};
pub use facts::{AlertFacts, variables};

pub use crate::alert::AlertKind;
pub use functions::{FUNCTIONS, SystemFunction};
pub(crate) use hidden::MIN_SECRET_BYTES;
pub use pattern::Pattern;
pub use render::{Encoding, Rendered};
pub use scope::{Scope, Variables};
pub use syntax::{Position, Template, TemplateError};
pub use user::{Functions, HashAlgorithm, UserFunction, UserFunctionKind};

/// The longest template, in bytes: as long as any long text of a form.
pub const MAX_TEMPLATE_BYTES: usize = crate::form::MAX_LONG_TEXT_BYTES;
/// How deep `{{…}}` may stand in one another: encoding, hashing and mapping a value needs three or four.
pub const MAX_DEPTH: usize = 8;
/// The most `{{…}}` of one template: the default body has 32.
pub const MAX_EXPRESSIONS: usize = 1_000;
/// The longest result, in bytes, also of each function on the way: an answer of 1 MB in which every byte needs six in JSON,
/// and the rest of the body.
pub const MAX_OUTPUT_BYTES: usize = 8 << 20;
/// The most work of one rendering: bytes written, and what own functions do. It stops what stays
/// below [`MAX_OUTPUT_BYTES`] each time but is done a thousand times.
pub const MAX_WORK: u64 = 64 << 20;
/// The most remarks that are collected: more help nobody.
pub const MAX_REMARKS: usize = 50;

#[cfg(test)]
mod tests;
