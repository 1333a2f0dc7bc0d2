//! Sending a file by `XMLHttpRequest`, the one browser API that tells how far an upload is.

use anneal_server::types::error::AppError;
use leptos::prelude::*;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{FormData, ProgressEvent, XmlHttpRequest};

/// The server's answer to `POST /upload`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct UploadAnswer {
    /// Where the records go.
    pub dataset_id: String,
    /// The jobs that read the files, in their order.
    pub job_ids: Vec<String>,
}

/// What an upload may be answered.
pub trait Answer: DeserializeOwned + Clone + Send + Sync + 'static {}

impl<A: DeserializeOwned + Clone + Send + Sync + 'static> Answer for A {}

/// Where an upload stands.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum UploadState<A> {
    /// Nothing was sent, or the user cancelled.
    #[default]
    Idle,
    /// On its way; percent where the browser knows it. At 100 the server works on it.
    Sending(Option<f64>),
    /// Refused or lost.
    Failed(AppError),
    /// Arrived.
    Done(A),
}

/// One form's upload: its state, and the request while there is one. `Copy`, for the form's handlers.
pub struct Upload<A: Answer> {
    path: &'static str,
    state: RwSignal<UploadState<A>>,
    /// Set by `start`, in the browser only; kept because the closures must outlive the call.
    request: StoredValue<Option<StoredValue<Request, LocalStorage>>>,
}

#[expect(clippy::expl_impl_clone_on_copy, reason = "derived, it would ask the answer to be `Copy`")]
impl<A: Answer> Clone for Upload<A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A: Answer> Copy for Upload<A> {}

struct Request {
    xhr: XmlHttpRequest,
    _on_progress: Closure<dyn Fn(ProgressEvent)>,
    _on_end: Closure<dyn Fn()>,
}

impl<A: Answer> Upload<A> {
    /// Nothing sent yet; it will go to this path.
    pub fn new(path: &'static str) -> Self {
        Self { path, state: RwSignal::new(UploadState::Idle), request: StoredValue::new(None) }
    }

    /// Where it stands.
    pub fn state(self) -> Signal<UploadState<A>> {
        self.state.into()
    }

    /// Shows an error that was found before sending.
    pub fn fail(self, error: AppError) {
        self.state.set(UploadState::Failed(error));
    }

    /// Stops it; the server forgets what it got.
    pub fn cancel(self) {
        if let Some(request) = self.request.try_update_value(Option::take).flatten() {
            request.try_with_value(|request| {
                request.xhr.set_onloadend(None);
                // Fails only if the request is over.
                let _ = request.xhr.abort();
            });
            request.dispose();
        }
        self.state.try_set(UploadState::Idle);
    }

    /// Sends the form; gives up one that is on its way.
    pub fn send(self, form: &FormData) {
        self.cancel();
        self.state.set(UploadState::Sending(None));
        if self.start(form).is_err() {
            self.fail(AppError::unreachable());
        }
    }

    fn start(self, form: &FormData) -> Result<(), wasm_bindgen::JsValue> {
        let xhr = XmlHttpRequest::new()?;
        xhr.open("POST", self.path)?;
        xhr.set_request_header("Accept", "application/json")?;
        let on_progress = Closure::<dyn Fn(ProgressEvent)>::new(move |event: ProgressEvent| {
            let percent = event.length_computable().then(|| event.loaded() / event.total().max(1.0) * 100.0);
            self.state.try_set(UploadState::Sending(percent));
        });
        let answered = xhr.clone();
        let on_end = Closure::<dyn Fn()>::new(move || {
            let status = answered.status().unwrap_or(0);
            let text = answered.response_text().ok().flatten().unwrap_or_default();
            self.state.try_set(match read_answer(status, &text) {
                Ok(answer) => UploadState::Done(answer),
                Err(error) => UploadState::Failed(error),
            });
        });
        xhr.upload()?.set_onprogress(Some(on_progress.as_ref().unchecked_ref()));
        xhr.set_onloadend(Some(on_end.as_ref().unchecked_ref()));
        xhr.send_with_opt_form_data(Some(form))?;
        self.request.set_value(Some(StoredValue::new_local(Request {
            xhr,
            _on_progress: on_progress,
            _on_end: on_end,
        })));
        Ok(())
    }
}

/// What an answer means; status 0 is a connection that broke.
fn read_answer<A: Answer>(status: u16, text: &str) -> Result<A, AppError> {
    match status {
        0 => {
            let message = "The connection broke while the file was being sent, so nothing was imported. Check that the server is still running, then send the file again.";
            Err(AppError::Unreachable { message: message.to_owned() })
        }
        200..300 => serde_json::from_str(text).map_err(|_| AppError::unreadable_answer()),
        _ => Err(serde_json::from_str(text).unwrap_or_else(|_| AppError::unreadable_answer())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read() {
        let answer = read_answer(200, r#"{"dataset_id":"d","job_id":"j","job_ids":["j","k"]}"#);
        assert_eq!(
            answer,
            Ok(UploadAnswer { dataset_id: "d".to_owned(), job_ids: vec!["j".to_owned(), "k".to_owned()] })
        );
        let error = read_answer::<UploadAnswer>(413, r#"{"error":"too_large","message":"At most 1 GiB."}"#);
        assert_eq!(error, Err(AppError::TooLarge { message: "At most 1 GiB.".to_owned() }));
        for (status, text) in [(0, ""), (502, "<html>"), (200, "{}")] {
            assert!(
                matches!(read_answer::<UploadAnswer>(status, text), Err(AppError::Unreachable { .. })),
                "{status} {text}"
            );
        }
    }
}
