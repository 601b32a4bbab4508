//! Who owns a phone number: a code is sent to it, and read out here.

use domain::form::Form;
use domain::id::IntegrationId;
use domain::integration::{IntegrationDraft, IntegrationSettings, ProviderKind};
use domain::person::Viewer;

use super::integrations::load;
use super::{Services, operator};
use crate::providers::verify::VerifyError;
use crate::services::ServiceError;

/// The field of a form with the code that proves whose number it is.
pub const CODE: &str = "verification_code";
/// The field with the number.
const NUMBER: &str = "phone_number";

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

    /// Adds an integration from the form of the console, as [`Services::add_integration`] does; one that sends text messages with
    /// the code in the field [`CODE`].
    ///
    /// # Errors
    /// Also `Invalid` with the field `phone_number` or [`CODE`]. Everything else in the form is examined first, because a code holds
    /// once.
    pub async fn add_proven_integration(
        &self,
        viewer: &Viewer,
        kind: ProviderKind,
        form: &Form,
    ) -> super::Result<IntegrationId> {
        operator(viewer)?;
        if kind == ProviderKind::Sms {
            let draft = IntegrationDraft::from_form(kind, form, None).map_err(ServiceError::Invalid)?;
            self.prove_number(viewer, &draft.settings, form).await?;
        }
        self.add_integration(viewer, kind, form).await
    }

    /// Changes an integration from the form of the console; a number that it did not have before needs its code.
    ///
    /// # Errors
    /// As [`Self::add_proven_integration`].
    pub async fn edit_proven_integration(
        &self,
        viewer: &Viewer,
        id: &IntegrationId,
        form: &Form,
    ) -> super::Result<()> {
        operator(viewer)?;
        let old = load(&mut self.inner.db.read().await?, id).await?;
        if old.kind == ProviderKind::Sms {
            let known = old.settings.as_ref().ok();
            let draft = IntegrationDraft::from_form(old.kind, form, known).map_err(ServiceError::Invalid)?;
            if known != Some(&draft.settings) {
                self.prove_number(viewer, &draft.settings, form).await?;
            }
        }
        self.edit_integration(viewer, id, form).await
    }

    /// Sends a code to the number in a form of the console; returns the number.
    ///
    /// # Errors
    /// `Invalid` with the field `phone_number`; `Conflict` when no text message can be sent.
    pub async fn send_code_to(&self, viewer: &Viewer, number: &str) -> super::Result<String> {
        operator(viewer)?;
        self.send_phone_code(viewer, number).await.map_err(in_form)?;
        Ok(number.trim().to_owned())
    }

    async fn prove_number(
        &self,
        viewer: &Viewer,
        settings: &IntegrationSettings,
        form: &Form,
    ) -> super::Result<()> {
        let IntegrationSettings::Sms(sms) = settings else { return Ok(()) };
        self.require_paid(viewer).await.map_err(in_form)?;
        if self.inner.telling.trusts_numbers {
            return Ok(());
        }
        let code = form.get(CODE).map(|code| code.trim()).unwrap_or_default();
        if code.is_empty() {
            let message = "Press “Send code”, and write here what arrives on the phone.";
            return Err(ServiceError::invalid(CODE, message));
        }
        self.check_phone_code(viewer, &sms.phone_number, code).await.map_err(in_form)
    }
}

/// What a form says beside its fields.
fn in_form(error: PhoneError) -> ServiceError {
    match error {
        PhoneError::PaidPlan => ServiceError::Conflict("Text messages need a paid plan.".to_owned()),
        PhoneError::Verify(VerifyError::InvalidNumber) => ServiceError::invalid(
            NUMBER,
            "This is no phone number that can receive text messages; write it as +15550100199.",
        ),
        PhoneError::Verify(VerifyError::TooOften) => ServiceError::invalid(
            NUMBER,
            "A code was sent to it a moment ago. Wait a minute before you ask for another one.",
        ),
        PhoneError::Verify(VerifyError::WrongCode) => {
            ServiceError::invalid(CODE, "This is not the code that was sent to the number. Look again.")
        }
        PhoneError::Verify(VerifyError::Expired) => ServiceError::invalid(
            CODE,
            "This code has expired, was used, or was guessed too often. Press “Send code” for a new one.",
        ),
        PhoneError::Verify(VerifyError::ProviderFailed(why)) => ServiceError::Conflict(why),
        PhoneError::Service(error) => error,
    }
}
