//! What was found in the files, shown before they are imported.

use anneal_server::format;
use anneal_server::types::import::{
    ImportFormat, ImportPreview, PreviewConversation, PreviewMessage, SkipReason, UploadPreview,
};
use leptos::prelude::*;

use super::import_columns::Columns;
use super::import_flow::{ImportFlow, Seen};
use super::upload::UploadState;
use crate::records::LongText;
use crate::ui::{Button, ButtonVariant, Dialog, DialogSize, Disclosure, ErrorView, Progress, memo, visible};

/// The dialog between choosing and importing.
#[component]
pub fn ImportPreviewDialog(
    /// What is shown and what becomes of it.
    flow: ImportFlow,
    /// Whether confirming destroys what was there.
    replaces: bool,
) -> impl IntoView {
    let (variant, words) = if replaces {
        (ButtonVariant::Danger, "Replace the records")
    } else {
        (ButtonVariant::Primary, "Import these records")
    };
    let tokens =
        memo(move || flow.seen().with(|all| all.iter().map(|seen| seen.file.upload_token.clone()).collect::<Vec<_>>()));
    let obstacle = memo(move || flow.seen().with(|all| all.iter().find_map(obstacle)));
    let warning = memo(move || replaces && flow.seen().with(|all| replaces_by_nothing(all)));
    let is_busy = memo(move || {
        matches!(flow.looking().get(), UploadState::Sending(_))
            || matches!(flow.importing().get(), UploadState::Sending(_) | UploadState::Done(_))
    });
    let error = memo(move || match (flow.looking().get(), flow.importing().get()) {
        (UploadState::Failed(error), _) | (_, UploadState::Failed(error)) => Some(error),
        _ => None,
    });
    view! {
        <Dialog open=flow.is_shown on_close=move |()| flow.back() title="Before it is imported" size=DialogSize::Large>
            <div class="import-preview">
                <For each=move || tokens.get() key=String::clone children=move |token| view! { <SeenFile flow token/> }/>
            </div>
            <div class="upload-form__state" aria-live="polite">
                {move || is_busy.get().then(|| view! { <Progress percent=Signal::stored(None) label="One moment…"/> })}
                {move || error.get().map(|error| view! { <ErrorView error/> })}
            </div>
            <div class="dialog__actions dialog__actions--stay">
                <p class="dialog__why" role="status">
                    {move || obstacle.get().or_else(|| warning.get().then(|| REPLACED_BY_NOTHING.to_owned()))}
                </p>
                <Button on:click=move |_| flow.back()>"Back"</Button>
                <Button
                    variant
                    busy=is_busy
                    disabled=Signal::derive(move || obstacle.with(Option::is_some))
                    on:click=move |_| flow.confirm()
                >
                    {words}
                </Button>
            </div>
        </Dialog>
    }
}

const REPLACED_BY_NOTHING: &str = "None of these records can be used. Replaced by them, the dataset has nothing to work with, and the records there are now are gone.";

/// Why the import could not succeed with this file.
fn obstacle(seen: &Seen) -> Option<String> {
    let preview = &seen.file.preview;
    let name = visible(&seen.file.file_name);
    if !is_mapped(preview) {
        return Some(format!("Say first what the columns of {name} are, or leave it out."));
    }
    let is_empty = preview.records == 0 && preview.is_complete;
    is_empty.then(|| format!("{name} holds no record. Leave it out, or go back and choose another file."))
}

/// Whether it is known what the columns are; before that, nothing can be said of the records.
fn is_mapped(preview: &ImportPreview) -> bool {
    preview.csv.as_ref().is_none_or(|csv| csv.mapping_problem.is_none())
}

/// Whether all was looked at and no record of it is valid.
fn replaces_by_nothing(all: &[Seen]) -> bool {
    !all.is_empty() && all.iter().all(|seen| seen.file.preview.is_complete && seen.file.preview.valid == 0)
}

