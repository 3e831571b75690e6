//! What is set, in words: shown on pages, compared when two change it at once, and entered in the log.

use sha2::{Digest, Sha256};

use crate::base::hex;

/// Names and values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Values(pub Vec<(&'static str, String)>);

impl Values {
    /// Which state somebody saw.
    pub fn version(&self) -> String {
        hex(&Sha256::digest(self.lines()))
    }

    /// `Name: Sundial`, a line each. What is empty is left out.
    pub fn lines(&self) -> String {
        let lines =
            self.0.iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| format!("{name}: {value}"));
        lines.collect::<Vec<_>>().join("\n")
    }

    /// What differs, as a before and an after; `None` where nothing does.
    pub fn difference(&self, after: &Values) -> Option<(String, String)> {
        let differ = |one: &Values, other: &Values| {
            let differing = one.0.iter().zip(&other.0).filter(|(one, other)| one != other).map(|(one, _)| one.clone());
            Values(differing.collect())
        };
        let (gone, new) = (differ(self, after), differ(after, self));
        (!new.0.is_empty()).then(|| (gone.lines(), new.lines()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(name: &str, count: &str) -> Values {
        Values(vec![("Name", name.into()), ("Count", count.into())])
    }

    #[test]
    fn only_what_differs_is_told() {
        let (before, after) = values("a", "1").difference(&values("a", "2")).expect("a difference");
        assert_eq!((before.as_str(), after.as_str()), ("Count: 1", "Count: 2"));
        assert_eq!(values("a", "").difference(&values("a", "2")), Some((String::new(), "Count: 2".into())));
        assert_eq!(values("a", "1").difference(&values("a", "1")), None);
    }

    #[test]
    fn every_state_has_a_version_of_its_own() {
        assert_eq!(values("a", "1").version(), values("a", "1").version());
        assert_ne!(values("a", "1").version(), values("a", "2").version());
    }
}
