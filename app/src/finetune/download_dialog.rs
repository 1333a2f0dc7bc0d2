//! "Download with options": which records, in which form, masked or not. A plain form, so it works without JavaScript.

use leptos::prelude::*;

use crate::contexts::{PageDialog, use_finetune_process};
use crate::ui::{Button, ButtonVariant, Dialog, Field, described_by};

/// Every choice as its value and its words; the first one is the default.
type Choices = &'static [(&'static str, &'static str)];

const FORMATS: Choices =
    &[("native", "Everything, to be imported again (native)"), ("chat", "Conversations alone (chat)")];
const STATUSES: Choices =
    &[("", "All records"), ("valid", "Valid ones"), ("invalid", "Invalid ones"), ("duplicate", "Duplicates")];
/// How personal data is masked, here and wherever records leave.
pub const MASKS: [(&str, &str); 3] = [
    ("", "Keep it as it is"),
    ("plain", "Mask it: [EMAIL], [PHONE], …"),
    ("numbered", "Mask and number it: [EMAIL_1], [EMAIL_2], …"),
];

/// Open while the URL says so.
#[component]
pub fn DownloadDialog() -> impl IntoView {
    let process = use_finetune_process();
    let is_open = Signal::derive(move || process.dialog() == Some(PageDialog::Download));
    let action = format!("/download/{}/records.jsonl", process.dataset_id());
    view! {
        <Dialog open=is_open on_close=move |()| process.close_dialog() close_href=process.without_dialog() title="Download records">
            <form class="stack" method="get" action=action.clone()>
                <Field id="download-status" label="Records">{choice("download-status", "status", STATUSES)}</Field>
                <Field id="download-format" label="Form">{choice("download-format", "format", FORMATS)}</Field>
                <Field
                    id="download-mask"
                    label="Personal data and keys"
                    hint="E-mail addresses, phone and card numbers, IBANs, IP addresses and API keys in every value. The same value has the same mark; numbers tell the persons of one record apart."
                >
                    {choice("download-mask", "mask", &MASKS)}
                </Field>
                <div class="row">
                    <Button kind="submit" variant=ButtonVariant::Primary>"Download"</Button>
                </div>
            </form>
        </Dialog>
    }
}

fn choice(id: &'static str, name: &'static str, choices: Choices) -> impl IntoView {
    let option = |(value, words): &(&'static str, &'static str)| view! { <option value=*value>{*words}</option> };
    view! {
        <select id=id name=name aria-describedby=described_by(id)>
            {choices.iter().map(option).collect_view()}
        </select>
    }
}
