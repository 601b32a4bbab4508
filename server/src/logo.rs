//! Takes the logo of the status page. Files travel by a plain form, which works with and without scripts.

use app::error::AppError;
use app::flash::Flash;
use axum::Extension;
use axum::extract::{Multipart, State};
use axum::response::Response;
use domain::form::FieldError;
use domain::person::Viewer;
use engine::services::{Result, ServiceError};
use tower_sessions::Session;

use crate::pages::back_with;
use crate::router::AppState;

/// The page with the form.
const PAGE: &str = "/console/page";

/// Sets the logo to the file that was sent, or removes it when the button says so.
pub(crate) async fn upload(
    State(state): State<AppState>,
    Extension(viewer): Extension<Viewer>,
    session: Session,
    form: Multipart,
) -> Response {
    let done = match read(form).await {
        Ok(image) => state.services.set_logo(&viewer, image.as_deref()).await,
        Err(error) => Err(error),
    };
    let error = done.err().map(AppError::from);
    let flash = Flash { form: "logo".to_owned(), error, ..Flash::default() };
    back_with(&session, PAGE, flash).await
}

/// The file; `None` when the logo is to be removed.
async fn read(mut form: Multipart) -> Result<Option<Vec<u8>>> {
    let refused = |message: &str| ServiceError::Invalid(vec![FieldError::new("logo", message)]);
    let mut image = Vec::new();
    while let Ok(Some(field)) = form.next_field().await {
        match field.name() {
            Some("remove") => return Ok(None),
            Some("logo") => {
                let bytes = field.bytes().await.map_err(|_| refused("The file is too large."))?;
                image = bytes.to_vec();
            }
            _ => {}
        }
    }
    if image.is_empty() { Err(refused("Choose a file first.")) } else { Ok(Some(image)) }
}
