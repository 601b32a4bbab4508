//! Tokens of programs that use the API.

use domain::views::console::{ListQuery, Listed, TokenRow};
use leptos::prelude::*;

use super::settings::TABS;
use crate::call::Call;
use crate::components::again::Again;
use crate::components::confirm::{Ask, Confirm};
use crate::components::copy::Copy;
use crate::components::find::MANY;
use crate::components::form::{SendForm, Submit};
use crate::components::icon::Icon;
use crate::components::input::TextField;
use crate::components::kept::Kept;
use crate::components::listing::{self, ListSearch, NoMatch, Pager, hidden};
use crate::components::page_head::{PageHead, PageTitle};
use crate::components::rows::Rows;
use crate::components::tabs::Tabs;
use crate::components::time::{Ago, Time};
use crate::flash;
use crate::server_fns::tokens::{CreateToken, RevokeToken, TOKEN, read_tokens};

/// The page of the list.
const PATH: &str = "/console/settings/tokens";

/// The page.
#[component]
pub fn Tokens() -> impl IntoView {
    let again = Again::provide();
    let query = listing::asked();
    let list = Resource::new(move || (query.get(), again.count()), |(query, _)| read_tokens(query));
    view! {
        <PageTitle text="API tokens"/>
        <PageHead title="Settings"/>
        <Tabs label="Settings" tabs=TABS/>
        <div class="stack narrow">
            <Make/>
            <Kept from=list let:list><List list query/></Kept>
        </div>
    }
}

/// Makes a token and shows it this one time.
#[component]
fn Make() -> impl IntoView {
    let action = Call::to::<CreateToken>();
    Again::here().after(action);
    let flash = flash::take("token");
    let came = flash.as_ref().and_then(|flash| flash.values.get(TOKEN).cloned());
    let made = Signal::derive(move || match action.value().get() {
        Some(Ok(token)) => Some(token),
        Some(Err(_)) => None,
        None => came.clone(),
    });
    view! {
        <SendForm action id="token" class="card form" clear=true flash=flash.unwrap_or_default()>
            <header><h2>"API tokens"</h2></header>
            <p class="muted">"A program with a token may do what you may. It sends it as "<code>"Authorization: Bearer …"</code>". What it can ask for is "<a href="/api/docs" rel="external">"described here"</a>"."</p>
            {move || made.get().map(|token| view! {
                <div class="notice" data-state="up" role="status">
                    <Icon name="key"/>
                    <div class="grow"><strong>"This is your token. It is shown this one time."</strong>
                        <div class="join"><input class="input mono" readonly aria-label="The new token" value=token.clone()/><Copy text=token label="Copy the token"/></div></div>
                </div>
            })}
            <TextField name="name" label="What is it for?" placeholder="Deployments"/>
            <div class="form-foot"><Submit>"Make a token"</Submit></div>
        </SendForm>
    }
}

/// The tokens, or what to do when there are none.
#[component]
fn List(list: RwSignal<Listed<TokenRow>>, query: Memo<ListQuery>) -> impl IntoView {
    let is_long = Memo::new(move |_| list.with(|list| list.total >= MANY || !list.search.is_empty()));
    let rows = Memo::new(move |_| list.with(|list| list.rows.clone()));
    let total = Memo::new(move |_| list.with(|list| list.total));
    let missed = Memo::new(move |_| list.with(|list| list.rows.is_empty().then(|| list.search.clone())));
    let pages =
        Memo::new(move |_| list.with(|list| (list.page, list.per_page, list.found, list.search.clone())));
    let pages = move || {
        let (page, per_page, found, search) = pages.get();
        let to = move |page| listing::address(PATH, &search, page);
        view! { <Pager page per_page found thing="token" to/> }
    };
    let found = move || {
        match missed.get() {
        Some(search) if !search.is_empty() => {
            let hidden = hidden(total.get(), "token");
            view! { <NoMatch thing="token" search hidden all=PATH/> }.into_any()
        }
        Some(_) => view! { <section class="empty"><Icon name="key"/><h2>"No token yet"</h2><p>"Make one for each program, so that you can take each back by itself."</p></section> }
            .into_any(),
        None => view! {
            <section class="card flush" aria-label="Tokens">
                <table class="table cards">
                    <thead><tr><th>"Name"</th><th>"Made"</th><th>"Last used"</th><th class="end"><span class="visually-hidden">"Revoke"</span></th></tr></thead>
                    <tbody><Rows rows key=|row| row.id.clone() let:row><Row row/></Rows></tbody>
                </table>
                <footer>{pages}</footer>
            </section>
        }
        .into_any(),
    }
    };
    view! {
        <div>
            <Show when=move || is_long.get()><ListSearch path=PATH query placeholder="Search name"/></Show>
            {found}
        </div>
    }
}

/// One token.
#[component]
fn Row(row: Memo<TokenRow>) -> impl IntoView {
    let action = Call::to::<RevokeToken>();
    Again::here().after(action);
    let used = Memo::new(move |_| row.with(|row| row.last_used_at));
    let row = row.get_untracked();
    let id = row.id.to_string();
    let dialog = format!("ask-{id}");
    let does = format!("Revoke {}", row.name);
    let used = move || match used.get() {
        Some(at) => view! { <Ago at/> }.into_any(),
        None => view! { <span class="none">"never"</span> }.into_any(),
    };
    view! {
        <tr>
            <td><div class="title"><span class="name">{row.name.clone()}</span></div></td>
            <td class="num muted" data-label="Made"><Time at=row.created_at shape=crate::browser::Shape::Day/></td>
            <td class="num" data-label="Used">{used}</td>
            <td class="end">
                <Ask dialog=dialog.clone() class="button small danger" label=does.clone()>"Revoke"</Ask>
                <Confirm id=dialog title=format!("Revoke “{}”?", row.name) text="Programs that use it are refused from now on. This cannot be undone.">
                    <SendForm action id=format!("revoke-{id}") class="">
                        <input type="hidden" name="token" value=id/>
                        <Submit class="button danger solid">{does}</Submit>
                    </SendForm>
                </Confirm>
            </td>
        </tr>
    }
}
