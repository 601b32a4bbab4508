//! What Telex reads to learn what this integration is.

use serde_json::{Value, json};

use super::ONLY_FAILURES;

/// The document behind `/integration.json`. `base_url` is how Telex reaches us, without a slash at the end.
///
/// Names, logo and the first three settings are those of Telex' own page; the category is one of the twenty that Telex knows.
pub fn integration(base_url: &str) -> Value {
    json!({
        "data": {
            "descriptions": {
                "app_name": "Uptime Monitor",
                "app_description": "Monitors website uptime",
                "app_url": base_url,
                "app_logo": "https://i.imgur.com/lZqvffp.png",
                "background_color": "#fff",
            },
            "integration_type": "interval",
            "integration_category": "Website Uptime",
            "is_active": true,
            "key_features": [
                "Checks websites whenever the interval comes round",
                "Checks all sites at the same time",
                "Says which site is down and why",
                "Can keep quiet while every site is up",
            ],
            "settings": [
                { "label": "site-1", "type": "text", "required": true, "default": "" },
                { "label": "site-2", "type": "text", "required": true, "default": "" },
                { "label": "interval", "type": "text", "required": true, "default": "* * * * *" },
                {
                    "label": ONLY_FAILURES, "type": "checkbox", "required": false, "default": false,
                    "description": "Post only when a site is down",
                },
            ],
            "tick_url": format!("{base_url}/tick"),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_description_holds_what_the_page_of_telex_asks_for() {
        let told = integration("https://status.example.org");
        let data = &told["data"];
        assert_eq!(data["descriptions"]["app_url"], "https://status.example.org");
        assert_eq!(data["tick_url"], "https://status.example.org/tick");
        assert_eq!(data["integration_type"], "interval");
        assert_eq!(data["integration_category"], "Website Uptime");
        let settings = data["settings"].as_array().unwrap();
        let labels: Vec<_> = settings.iter().map(|setting| setting["label"].as_str().unwrap()).collect();
        assert_eq!(labels, ["site-1", "site-2", "interval", "only-failures"]);
        assert_eq!(
            settings[2],
            json!({ "label": "interval", "type": "text", "required": true, "default": "* * * * *" })
        );
        for setting in settings {
            for key in ["label", "type", "required", "default"] {
                assert!(setting.get(key).is_some(), "{setting} has no {key}");
            }
        }
    }

    #[test]
    fn the_description_reads_back_as_a_tick_without_sites() {
        let settings = &integration("https://a.example")["data"]["settings"];
        let body = json!({ "return_url": "https://ping.telex.im/v1/return/x", "settings": settings });
        let tick = super::super::Tick::read(body.to_string().as_bytes()).unwrap();
        assert!(tick.sites.is_empty() && !tick.only_failures);
    }
}
