//! The card: a search, the attributes with a value, and the reserved keys without one, folded.

use askama::Template;
use askama::filters::HtmlSafe;

use super::model::{Set, Unset};
use super::{model, refund_preference};
use crate::base::Permission::EditAttributes;
use crate::customers::attributes::reserved::APPLE_REFUNDS;
use crate::pages::profile::pickup::What;
use crate::pages::profile::visit::Visit;
use crate::web::filters;
use crate::wording::sentence::Sentence;
use crate::wording::text;

#[derive(Debug, Template)]
#[template(path = "profile/attributes.html")]
pub struct Card {
    set: Vec<Set>,
    /// What Apple is told of a refund, where nothing is set and it can be chosen.
    refunds: Option<Set>,
    unset: Vec<Unset>,
    /// The dialogs; `None` for a person who may not change attributes.
    dialogs: Option<Dialogs>,
    /// Whether the app has fetched since the last change.
    picked_up: Option<Sentence>,
    /// The keys of which it is not known what they were then.
    unknown: Option<String>,
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
        let refunds = (visit.may(EditAttributes) && refund_preference::is_offered(visit))
            .then(|| model::without_value(APPLE_REFUNDS, refund_preference::UNSET));
        let is_folded = |unset: &Unset| refunds.is_none() || !refund_preference::is_about(unset.key);
        Card {
            set: model::set(&visit.attributes),
            unset: model::unset(&visit.attributes).into_iter().filter(is_folded).collect(),
            refunds,
            dialogs: visit.may(EditAttributes).then(dialogs),
            picked_up: visit.picked_up(What::Attributes),
            unknown: unknown(&visit.unknown_attributes),
        }
    }

    fn count(&self) -> String {
        text::grouped(i64::try_from(self.set.len()).unwrap_or(i64::MAX))
    }

    /// The rows that are not folded: those with a value, then what Apple is told without one.
    fn shown(&self) -> impl Iterator<Item = &Set> {
        self.set.iter().chain(&self.refunds)
    }

    fn unset_count(&self) -> String {
        format!("{} reserved keys without a value", self.unset.len())
    }
}

/// `goal and 3 others`
fn unknown(keys: &[String]) -> Option<String> {
    const NAMED: usize = 5;
    let mut named: Vec<String> = keys.iter().take(NAMED).map(|key| text::visible(key)).collect();
    let more = i64::try_from(keys.len().saturating_sub(NAMED)).unwrap_or(i64::MAX);
    named.extend((more > 0).then(|| text::count(more, "other", "others")));
    (!named.is_empty()).then(|| text::listed(&named))
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
