//! The frame of the console: the ways at its side, the live line, and everything that floats above.

use leptos::prelude::*;
use leptos_router::hooks::use_location;

use super::again::Again;
use super::health::HealthChip;
use super::icon::{Icon, Wordmark};
use super::keyboard::{Keyboard, Keys};
use super::leave::LeaveGuard;
use super::login::LogInElsewhere;
use super::nav::{PhoneWays, Ways};
use super::telling::banner::TellingBanner;
use super::theme::ThemeSwitch;
use super::time::{Clock, utc};
use super::toast::{ToastList, Toasts};
use crate::browser::{self, Shape};
use crate::live::{Link, LiveFeed};
use crate::server_fns::frame::{ConsoleFrame, read_frame};

/// The frame around every page of the console.
#[component]
pub fn Layout(
    /// The page.
    children: Children,
) -> impl IntoView {
    let (feed, clock) = (LiveFeed::provide(), expect_context::<Clock>());
    Toasts::provide();
    Keys::provide();
    let again = Again::provide();
    let path = use_location().pathname;
    // With each page: what was done on the last one may have mended what the banner says.
    let frame = Resource::new(move || (feed.generation.get(), again.count(), path.get()), |_| read_frame());
    Effect::new(move || {
        if let Some(Ok(frame)) = frame.get() {
            feed.counts.set(Some(frame.standing.counts));
            feed.follow(frame.standing.seq);
            clock.correct(frame.at);
        }
    });
    Effect::new(browser::keep_focus);
    Effect::new(move |was: Option<String>| {
        let path = path.get();
        if was.is_some_and(|was| was != path) {
            browser::arrive();
        }
        path
    });
    let class = move || {
        if matches!(feed.link.get(), Link::Lost { .. } | Link::Out) { "shell stale" } else { "shell on-air" }
    };
    view! {
        // `external`, so that the browser itself goes there and takes the focus along.
        <a class="skip" href="#main" rel="external">"Skip to content"</a>
        <div class=class>
            <aside class="sidebar" aria-label="Console">
                <Wordmark href="/console"/>
                <nav class="nav" aria-label="Main"><Ways/></nav>
                <div class="foot">
                    <Transition>{move || Suspend::new(async move {
                        frame.await.ok().map(|frame| view! { <HealthChip health=frame.standing.system/> })
                    })}</Transition>
                    <div class="who">
                        <Transition>{move || Suspend::new(async move {
                            frame.await.ok().map(|frame: ConsoleFrame| view! { <span class="truncate">{frame.name}</span> })
                        })}</Transition>
                        <ThemeSwitch/>
                        <LogOut/>
                    </div>
                </div>
            </aside>
            <main id="main" tabindex="-1">
                <Transition>{move || Suspend::new(async move {
                    frame.await.ok().map(|frame: ConsoleFrame| {
                        let watching = frame.standing.counts.total() > 0;
                        let said = path.get_untracked().starts_with("/console/integrations");
                        view! { <TellingBanner health=frame.telling watching said/> }
                    })
                })}</Transition>
                {children()}
            </main>
            <nav class="bottom-bar" aria-label="Main, on phones"><PhoneWays/></nav>
        </div>
        <Lost/>
        <ToastList/>
        <Keyboard/>
        <LeaveGuard/>
    }
}

/// Logging out is a form: a link that logs out could be followed by anything that follows links.
#[component]
fn LogOut() -> impl IntoView {
    view! {
        <form method="post" action="/api/log_out">
            <button class="button quiet icon-only" aria-label="Log out" title="Log out"><Icon name="logout"/></button>
        </form>
    }
}

/// Says how old the page is while the line is down.
#[component]
fn Lost() -> impl IntoView {
    let (feed, clock) = (expect_context::<LiveFeed>(), expect_context::<Clock>());
    move || match feed.link.get() {
        Link::Lost { since } => {
            let time = if clock.is_alive() {
                browser::local(since, Shape::Second)
            } else {
                utc(since, Shape::Second)
            };
            let lost = view! { <div class="socket-lost" role="status"><super::icon::Spinner/>"Reconnecting – data from "{time}</div> };
            Some(lost.into_any())
        }
        Link::Out => {
            let out = view! { <div class="socket-lost" role="status"><Icon name="logout"/>"You are logged out"<LogInElsewhere/></div> };
            Some(out.into_any())
        }
        Link::Opening | Link::Live => None,
    }
}
