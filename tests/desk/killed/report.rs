//! What a run has shown, in numbers.

use std::fmt;
use std::time::Duration;

use super::check::Fault;

/// The sums of a run.
#[derive(Debug, Default)]
pub struct Report {
    pub seed: u64,
    pub database: &'static str,
    pub kills: u64,
    pub acknowledged: u64,
    /// Deliveries that were cut off by a kill.
    pub cut_off: u64,
    /// Acts that were acknowledged, and those that were not.
    pub acts: (u64, u64),
    pub pages: u64,
    pub faults: Vec<Fault>,
    /// From the start of the process until it was ready.
    pub readiness: Vec<Duration>,
}

impl Report {
    /// Adds a run with another database.
    pub fn add(&mut self, other: Report) {
        self.kills += other.kills;
        self.acknowledged += other.acknowledged;
        self.cut_off += other.cut_off;
        self.acts = (self.acts.0 + other.acts.0, self.acts.1 + other.acts.1);
        self.pages += other.pages;
        self.faults.extend(other.faults);
        self.readiness.extend(other.readiness);
    }

    fn count(&self, is_counted: impl Fn(&Fault) -> bool) -> usize {
        self.faults.iter().filter(|fault| is_counted(fault)).count()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}, seed {}: {} kills", self.database, self.seed, self.kills)?;
        writeln!(
            f,
            "  events   {} acknowledged, {} deliveries cut off and sent again",
            self.acknowledged, self.cut_off
        )?;
        writeln!(
            f,
            "  acts     {} acknowledged, {} cut off; {} pages and exports",
            self.acts.0, self.acts.1, self.pages
        )?;
        let lost = self.count(|fault| matches!(fault, Fault::Lost(_)));
        let doubled = self.count(|fault| matches!(fault, Fault::Doubled(_)));
        let others = self.faults.len() - lost - doubled;
        writeln!(f, "  faults   {lost} lost, {doubled} doubled, {others} others")?;
        let mut all = self.readiness.clone();
        all.sort();
        let at = |share: usize| all.get((all.len() * share / 100).min(all.len() - 1)).map_or(0, Duration::as_millis);
        write!(f, "  ready    after {} ms at least, median {}, p99 {}, at most {} ms", at(0), at(50), at(99), at(100))
    }
}