#[component]
fn SeenFile(flow: ImportFlow, token: String) -> impl IntoView {
    let heading = format!("import-preview-{token}");
    let token = StoredValue::new(token);
    let of_token = move |all: &[Seen]| all.iter().find(|seen| seen.file.upload_token == *token.read_value()).cloned();
    let seen = memo(move || flow.seen().with(|all| of_token(all)));
    let preview = memo(move || seen.get().map(|seen| seen.file.preview));
    let is_one_of_several = memo(move || flow.seen().with(|all| all.len() > 1));
    let heading_id = heading.clone();
    let first = seen.get_untracked();
    let about = first.as_ref().map(|seen| about(&seen.file));
    let name = first.as_ref().map(|seen| visible(&seen.file.file_name).into_owned());
    let leave_out = format!("Leave out {}", name.clone().unwrap_or_default());
    let is_csv = first.is_some_and(|seen| seen.file.preview.csv.is_some());
    view! {
        <section class="import-preview__file" aria-labelledby=heading>
            <div class="import-preview__head">
                <h3 class="import-preview__name" id=heading_id>{name}</h3>
                <Show when=move || is_one_of_several.get()>
                    <Button
                        variant=ButtonVariant::Ghost
                        small=true
                        attr:aria-label=leave_out.clone()
                        on:click=move |_| token.with_value(|token| flow.leave_out(token))
                    >
                        "Leave out"
                    </Button>
                </Show>
            </div>
            <p class="muted">{about}</p>
            <p aria-live="polite">{move || preview.get().filter(is_mapped).map(|preview| told(&preview))}</p>
            {move || preview.get().and_then(|preview| preview.error).map(|error| view! { <p role="alert" class="import-preview__error">{error}</p> })}
            {is_csv.then(|| view! { <Columns flow token seen/> })}
            {move || preview.get().filter(is_mapped).map(pattern_view)}
            {move || preview.get().filter(is_mapped).map(problems)}
            {move || preview.get().map(|preview| conversations(preview.conversations))}
        </section>
    }
}

/// "CSV, gzip, 8 KB".
fn about(file: &UploadPreview) -> String {
    let compression = file.preview.compression.map(|compression| format!(", {}", compression.label()));
    let container = file.preview.container.label();
    format!("{container}{}, {}", compression.unwrap_or_default(), format::bytes(file.bytes))
}

/// "The first 200 records (150 chat, 50 CSV): 198 valid. Duplicates are found by the import."
fn told(preview: &ImportPreview) -> String {
    let records = format::counted(preview.records, "record");
    let records = if preview.is_complete { records } else { format!("The first {records}") };
    let formats = preview.formats.in_words(ImportFormat::label);
    let formats = if formats.is_empty() { formats } else { format!(" ({formats})") };
    let valid = format::count(preview.valid);
    let skipped = preview.skipped.in_words(SkipReason::label);
    let skipped = if skipped.is_empty() { skipped } else { format!(" Passed over: {skipped}.") };
    format!("{records}{formats}: {valid} valid. Duplicates are found by the import.{skipped}")
}

/// What the records have in common, where they have anything.
fn pattern_view(preview: ImportPreview) -> impl IntoView {
    let lines = pattern_lines(&preview);
    let start = preview.pattern.system_prompt.map(|prompt| prompt.start);
    (!lines.is_empty()).then(|| {
        view! {
            <h4>"Detected pattern"</h4>
            <ul class="bullets">{lines.into_iter().map(|line| view! { <li>{line}</li> }).collect_view()}</ul>
            {start.map(|text| view! { <LongText text glance=true/> })}
        }
    })
}

/// "180 of 200 records begin with the same system prompt", "12 tools: find_order, …", "150 have more than one user message".
fn pattern_lines(preview: &ImportPreview) -> Vec<String> {
    let pattern = &preview.pattern;
    let of_all = |count: i64| match preview.records {
        all if all == count => format!("All {}", format::counted(all, "record")),
        all => format!("{} of {}", format::count(count), format::counted(all, "record")),
    };
    let prompt = pattern.system_prompt.as_ref().map(|prompt| {
        let others = pattern.different_prompts - 1;
        let others = if others > 0 { format!(" ({} others occur)", format::count(others)) } else { String::new() };
        format!("{} begin with the same system prompt{others}:", of_all(prompt.records))
    });
    let tools = (pattern.tools_total > 0).then(|| {
        let names: Vec<_> = pattern.tools.iter().take(8).map(|tool| visible(&tool.name).into_owned()).collect();
        let more = if pattern.tools_total > 8 { ", …" } else { "" };
        format!("{}: {}{more}", format::counted(pattern.tools_total, "tool"), names.join(", "))
    });
    let turns =
        (pattern.multi_turn > 0).then(|| format!("{} have more than one user message", of_all(pattern.multi_turn)));
    // The prompt's own words follow the list.
    [tools, turns, prompt].into_iter().flatten().collect()
}

fn problems(preview: ImportPreview) -> impl IntoView {
    let left_out = preview.problems_total - i64::try_from(preview.problems.len()).unwrap_or(0);
    (preview.problems_total > 0).then(|| {
        let summary = format!("{} with a problem", format::counted(preview.problems_total, "record"));
        view! {
            <Disclosure summary=Signal::stored(summary)>
                <p class="muted">"They are imported too, as invalid ones that can be mended."</p>
                <ul class="import-preview__problems">
                    {preview.problems.into_iter().map(|problem| view! { <li>{format!("Line {}: {}", format::count(problem.line), visible(&problem.message))}</li> }).collect_view()}
                </ul>
                {(left_out > 0).then(|| format!("… and {} more", format::count(left_out)))}
            </Disclosure>
        }
    })
}

