//! Positions of entries, as the entry of an erasure lists them: `3-5,17`.

use std::collections::BTreeSet;
use std::fmt;

/// A set of positions in a project's chain.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Positions(BTreeSet<i64>);

impl Positions {
    /// Parses what [`fmt::Display`] writes; `None` for another text, and for positions that are not before `end`.
    pub fn parse(text: &str, end: i64) -> Option<Positions> {
        let mut all = BTreeSet::new();
        for part in text.split(',').filter(|part| !part.is_empty()) {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last) = (first.parse::<i64>().ok()?, last.parse::<i64>().ok()?);
            if first < 1 || last >= end {
                return None;
            }
            all.extend(first..=last);
        }
        Some(Positions(all))
    }

    /// Adds the positions of another set.
    pub fn append(&mut self, mut other: Positions) {
        self.0.append(&mut other.0);
    }

    pub fn iter(&self) -> impl Iterator<Item = i64> {
        self.0.iter().copied()
    }
}

impl FromIterator<i64> for Positions {
    fn from_iter<I: IntoIterator<Item = i64>>(positions: I) -> Positions {
        Positions(positions.into_iter().collect())
    }
}

impl fmt::Display for Positions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut runs: Vec<(i64, i64)> = Vec::new();
        for position in self.iter() {
            match runs.last_mut().filter(|(_, last)| last + 1 == position) {
                Some((_, last)) => *last = position,
                None => runs.push((position, position)),
            }
        }
        let runs = runs.iter().map(|(first, last)| match first == last {
            true => first.to_string(),
            false => format!("{first}-{last}"),
        });
        f.write_str(&runs.collect::<Vec<_>>().join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_written_as_a_run() {
        for (positions, text) in [(vec![], ""), (vec![7], "7"), (vec![17, 5, 3, 4], "3-5,17"), (vec![1, 2], "1-2")] {
            let positions: Positions = positions.into_iter().collect();
            assert_eq!(positions.to_string(), text);
            assert_eq!(Positions::parse(text, 18), Some(positions));
        }
        for text in ["x", "1-", "-", "1;2", "1-2-3", "18", "0", "-4", "1-9223372036854775807"] {
            assert_eq!(Positions::parse(text, 18), None, "{text}");
        }
    }
}
