//! The document around a page: head, header, footer.

use domain::views::public::PageHead;
use leptos::prelude::*;

use super::markup::{icon, mark};
use super::part::{Part, drawn, html};

/// The colours behind a page in light and in dark; the same as `--bg` of `style/tokens.css`.
const PAPER: (&str, &str) = ("#fafafb", "#0b0b10");

/// What a visitor chose; without a choice the system's setting decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Theme {
    /// Dark text on light paper.
    Light,
    /// Light text on dark paper.
    Dark,
}

impl Theme {
    /// The word of the cookie, of the form and of `data-theme`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The theme of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Light, Self::Dark].into_iter().find(|theme| theme.as_str() == word)
    }
}

/// Where the files stand that the pages load; their names change with their content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assets {
    /// The style sheet of the public pages.
    pub style: String,
    /// The script of the public pages.
    pub script: String,
    /// The font of the text.
    pub font: String,
}

impl Default for Assets {
    fn default() -> Self {
        Self {
            style: "/public.css".to_owned(),
            script: "/live.js".to_owned(),
            font: "/fonts/geist-latin.woff2".to_owned(),
        }
    }
}

/// From where a page follows what happens.
#[derive(Clone, Copy, Debug)]
pub struct Live<'a> {
    /// The build that drew the page.
    pub build: &'a str,
    /// The place in the stream that the page shows.
    pub seq: f64,
}

/// What a document is drawn with, whatever it shows.
#[derive(Clone, Copy, Debug)]
pub struct Shell<'a> {
    /// The files it loads.
    pub assets: &'a Assets,
    /// The theme the visitor chose.
    pub theme: Option<Theme>,
    /// From where it follows; `None` for pages that stand still.
    pub live: Option<Live<'a>>,
    /// Where the installation is, without a slash at the end; empty when its configuration does not say.
    pub base_url: &'a str,
}

/// What a document shows.
pub(super) struct Page<'a> {
    /// The status page it belongs to.
    pub(super) head: Option<&'a PageHead>,
    /// For the tab and for search engines.
    pub(super) title: String,
    /// A sentence for those who share a link.
    pub(super) description: String,
    /// The icon of the tab.
    pub(super) icon: &'static str,
    /// The page's own path, to return to.
    pub(super) path: String,
    /// Whether the page stands for what is at that path: one that says that nothing is there does not.
    pub(super) is_there: bool,
    /// The id of the main element.
    pub(super) target: &'static str,
    /// The main element.
    pub(super) main: String,
}

impl Shell<'_> {
    /// Draws the document.
    pub(super) fn document(&self, page: &Page<'_>) -> String {
        let body = match (self.live, page.head) {
            (Some(live), Some(head)) => view! {
                <body
                    class="public"
                    data-history=format!("{}/history", head.base())
                    data-slug=head.slug.clone()
                    data-build=live.build.to_owned()
                    data-seq=live.seq.to_string()
                >
                    {inside(page)}
                </body>
            }
            .into_any(),
            _ => view! { <body class="public">{inside(page)}</body> }.into_any(),
        };
        let document = view! {
            <html lang="en" data-theme=self.theme.map(Theme::as_str)>
                {self.head(page)} {body}
            </html>
        };
        format!("<!doctype html>\n{}", html(document))
    }

    fn head(&self, page: &Page<'_>) -> impl IntoView + use<> {
        let Assets { style, script, font } = self.assets.clone();
        let name = page.head.map(|head| head.name.clone());
        let (light, dark) = PAPER;
        let papers = match self.theme {
            Some(theme) => {
                let paper = if theme == Theme::Dark { dark } else { light };
                view! { <meta name="theme-color" content=paper/> }.into_any()
            }
            None => [("light", light), ("dark", dark)]
                .map(|(scheme, paper)| {
                    leptos::html::meta()
                        .attr("name", "theme-color")
                        .attr("content", paper)
                        .attr("media", format!("(prefers-color-scheme: {scheme})"))
                })
                .into_iter()
                .collect_view()
                .into_any(),
        };
        // Without the script, reading the page again is the only way to follow it.
        let again = self.live.is_some().then(|| {
            view! { <noscript><meta http-equiv="refresh" content="60"/></noscript> }
        });
        // The page at `/` has a second address, which should not count as a second page.
        let address =
            (page.is_there && !self.base_url.is_empty()).then(|| format!("{}{}", self.base_url, page.path));
        view! {
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width,initial-scale=1"/>
                <title>{page.title.clone()}</title>
                <meta name="description" content=page.description.clone()/>
                {papers}
                {property("og:type", "website".to_owned())}
                {property("og:title", page.title.clone())}
                {property("og:description", page.description.clone())}
                {name.map(|name| property("og:site_name", name))}
                {address.clone().map(|address| property("og:url", address))}
                {address.map(|address| view! { <link rel="canonical" href=address/> })}
                <link rel="icon" href=page.icon type="image/svg+xml"/>
                <link rel="preload" href=font r#as="font" type="font/woff2" crossorigin=""/>
                <link rel="stylesheet" href=style/>
                {again}
                <script src=script defer=true></script>
            </head>
        }
    }
}

/// A fact of the Open Graph protocol (ogp.me), for previews of links.
fn property(name: &'static str, content: String) -> impl IntoView {
    leptos::html::meta().attr("property", name).attr("content", content)
}

/// What of the document around the main element shows the page's name, logo and zone: it follows like the main element.
pub(super) fn frame(head: Option<&PageHead>) -> [Part; 2] {
    [brand(head), zone(head)]
}

fn brand(head: Option<&PageHead>) -> Part {
    let name = head.map_or_else(|| "Status".to_owned(), |head| head.name.clone());
    let logo = head.and_then(|head| {
        let version = head.logo?;
        Some(view! { <img src=format!("/logo/{}?v={version}", head.slug) alt=""/> })
    });
    let sign = match logo {
        Some(logo) => logo.into_any(),
        None => mark().into_any(),
    };
    let home = head.map_or_else(|| "/".to_owned(), PageHead::home);
    Part::leaf("brand", view! { <a id="brand" href=home>{sign} <span class="truncate">{name}</span></a> })
}

fn zone(head: Option<&PageHead>) -> Part {
    let zone = head.map(|head| head.time_zone.clone()).filter(|zone| zone != "UTC");
    let zone = zone.map(|zone| format!(", days in {zone}"));
    Part::leaf("zone", view! { <span id="zone">"Times in " <span data-zone="">"UTC"</span>{zone}</span> })
}

fn inside(page: &Page<'_>) -> impl IntoView + use<> {
    let [brand, zone] = frame(page.head).map(|part| part.html());
    view! {
        <a class="skip" href=format!("#{}", page.target)>"Skip to the status"</a>
        <header>
            {drawn(brand)}
            " "
            {themes(page.path.clone())}
        </header>
        {drawn(page.main.clone())}
        <footer>
            {drawn(zone)}
            " "
            <span>{mark()} "Powered by Pharos"</span>
        </footer>
        <p class="visually-hidden" id="announce" role="status"></p>
    }
}

fn themes(back: String) -> impl IntoView {
    view! {
        <form class="theme-form" method="post" action="/theme">
            <input type="hidden" name="back" value=back/>
            <button class="button quiet icon-only to-dark" name="theme" value="dark" aria-label="Dark theme">
                {icon("moon")}
            </button>
            " "
            <button class="button quiet icon-only to-light" name="theme" value="light" aria-label="Light theme">
                {icon("sun")}
            </button>
        </form>
    }
}
