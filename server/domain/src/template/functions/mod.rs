//! The system functions: one table for rendering, for checking, for the documentation and for the console
//! (contracts.md, section 3.3).

use super::{Scope, output::Exceeded};

pub mod date;
mod encode;
mod random;

pub(super) use encode::{form_encode, json_encode, xml_encode};

/// A function that every template may call.
#[derive(Debug, Clone, Copy)]
pub struct SystemFunction {
    /// The name, without `@`.
    pub name: &'static str,
    /// Its arguments as people read them; empty for none.
    pub arguments: &'static str,
    /// What it gives, a sentence.
    pub meaning: &'static str,
    /// A call, without braces.
    pub example: &'static str,
    /// The fewest and the most arguments.
    pub(super) count: (usize, usize),
    pub(super) which: Which,
}

/// Which function it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    JsonEncode,
    JsonDecode,
    XmlEncode,
    XmlDecode,
    UrlEncode,
    Base64Encode,
    Base64Decode,
    HexToBase64,
    DateTime,
    RandomGuid,
    UniqueGuid,
    RandomInt,
    RandomChar,
    RandomFloat,
    RandomUsMedicare,
    CustomField,
}

/// What a function makes of a secret in its argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trace {
    /// Nothing that tells the secret.
    None,
    /// Each part of the argument becomes a part of the result, so the secret does too.
    InPlace,
    /// All of the result tells something of it.
    Everywhere,
    /// The result may be a piece of it.
    Piece,
}

/// Why a function gives nothing.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// A limit: the whole rendering ends.
    Limit(Exceeded),
    /// Its arguments make no sense, a sentence: the text stays empty and a remark is made.
    Unusable(String),
}

impl From<Exceeded> for Trouble {
    fn from(exceeded: Exceeded) -> Self {
        Self::Limit(exceeded)
    }
}

const fn entry(
    name: &'static str,
    arguments: &'static str,
    count: (usize, usize),
    which: Which,
    meaning: &'static str,
    example: &'static str,
) -> SystemFunction {
    SystemFunction { name, arguments, meaning, example, count, which }
}

/// Every system function, in the order of the documentation.
pub const FUNCTIONS: &[SystemFunction] = &[
    entry(
        "JsonEncode",
        "text",
        (1, 1),
        Which::JsonEncode,
        "The text, escaped to stand between the quotes of a JSON string.",
        "@JsonEncode({{@monitor.notes}})",
    ),
    entry(
        "JsonDecode",
        "text",
        (1, 1),
        Which::JsonDecode,
        "The text without JSON's escapes; what is no escape stays.",
        "@JsonDecode({{answer}})",
    ),
    entry(
        "XmlEncode",
        "text",
        (1, 1),
        Which::XmlEncode,
        "The text, escaped for XML; characters that XML cannot hold are left out.",
        "@XmlEncode({{@monitor.notes}})",
    ),
    entry(
        "XmlDecode",
        "text",
        (1, 1),
        Which::XmlDecode,
        "The text without XML's five entities and character numbers.",
        "@XmlDecode({{answer}})",
    ),
    entry(
        "UrlEncode",
        "text",
        (1, 1),
        Which::UrlEncode,
        "The text, escaped for a URL or a form: a space becomes +.",
        "@UrlEncode({{@monitor.name}})",
    ),
    entry(
        "Base64Encode",
        "text",
        (1, 1),
        Which::Base64Encode,
        "The text's UTF-8 bytes in Base64.",
        "@Base64Encode({{user}}:{{password}})",
    ),
    entry(
        "Base64Decode",
        "base64",
        (1, 1),
        Which::Base64Decode,
        "The text that was Base64, also of the URL-safe alphabet and without padding.",
        "@Base64Decode({{answer}})",
    ),
    entry(
        "HexToBase64",
        "hex",
        (1, 1),
        Which::HexToBase64,
        "The bytes of hex digits, such as a hash, in Base64.",
        "@HexToBase64({{sign({{text}})}})",
    ),
    entry(
        "DateTime",
        "format[,offset]",
        (1, usize::MAX),
        Which::DateTime,
        "Now in UTC: a .NET format, ISO or UNIX; the offset is seconds, or FirstDayOfMonth and the like.",
        "@DateTime(dd-MM-yyyy HH:mm,-18000)",
    ),
    entry("RandomGuid", "", (0, 0), Which::RandomGuid, "A new GUID each time.", "@RandomGuid"),
    entry(
        "UniqueGuid",
        "",
        (0, 0),
        Which::UniqueGuid,
        "One GUID, the same in all steps of a message.",
        "@UniqueGuid",
    ),
    entry(
        "RandomInt",
        "min,max",
        (2, 2),
        Which::RandomInt,
        "A whole number, both ends included.",
        "@RandomInt(1,10)",
    ),
    entry(
        "RandomChar",
        "length",
        (1, 1),
        Which::RandomChar,
        "That many random capital letters.",
        "@RandomChar(5)",
    ),
    entry(
        "RandomFloat",
        "min,max",
        (0, 2),
        Which::RandomFloat,
        "A number with as many decimals as the longer of both ends; from 0 to 1 without arguments.",
        "@RandomFloat(-1.2,3.00000)",
    ),
    entry(
        "RandomUSMedicare",
        "",
        (0, 0),
        Which::RandomUsMedicare,
        "A random identifier in the form of the US Medicare's.",
        "@RandomUSMedicare",
    ),
    entry(
        "CustomField",
        "name",
        (1, 1),
        Which::CustomField,
        "The monitor's custom field of this name.",
        "@CustomField(ComponentId)",
    ),
];