fn conversations(conversations: Vec<PreviewConversation>) -> impl IntoView {
    (!conversations.is_empty()).then(|| {
        let shown = |(at, conversation)| conversation_view(at == 0, conversation);
        view! {
            <h4>"The first conversations"</h4>
            {conversations.into_iter().enumerate().map(shown).collect_view()}
        }
    })
}

fn conversation_view(open: bool, conversation: PreviewConversation) -> impl IntoView {
    let summary = summary_of(&conversation);
    let about = [
        Some(conversation.format.label().to_owned()),
        conversation.topic.map(|topic| format!("topic {topic}")),
        (!conversation.tools.is_empty()).then(|| format!("tools {}", conversation.tools.join(", "))),
    ];
    let about = about.into_iter().flatten().collect::<Vec<_>>().join(" · ");
    let more = (conversation.messages_left_out > 0)
        .then(|| format!("… and {} more", format::counted(conversation.messages_left_out, "message")));
    view! {
        <Disclosure summary=Signal::stored(summary) open>
            <p class="muted small import-preview__about">{about}</p>
            <div class="conversation">
                {conversation.messages.into_iter().map(message_view).collect_view()}
                {more.map(|words| view! { <p class="muted">{words}</p> })}
            </div>
        </Disclosure>
    }
}

/// "Line 3: Where is my order?": the user's last words, by which one knows one's own data.
fn summary_of(conversation: &PreviewConversation) -> String {
    let said = conversation.messages.iter().rfind(|message| message.role == "user" && !message.text.trim().is_empty());
    let line = format::count(conversation.line);
    let Some(words) = said.map(|message| message.text.trim()) else { return format!("Line {line}") };
    let start: String = words.chars().take(SUMMARY_CHARS).collect();
    let more = if start.len() < words.len() { "…" } else { "" };
    format!("Line {line}: {start}{more}")
}

/// About as much as one line holds.
const SUMMARY_CHARS: usize = 90;

fn message_view(message: PreviewMessage) -> impl IntoView {
    let class = match message.role.as_str() {
        "user" => "message message--user",
        "assistant" => "message message--assistant",
        "tool" => "message message--tool",
        "system" | "developer" => "message message--system",
        _ => "message message--odd",
    };
    let text = if message.is_cut { format!("{}…", message.text) } else { message.text };
    let calls = (!message.tool_calls.is_empty()).then(|| format!("→ calls {}", message.tool_calls.join(", ")));
    view! {
        <div class=class>
            <p class="message__role">
                <strong>{message.role}</strong>
                <span class="muted">{message.is_answer.then_some(" · recorded answer")}</span>
            </p>
            {(!text.is_empty()).then(|| view! { <LongText text glance=true/> })}
            {calls.map(|calls| view! { <p>{calls}</p> })}
        </div>
    }
}

#[cfg(test)]
mod tests {
    use anneal_server::types::import::{CommonPrompt, Counts, DetectedPattern, ImportContainer, ToolUse};

    use super::*;

    #[test]
    fn a_preview_is_told_in_words() {
        let preview = ImportPreview {
            compression: None,
            container: ImportContainer::Csv,
            records: 200,
            valid: 198,
            is_complete: false,
            formats: [(ImportFormat::Chat, 150), (ImportFormat::Csv, 50)].into_iter().collect(),
            skipped: Counts::default(),
            conversations: Vec::new(),
            problems: Vec::new(),
            problems_total: 2,
            pattern: DetectedPattern::default(),
            csv: None,
            error: None,
        };
        assert!(pattern_lines(&preview).is_empty());
        let prompt = CommonPrompt { start: "Be kind.".to_owned(), records: 200 };
        let tools = vec![ToolUse { name: "pay".to_owned(), records: 5 }];
        let pattern = DetectedPattern {
            system_prompt: Some(prompt),
            different_prompts: 1,
            tools,
            tools_total: 1,
            multi_turn: 12,
        };
        let lines = pattern_lines(&ImportPreview { pattern, ..preview.clone() });
        let expected = [
            "1 tool: pay",
            "12 of 200 records have more than one user message",
            "All 200 records begin with the same system prompt:",
        ];
        assert_eq!(lines, expected);
        let words = "The first 200 records (150 chat, 50 CSV): 198 valid. Duplicates are found by the import.";
        assert_eq!(told(&preview), words);
    }
}
