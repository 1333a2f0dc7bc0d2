//! Looking at data before it is imported: each file goes to `POST /upload/preview` and waits on the server under a token,
//! by which it is imported once the user has seen what is in it.

use anneal_server::types::error::AppError;
use anneal_server::types::import::{CsvMapping, UploadPreview};
use leptos::html;
use leptos::prelude::*;
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

    /// Shows an error that was found before sending.
    pub fn fail(self, error: AppError) {
        self.looking.fail(error);
    }

    /// Looks at all that was chosen.
    pub fn begin(self) {
        self.importing.cancel();
        self.seen.set(Vec::new());
        let files = self.files.get_untracked().and_then(|input| input.files()).map_or(0, |files| files.length());
        self.wanted.set(files.max(1));
        self.look_at(0);
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
        let next = u32::try_from(self.seen.with_untracked(Vec::len)).unwrap_or(u32::MAX);
        if next < self.wanted.get_untracked() {
            // Not within the effect: what it makes dies when it runs again.
            queue_microtask(move || self.look_at(next));
        } else {
            self.is_shown.set(true);
        }
    }

    /// Gives up what is on its way; what was looked at stays chosen.
    pub fn back(self) {
        self.looking.cancel();
        self.importing.cancel();
        self.is_shown.try_set(false);
    }

    /// Says what a CSV file's columns are, and looks at it again.
    pub fn map(self, at: usize, mapping: CsvMapping) {
        let token = self.seen.try_update(|seen| {
            let seen = seen.get_mut(at)?;
            seen.mapping = Some(mapping.clone());
            Some(seen.file.upload_token.clone())
        });
        if let Some(token) = token.flatten() {
            send(self.looking, || {
                let form = self.empty_form()?;
                append_token(&form, &token, Some(&mapping))?;
                Ok(form)
            });
        }
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
