//! What a store can do with a purchase, in a form that pages and clients print.

/// Something that can be asked of the store of a purchase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ActionKind {
    /// Give money back.
    Refund,
    /// Switch renewal off.
    Cancel,
    /// Switch renewal back on.
    Resume,
    /// Move the end of the period to a later time, without a charge.
    Extend,
}

/// Whether a store can do something with a purchase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Capability {
    Possible(Limit),
    /// Nobody can do it over this store's programs.
    Impossible(Obstacle),
    /// The store could, if the project were connected to it.
    NotConnected(Obstacle),
}

/// How far something is possible.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limit {
    /// Whether less than the whole amount can be refunded.
    pub is_divisible: bool,
    /// Whether a refund may leave access as it is.
    pub may_keep_access: bool,
    /// Whether a refund has to leave access as it is.
    pub must_keep_access: bool,
    /// Whether only the newest payment can be refunded.
    pub only_newest: bool,
    /// Whether access can end at once when renewal is switched off.
    pub may_end_at_once: bool,
    /// By how many days the end can be moved at most.
    pub most_days: Option<i64>,
    /// Whether a refund that ends access ends renewal too.
    pub ends_renewal: bool,
    /// What nobody can know of it here, as a sentence.
    pub not_known: &'static str,
    /// The limit as a sentence, if people need to know it before they ask.
    pub words: Option<String>,
}

/// Why something cannot be done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Obstacle {
    /// Why, as a sentence: `Only Apple refunds.`
    pub because: String,
    /// What can be done instead, as a sentence for the team.
    pub instead: Option<String>,
    /// What to write to the customer.
    pub tell: Option<String>,
}

impl ActionKind {
    pub const ALL: [ActionKind; 4] = [ActionKind::Refund, ActionKind::Cancel, ActionKind::Resume, ActionKind::Extend];

    /// The word in addresses and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            ActionKind::Refund => "refund",
            ActionKind::Cancel => "cancel",
            ActionKind::Resume => "resume",
            ActionKind::Extend => "extend",
        }
    }

    /// What is asked, as a heading of a menu.
    pub const fn words(self) -> &'static str {
        match self {
            ActionKind::Refund => "Refund",
            ActionKind::Cancel => "Switch renewal off",
            ActionKind::Resume => "Switch renewal back on",
            ActionKind::Extend => "Extend",
        }
    }

    pub fn parse(name: &str) -> Option<ActionKind> {
        ActionKind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl Capability {
    pub fn is_possible(&self) -> bool {
        matches!(self, Capability::Possible(_))
    }

    pub fn obstacle(&self) -> Option<&Obstacle> {
        match self {
            Capability::Possible(_) => None,
            Capability::Impossible(obstacle) | Capability::NotConnected(obstacle) => Some(obstacle),
        }
    }
}

impl Obstacle {
    pub(super) fn because(why: impl Into<String>) -> Obstacle {
        Obstacle { because: why.into(), instead: None, tell: None }
    }

    #[must_use]
    pub(super) fn instead(mut self, what: impl Into<String>) -> Obstacle {
        self.instead = Some(what.into());
        self
    }

    #[must_use]
    pub(super) fn tell(mut self, what: impl Into<String>) -> Obstacle {
        self.tell = Some(what.into());
        self
    }
}
