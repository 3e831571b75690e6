//! The kinds of bars and marks in the picture: their colours, patterns, and names in the legend and in sentences.

/// The meaning of a bar or a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Marker {
    Trial,
    TrialEnding,
    Paid,
    Ending,
    Grace,
    Retry,
    Paused,
    Refunded,
    Granted,
    Temporary,
    Bought,
    BoughtRefunded,
}

impl Marker {
    /// The CSS classes of a bar: its kind and its colour.
    pub const fn classes(self) -> &'static str {
        match self {
            Marker::Trial => "bar bar--trial tone-trial",
            Marker::TrialEnding => "bar bar--ending tone-trial",
            Marker::Paid => "bar bar--paid tone-good",
            Marker::Ending => "bar bar--ending tone-good",
            Marker::Grace => "bar bar--grace tone-warn",
            Marker::Retry => "bar bar--retry tone-warn",
            Marker::Paused => "bar bar--paused tone-quiet",
            Marker::Refunded => "bar bar--refunded tone-bad",
            Marker::Granted => "bar bar--granted tone-gift",
            Marker::Temporary => "bar bar--temporary tone-warn",
            Marker::Bought => "bar bar--once tone-good",
            Marker::BoughtRefunded => "bar bar--once bar--back tone-bad",
        }
    }

    /// The pattern that fills the bar, for people who cannot distinguish the colours.
    pub const fn pattern(self) -> Option<&'static str> {
        match self {
            Marker::Trial => Some("fill-trial"),
            Marker::Grace => Some("fill-grace"),
            Marker::Retry => Some("fill-retry"),
            Marker::Paused => Some("fill-paused"),
            Marker::Refunded => Some("fill-refunded"),
            Marker::Granted => Some("fill-granted"),
            Marker::Temporary => Some("fill-temporary"),
            Marker::TrialEnding | Marker::Paid | Marker::Ending | Marker::Bought | Marker::BoughtRefunded => None,
        }
    }

    pub const fn is_mark(self) -> bool {
        matches!(self, Marker::Bought | Marker::BoughtRefunded)
    }

    /// The name in the legend.
    pub const fn legend(self) -> &'static str {
        match self {
            Marker::Trial => "Trial",
            Marker::TrialEnding => "Trial, will not renew",
            Marker::Paid => "Paid",
            Marker::Ending => "Paid, will not renew",
            Marker::Grace => "Grace period",
            Marker::Retry => "Expired, store retrying",
            Marker::Paused => "Paused",
            Marker::Refunded => "Refunded",
            Marker::Granted => "Granted",
            Marker::Temporary => "Temporary",
            Marker::Bought => "Bought once",
            Marker::BoughtRefunded => "Bought once, refunded",
        }
    }

    /// The name inside a sentence.
    pub const fn words(self) -> &'static str {
        match self {
            Marker::Trial => "trial",
            Marker::TrialEnding => "trial that will not renew",
            Marker::Paid => "paid",
            Marker::Ending => "paid and will not renew",
            Marker::Grace => "grace period",
            Marker::Retry => "expired with the store retrying",
            Marker::Paused => "paused",
            Marker::Refunded => "refunded",
            Marker::Granted => "granted",
            Marker::Temporary => "temporary access",
            Marker::Bought => "bought",
            Marker::BoughtRefunded => "bought and refunded",
        }
    }
}