/// The function of a name, without `@`; case does not matter.
pub fn find(name: &str) -> Option<&'static SystemFunction> {
    FUNCTIONS.iter().find(|function| function.name.eq_ignore_ascii_case(name))
}

/// Whether commas separate arguments of this function.
pub(super) fn takes_several(name: &str) -> bool {
    find(name).is_some_and(|function| function.count.1 > 1)
}

impl SystemFunction {
    /// Whether it can take this many arguments. A single empty one, `()`, is none.
    pub(super) fn takes(&self, arguments: usize) -> bool {
        (self.count.0..=self.count.1).contains(&arguments)
    }

    /// How it is called, in words.
    pub(super) fn usage(&self) -> String {
        if self.arguments.is_empty() {
            format!("write {{{{@{}}}}}", self.name)
        } else {
            format!("write {{{{@{}({})}}}}", self.name, self.arguments)
        }
    }

    /// What it makes of a secret.
    pub(super) fn trace(&self) -> Trace {
        match self.which {
            Which::JsonEncode
            | Which::JsonDecode
            | Which::XmlEncode
            | Which::XmlDecode
            | Which::UrlEncode => Trace::InPlace,
            Which::Base64Encode | Which::Base64Decode | Which::HexToBase64 => Trace::Everywhere,
            Which::DateTime
            | Which::RandomGuid
            | Which::UniqueGuid
            | Which::RandomInt
            | Which::RandomChar
            | Which::RandomFloat
            | Which::RandomUsMedicare
            | Which::CustomField => Trace::None,
        }
    }

    pub(super) fn call(&self, arguments: &[String], scope: &mut Scope) -> Result<String, Trouble> {
        let text = arguments.first().map_or("", String::as_str);
        match self.which {
            Which::JsonEncode => Ok(json_encode(text)?),
            Which::JsonDecode => Ok(encode::json_decode(text)?),
            Which::XmlEncode => Ok(encode::xml_encode(text)?),
            Which::XmlDecode => Ok(encode::xml_decode(text)?),
            Which::UrlEncode => Ok(form_encode(text)?),
            Which::Base64Encode => Ok(encode::base64(text.as_bytes())?),
            Which::Base64Decode => encode::base64_decode(text),
            Which::HexToBase64 => encode::hex_to_base64(text),
            Which::DateTime => date::date_time(arguments, scope.now()),
            Which::RandomGuid => Ok(random::guid(&mut || scope.draw())),
            Which::UniqueGuid => Ok(scope.unique_guid().to_owned()),
            Which::RandomInt => random::integer(arguments, &mut || scope.draw()),
            Which::RandomChar => random::letters(text, &mut || scope.draw()),
            Which::RandomFloat => random::float(arguments, &mut || scope.draw()),
            Which::RandomUsMedicare => Ok(random::us_medicare(&mut || scope.draw())),
            Which::CustomField => scope.custom_field(text.trim()).map(str::to_owned).ok_or_else(|| {
                Trouble::Unusable(format!(
                    "the monitor has no custom field “{}”.",
                    text.trim().escape_debug()
                ))
            }),
        }
    }
}

/// A new GUID, as `@RandomGuid` gives it.
pub(super) fn guid(draw: &mut dyn FnMut() -> u64) -> String {
    random::guid(draw)
}

/// The text in Base64, as `@Base64Encode` gives it.
pub(super) fn base64_encode(text: &str) -> String {
    encode::base64(text.as_bytes()).unwrap_or_default()
}
