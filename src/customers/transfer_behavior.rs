//! What happens when a purchase of one identified customer shows up under another (§9.5): a setting of the project.

/// The options.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransferBehavior {
    TransferToNew,
    TransferIfNoActive,
    KeepWithOriginal,
    /// The option that nobody can choose again after the project has left it.
    Share,
}

// An unknown stored value counts as the default.
crate::db::columns::text_enum!(TransferBehavior: as_str, |word: &str| {
    Some(TransferBehavior::parse(word).unwrap_or(TransferBehavior::TransferToNew))
});

impl TransferBehavior {
    pub const ALL: [TransferBehavior; 4] = [
        TransferBehavior::TransferToNew,
        TransferBehavior::TransferIfNoActive,
        TransferBehavior::KeepWithOriginal,
        TransferBehavior::Share,
    ];

    /// The word in the database and in forms.
    pub const fn as_str(self) -> &'static str {
        match self {
            TransferBehavior::TransferToNew => "transfer_to_new",
            TransferBehavior::TransferIfNoActive => "transfer_if_no_active",
            TransferBehavior::KeepWithOriginal => "keep_with_original",
            TransferBehavior::Share => "share",
        }
    }

    pub fn parse(word: &str) -> Option<TransferBehavior> {
        TransferBehavior::ALL.into_iter().find(|option| option.as_str() == word)
    }

    /// The option's name, for people to read.
    pub const fn name(self) -> &'static str {
        match self {
            TransferBehavior::TransferToNew => "Transfer to new App User ID",
            TransferBehavior::TransferIfNoActive => "Transfer if there are no active subscriptions",
            TransferBehavior::KeepWithOriginal => "Keep with original App User ID",
            TransferBehavior::Share => "Share between App User IDs (legacy)",
        }
    }

    /// The option's effect, in a sentence.
    pub const fn effect(self) -> &'static str {
        match self {
            TransferBehavior::TransferToNew => "Restoring under another id moves the purchases there.",
            TransferBehavior::TransferIfNoActive => {
                "Restoring under another id moves the purchases there, unless a subscription is active here."
            }
            TransferBehavior::KeepWithOriginal => {
                "Purchases stay with the id that made them. Restoring under another identified id fails."
            }
            TransferBehavior::Share => "Restoring under another id makes both ids one customer.",
        }
    }
}
