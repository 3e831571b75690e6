//! How a stretch of time looks in the picture: colours, patterns, and its name in the legend and in sentences.

/// What a bar or a mark means.
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
    BoughtBack,
}

impl Marker {
    /// The classes of a bar: what it is, and its colour.
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
            Marker::BoughtBack => "bar bar--once bar--back tone-bad",
        }
    }

    /// The pattern that fills it, for those who do not tell the colours apart.
    pub const fn pattern(self) -> Option<&'static str> {
        match self {
            Marker::Trial => Some("fill-trial"),
            Marker::Grace => Some("fill-grace"),
            Marker::Retry => Some("fill-retry"),
            Marker::Paused => Some("fill-paused"),
            Marker::Refunded => Some("fill-refunded"),
            Marker::Granted => Some("fill-granted"),
            Marker::Temporary => Some("fill-temporary"),
            Marker::TrialEnding | Marker::Paid | Marker::Ending | Marker::Bought | Marker::BoughtBack => None,
        }
    }

    pub const fn is_mark(self) -> bool {
        matches!(self, Marker::Bought | Marker::BoughtBack)
    }

    /// Its name in the legend.
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
            Marker::BoughtBack => "Bought once, refunded",
        }
    }

    /// The same inside a sentence.
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
            Marker::BoughtBack => "bought and refunded",
        }
    }
}
