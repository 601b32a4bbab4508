//! Custom integrations: messages that their author composes, as one or more HTTP requests with templates
//! (the brief's second seed; contracts.md, sections 3.3 to 3.6).
//!
//! * [`CustomSettings`] is what is stored: predefined variables, own functions, and step definitions. Each definition says
//!   for which messages it is (error, OK, reminder) and lists its steps, which run one after the other.
//! * For a message, [`CustomSettings::scope`] gives the scope in which its templates are filled. For each step,
//!   [`render_request`] gives the request, and from the answer come [`assertions`] (did it work?) and [`captures`]
//!   (variables for the steps that follow). All of it is pure: whoever sends the requests stands outside.
//! * A step fails when it cannot be rendered, when an assertion fails or when a capture fails. The steps behind it are then
//!   left out, unless it says [`HttpStep::continue_after_error`].
//!
//! Fields that hold templates: the value of a predefined variable, URL, header values, body, user name and password, and
//! property and target of captures and assertions.
//!
//! Differing from upstream: basic authentication is sent at once instead of upon a challenge, NTLM is not known, a
//! name in a path into XML without a prefix means any namespace, and a redirect, which neither follows, is by default no success: else
//! an address that has moved would take every message and tell nobody.

mod assertion;
mod capture;
mod default;
mod destination;
mod examine;
mod facts;
pub mod json_path;
mod preview;
mod request;
mod response;
mod secrets;
mod settings;
mod source;
pub mod xpath;

pub use assertion::{Comparison, NOT_FOLLOWED, StepAssertion, assertions, failure};
pub use capture::{Capture, CaptureError, Captured, captures};
pub use default::DEFAULT_BODY;
pub use facts::facts;
pub use preview::preview;
pub use request::{RenderedAuth, RenderedRequest, ShownRequest, render_request};
pub use response::{MAX_BODY_BYTES, Response};
pub use settings::{
    ANSWER, CustomSettings, Definition, HttpStep, MessageTypes, PredefinedVariable, StepAuth, StepMethod,
    VariableSource,
};
pub use source::Source;

#[cfg(test)]
mod hiding;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
