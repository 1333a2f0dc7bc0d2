//! The open record's passport: where it came from, what was decided about it and why, what people changed.

use anneal_server::api::{get_passport, get_record_version, restore_record_version};
use anneal_server::format;
use anneal_server::types::TimestampMs;
use anneal_server::types::error::AppError;
use anneal_server::types::passport::{
    ChangeKind, FormerState, PassportScore, PassportSource, RecordChange, RecordLink, RecordPassport,
};
use anneal_server::types::topics::CategorizationMethod;
use anneal_server::types::validation::RecordStatus;
use leptos::prelude::*;

use super::conversation::LongText;
use super::record_table::label_origin;
use super::records_overlay::RecordsState;
use crate::finetune::steps::parts::{ErrorNote, Task, field, score};
use crate::ui::{Button, ErrorView, Loaded, RelativeTime, Sentence, UserText, load};

/// What is loaded for the open record.
pub type LoadedPassport = Loaded<Result<RecordPassport, AppError>>;

/// Loads a record's passport, and again when records change or a dry run ends.
pub fn load_passport(state: RecordsState, id: i64) -> LoadedPassport {
    let revision = field(|o| o.dataset.records_revision);
    let runs = field(|o| o.dry_run.as_ref().map(|run| run.summary.id.clone()));
    load(move || (id, revision.get(), runs.get()), move |(id, ..)| get_passport(state.process.dataset_id(), id))
}

/// The passport, folded until it is asked for; it then stays open for the next records, too.
#[component]
pub fn Passport(state: RecordsState, passport: Result<RecordPassport, AppError>) -> impl IntoView {
    let passport = match passport {
        Ok(passport) => passport,
        Err(error) => return view! { <ErrorView error /> }.into_any(),
    };
    let open = state.passport_open;
    let summary = in_short(&passport);
    view! {
        <details class="passport" prop:open=move || open.get() on:toggle:target=move |event| open.set(event.target().open())>
            <summary class="passport__summary">
                <strong>"Passport"</strong>
                " "
                <span class="muted"><Sentence text=summary /></span>
            </summary>
            <Entries state passport />
        </details>
    }
    .into_any()
}

/// "line 7 of “a.jsonl”, valid, topic “refunds” by hand, 2 scores, 1 change".
fn in_short(passport: &RecordPassport) -> String {
    let mut parts = Vec::new();
    if let Some(PassportSource { file_name, line, .. }) = &passport.source {
        parts.push(match line {
            Some(line) => format!("line {} of “{file_name}”", format::count(*line)),
            None => format!("from “{file_name}”"),
        });
    }
    parts.push(status_word(passport.status).to_owned());
    if let Some(topic) = &passport.topic {
        parts.push(format!("topic “{}”", topic.topic));
    }
    for (count, noun) in [(passport.scores.len(), "score"), (passport.changes.len(), "change")] {
        if count > 0 {
            parts.push(format::counted(i64::try_from(count).unwrap_or(i64::MAX), noun));
        }
    }
    parts.join(", ")
}

fn status_word(status: RecordStatus) -> &'static str {
    match status {
        RecordStatus::Pending => "not checked yet",
        other => other.as_str(),
    }
}

#[component]
fn Entries(state: RecordsState, passport: RecordPassport) -> impl IntoView {
    let RecordPassport { record_id, now, updated_at, .. } = passport;
    view! {
        <dl class="passport__entries">
            <dt>"Origin"</dt>
            <dd>{origin(&passport)} {passport.parent.clone().map(|parent| view! { " Made from " {link(state, parent)} "." })}</dd>
            <dt>"Validation"</dt>
            <dd>{verdict(state, &passport)}</dd>
            <dt>"Topic"</dt>
            <dd>{topic(&passport)}</dd>
            <dt>"Scores"</dt>
            <dd>{scores(passport.scores, now)}</dd>
            <dt>"Changes"</dt>
            <dd><Changes state record_id changes=passport.changes updated_at now /></dd>
        </dl>
    }
}

/// Another record, one click away.
fn link(state: RecordsState, RecordLink { id, preview }: RecordLink) -> impl IntoView {
    let href = untrack(|| state.process.url_with(|query| query.record = Some(id)));
    view! { <a href=href data-noscroll="" title=preview>{format!("record {id}")}</a> }
}

