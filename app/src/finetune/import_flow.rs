//! Looking at data before it is imported: each file goes to `POST /upload/preview` and waits on the server under a token,
//! by which it is imported once the user has seen what is in it.

use anneal_server::api::forget_uploads;
use anneal_server::types::error::AppError;
use anneal_server::types::import::{CsvMapping, UploadPreview};
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsValue;
use web_sys::FormData;

use super::upload::{Upload, UploadAnswer, UploadState};

/// A file that was looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// What the server found in it.
    pub file: UploadPreview,
    /// What the user said its columns are, if anything.
    pub mapping: Option<CsvMapping>,
}

/// One form's way from chosen files to an import. `Copy`, for the handlers.
#[derive(Clone, Copy)]
pub struct ImportFlow {
    /// The form's element.
    pub form: NodeRef<html::Form>,
    /// Its file input.
    pub files: NodeRef<html::Input>,
    /// Its pasted text.
    pub text: RwSignal<String>,
    /// Whether what was found is shown.
    pub is_shown: RwSignal<bool>,
    looking: Upload<UploadPreview>,
    importing: Upload<UploadAnswer>,
    seen: RwSignal<Vec<Seen>>,
    wanted: RwSignal<u32>,
    /// The file that is being looked at, where there are several.
    looked_at: RwSignal<Option<String>>,
    /// What `seen` was made of, so that the same choice is neither sent nor mapped twice.
    choice: StoredValue<Option<String>>,
    /// The file whose new columns are being looked at, and those that wait for it, by their tokens.
    mapped: StoredValue<Option<String>>,
    to_map: StoredValue<Vec<String>>,
    /// The dataset that it goes into, whose rules decide what is valid.
    dataset_id: StoredValue<Option<String>>,
}

impl ImportFlow {
    /// Nothing chosen yet.
    pub fn new(dataset_id: Option<String>) -> Self {
        Self {
            form: NodeRef::new(),
            files: NodeRef::new(),
            text: RwSignal::new(String::new()),
            is_shown: RwSignal::new(false),
            looking: Upload::new("/upload/preview"),
            importing: Upload::new("/upload"),
            seen: RwSignal::new(Vec::new()),
            wanted: RwSignal::new(0),
            looked_at: RwSignal::new(None),
            choice: StoredValue::new(None),
            mapped: StoredValue::new(None),
            to_map: StoredValue::new(Vec::new()),
            dataset_id: StoredValue::new(dataset_id),
        }
    }

    /// How far the looking is.
    pub fn looking(self) -> Signal<UploadState<UploadPreview>> {
        self.looking.state()
    }

    /// How far the import is.
    pub fn importing(self) -> Signal<UploadState<UploadAnswer>> {
        self.importing.state()
    }

    /// What was looked at, in the files' order.
    pub fn seen(self) -> Signal<Vec<Seen>> {
        self.seen.into()
    }

    /// How many files are to be looked at; 1 for pasted text.
    pub fn wanted(self) -> Signal<u32> {
        self.wanted.into()
    }

    /// The name of the file that is (or could not be) looked at; `None` where it goes without saying, or where all are meant.
    pub fn looked_at(self) -> Signal<Option<String>> {
        self.looked_at.into()
    }

    /// Shows an error that was found before sending.
    pub fn fail(self, error: AppError) {
        self.looked_at.set(None);
        self.looking.fail(error);
    }

    /// Looks at all that was chosen; what was looked at already is shown again as it was left.
    pub fn begin(self) {
        self.importing.cancel();
        let choice = self.chosen();
        let wanted = self.wanted.get_untracked();
        let is_whole = self.seen.with_untracked(|seen| u32::try_from(seen.len()) == Ok(wanted));
        if is_whole && wanted > 0 && self.choice.read_value().as_ref() == Some(&choice) {
            self.is_shown.set(true);
            return;
        }
        self.forget();
        self.choice.set_value(Some(choice));
        let files = self.files.get_untracked().and_then(|input| input.files()).map_or(0, |files| files.length());
        self.wanted.set(files.max(1));
        self.look_at(0);
    }

