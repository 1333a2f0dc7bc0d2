//! `anneal near-duplicates`.

use std::process::ExitCode;

use anneal_server::format;
use anneal_server::near_duplicates;
use anneal_server::state::AppState;
use anneal_server::types::dataset::MAX_SELECTED;
use anneal_server::types::near_duplicates::{
    NearDuplicateCluster, NearDuplicates, RECORDS_OF_CLUSTER, RECORDS_ON_PAGE,
};
use serde_json::json;

use super::commands::{ended_well, find};
use super::options::NearDuplicatesOptions;
use super::{CliError, output, work_off};

/// Looks, lists what was found, and deletes only if asked to.
pub async fn run(state: &AppState, options: NearDuplicatesOptions) -> Result<ExitCode, CliError> {
    let json = options.output.json;
    let id = find(state, &options.dataset).await?.id;
    let job = near_duplicates::start(state, &id, options.threshold).await?;
    ended_well(&work_off(state, &job.id, json).await?)?;
    let (found, clusters) = if json { every_cluster(state, &id).await? } else { first_clusters(state, &id).await? };
    let deleted = if options.keep_one { keep_one_of_each(state, &id).await? } else { 0 };
    if json {
        output::json(&json!({ "found": found, "clusters": clusters, "deleted": deleted }))?;
        return Ok(ExitCode::SUCCESS);
    }
    clusters.iter().for_each(output::near_duplicates);
    let listed = i64::try_from(clusters.len()).unwrap_or(i64::MAX);
    let left = found.as_ref().map_or(0, |found| found.clusters + found.set_aside - listed);
    if left > 0 {
        output::line(&format!("… and {}; --json lists all", format::counted(left, "more cluster")));
    }
    output::line(&summary(found.as_ref()));
    if deleted > 0 {
        output::line(&format!(
            "{} deleted, one of each cluster kept. For a day the dataset's page can take that back.",
            format::counted(deleted, "record")
        ));
    }
    Ok(ExitCode::SUCCESS)
}

fn summary(found: Option<&NearDuplicates>) -> String {
    let Some(found) = found else { return "nothing was looked at".to_owned() };
    let aside = match found.set_aside {
        0 => String::new(),
        n => format!(", beside {} set aside as no duplicates", format::counted(n, "cluster")),
    };
    format!(
        "{} in {} at {:.0}% or more{aside}; {} compared",
        format::counted(found.members, "record"),
        format::counted(found.clusters, "cluster"),
        found.threshold * 100.0,
        format::counted(found.records, "valid record")
    )
}

/// What was found, and clusters of it.
type Found = (Option<NearDuplicates>, Vec<NearDuplicateCluster>);

/// The first clusters with the first records of each, as the page shows them: what a person reads.
async fn first_clusters(state: &AppState, dataset_id: &str) -> Result<Found, CliError> {
    let listed = near_duplicates::page(state, dataset_id, None, 1).await?;
    Ok((listed.found, listed.clusters))
}

/// Every cluster with all of its records.
async fn every_cluster(state: &AppState, dataset_id: &str) -> Result<Found, CliError> {
    let mut clusters = Vec::new();
    for page in 1.. {
        let listed = near_duplicates::page(state, dataset_id, None, page).await?;
        if listed.clusters.is_empty() {
            return Ok((listed.found, clusters));
        }
        for mut cluster in listed.clusters {
            if cluster.total > RECORDS_OF_CLUSTER {
                cluster.records.clear();
                for page in 1..=(cluster.total - 1) / RECORDS_ON_PAGE + 1 {
                    let of_it = near_duplicates::page(state, dataset_id, Some(cluster.id), page).await?;
                    cluster.records.extend(of_it.clusters.into_iter().flat_map(|cluster| cluster.records));
                }
            }
            clusters.push(cluster);
        }
    }
    Ok((None, clusters))
}

/// In as many deletions as it takes. Answers how many records went.
async fn keep_one_of_each(state: &AppState, dataset_id: &str) -> Result<i64, CliError> {
    let most = i64::try_from(MAX_SELECTED).unwrap_or(i64::MAX);
    let mut deleted = 0;
    loop {
        let found = near_duplicates::page(state, dataset_id, None, 1).await?.found;
        let left = found.map_or(0, |found| found.deletable);
        if left == 0 {
            return Ok(deleted);
        }
        deleted += near_duplicates::keep_one(state, dataset_id, None, left.min(most)).await?.records;
    }
}