fn origin(passport: &RecordPassport) -> AnyView {
    let (created_at, now) = (passport.created_at, passport.now);
    let generated = passport.is_generated.then_some(" It is synthetic.");
    let Some(PassportSource { file_name, line, imported_at, format, copied }) = passport.source.clone() else {
        return view! { "Stored " <RelativeTime time=created_at now /> ". Its file is not known any more." {generated} }.into_any();
    };
    let line = line.map(|line| format!("Line {} of ", format::count(line)));
    let read_as = format.map(|format| format!(", read as {}", format.label()));
    let copied = copied.then_some(" It came here with a copy of the dataset.");
    view! {
        {line} "“" <UserText text=file_name /> "”" {read_as} ", imported " <RelativeTime time=imported_at now /> "."
        {copied} {generated}
    }
    .into_any()
}

fn verdict(state: RecordsState, passport: &RecordPassport) -> impl IntoView + use<> {
    let broken = passport.findings.len();
    let words = match (passport.status, broken) {
        (RecordStatus::Valid, _) => "Valid: every rule holds.".to_owned(),
        (RecordStatus::Pending, _) => "Not checked yet by the present rules.".to_owned(),
        (RecordStatus::Duplicate, _) => "Kept aside: only its being a duplicate stands against it.".to_owned(),
        (RecordStatus::Invalid, 1) => "Invalid: it breaks one rule.".to_owned(),
        (RecordStatus::Invalid, _) => format!("Invalid: it breaks {broken} rules; the first counts in the report."),
    };
    let findings = passport.findings.clone().into_iter();
    let row = |finding: anneal_server::types::passport::Finding| {
        let details = finding.details.map(|text| view! { ": " <UserText text /> });
        view! { <li><strong>{finding.error.label()}</strong>{details}</li> }
    };
    let kept = passport.duplicate_of.clone();
    let more = passport.duplicates_total - i64::try_from(passport.duplicates.len()).unwrap_or(i64::MAX);
    let copies = (passport.duplicates_total > 0).then(|| {
        let links = passport.duplicates.clone().into_iter().map(|one| view! { {link(state, one)} " " }).collect_view();
        let more = (more > 0).then(|| format!("and {} more", format::count(more)));
        view! { <p>"Kept before " {format::counted(passport.duplicates_total, "duplicate")} ": " {links} {more}</p> }
    });
    view! {
        <p>{words} {kept.map(|kept| view! { " Like " {link(state, kept)} ", which is kept." })}</p>
        {(broken > 0).then(|| view! { <ol class="passport__list">{findings.map(row).collect_view()}</ol> })}
        {copies}
    }
}

fn topic(passport: &RecordPassport) -> impl IntoView + use<> {
    let before = passport.previous_topic.clone().map(|text| view! { " Before: “" <UserText text /> "”." });
    let now = match passport.topic.clone() {
        None => view! { "None." }.into_any(),
        Some(how) => {
            let origin = label_origin(Some(how.method), Some(how.confidence)).unwrap_or_default();
            let review = how.needs_review.then_some(" A person should look at it.");
            let others = (!how.secondary_topics.is_empty())
                .then(|| view! { " Also matched: " <UserText text=how.secondary_topics.join(", ") /> "." });
            view! { "“" <UserText text=how.topic /> "”, " {origin} "." {review} {others} }.into_any()
        }
    };
    view! { {now} {before} }
}

fn scores(scores: Vec<PassportScore>, now: TimestampMs) -> AnyView {
    if scores.is_empty() {
        return view! { "No dry run has sampled it." }.into_any();
    }
    let row = |one: PassportScore| {
        let value = one.score.map_or_else(|| "no score".to_owned(), score);
        let why = one.reasoning.or(one.error).map(|text| view! { <LongText text glance=true /> });
        view! {
            <li>
                <strong>{value}</strong>
                {format!(" by grader version {}, ", one.grader_version)}
                <RelativeTime time=one.run_at now />
                {why}
            </li>
        }
    };
    view! { <ul class="passport__list">{scores.into_iter().map(row).collect_view()}</ul> }.into_any()
}

