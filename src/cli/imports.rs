//! `anneal imports`: the list, and the undo of one as a whole.

use std::process::ExitCode;

use anneal_server::datasets::{self, undo_import};
use anneal_server::state::AppState;
use anneal_server::types::import::{ImportReport, ImportUndo};
use anneal_server::types::job::JobState;

use super::commands::{ended_well, find};
use super::options::ImportsOptions;
use super::{CliError, output, work_off};

/// Undoes or brings back the one that is named, then lists all.
pub(super) async fn imports(state: &AppState, options: ImportsOptions) -> Result<ExitCode, CliError> {
    let dataset = find(state, &options.dataset).await?;
    let json = options.output.json;
    if let Some(wanted) = &options.undo {
        let import = named(state, &dataset.id, wanted, ImportUndo::CanUndo).await?;
        let job_id = undo_import::undo(state, &dataset.id, &import).await?;
        ended_well(&work_off(state, &job_id, json).await?)?;
    }
    if let Some(wanted) = &options.bring_back {
        let import = named(state, &dataset.id, wanted, ImportUndo::CanBringBack).await?;
        let job_id = undo_import::redo(state, &dataset.id, &import).await?;
        ended_well(&work_off(state, &job_id, json).await?)?;
    }
    let imports = datasets::overview(state, &dataset.id).await?.imports;
    if json {
        output::json(&imports)?;
    } else {
        for import in &imports {
            output::line(&line_of(import));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The id, or the newest import of which that can be asked. (Whether it can is the service's to say.)
async fn named(state: &AppState, dataset_id: &str, wanted: &str, can: ImportUndo) -> Result<String, CliError> {
    if wanted != "last" {
        return Ok(wanted.to_owned());
    }
    let imports = datasets::overview(state, dataset_id).await?.imports;
    let found = imports.into_iter().find(|import| import.undo == can);
    found.map(|import| import.id).ok_or_else(|| {
        CliError::Message("there is no such import; `anneal imports DATASET` lists what can be undone.".to_owned())
    })
}

fn line_of(import: &ImportReport) -> String {
    let undo = match import.undo {
        ImportUndo::CanUndo => "can be undone",
        ImportUndo::CanBringBack => "undone, can be brought back",
        ImportUndo::Undone => "undone",
        ImportUndo::TooLate => "cannot be undone: an import came since",
        ImportUndo::NotYet => "not ended",
        ImportUndo::Nothing => "brought nothing",
        ImportUndo::Gone => "replaced or deleted since",
    };
    let state = match import.state {
        JobState::Queued => "waits",
        JobState::Running => "goes on",
        JobState::Succeeded => "read whole",
        JobState::Failed => "failed",
        JobState::Cancelled => "cancelled before its end",
    };
    format!(
        "{}  {}  {}  {}  {state}, {undo}",
        import.id,
        anneal_server::format::utc(import.created_at),
        anneal_server::format::counted(import.records, "record"),
        import.file_name
    )
}
