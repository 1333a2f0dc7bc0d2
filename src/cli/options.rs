//! Flags and environment, resolved into the server's configuration.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use anneal_server::config::{Config, DEFAULT_PORT, default_data_dir};
use anneal_server::llm::Environment;
use anneal_server::types::import::{CsvField, CsvMapping};
use anneal_server::types::pii::{MaskStyle, PiiFilter};
use anneal_server::types::validation::{RecordStatus, ValidationError};
use clap::{Args, Parser, Subcommand, ValueEnum};

use super::CliError;

/// Turns the traces of an LLM application into a model fine-tuned by reinforcement, and tells before the
/// training whether it will work.
#[derive(Debug, Parser)]
#[command(name = "anneal", version, about, long_about = None)]
pub struct Options {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Args)]
struct Global {
    /// Where the database and uploads live [default: ~/.local/share/anneal]
    #[arg(long, env = "ANNEAL_DATA_DIR", global = true)]
    data_dir: Option<PathBuf>,
    /// Port of `serve` and `demo --endpoint`
    #[arg(long, env = "ANNEAL_PORT", global = true, default_value_t = DEFAULT_PORT)]
    port: u16,
    /// Address of `serve` and `demo --endpoint`; anything but loopback needs ANNEAL_TOKEN
    #[arg(long, env = "ANNEAL_HOST", global = true, default_value = "127.0.0.1")]
    host: IpAddr,
    /// Host names (behind a proxy) that `serve` answers to, separated by commas
    #[arg(long, env = "ANNEAL_ALLOWED_HOSTS", global = true, value_delimiter = ',')]
    allowed_hosts: Vec<String>,
    /// Folder with the browser's files
    #[arg(long, env = "ANNEAL_SITE_DIR", global = true, hide = true)]
    site_dir: Option<PathBuf>,
    /// Largest upload in bytes
    #[arg(long, env = "ANNEAL_MAX_UPLOAD_BYTES", global = true, hide = true)]
    max_upload_bytes: Option<u64>,
    /// Most records of one import
    #[arg(long, env = "ANNEAL_MAX_IMPORT_RECORDS", global = true, hide = true, value_parser = clap::value_parser!(i64).range(1..))]
    max_import_records: Option<i64>,
    /// Bytes of the data folder's disk that imports leave free
    #[arg(long, env = "ANNEAL_MIN_FREE_DISK_BYTES", global = true, hide = true)]
    min_free_disk_bytes: Option<u64>,
}

/// What to do.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Serve the pages (the default)
    Serve,
    /// Read files of traces into a dataset
    Import(ImportOptions),
    /// List a dataset's imports; undo one as a whole, or bring it back
    Imports(ImportsOptions),
    /// Print a dataset's hygiene report, as it is stored (exit code 100 above --max-invalid)
    Validate(ValidateOptions),
    /// Look for records, or at one
    #[command(subcommand)]
    Records(RecordsCommand),
    /// Find records whose prompts say nearly the same
    NearDuplicates(NearDuplicatesOptions),
    /// Grade a sample of recorded responses and print the verdict (exit code 100 unless it is GO)
    DryRun(DryRunOptions),
    /// Write records, topics, reports or the training files
    Export(ExportOptions),
    /// Make the sample dataset with everything computed, and print its verdict
    Demo(DemoOptions),
    /// Serve a model endpoint in OpenAI's shape that needs no model and fails on request (at --port, on this machine only)
    TestEndpoint(TestEndpointOptions),
}

/// How results are printed.
#[derive(Debug, Clone, Args)]
pub struct OutputOptions {
    /// Print JSON for programs
    #[arg(long)]
    pub json: bool,
}

/// `anneal demo`.
#[derive(Debug, Clone, Args)]
pub struct DemoOptions {
    /// Serve it as `serve` does, with a built-in test endpoint as the default model: judges without a key, their scores made up
    #[arg(long, conflicts_with = "json")]
    pub endpoint: bool,
    #[command(flatten)]
    pub output: OutputOptions,
}