    /// The chosen files by name, size and time, or the pasted text.
    fn chosen(self) -> String {
        let files = self.files.get_untracked().and_then(|input| input.files());
        let files = files.iter().flat_map(|files| (0..files.length()).filter_map(|index| files.get(index)));
        let words: Vec<_> =
            files.map(|file| format!("{}/{}/{}", file.name(), file.size(), file.last_modified())).collect();
        if words.is_empty() { self.text.get_untracked() } else { words.join("\n") }
    }

    /// Forgets what was looked at, here and on the server. (What the server cannot be told now, it forgets in an hour.)
    fn forget(self) {
        self.to_map.set_value(Vec::new());
        self.choice.set_value(None);
        let upload_tokens: Vec<_> =
            self.seen.read_untracked().iter().map(|seen| seen.file.upload_token.clone()).collect();
        self.seen.set(Vec::new());
        forget_on_server(upload_tokens);
    }

    /// Leaves out one of several files.
    pub fn leave_out(self, token: &str) {
        let Some(at) = self.place_of(token) else { return };
        self.seen.update(|seen| drop(seen.remove(at)));
        self.wanted.update(|wanted| *wanted = wanted.saturating_sub(1));
        if let Some(input) = self.files.get_untracked() {
            take_out(&input, u32::try_from(at).unwrap_or(u32::MAX));
        }
        self.choice.set_value(Some(self.chosen()));
        forget_on_server(vec![token.to_owned()]);
    }

    fn place_of(self, token: &str) -> Option<usize> {
        self.seen.with_untracked(|seen| seen.iter().position(|seen| seen.file.upload_token == token))
    }

    /// Takes an answer in; run in an effect on [`Self::looking`].
    pub fn follow(self) {
        let UploadState::Done(file) = self.looking.state().get() else { return };
        let known = self.seen.with_untracked(|seen| seen.iter().position(|seen| same(&seen.file, &file)));
        self.seen.update(|seen| match known.and_then(|at| seen.get_mut(at)) {
            Some(seen) => seen.file = file,
            None => seen.push(Seen { file, mapping: None }),
        });
        self.looking.cancel();
        if let Some(token) = self.to_map.try_update_value(Vec::pop).flatten() {
            queue_microtask(move || self.look_again(token));
            return;
        }
        let next = u32::try_from(self.seen.with_untracked(Vec::len)).unwrap_or(u32::MAX);
        if next < self.wanted.get_untracked() {
            // Not within the effect: what it makes dies when it runs again.
            queue_microtask(move || self.look_at(next));
        } else {
            self.is_shown.set(true);
        }
    }

    /// Gives up what is being looked at; what was looked at stays chosen. An import that was asked for goes on: the server
    /// does it whole, whoever waits for its answer.
    pub fn back(self) {
        self.looking.cancel();
        if let UploadState::Failed(AppError::Invalid { field: Some(field), .. }) =
            self.importing.state().get_untracked()
            && field == "upload_token"
        {
            // Gone from the server: the files have to be sent anew.
            self.choice.set_value(None);
        }
        if !self.is_importing() {
            self.importing.cancel();
        }
        self.is_shown.try_set(false);
    }

    /// The form goes.
    pub fn leave(self) {
        let keeps = self.is_importing();
        self.looking.cancel();
        self.importing.cancel();
        if !keeps {
            self.forget();
        }
    }

    fn is_importing(self) -> bool {
        matches!(self.importing.state().get_untracked(), UploadState::Sending(_) | UploadState::Done(_))
    }

