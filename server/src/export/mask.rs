//! Masked exports: the personal data in a record's values replaced, on a person's word only.

use serde_json::Value;

use crate::pii::Masker;
use crate::types::dataset::DatasetRecord;
use crate::types::error::AppError;
use crate::types::pii::MaskStyle;

/// The style by its word in an address; none where there is no word.
pub fn parse_mask(word: Option<&str>) -> Result<Option<MaskStyle>, AppError> {
    match word {
        None | Some("") => Ok(None),
        Some(word) => MaskStyle::parse(word).map(Some).ok_or_else(|| {
            AppError::invalid_field("mask", "The masking is plain or numbered; leave it out to mask nothing.")
        }),
    }
}

/// The end of a file's name says whether it is masked: "records" becomes "records-masked".
pub fn file_name(stem: &str, mask: Option<MaskStyle>) -> String {
    format!("{stem}{}.jsonl", if mask.is_some() { "-masked" } else { "" })
}

/// The record as a masked export has it: every text in its values, whatever field it stands in; names of fields stay.
pub fn masked(record: &DatasetRecord, style: MaskStyle) -> DatasetRecord {
    let mut masker = Masker::new(style);
    let mut record = record.clone();
    masker.value(&mut record.data);
    record.metadata.values_mut().chain(record.item.values_mut()).for_each(|value| masker.value(value));
    record.evaluation.iter_mut().for_each(|value: &mut Value| masker.value(value));
    let texts = [&mut record.raw, &mut record.span_id, &mut record.topic];
    texts.into_iter().flatten().for_each(|text| masker.text(text));
    record
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_masking_is_read_or_refused() {
        assert_eq!(parse_mask(None).unwrap(), None);
        assert_eq!(parse_mask(Some("")).unwrap(), None);
        assert_eq!(parse_mask(Some("numbered")).unwrap(), Some(MaskStyle::Numbered));
        assert!(parse_mask(Some("yes")).is_err());
        assert_eq!(file_name("train", None), "train.jsonl");
        assert_eq!(file_name("train", Some(MaskStyle::Plain)), "train-masked.jsonl");
    }
}
