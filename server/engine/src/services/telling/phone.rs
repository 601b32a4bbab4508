//! Who owns a phone number: a code is sent to it, and read out here.

use domain::person::Viewer;

use super::{Services, operator};
use crate::providers::verify::VerifyError;
use crate::services::ServiceError;

/// Why a number was not verified.
#[derive(Debug, thiserror::Error)]
pub enum PhoneError {
    /// The project's plan does not include text messages.
    #[error("SMS integrations require a paid plan")]
    PaidPlan,
    /// The number, the code, or whoever carries messages.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// Anything else.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl Services {
    /// Refuses what the plan does not include.
    pub async fn require_paid(&self, viewer: &Viewer) -> Result<(), PhoneError> {
        if self.is_paid(viewer).await? { Ok(()) } else { Err(PhoneError::PaidPlan) }
    }

    /// Sends a code to a number.
    pub async fn send_phone_code(&self, viewer: &Viewer, phone: &str) -> Result<(), PhoneError> {
        self.require_paid(viewer).await?;
        Ok(self.inner.telling.verifier.start(phone).await?)
    }

    /// Checks the code that somebody read on the phone. A code holds once.
    pub async fn check_phone_code(&self, viewer: &Viewer, phone: &str, code: &str) -> Result<(), PhoneError> {
        operator(viewer)?;
        Ok(self.inner.telling.verifier.check(phone, code).await?)
    }
}
