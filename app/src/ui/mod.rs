//! Components without a word of the domain. Each is a thin, accessible wrapper around the native
//! element that already does most of it (`dialog`, `details`, `progress`), so that the pages read and
//! their forms submit without JavaScript too. Their looks are in `style/ui.css`, one BEM block each.

mod badge;
mod button;
mod card;
mod code_editor;
mod confirm;
mod copy_text;
mod dialog;
mod error_view;
mod field;
mod field_errors;
mod icon;
mod leave_guard;
mod loaded;
mod memo;
mod menu;
mod path_and_query;
mod progress;
mod refused_form;
mod relative_time;
mod select;
mod tabs;
mod text_input;
mod toast;
mod user_text;
mod virtual_list;

pub use badge::{Badge, Tone};
pub use button::{Button, ButtonVariant};
pub use card::{Card, Disclosure, EmptyState, Stat};
pub use code_editor::{CodeEditor, CodeLanguage, CodePlace, Completion, Problem};
pub use confirm::{ConfirmDialog, Question};
pub use copy_text::CopyText;
pub use dialog::{Dialog, DialogSize};
pub use error_view::ErrorView;
pub use field::{Field, described_by};
pub use field_errors::{error_at, error_elsewhere};
pub use icon::{Icon, IconName};
pub use leave_guard::{LeaveGuard, UnsavedSign, provide_leave_guards, use_unsaved};
#[cfg(feature = "ssr")]
pub use loaded::PageAnswers;
pub use loaded::{Loaded, load};
pub use memo::memo;
pub use menu::{Menu, MenuButton, MenuLink, MenuSeparator};
pub use progress::{Progress, Spinner};
pub use refused_form::{RefusedForm, refused_form};
pub use relative_time::{RelativeTime, provide_clock};
pub use select::Select;
pub use tabs::{TabPanel, Tabs};
pub use text_input::TextInput;
pub use toast::{Toaster, Toasts, provide_toaster, use_toaster};
pub use user_text::{Sentence, UserText, visible};
pub use virtual_list::{ListView, ListWindow};
