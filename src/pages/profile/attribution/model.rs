//! Which attribute fills which row, and which one replaces it when it is missing.

use crate::pages::profile::visit::Attribute;

/// The label of each row, and the attributes that can fill it. The first one that is set fills it.
const ROWS: [(&str, &[&str]); 5] = [
    ("Network", &["$mediaSource"]),
    ("Campaign", &["$campaign", "$appleAdsCampaignId"]),
    ("Ad Group", &["$adGroup", "$appleAdsAdGroupId"]),
    ("Keywords", &["$keyword", "$appleAdsKeywordId"]),
    ("Creative", &["$creative"]),
];

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub label: &'static str,
    pub value: String,
}

/// The rows that have a value.
pub fn rows(attributes: &[Attribute]) -> Vec<Row> {
    let value = |key: &&str| {
        let set = attributes.iter().find(|attribute| attribute.key == **key);
        set.map(|attribute| attribute.value.clone()).filter(|value| !value.trim().is_empty())
    };
    let row = |(label, keys): (&'static str, &[&str])| Some(Row { label, value: keys.iter().find_map(value)? });
    ROWS.into_iter().filter_map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::Moment;

    fn set(key: &str, value: &str) -> Attribute {
        Attribute { key: key.into(), value: value.into(), updated_at: Moment(0) }
    }

    #[test]
    fn names_come_before_ids_and_empty_rows_are_left_out() {
        let attributes = [
            set("$campaign", "DE autumn"),
            set("$appleAdsCampaignId", "542"),
            set("$appleAdsKeywordId", "87"),
            set("$ad", "x"),
        ];
        let rows = rows(&attributes);
        let shown: Vec<_> = rows.iter().map(|row| (row.label, row.value.as_str())).collect();
        assert_eq!(shown, [("Campaign", "DE autumn"), ("Keywords", "87")]);
    }

    #[test]
    fn without_any_value_there_is_no_row() {
        assert_eq!(rows(&[set("$email", "lena@okafor.example"), set("$campaign", " ")]), []);
    }
}
