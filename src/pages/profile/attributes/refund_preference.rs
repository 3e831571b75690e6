//! What Apple is told when this customer asks for a refund: an attribute of four values (§10.3), in plain words. It is offered
//! where the customer has bought from Apple.

use crate::customers::attributes::reserved::APPLE_REFUNDS;
use crate::events::Store;
use crate::pages::profile::visit::{Attribute, Visit};
use crate::projection::Purchase;
use crate::stores::Connected;

/// The choices with their words. The first one is no value.
pub const CHOICES: [(&str, &str); 5] = [
    ("", UNSET),
    ("GRANT_REFUND", "Tell Apple to grant the refund"),
    ("DECLINE_REFUND", "Tell Apple to decline the refund"),
    ("LET_APPLE_DECIDE", "Answer without a preference: Apple decides"),
    ("DO_NOT_HANDLE", "Do not answer Apple"),
];

/// What counts without a value.
pub const UNSET: &str = "As the app's setting says";

/// What the choice does, for whom and when.
pub const MEANING: &str = "Apple asks before it decides about a refund, and RevenueCat answers for you. The choice replaces the \
     app's setting for this customer, if handling refund requests is switched on for the app in RevenueCat. It must be set before \
     the customer asks Apple.";

/// Who hears of the choice.
pub const fn reach(connected: Option<Connected>) -> &'static str {
    match connected {
        None => {
            "This project is not connected to RevenueCat. The choice is kept here; RevenueCat must be told otherwise, in its \
             dashboard or by your app."
        }
        Some(Connected { is_suspended: true, .. }) => {
            "The choice is set at RevenueCat, and here when RevenueCat has it: not before an admin lets this database act."
        }
        Some(Connected { is_suspended: false, .. }) => {
            "The choice is set at RevenueCat, and here when RevenueCat has it."
        }
    }
}

pub fn is_about(key: &str) -> bool {
    key == APPLE_REFUNDS
}

/// Whether the card shows the choice although nothing is set.
pub fn is_offered(visit: &Visit) -> bool {
    let is_set = |attribute: &Attribute| is_about(&attribute.key);
    visit.purchases.iter().any(is_of_apple) && !visit.attributes.iter().any(is_set)
}

fn is_of_apple(purchase: &Purchase) -> bool {
    matches!(purchase.store, Some(Store::AppStore | Store::MacAppStore))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::customers::attributes::Rule;
    use crate::pages::profile::testing;
    use crate::projection::testing::purchase;
    use serde_json::json;

    #[test]
    fn the_choices_are_those_that_the_key_accepts_and_none() {
        let Rule::OneOf(accepted) = Rule::for_key(APPLE_REFUNDS) else { panic!("it has a list") };
        let mut offered: Vec<&str> =
            CHOICES.iter().map(|(value, _)| *value).filter(|value| !value.is_empty()).collect();
        let mut accepted = accepted.to_vec();
        offered.sort_unstable();
        accepted.sort_unstable();
        assert_eq!(offered, accepted);
    }

    #[test]
    fn who_hears_of_the_choice_follows_from_the_connection() {
        let connected = |is_suspended| Some(Connected { has_v1_key: false, is_suspended });
        assert!(reach(None).starts_with("This project is not connected"));
        assert!(reach(connected(false)).starts_with("The choice is set at RevenueCat"));
        assert!(reach(connected(true)).ends_with("before an admin lets this database act."));
    }

    #[test]
    fn it_is_offered_to_those_who_bought_from_apple() {
        let mut visit = testing::lena();
        assert!(!is_offered(&visit));
        for (store, wanted) in [("PLAY_STORE", false), ("APP_STORE", true), ("MAC_APP_STORE", true)] {
            visit.purchases = vec![purchase(json!({ "store": store }))];
            assert_eq!(is_offered(&visit), wanted, "{store}");
        }
    }
}
