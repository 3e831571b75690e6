//! The card: a search, the attributes with a value, and the reserved keys without one, folded.

use askama::Template;
use askama::filters::HtmlSafe;

use super::model;
use super::model::{Set, Unset};
use crate::base::Permission::EditAttributes;
use crate::pages::profile::pickup::What;
use crate::pages::profile::visit::Visit;
use crate::web::filters;
use crate::wording::sentence::Sentence;
use crate::wording::text;

#[derive(Debug, Template)]
#[template(path = "profile/attributes.html")]
pub struct Card {
    set: Vec<Set>,
    unset: Vec<Unset>,
    /// The dialogs; `None` for a person who may not change attributes.
    dialogs: Option<Dialogs>,
    /// Whether the app has fetched since the last change.
    picked_up: Option<Sentence>,
}

#[derive(Debug)]
struct Dialogs {
    add: String,
    /// The address up to the key, which is appended to it.
    edit: String,
}

impl HtmlSafe for Card {}

impl Card {
    /// No query: the visit holds the attributes.
    pub fn new(visit: &Visit) -> Card {
        let dialogs = || Dialogs { add: visit.dialog("attribute-add"), edit: visit.dialog("attribute-edit.") };
        Card {
            set: model::set(&visit.attributes),
            unset: model::unset(&visit.attributes),
            dialogs: visit.may(EditAttributes).then(dialogs),
            picked_up: visit.picked_up(What::Attributes),
        }
    }

    fn count(&self) -> String {
        text::grouped(i64::try_from(self.set.len()).unwrap_or(i64::MAX))
    }

    fn unset_count(&self) -> String {
        format!("{} reserved keys without a value", self.unset.len())
    }
}

impl Dialogs {
    fn edit(&self, key: &str) -> String {
        format!("{}{}", self.edit, text::segment(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Role;
    use crate::base::clock::Moment;
    use crate::pages::profile::testing;
    use crate::pages::profile::visit::Attribute;

    #[test]
    fn every_row_links_to_its_dialog_for_those_who_may_edit() {
        let mut visit = testing::lena();
        visit.attributes = vec![Attribute { key: "a&b=<c>".into(), value: "x".into(), updated_at: Moment(0) }];
        let html = Card::new(&visit).to_string();
        assert!(html.contains("dialog=attribute-edit.a%26b%3D%3Cc%3E\""), "{html}");
        assert!(html.contains("dialog=attribute-edit.%24email\"") && html.contains("dialog=attribute-add\""), "{html}");
        visit.role = Role::Viewer;
        assert!(!Card::new(&visit).to_string().contains("dialog="));
    }
}
