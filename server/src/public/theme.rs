//! The theme that a visitor chose, in a cookie, so that the first paint is right.

use app::pages::status::Theme;
use axum::Form;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::origin::is_own_path;
use serde::Deserialize;

/// The cookie. `live.js` writes it too.
const COOKIE: &str = "theme";

/// What the form sends.
#[derive(Debug, Deserialize)]
pub(super) struct Choice {
    #[serde(default)]
    theme: String,
    #[serde(default)]
    back: String,
}

/// The theme that the request's cookie names.
pub(super) fn theme(request: &HeaderMap) -> Option<Theme> {
    let lines = request.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(';')).find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        if name == COOKIE { Theme::from_word(value) } else { None }
    })
}

/// Keeps the choice and goes back to where it was made; anything but a theme returns to the system's.
pub(super) async fn choose(Form(choice): Form<Choice>) -> Response {
    let cookie = match Theme::from_word(&choice.theme) {
        Some(theme) => format!("{COOKIE}={}; Path=/; Max-Age=31536000; SameSite=Lax", theme.as_str()),
        None => format!("{COOKIE}=; Path=/; Max-Age=0; SameSite=Lax"),
    };
    let back = if is_own_path(&choice.back) { choice.back } else { "/".to_owned() };
    (StatusCode::SEE_OTHER, [(header::LOCATION, back), (header::SET_COOKIE, cookie)]).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_theme_is_found_among_other_cookies() {
        let of = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, text.parse().unwrap());
            theme(&headers)
        };
        assert_eq!(of("a=b; theme=dark; c=d"), Some(Theme::Dark));
        assert_eq!(of("theme=light"), Some(Theme::Light));
        assert_eq!(of("theme=pink"), None);
        assert_eq!(of("my-theme=dark"), None);
    }

    #[tokio::test]
    async fn a_choice_is_kept_for_a_year_and_goes_back() {
        let choice = Choice { theme: "dark".to_owned(), back: "/history".to_owned() };
        let answer = choose(Form(choice)).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        assert_eq!(answer.headers()[header::LOCATION], "/history");
        for elsewhere in
            ["", "history", "//evil.example", "/.//evil.example", "/\\evil.example", "https://evil.example"]
        {
            let choice = Choice { theme: "dark".to_owned(), back: elsewhere.to_owned() };
            assert_eq!(choose(Form(choice)).await.headers()[header::LOCATION], "/", "{elsewhere}");
        }
        assert_eq!(
            answer.headers()[header::SET_COOKIE],
            "theme=dark; Path=/; Max-Age=31536000; SameSite=Lax"
        );
    }
}
