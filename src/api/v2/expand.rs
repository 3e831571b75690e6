//! The parameter `expand`: which related objects an answer holds in full (§C6).

use url::form_urlencoded;

/// What a call wants in full. Clients repeat the parameter, or join its values with commas. A word that the call does not
/// know changes nothing.
pub struct Expanded(Vec<String>);

impl Expanded {
    pub fn parse(query: &str) -> Expanded {
        let values = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "expand");
        let words =
            values.flat_map(|(_, value)| value.split(',').map(|word| word.trim().to_owned()).collect::<Vec<_>>());
        Expanded(words.collect())
    }

    /// Whether one object is to have `part`.
    pub fn has(&self, part: &str) -> bool {
        self.0.iter().any(|word| word == part)
    }

    /// Whether the items of a list are to have `part`.
    pub fn in_items(&self, part: &str) -> bool {
        self.0.iter().any(|word| word.strip_prefix("items.") == Some(part))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parameter_may_be_repeated_or_hold_a_list() {
        let all = Expanded::parse("limit=2&expand=package&expand=items.app,%20package.product&expand=");
        assert!(all.has("package") && all.has("package.product") && all.in_items("app"));
        assert!(!all.has("app") && !all.in_items("package") && !all.has("product"));
    }
}