    /// Says what a CSV file's columns are (`None`: as their names say), and looks at it again: at once, or once another file
    /// was looked at.
    pub fn map(self, token: &str, mapping: Option<CsvMapping>) {
        let Some(at) = self.place_of(token) else { return };
        self.seen.update(|seen| {
            if let Some(seen) = seen.get_mut(at) {
                seen.mapping = mapping;
            }
        });
        let is_looking = matches!(self.looking.state().get_untracked(), UploadState::Sending(_));
        if is_looking && self.mapped.read_value().as_deref() != Some(token) {
            self.to_map.update_value(|waiting| {
                waiting.retain(|other| other != token);
                waiting.push(token.to_owned());
            });
        } else {
            self.look_again(token.to_owned());
        }
    }

    fn look_again(self, token: String) {
        let seen = self.place_of(&token).and_then(|at| self.seen.with_untracked(|seen| seen.get(at).cloned()));
        let Some(seen) = seen else { return };
        send(self.looking, || {
            let form = self.empty_form()?;
            append_token(&form, &token, seen.mapping.as_ref())?;
            Ok(form)
        });
        self.mapped.set_value(Some(token));
    }

    /// Imports what was looked at.
    pub fn confirm(self) {
        let Some(form) = self.form.get_untracked() else { return };
        send(self.importing, || {
            let form = FormData::new_with_form(&form)?;
            // They are there already.
            form.delete("file");
            form.delete("text");
            self.seen.with_untracked(|seen| {
                seen.iter().try_for_each(|seen| append_token(&form, &seen.file.upload_token, seen.mapping.as_ref()))
            })?;
            Ok(form)
        });
    }

    fn look_at(self, index: u32) {
        let file = self.files.get_untracked().and_then(|input| input.files()).and_then(|files| files.get(index));
        let is_one_of_several = self.wanted.get_untracked() > 1;
        self.looked_at.set(file.as_ref().filter(|_| is_one_of_several).map(web_sys::File::name));
        send(self.looking, || {
            let form = self.empty_form()?;
            match file {
                Some(file) => form.append_with_blob_and_filename("file", &file, &file.name())?,
                None => form.append_with_str("text", &self.text.read_untracked())?,
            }
            Ok(form)
        });
    }

    fn empty_form(self) -> Result<FormData, JsValue> {
        let form = FormData::new()?;
        if let Some(id) = self.dataset_id.get_value() {
            form.append_with_str("dataset_id", &id)?;
        }
        Ok(form)
    }
}

/// Takes one file out of those that were chosen.
pub fn take_out(input: &web_sys::HtmlInputElement, at: u32) {
    let (Some(files), Ok(kept)) = (input.files(), web_sys::DataTransfer::new()) else { return };
    for index in (0..files.length()).filter(|index| *index != at) {
        if let Some(file) = files.get(index) {
            // Fails only while something is being dragged.
            let _ = kept.items().add_with_file(&file);
        }
    }
    input.set_files(kept.files().as_ref());
    if let Ok(event) = web_sys::Event::new("change") {
        let _ = input.dispatch_event(&event);
    }
}

fn forget_on_server(upload_tokens: Vec<String>) {
    if !upload_tokens.is_empty() {
        // Nothing to tell the user: the server forgets them by itself in an hour.
        spawn_local(async move { drop(forget_uploads(upload_tokens).await) });
    }
}

fn same(one: &UploadPreview, other: &UploadPreview) -> bool {
    one.upload_token == other.upload_token
}

fn send<A: super::upload::Answer>(upload: Upload<A>, form: impl FnOnce() -> Result<FormData, JsValue>) {
    match form() {
        Ok(form) => upload.send(&form),
        Err(_) => upload.fail(AppError::unreachable()),
    }
}

/// A mapping belongs to the token before it.
fn append_token(form: &FormData, token: &str, mapping: Option<&CsvMapping>) -> Result<(), JsValue> {
    form.append_with_str("upload_token", token)?;
    match mapping.map(serde_json::to_string) {
        Some(Ok(json)) => form.append_with_str("csv_mapping", &json),
        _ => Ok(()),
    }
}
