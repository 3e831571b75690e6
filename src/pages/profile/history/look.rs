//! How a stretch of time looks in the picture: colours, patterns, and its name in the legend and in sentences.

/// What a bar or a mark means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Look {
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

impl Look {
    /// The classes of a bar: what it is, and its colour.
    pub const fn classes(self) -> &'static str {
        match self {
            Look::Trial => "bar bar--trial tone-trial",
            Look::TrialEnding => "bar bar--ending tone-trial",
            Look::Paid => "bar bar--paid tone-good",
            Look::Ending => "bar bar--ending tone-good",
            Look::Grace => "bar bar--grace tone-warn",
            Look::Retry => "bar bar--retry tone-warn",
            Look::Paused => "bar bar--paused tone-quiet",
            Look::Refunded => "bar bar--refunded tone-bad",
            Look::Granted => "bar bar--granted tone-gift",
            Look::Temporary => "bar bar--temporary tone-warn",
            Look::Bought => "bar bar--once tone-good",
            Look::BoughtBack => "bar bar--once bar--back tone-bad",
        }
    }

    /// The pattern that fills it, for those who do not tell the colours apart.
    pub const fn pattern(self) -> Option<&'static str> {
        match self {
            Look::Trial => Some("fill-trial"),
            Look::Grace => Some("fill-grace"),
            Look::Retry => Some("fill-retry"),
            Look::Paused => Some("fill-paused"),
            Look::Refunded => Some("fill-refunded"),
            Look::Granted => Some("fill-granted"),
            Look::Temporary => Some("fill-temporary"),
            Look::TrialEnding | Look::Paid | Look::Ending | Look::Bought | Look::BoughtBack => None,
        }
    }

    pub const fn is_mark(self) -> bool {
        matches!(self, Look::Bought | Look::BoughtBack)
    }

    /// Its name in the legend.
    pub const fn legend(self) -> &'static str {
        match self {
            Look::Trial => "Trial",
            Look::TrialEnding => "Trial, will not renew",
            Look::Paid => "Paid",
            Look::Ending => "Paid, will not renew",
            Look::Grace => "Grace period",
            Look::Retry => "Expired, store retrying",
            Look::Paused => "Paused",
            Look::Refunded => "Refunded",
            Look::Granted => "Granted",
            Look::Temporary => "Temporary",
            Look::Bought => "Bought once",
            Look::BoughtBack => "Bought once, refunded",
        }
    }

    /// The same inside a sentence.
    pub const fn words(self) -> &'static str {
        match self {
            Look::Trial => "trial",
            Look::TrialEnding => "trial that will not renew",
            Look::Paid => "paid",
            Look::Ending => "paid and will not renew",
            Look::Grace => "grace period",
            Look::Retry => "expired with the store retrying",
            Look::Paused => "paused",
            Look::Refunded => "refunded",
            Look::Granted => "granted",
            Look::Temporary => "temporary access",
            Look::Bought => "bought",
            Look::BoughtBack => "bought and refunded",
        }
    }
}