/// `anneal import`.
#[derive(Debug, Clone, Args)]
pub struct ImportOptions {
    /// JSON Lines, JSON or CSV in any form that Anneal reads, plain, .gz or .zst; several become one dataset; - is standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Name of the new dataset [default: the first file's]
    #[arg(long, conflicts_with = "into")]
    pub name: Option<String>,
    /// Add to this dataset (id or name) instead
    #[arg(long)]
    pub into: Option<String>,
    /// With --into: replace its records
    #[arg(long, requires = "into")]
    pub replace: bool,
    /// What the columns of CSV files are, as in Question=prompt,Answer=completion [default: guessed by their names]
    #[arg(long, value_name = "COLUMN=FIELD,...", value_parser = csv_mapping)]
    pub csv_map: Option<CsvMapping>,
    /// CSV files have no row of names: their first row is data, their columns are "column 1", "column 2", ...
    #[arg(long)]
    pub csv_no_header: bool,
    /// Import nothing: show what the start of each file holds
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub output: OutputOptions,
}

/// `Question=prompt,Answer=completion`. A column's name may hold a `=`: the last one counts.
fn csv_mapping(text: &str) -> Result<CsvMapping, String> {
    let mut mapping = CsvMapping::default();
    for pair in text.split(',') {
        let (column, field) = pair.rsplit_once('=').ok_or_else(|| format!("\"{pair}\" is not COLUMN=FIELD"))?;
        let field = CsvField::parse(field.trim()).ok_or_else(|| {
            let fields: Vec<&str> = CsvField::ALL.into_iter().map(CsvField::as_str).collect();
            format!("\"{field}\" is no field; there are {}", fields.join(", "))
        })?;
        mapping.columns.insert(column.trim().to_owned(), field);
    }
    Ok(mapping)
}

/// `anneal imports`.
#[derive(Debug, Clone, Args)]
pub struct ImportsOptions {
    /// Id or name
    pub dataset: String,
    /// Take away what this import brought (its id, or "last"), and give back what it replaced
    #[arg(long, value_name = "IMPORT", conflicts_with = "bring_back")]
    pub undo: Option<String>,
    /// Take the undo of this import back (its id, or "last"); possible for a day
    #[arg(long, value_name = "IMPORT")]
    pub bring_back: Option<String>,
    #[command(flatten)]
    pub output: OutputOptions,
}

/// `anneal test-endpoint`.
#[derive(Debug, Clone, Args)]
pub struct TestEndpointOptions {
    /// JSON file that says what goes wrong [default: nothing does]
    #[arg(long, value_name = "FILE")]
    pub script: Option<PathBuf>,
}

/// `anneal validate`.
#[derive(Debug, Clone, Args)]
pub struct ValidateOptions {
    /// Id or name
    pub dataset: String,
    /// Validate every record again first; dry runs made before are then out of date
    #[arg(long)]
    pub again: bool,
    /// Exit with 100 if more records than this share break a rule, in percent of all (duplicates break none)
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    pub max_invalid: Option<f64>,
    #[command(flatten)]
    pub output: OutputOptions,
}

/// A share from 0 to 100.
fn percent(text: &str) -> Result<f64, String> {
    let share = text.strip_suffix('%').unwrap_or(text).parse::<f64>().ok();
    share.filter(|share| (0.0..=100.0).contains(share)).ok_or_else(|| "it must be a number from 0 to 100".to_owned())
}

/// `anneal records`.
#[derive(Debug, Clone, Subcommand)]
pub enum RecordsCommand {
    /// List the records that match
    Search(SearchOptions),
    /// Print one record
    Show(ShowOptions),
}

