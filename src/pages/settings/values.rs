//! Settings as names and values, in words. Pages show them, forms detect a change by somebody else with them, and the
//! audit log records them.

use sha2::{Digest, Sha256};

use crate::base::hex;

/// Names with their values, in the order in which pages show them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Values(pub Vec<(&'static str, String)>);

impl Values {
    /// A hash of the values. A form sends back the version that the person saw.
    pub fn version(&self) -> String {
        hex(&Sha256::digest(self.lines()))
    }

    /// One line for each value that is not empty: `Name: Sundial`.
    pub fn lines(&self) -> String {
        let lines =
            self.0.iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| format!("{name}: {value}"));
        lines.collect::<Vec<_>>().join("\n")
    }

    /// The values that differ, as lines before and after; `None` when nothing differs.
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
    fn only_differing_values_are_listed() {
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