/// What people changed, newest first, with the way back to each former version.
#[component]
fn Changes(
    state: RecordsState,
    record_id: i64,
    changes: Vec<RecordChange>,
    /// The record as this passport knows it: a version brought back overwrites that and nothing later.
    updated_at: TimestampMs,
    now: TimestampMs,
) -> impl IntoView {
    let task = Task::new();
    // The version that is looked at.
    let shown = RwSignal::new(None::<(i64, String)>);
    let toaster = state.process.toaster();
    let look = move |change_id: i64| {
        if shown.with_untracked(|shown| shown.as_ref().is_some_and(|(id, _)| *id == change_id)) {
            shown.set(None);
            return;
        }
        let work = get_record_version(state.process.dataset_id(), record_id, change_id);
        task.start(work, move |version| shown.set(Some((change_id, version.text))));
    };
    let restore = move |change_id: i64| {
        let work = restore_record_version(state.process.dataset_id(), record_id, change_id, updated_at);
        task.start(work, move |_| {
            toaster.success("The former version is back; the one it replaced is kept here, too.");
            state.reload();
        });
    };
    if changes.is_empty() {
        return view! { "Nobody has changed it." }.into_any();
    }
    let row = move |RecordChange { id, at, what }: RecordChange| {
        let (words, former) = change_words(what);
        let is_shown = move || shown.with(|shown| shown.as_ref().is_some_and(|(shown, _)| *shown == id));
        let text =
            move || shown.with(|shown| shown.as_ref().filter(|(shown, _)| *shown == id).map(|(_, text)| text.clone()));
        let busy = Signal::derive(move || task.busy());
        view! {
            <li>
                <Sentence text=words /> ", " <RelativeTime time=at now />
                {former
                    .map(|former| {
                        view! {
                            <span class="passport__actions">
                                <Button small=true busy attr:aria-expanded=move || is_shown().to_string() on:click=move |_| look(id)>
                                    {move || if is_shown() { "Hide it" } else { "What it was" }}
                                </Button>
                                {(!former.unreadable)
                                    .then(|| view! { <Button small=true busy on:click=move |_| restore(id)>"Bring it back"</Button> })}
                            </span>
                            {move || text().map(|text| view! { <LongText text code=true /> })}
                        }
                    })}
            </li>
        }
    };
    view! {
        <ErrorNote error=task.error() />
        <ul class="passport__list">{changes.into_iter().map(row).collect_view()}</ul>
    }
    .into_any()
}

/// What was done, and what was there before where that is data.
fn change_words(what: ChangeKind) -> (String, Option<FormerState>) {
    let was = |former: &FormerState| match (former.unreadable, former.first_error) {
        (true, _) => "a line that could not be read".to_owned(),
        (false, Some(error)) => format!("{} ({})", status_word(former.status), error.label()),
        (false, None) => status_word(former.status).to_owned(),
    };
    match what {
        ChangeKind::Edit(former) => (format!("Edited; it was {}", was(&former)), Some(former)),
        ChangeKind::Restore(former) => {
            (format!("A former version brought back; it was {}", was(&former)), Some(former))
        }
        ChangeKind::Topic { before: None, .. } => ("Given a topic; it had none".to_owned(), None),
        ChangeKind::Topic { before: Some(topic), method } => {
            let by = method.filter(|method| *method != CategorizationMethod::Manual);
            let by =
                by.and_then(|method| label_origin(Some(method), None)).map_or_else(String::new, |by| format!(", {by}"));
            (format!("Its topic was changed by hand; it was “{topic}”{by}"), None)
        }
    }
}

#[cfg(test)]
mod tests {
    use anneal_server::types::validation::ValidationError;

    use super::*;

    #[test]
    fn a_change_says_what_was_there_before() {
        let former = |status, first_error, unreadable| FormerState { status, first_error, unreadable };
        let topic = |before: Option<&str>, method| ChangeKind::Topic { before: before.map(str::to_owned), method };
        for (what, expected) in [
            (ChangeKind::Edit(former(RecordStatus::Valid, None, false)), "Edited; it was valid"),
            (
                ChangeKind::Edit(former(RecordStatus::Invalid, Some(ValidationError::InvalidRole), false)),
                "Edited; it was invalid (Unknown role)",
            ),
            (
                ChangeKind::Restore(former(RecordStatus::Invalid, None, true)),
                "A former version brought back; it was a line that could not be read",
            ),
            (topic(None, None), "Given a topic; it had none"),
            (
                topic(Some("a"), Some(CategorizationMethod::Keyword)),
                "Its topic was changed by hand; it was “a”, by keyword",
            ),
            (topic(Some("a"), Some(CategorizationMethod::Manual)), "Its topic was changed by hand; it was “a”"),
        ] {
            assert_eq!(change_words(what).0, expected);
        }
    }
}