/// `anneal records search`.
#[derive(Debug, Clone, Args)]
pub struct SearchOptions {
    /// Id or name
    pub dataset: String,
    /// What a record must say, in a message, a tool call or result, or the reference answer
    pub text: Option<String>,
    /// pending, valid, invalid or duplicate
    #[arg(long, value_parser = |word: &str| known(RecordStatus::parse(word), "pending, valid, invalid or duplicate"))]
    pub status: Option<RecordStatus>,
    /// An error as in the hygiene report, such as invalid_role
    #[arg(long, value_parser = |word: &str| known(ValidationError::parse(word), "an error of the hygiene report, such as invalid_role"))]
    pub error: Option<ValidationError>,
    /// A topic; the empty text means without one
    #[arg(long)]
    pub topic: Option<String>,
    /// With personal data: any, email, phone, card, iban, ip or api_key
    #[arg(long, value_name = "KIND", value_parser = |word: &str| known(PiiFilter::parse(word), "any, email, phone, card, iban, ip or api_key"))]
    pub pii: Option<PiiFilter>,
    /// Most records that are listed
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(i64).range(1..=200))]
    pub limit: i64,
    #[command(flatten)]
    pub output: OutputOptions,
}

fn known<T>(parsed: Option<T>, choice: &str) -> Result<T, String> {
    parsed.ok_or_else(|| format!("it must be {choice}"))
}

/// `anneal records show`.
#[derive(Debug, Clone, Args)]
pub struct ShowOptions {
    /// Id or name
    pub dataset: String,
    /// The record's id, as the search lists it
    pub id: i64,
    #[command(flatten)]
    pub output: OutputOptions,
}

/// `anneal near-duplicates`.
#[derive(Debug, Clone, Args)]
pub struct NearDuplicatesOptions {
    /// Id or name
    pub dataset: String,
    /// How alike two prompts must be, 0.7 to 1 [default: as last time, at first 0.8]
    #[arg(long)]
    pub threshold: Option<f64>,
    /// Delete all but the earliest record of each cluster; the dataset's page can take that back for a day
    #[arg(long)]
    pub keep_one: bool,
    #[command(flatten)]
    pub output: OutputOptions,
}

/// `anneal dry-run`.
#[derive(Debug, Clone, Args)]
pub struct DryRunOptions {
    /// Id or name
    pub dataset: String,
    /// JavaScript file with the grader; saved as a new version [default: the dataset's grader]
    #[arg(long)]
    pub grader: Option<PathBuf>,
    /// Prompts to sample
    #[arg(long, default_value_t = 300)]
    pub samples: i64,
    /// Makes the sample repeatable
    #[arg(long, default_value_t = 42)]
    pub seed: u64,
    /// Do not give every topic its share of the sample
    #[arg(long)]
    pub no_stratify: bool,
    /// Responses per prompt, asked of the base model; measures the gain to expect [default: 4 with --model, else recorded ones]
    #[arg(long)]
    pub rollouts: Option<i64>,
    /// The base model [default: the one in the settings]
    #[arg(long)]
    pub model: Option<String>,
    /// Id or name of the base model's endpoint [default: that of the default base model]
    #[arg(long)]
    pub endpoint: Option<String>,
    /// Of the base model, 0 to 2
    #[arg(long)]
    pub temperature: Option<f64>,
    /// Pause before more US dollars than this are spent
    #[arg(long, value_name = "DOLLARS")]
    pub max_cost: Option<f64>,
    /// End the run as soon as its verdict is settled
    #[arg(long)]
    pub until_settled: bool,
    /// Go on with the newest run where it stopped, with --max-cost as its new limit
    #[arg(long, conflicts_with_all = ["grader", "rollouts", "model", "endpoint", "temperature", "until_settled"])]
    pub resume: bool,
    /// Try the failed samples of the newest run again
    #[arg(long, conflicts_with_all = ["grader", "rollouts", "model", "endpoint", "temperature", "until_settled"])]
    pub retry_errors: bool,
    /// Write the verdict and its findings as JUnit XML, too
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    #[command(flatten)]
    pub output: OutputOptions,
}

