//! sms: a text message to a phone. Whoever carries it is configuration of the installation.

use serde::{Deserialize, Serialize};

use super::{Audience, ProviderSettings, read_form};
use crate::form::{Field, FieldError, FieldKind, Form};

/// Digits of a number with its country code: at least and at most (ITU-T E.164, 6.1; no country has numbers of less than 8).
const DIGITS: std::ops::RangeInclusive<usize> = 8..=15;

/// Whose phone it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SmsSettings {
    /// The number in E.164 form: `+`, country code, number, nothing between.
    pub phone_number: String,
}

impl SmsSettings {
    /// A message to a number.
    pub fn to(phone_number: &str) -> Self {
        Self { phone_number: phone_number.to_owned() }
    }
}

impl ProviderSettings for SmsSettings {
    const LABEL: &'static str = "SMS";
    const DESCRIPTION: &'static str = "A text message to a phone, for what must wake somebody up.";
    const ICON: &'static str = "smartphone";
    const AUDIENCE: Audience = Audience::People;
    const FIELDS: &'static [Field] = &[Field::new("phone_number", "Phone number", FieldKind::Text)
        .required()
        .placeholder("+49 151 23456789")
        .help("With the country code.")];

    fn from_form(form: &Form, _old: Option<&Self>) -> Result<Self, Vec<FieldError>> {
        read_form(form, |reader| {
            let text = reader.text("phone_number");
            // What is none is kept as it was written, for the error to quote.
            Self { phone_number: phone_number(&text).unwrap_or(text) }
        })
    }

    fn to_form(&self) -> Form {
        [("phone_number".to_owned(), self.phone_number.clone())].into()
    }

    fn target(&self) -> String {
        format!("SMS {}", self.phone_number)
    }

    fn examine(&self, errors: &mut Vec<FieldError>) {
        let number = &self.phone_number;
        if number.is_empty() {
            errors.push(FieldError::new("phone_number", "Please fill this in."));
        } else if phone_number(number).as_ref() != Some(number) {
            let message = format!(
                "“{number}” is no phone number; write it with its country code, such as +4915123456789."
            );
            errors.push(FieldError::new("phone_number", message));
        }
    }
}

/// The number that people wrote, in E.164 form: without spaces, brackets, dots, slashes and hyphens; nothing when it is none.
pub fn phone_number(text: &str) -> Option<String> {
    let mut number = text.trim().to_owned();
    number.retain(|character| !" ()./-\u{a0}".contains(character));
    let digits = number.strip_prefix('+')?;
    let fits = DIGITS.contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && !digits.starts_with('0');
    fits.then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_as_people_write_it() {
        for text in ["+4915123456789", " +49 (151) 234-567.89 ", "+49/151\u{a0}23456789"] {
            assert_eq!(phone_number(text).as_deref(), Some("+4915123456789"), "{text}");
        }
        for text in
            ["", "+", "4915123456789", "0151 23456789", "+049151234567", "+1234567", "+1234567890123456"]
        {
            assert_eq!(phone_number(text), None, "{text}");
        }
        assert_eq!(phone_number("+49x15123456"), None);
    }

    #[test]
    fn what_is_no_number_is_quoted() {
        let form = |text: &str| [("phone_number".to_owned(), text.to_owned())].into();
        let errors = SmsSettings::from_form(&form("0151 2345"), None).unwrap_err();
        assert!(errors[0].message.starts_with("“0151 2345” is no phone number"), "{errors:?}");
        let settings = SmsSettings::from_form(&form("+1 555 010 0199"), None).unwrap();
        assert_eq!(settings.target(), "SMS +15550100199");
        // JSON does not come through the form.
        let mut errors = Vec::new();
        SmsSettings::to("+1 555 010 0199").examine(&mut errors);
        assert_eq!(errors.len(), 1);
    }
}
