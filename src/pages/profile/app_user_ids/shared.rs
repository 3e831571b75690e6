//! Signs that several people share the ids of one customer, and what to check in the app (§9.8).

use crate::base::app_user_id::{is_anonymous, is_placeholder};
use crate::wording::text::{count, grouped};

/// More ids than this are unusual for one person.
const MANY_ALIASES: i64 = 50;
/// More anonymous ids than this: as many installs, or restores on every launch.
const MANY_INSTALLS: usize = 20;
/// More ids that the app chose than this: as many accounts.
const MANY_ACCOUNTS: usize = 4;

/// What is unusual, and what to check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sign {
    pub what: String,
    pub check: &'static str,
}

/// The signs in the ids that a page knows of `all`.
pub fn signs(ids: &[String], all: i64) -> Vec<Sign> {
    let anonymous = ids.iter().filter(|id| is_anonymous(id)).count();
    let named = ids.len() - anonymous;
    let address = ids.iter().find(|id| is_address(id));
    let placeholder = ids.iter().find(|id| is_placeholder(id));
    let of = |number: usize, one, many| count(i64::try_from(number).unwrap_or(i64::MAX), one, many);
    let signs = [
        (all - 1 > MANY_ALIASES).then(|| Sign {
            what: format!("{} ids is unusual.", grouped(all)),
            check: "A shared or hard-coded id, or restores on every launch, may have merged several people into one customer. A merge \
                    cannot be undone.",
        }),
        placeholder.map(|id| Sign {
            what: format!("“{id}” looks like a word for nobody, not like somebody’s id."),
            check: "Check that the app logs in only when it knows the person’s own id: all who got this word are one customer.",
        }),
        address.map(|_| Sign {
            what: "An e-mail address is an App User ID.".into(),
            check: "Check that the app logs in with an id that never changes and that nobody can guess: whoever knows the address can \
                    log in as this customer, and a new address makes a new customer.",
        }),
        (named > MANY_ACCOUNTS).then(|| Sign {
            what: format!("{} of the app are one customer.", of(named, "account", "accounts")),
            check: "Check that the app logs out before somebody else logs in on the same device.",
        }),
        (anonymous > MANY_INSTALLS && all - 1 <= MANY_ALIASES).then(|| Sign {
            what: format!("{}: as many installs or devices.", of(anonymous, "anonymous id", "anonymous ids")),
            check: "Check that the app does not restore purchases on every launch, and that the id is nobody else’s too.",
        }),
    ];
    signs.into_iter().flatten().collect()
}

fn is_address(id: &str) -> bool {
    let parts = id.split_once('@').filter(|(name, host)| !name.is_empty() && host.contains('.'));
    parts.is_some_and(|(_, host)| !host.contains('@') && !id.contains(char::is_whitespace))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(ids: &[&str]) -> Vec<String> {
        let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
        let all = i64::try_from(ids.len()).expect("few");
        signs(&ids, all).into_iter().map(|sign| sign.what).collect()
    }

    #[test]
    fn ids_that_look_shared_are_named() {
        assert_eq!(said(&["lena", "$RCAnonymousID:a", "$RCAnonymousID:b"]), [""; 0]);
        assert_eq!(said(&["lena@okafor.example"]), ["An e-mail address is an App User ID."]);
        assert_eq!(said(&["Guest1"]), ["“Guest1” looks like a word for nobody, not like somebody’s id."]);
        assert_eq!(said(&["a", "b", "c", "d", "e"]), ["5 accounts of the app are one customer."]);
        let installs: Vec<String> = (0..25).map(|number| format!("$RCAnonymousID:{number}")).collect();
        let installs: Vec<&str> = installs.iter().map(String::as_str).collect();
        assert_eq!(said(&installs), ["25 anonymous ids: as many installs or devices."]);
        let many: Vec<String> = (0..60).map(|number| format!("$RCAnonymousID:{number}")).collect();
        assert_eq!(said(&many.iter().map(String::as_str).collect::<Vec<_>>()), ["60 ids is unusual."]);
    }
}
