//! The stock definition, which a new integration starts with (contracts.md, section 3.5).

use super::{
    CustomSettings, Definition, HttpStep, MessageTypes, PredefinedVariable, StepAuth, StepMethod,
    VariableSource,
};
use crate::{check::request::Header, secret::Secret};

/// The body of the stock definition: every alerting variable, each value a JSON string. What people or servers wrote is
/// encoded, so the result is JSON whatever they wrote.
pub const DEFAULT_BODY: &str = r#"{
  "alert": {
    "alertGuid": "{{@alert.alertGuid}}",
    "type": "{{@alert.type}}",
    "description": "{{@JsonEncode({{@alert.description}})}}",
    "failureMessage": "{{@JsonEncode({{@alert.failureMessage}})}}",
    "timestampUtc": "{{@alert.timestampUtc}}",
    "timestamp": "{{@alert.timestamp}}",
    "timestampUtcFormatted": "{{@alert.timestampUtcFormatted}}",
    "timestampFormatted": "{{@alert.timestampFormatted}}",
    "firstErrorUtc": "{{@alert.firstErrorUtc}}",
    "firstError": "{{@alert.firstError}}",
    "firstErrorUtcFormatted": "{{@alert.firstErrorUtcFormatted}}",
    "firstErrorFormatted": "{{@alert.firstErrorFormatted}}",
    "firstErrorCheckUrl": "{{@alert.firstErrorCheckUrl}}",
    "firstErrorCheckId": "{{@alert.firstErrorCheckId}}",
    "serverIpv4": "{{@alert.serverIpv4}}",
    "serverIpv6": "{{@alert.serverIpv6}}",
    "resolvedIpAddress": "{{@alert.resolvedIpAddress}}",
    "responseBody": "{{@JsonEncode({{@alert.responseBody}})}}",
    "downtimeDuration": "{{@alert.downtimeDuration}}"
  },
  "alertDefinition": {
    "guid": "{{@alertDefinition.guid}}",
    "name": "{{@JsonEncode({{@alertDefinition.name}})}}"
  },
  "escalationLevel": {
    "id": "{{@escalationLevel.id}}",
    "message": "{{@JsonEncode({{@escalationLevel.message}})}}"
  },
  "incident": {
    "key": "{{@incident.key}}"
  },
  "monitor": {
    "guid": "{{@monitor.monitorGuid}}",
    "name": "{{@JsonEncode({{@monitor.name}})}}",
    "type": "{{@monitor.type}}",
    "url": "{{@JsonEncode({{@monitor.url}})}}",
    "notes": "{{@JsonEncode({{@monitor.notes}})}}",
    "dashboardUrl": "{{@monitor.dashboardUrl}}",
    "editUrl": "{{@monitor.editUrl}}"
  },
  "account": {
    "id": "{{@account.id}}"
  },
  "source": "Uptrends",
  "version": "1.0"
}"#;

impl Default for CustomSettings {
    /// The stock definition; only the value of `ApiUrl` is missing.
    fn default() -> Self {
        Self {
            variables: vec![PredefinedVariable {
                name: "ApiUrl".to_owned(),
                source: VariableSource::Fixed { value: Secret::default() },
                secret: false,
            }],
            functions: Vec::new(),
            definitions: vec![Definition {
                name: String::new(),
                types: MessageTypes::ALL,
                steps: vec![HttpStep {
                    headers: vec![Header {
                        name: "Content-Type".to_owned(),
                        value: "application/json".into(),
                    }],
                    body: DEFAULT_BODY.to_owned(),
                    ..HttpStep::to("{{ApiUrl}}")
                }],
            }],
        }
    }
}

impl HttpStep {
    /// A POST to a URL, with nothing else.
    pub fn to(url: &str) -> Self {
        Self {
            name: String::new(),
            method: StepMethod::Post,
            url: url.to_owned(),
            headers: Vec::new(),
            body: String::new(),
            auth: StepAuth::None,
            captures: Vec::new(),
            assertions: Vec::new(),
            continue_after_error: false,
        }
    }
}
