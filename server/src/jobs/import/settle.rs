//! The end of an import: what it came to is stored, however often that has to be tried.

use std::time::Duration;

use super::Args;
use crate::clock::now_ms;
use crate::datasets::records::recheck_orphaned_duplicates;
use crate::datasets::{new_id, purge_in_background};
use crate::db;
use crate::db::imports::{Kept, Settled};
use crate::db::records::trash;
use crate::error::ServiceResult;
use crate::jobs::{JobContext, near_duplicates};
use crate::types::import::ImportMode;

/// Pauses between two tries to store an import's end.
const SETTLE_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_SETTLE_PAUSE: Duration = Duration::from_mins(1);

/// Settles, however often that has to be tried (a full disk, say): without it a replacing import's records and those
/// they replace would stand side by side. False if the job was interrupted before.
pub(super) async fn settle(context: &JobContext, args: &Args, settled: Settled) -> bool {
    let mut pause = SETTLE_PAUSE;
    while let Err(error) = settle_once(context, args, settled).await {
        if context.interrupted() {
            return false;
        }
        tracing::error!(%error, "the end of an import could not be stored; it is tried again");
        let message = format!(
            "All is read, but its end cannot be stored and is tried again: {}",
            error.into_app(&context.job_id)
        );
        if let Err(error) = context.say(message).await {
            tracing::warn!(%error, "that could not be told");
        }
        tokio::select! {
            () = context.state.shutdown.cancelled() => return false,
            () = tokio::time::sleep(pause) => {}
        }
        pause = (pause * 2).min(LONGEST_SETTLE_PAUSE);
    }
    true
}

/// What follows the reading: a replacing import replaces or leaves no trace, and an upload is deleted.
async fn settle_once(context: &JobContext, args: &Args, settled: Settled) -> ServiceResult<()> {
    let mut tx = context.begin().await?;
    if args.mode == ImportMode::Replace {
        match settled {
            Settled::Whole => {
                let replaced_up_to = db::imports::begins_after(&mut tx, &args.import_id).await?;
                db::datasets::forget_trash(&mut tx, &context.dataset_id).await?;
                let kept = new_id();
                db::datasets::insert_trash(&mut tx, &kept, &context.dataset_id, now_ms()).await?;
                trash::give_up_to(&mut tx, &context.dataset_id, &kept, replaced_up_to).await?;
                db::imports::set_kept(&mut tx, &args.import_id, Kept::Replaced, &kept).await?;
            }
            Settled::Early => {
                db::records::write::delete_import(&mut tx, &args.import_id).await?;
                db::imports::take_back(&mut tx, &args.import_id).await?;
            }
        }
        // A record edited meanwhile may have become the duplicate of one that is gone now.
        recheck_orphaned_duplicates(&mut tx, &context.dataset_id).await?;
    }
    if settled == Settled::Whole {
        // What an earlier import replaced is kept until the next one, unless this one came together with it.
        let group = args.added_to.as_ref().unwrap_or(&args.import_id);
        db::imports::forget_replaced(&mut tx, &context.dataset_id, group).await?;
    }
    db::imports::set_settled(&mut tx, &args.import_id, settled).await?;
    db::datasets::touch_records(&mut tx, &context.dataset_id).await?;
    near_duplicates::enqueue_if_quick(&context.state, &mut tx, &context.dataset_id, Some(&context.job_id)).await?;
    tx.commit().await?;
    context.state.jobs.wake();
    purge_in_background(&context.state);
    if args.owns_file
        && let Err(error) = tokio::fs::remove_file(&args.path).await
    {
        tracing::warn!(path = %args.path.display(), %error, "an upload that was read could not be deleted");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::Config;
    use crate::db;
    use crate::grader::WorkerCommand;
    use crate::jobs::import::{ImportFile, start};
    use crate::jobs::runner;
    use crate::state::AppState;
    use crate::types::import::ImportMode;
    use crate::types::job::JobState;

    async fn open(dir: &Path) -> AppState {
        let config = Config { data_dir: dir.join("data"), ..Config::default() }.check().unwrap();
        AppState::open(config, WorkerCommand { program: "/nowhere".into(), arguments: Vec::new() }).await.unwrap()
    }

    async fn sql(state: &AppState, statement: &'static str) {
        let mut tx = state.db.begin().await.unwrap();
        sqlx::raw_sql(statement).execute(&mut *tx).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn import(state: &AppState, dataset: &str, path: &Path, text: &str, mode: ImportMode) -> String {
        std::fs::write(path, text).unwrap();
        let file =
            ImportFile { path: path.to_owned(), file_name: "a.jsonl".to_owned(), owns_file: false, csv_mapping: None };
        start(state, dataset, &[file], mode).await.unwrap().remove(0)
    }

    /// Old and new records stand side by side until the end is stored; that it cannot be stored now is no end.
    #[tokio::test]
    async fn the_end_is_tried_again_until_it_is_stored() {
        let dir = tempfile::tempdir().unwrap();
        let state = open(dir.path()).await;
        let runner = tokio::spawn(runner::run(state.clone(), None));
        let path = dir.path().join("a.jsonl");
        let dataset = crate::datasets::create(&state, "d", "").await.unwrap();
        let line =
            |n: usize| format!("{{\"messages\":[{{\"role\":\"user\",\"content\":\"Where is my order {n}?\"}}]}}\n");
        let old = import(&state, &dataset, &path, &(line(1) + &line(2)), ImportMode::Append).await;
        assert_eq!(runner::wait(&state, &old, |_| {}).await.unwrap().state, JobState::Succeeded);

        sql(
            &state,
            "CREATE TRIGGER no_end BEFORE UPDATE OF settled ON imports BEGIN SELECT RAISE(ABORT, 'no room at all'); END;",
        )
        .await;
        let new = import(&state, &dataset, &path, &line(3), ImportMode::Replace).await;
        let mut told = String::new();
        while !told.contains("its end cannot be stored and is tried again") {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            let job = db::jobs::get(&state.db, &new).await.unwrap();
            assert!(job.state.is_active(), "{job:?}");
            told = job.message;
        }
        sql(&state, "DROP TRIGGER no_end;").await;
        let job = runner::wait(&state, &new, |_| {}).await.unwrap();
        assert_eq!((job.state, job.message.as_str()), (JobState::Succeeded, "1 record read"), "{job:?}");
        assert_eq!(crate::datasets::hygiene(&state, &dataset).await.unwrap().total, 1, "the old ones are gone");
        state.shutdown.cancel();
        runner.await.unwrap();
    }
}
