//! The address of somebody's API.

use url::Url;

use super::value::Value;

/// An address with http or https that paths are added to; without a slash at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiUrl(String);

impl ApiUrl {
    /// As it was written, without a slash at the end.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Value for ApiUrl {
    fn read(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        match url {
            Some(url) if url.host().is_some() && url.query().is_none() && url.fragment().is_none() => {
                Ok(Self(text.trim_end_matches('/').to_owned()))
            }
            _ => Err("this is not the address of an API; write it as https://host/path, without ? and #"
                .to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_api_may_have_a_path() {
        assert_eq!(
            ApiUrl::read("https://relay.example.org/twilio/").unwrap().as_str(),
            "https://relay.example.org/twilio"
        );
        for bad in ["api.twilio.com", "ftp://a", "https://a/?b", "https://a/#b", "https://"] {
            assert!(ApiUrl::read(bad).unwrap_err().contains("https://host/path"), "{bad}");
        }
    }
}