/// What `anneal export` writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportWhat {
    /// Every record, exactly (native form)
    Records,
    /// Every record as chat JSONL
    Chat,
    /// The topic hierarchy
    Topics,
    /// The hygiene report
    Hygiene,
    /// The coverage report
    Coverage,
    /// The newest dry run's report
    DryRun,
    /// The training rows as a provider takes them
    Train,
    /// The validation rows as a provider takes them
    Valid,
}

/// `anneal export`.
#[derive(Debug, Clone, Args)]
pub struct ExportOptions {
    /// Id or name
    pub dataset: String,
    /// What to write
    #[arg(long, value_enum, default_value_t = ExportWhat::Records)]
    pub what: ExportWhat,
    /// File to write [default: standard output]
    #[arg(long, short)]
    pub out: Option<PathBuf>,
    /// Share of rows that train (train, valid)
    #[arg(long, default_value_t = 0.9)]
    pub train_ratio: f64,
    /// Replace e-mail addresses, phone and card numbers, IBANs, IP addresses and API keys (records, chat, train, valid):
    /// plain writes [EMAIL], numbered [EMAIL_1] and [EMAIL_2] within a record
    #[arg(long, value_name = "STYLE", num_args = 0..=1, require_equals = true, default_missing_value = "plain", value_parser = |word: &str| known(MaskStyle::parse(word), "plain or numbered"))]
    pub mask_pii: Option<MaskStyle>,
    /// Makes the split repeatable (train, valid)
    #[arg(long, default_value_t = 42)]
    pub seed: u64,
    #[command(flatten)]
    pub output: OutputOptions,
}

impl Options {
    /// What to do; serving if nothing was said.
    pub fn command(&self) -> Command {
        self.command.clone().unwrap_or(Command::Serve)
    }

    /// Whether it ends only when it is told to.
    pub fn serves(&self) -> bool {
        match self.command() {
            Command::Serve => true,
            Command::Demo(options) => options.endpoint,
            _ => false,
        }
    }

    /// The port that was asked for.
    pub fn port(&self) -> u16 {
        self.global.port
    }

    /// The configuration, unchecked. The token comes from the environment only: flags are visible to others.
    pub fn config(self) -> Result<Config, CliError> {
        let default = Config::default();
        let secret = |name: &str| match std::env::var(name) {
            Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
            Err(std::env::VarError::NotPresent) => Ok(None),
            Err(error) => Err(CliError::Message(format!("{name} cannot be read: {error}"))),
        };
        let data_dir = self.global.data_dir.unwrap_or_else(default_data_dir);
        let data_dir = std::path::absolute(&data_dir).map_err(|error| {
            CliError::Message(format!("the data folder {} cannot be resolved: {error}", data_dir.display()))
        })?;
        Ok(Config {
            data_dir,
            address: SocketAddr::new(self.global.host, self.global.port),
            token: secret("ANNEAL_TOKEN")?,
            secret_key: secret("ANNEAL_SECRET_KEY")?,
            environment: Environment::of_process(),
            allowed_hosts: self.global.allowed_hosts,
            site_dir: self.global.site_dir.unwrap_or_else(site_dir),
            max_upload_bytes: self.global.max_upload_bytes.unwrap_or(default.max_upload_bytes),
            max_import_records: self.global.max_import_records.unwrap_or(default.max_import_records),
            min_free_disk_bytes: self.global.min_free_disk_bytes.unwrap_or(default.min_free_disk_bytes),
            ..default
        })
    }
}

/// `site` beside the program (as installed), else `target/site` (as built here).
fn site_dir() -> PathBuf {
    let beside = std::env::current_exe().ok().and_then(|program| Some(program.parent()?.join("site")));
    beside.filter(|dir| dir.is_dir()).unwrap_or_else(|| PathBuf::from("target/site"))
}
