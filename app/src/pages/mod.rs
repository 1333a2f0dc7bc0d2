//! One file per route; the route table is in the crate's root.

mod dataset_list_query;
mod dataset_row;
mod dataset_settings;
mod datasets;
mod finetune_dataset;
mod new_dataset;
mod not_found;
mod settings;

pub use dataset_settings::DatasetSettingsPage;
pub use datasets::DatasetsPage;
pub use finetune_dataset::FinetuneDatasetPage;
pub use new_dataset::NewDatasetPage;
pub use not_found::NotFoundPage;
pub use settings::{SettingsPage, models_list};
