//! What a check of a connection has found, action by action.

use serde::{Deserialize, Serialize};

/// What is known of all that the connection is used for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Findings(pub Vec<Finding>);

/// What is known of one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What it is for: `Grant access`.
    pub what: String,
    /// The scope that the key needs for it, as RevenueCat names it; empty for the first version of the API.
    pub scope: String,
    pub verdict: Verdict,
    /// What the other side said, where that helps.
    pub words: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It was tried, and works.
    Works,
    /// The key may not do it.
    Denied,
    /// Only its first use will tell.
    Unknown,
    /// There is no key for it.
    NoKey,
    /// It was tried, and something else is wrong.
    Failed,
}

impl Verdict {
    pub const fn words(self) -> &'static str {
        match self {
            Verdict::Works => "Works",
            Verdict::Denied => "The key may not",
            Verdict::Unknown => "Not known until first use",
            Verdict::NoKey => "No key",
            Verdict::Failed => "Failed",
        }
    }

    /// The class of its colour.
    pub const fn tone(self) -> &'static str {
        match self {
            Verdict::Works => "good",
            Verdict::Denied | Verdict::Failed => "bad",
            Verdict::Unknown | Verdict::NoKey => "neutral",
        }
    }
}
