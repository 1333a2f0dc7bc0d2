//! Which personal data the records hold, in numbers, with the ways to see them and to look anew.

use anneal_server::format;
use anneal_server::types::dataset::RecordFilter;
use anneal_server::types::pii::{PiiFilter, PiiKind};
use leptos::prelude::*;

use super::parts::{RecordsLink, field};
use crate::contexts::use_finetune_process;
use crate::ui::Button;

/// A line per kind that occurs; what an earlier version stored unseen, with the button that looks.
#[component]
pub fn PersonalData() -> impl IntoView {
    let process = use_finetune_process();
    let counts = field(|o| o.hygiene.pii.by_kind.iter().map(|(kind, count)| (*kind, *count)).collect::<Vec<_>>());
    let unseen = field(|o| o.hygiene.pii.not_looked_at);
    let total = field(|o| o.hygiene.total + o.hygiene.pending);
    let row = move |(kind, count): (PiiKind, i64)| {
        let filter = RecordFilter { pii: Some(PiiFilter::Of(kind)), ..RecordFilter::default() };
        view! {
            <li class="breakdown__row breakdown__row--plain">
                <RecordsLink filter>{kind.plural()}</RecordsLink>
                <span class="number">{format::counted(count, "record")}</span>
            </li>
        }
    };
    let none = move || {
        let nobody_looked = unseen.get() > 0 || total.get() == 0;
        (!nobody_looked)
            .then_some("None was found: no e-mail address, phone or card number, IBAN, IP address or API key.")
    };
    view! {
        <p class="subhead">"Personal data and keys"</p>
        <Show when=move || counts.with(|counts| !counts.is_empty()) fallback=move || view! { <p class="muted small">{none}</p> }>
            <ul class="breakdown" aria-label="Records with personal data">
                {move || counts.get().into_iter().map(row).collect_view()}
            </ul>
            <p class="muted small">"Nothing is changed by itself: a download can mask them."</p>
        </Show>
        <Show when=move || { unseen.get() > 0 }>
            <p class="note">
                {move || format!("{} not looked at yet: an earlier version stored them. ", format::counted(unseen.get(), "record"))}
                <Button small=true busy=process.acting() on:click=move |_| process.validate_again()>"Look through them"</Button>
            </p>
        </Show>
    }
}
