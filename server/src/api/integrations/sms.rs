//! The code that proves who owns a phone number (seed 001).

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use domain::person::Viewer;
use engine::providers::verify::VerifyError;
use engine::services::telling::PhoneError;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::NOUN;
use crate::api::body;
use crate::api::error::{ApiError, Result};
use crate::config::Environment;
use crate::router::AppState;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(send))
}

/// The number.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(dead_code, reason = "read by hand: the documentation has its own refusals")]
struct Phone {
    /// In E.164 form.
    #[schema(example = "+15550100199")]
    phone_number: String,
}

/// Whether the code is on its way.
#[derive(Debug, Serialize, ToSchema)]
struct Sent {
    /// Whether it is.
    success: bool,
    /// Why it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    error: Option<&'static str>,
    /// A sentence.
    message: String,
}

/// Send a verification code
///
/// To the phone number of a future SMS integration. Needs a paid plan.
#[utoipa::path(post, path = "/api/v1/integrations/sms/send_verification_code", tag = "integrations", request_body = Phone,
    responses((status = 200, description = "The code is on its way.", body = Sent),
        (status = 400, description = "The request cannot be read.", body = ErrorOrSent),
        (status = 401, description = "There is no token, or it is none of ours.", body = ErrorOrSent),
        (status = 403, description = "The plan does not include it: `paid_plan_required`.", body = Sent),
        (status = 422, description = "`phone_number_required`, `invalid_phone_number` or `sms_not_configured`.", body = Sent),
        (status = 429, description = "Too often: `too_many_requests`.", body = ErrorOrSent),
        (status = 502, description = "Whoever carries text messages did not take it: `provider_failed`.", body = Sent)))]
async fn send(
    State(state): State<AppState>,
    Extension(viewer): Extension<Viewer>,
    body: Bytes,
) -> Result<Response> {
    let object = body::object(&body, NOUN)?;
    if let Err(error) = state.services.require_paid(&viewer).await {
        return refused(error);
    }
    let phone = match object.get("phone_number") {
        Some(Value::String(phone)) if !phone.trim().is_empty() => phone,
        None | Some(Value::Null | Value::String(_)) => {
            let message = "Phone number is required";
            return Ok(unsent(StatusCode::UNPROCESSABLE_ENTITY, "phone_number_required", message));
        }
        Some(_) => return refused(PhoneError::Verify(VerifyError::InvalidNumber)),
    };
    if state.config.sms.account_sid.is_none() {
        let message =
            "This installation cannot send text messages; set sms.account_sid, sms.auth_token and sms.from.";
        return Ok(unsent(StatusCode::UNPROCESSABLE_ENTITY, "sms_not_configured", message));
    }
    match state.services.send_phone_code(&viewer, phone).await {
        Ok(()) => {
            let message = "Verification code sent successfully".to_owned();
            Ok(Json(Sent { success: true, error: None, message }).into_response())
        }
        Err(error) => refused(error),
    }
}

/// Either shape of a refusal.
#[derive(Debug, Serialize, ToSchema)]
struct ErrorOrSent {
    /// The code.
    error: String,
    /// The sentence.
    message: Option<String>,
}

fn unsent(status: StatusCode, error: &'static str, message: impl Into<String>) -> Response {
    (status, Json(Sent { success: false, error: Some(error), message: message.into() })).into_response()
}

fn refused(error: PhoneError) -> Result<Response> {
    let (status, code) = match &error {
        PhoneError::PaidPlan => (StatusCode::FORBIDDEN, "paid_plan_required"),
        PhoneError::Verify(VerifyError::InvalidNumber) => {
            let message = "This is no phone number that can receive text messages; write it as +15550100199.";
            return Ok(unsent(StatusCode::UNPROCESSABLE_ENTITY, "invalid_phone_number", message));
        }
        PhoneError::Verify(VerifyError::TooOften) => (StatusCode::TOO_MANY_REQUESTS, "too_many_requests"),
        PhoneError::Verify(_) => (StatusCode::BAD_GATEWAY, "provider_failed"),
        PhoneError::Service(_) => {
            let PhoneError::Service(error) = error else { return Err(ApiError::not_found(NOUN)) };
            return Err(ApiError::of(NOUN, error));
        }
    };
    Ok(unsent(status, code, error.to_string()))
}

/// Refuses a number whose owner did not read out the code; outside of production, only one that the plan does not include.
pub(super) async fn check(
    state: &AppState,
    viewer: &Viewer,
    settings: &Map<String, Value>,
    number: &str,
) -> Result<()> {
    let refused = |error: PhoneError| match error {
        PhoneError::PaidPlan => {
            ApiError::new(StatusCode::FORBIDDEN, "paid_plan_required", PhoneError::PaidPlan.to_string())
        }
        PhoneError::Verify(VerifyError::InvalidNumber) => {
            ApiError::field("phone_number", "This is no phone number; write it as +15550100199.")
        }
        PhoneError::Verify(VerifyError::WrongCode) => {
            ApiError::field("verification_code", "This is not the code that was sent to the number.")
        }
        PhoneError::Verify(VerifyError::Expired) => {
            ApiError::field("verification_code", "The code has expired or was used; ask for a new one.")
        }
        PhoneError::Verify(error) => {
            ApiError::new(StatusCode::BAD_GATEWAY, "provider_failed", error.to_string())
        }
        PhoneError::Service(error) => ApiError::of(NOUN, error),
    };
    state.services.require_paid(viewer).await.map_err(refused)?;
    if state.config.server.environment != Environment::Production {
        return Ok(());
    }
    if number.is_empty() {
        return Err(ApiError::field("phone_number", "Please fill this in."));
    }
    let code = match settings.get("verification_code") {
        Some(Value::String(code)) => code.clone(),
        Some(Value::Number(code)) => code.to_string(),
        _ => {
            let message = "Please send the code that POST /api/v1/integrations/sms/send_verification_code sent to the number.";
            return Err(ApiError::field("verification_code", message));
        }
    };
    state.services.check_phone_code(viewer, number, &code).await.map_err(refused)
}
