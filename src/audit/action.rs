//! What can be done, by the names the log keeps (§14: snake case, past tense) and in words.

macro_rules! actions {
    ($($variant:ident $name:literal $words:literal),+ $(,)?) => {
        /// What was done.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Action {
            $($variant,)+
        }

        impl Action {
            pub const ALL: &'static [Action] = &[$(Action::$variant,)+];

            /// As the log keeps it.
            pub const fn name(self) -> &'static str {
                match self { $(Action::$variant => $name,)+ }
            }

            /// What follows the name of whoever did it: `Sol Mbeki added a note`.
            pub const fn words(self) -> &'static str {
                match self { $(Action::$variant => $words,)+ }
            }
        }
    };
}

actions! {
    NoteCreated "note_created" "added a note",
    NoteUpdated "note_updated" "edited a note",
    NoteDeleted "note_deleted" "deleted a note",
    AuditExported "audit_exported" "downloaded the audit log",
    ActionUndone "action_undone" "undid what they had done",
}

impl Action {
    /// The action of a name in the log; `None` for one that this version does not know.
    pub fn parse(name: &str) -> Option<Action> {
        Action::ALL.iter().copied().find(|action| action.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_snake_case_and_found_again() {
        for action in Action::ALL {
            assert_eq!(Action::parse(action.name()), Some(*action));
            assert!(action.name().chars().all(|letter| letter.is_ascii_lowercase() || letter == '_'));
        }
        assert_eq!(Action::parse("other"), None);
    }
}
