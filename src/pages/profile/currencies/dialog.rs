//! The dialog that changes a balance. It shows the balance that would follow.

use askama::Template;

use super::draft;
use super::handlers::refused;
use super::queries::{self, Held};
use crate::actions::Opened;
use crate::audit::reason::MAX_REASON;
use crate::base::Permission::AdjustBalances;
use crate::base::error::Error;
use crate::db::Conn;
use crate::operations::currencies;
use crate::pages::profile::visit::Visit;
use crate::web::{Dialog, filters};
use crate::wording::text;

pub const EDIT: &str = "currency-edit";

#[derive(Template)]
#[template(path = "profile/currencies/edit.html")]
struct Edit {
    form: Opened,
    action: String,
    preview_action: String,
    held: Held,
    is_sandbox: bool,
    preview: Preview,
}

/// What the change that was typed would do.
#[derive(Default)]
struct Preview {
    /// The balance that would follow.
    after: Option<String>,
    /// Why the change would be refused.
    refusal: Option<String>,
    /// The text of the button: `Add 20 GLD`.
    says: String,
}

/// The dialog of this name; `None` when it does not exist, is not for this person, or the project has no such currency.
pub fn dialog(conn: &mut Conn, visit: &Visit, form: Opened) -> Result<Option<Dialog>, Error> {
    let is_beyond = visit.is_sandbox() && visit.connected.is_some();
    // After a refusal the dialog is shown in any case, with the reason.
    if !visit.may(AdjustBalances) || form.name != EDIT || (is_beyond && form.is_of_address) {
        return Ok(None);
    }
    let (project, customer) = (visit.project.id, visit.customer.id);
    let held = queries::find(conn, project, customer, visit.environment, &form.subject)?;
    Ok(held.map(|held| Dialog::new(Edit::new(visit, form, held))))
}

impl Edit {
    fn new(visit: &Visit, form: Opened, held: Held) -> Edit {
        let path = format!("currencies/{}", text::segment(&held.code));
        Edit {
            action: visit.action(&path),
            preview_action: visit.action(&format!("{path}/preview")),
            preview: Preview::new(&held, form.value("change", "")),
            is_sandbox: visit.is_sandbox(),
            held,
            form,
        }
    }
}

impl Preview {
    fn new(held: &Held, typed: &str) -> Preview {
        let (Ok(change), before) = (draft::change(typed), held.amount.unwrap_or(0)) else { return Preview::default() };
        match currencies::balance_after(&held.code, before, change) {
            Ok(after) => Preview { after: Some(text::grouped(after)), says: says(held, change), refusal: None },
            Err(refusal) => Preview { refusal: Some(refused(&refusal, change).1), ..Preview::default() },
        }
    }
}

/// `Add 20 GLD`, `Take 5 GLD away`
fn says(held: &Held, change: i64) -> String {
    let amount = format!("{} {}", text::grouped(change.saturating_abs()), text::visible(&held.code));
    if change < 0 { format!("Take {amount} away") } else { format!("Add {amount}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preview_says_what_the_change_does_or_why_it_is_refused() {
        let held = Held { code: "GLD".into(), name: "Gold".into(), amount: Some(30) };
        let preview = |typed: &str| {
            let Preview { after, refusal, says } = Preview::new(&held, typed);
            (after.unwrap_or_default(), refusal.is_some(), says)
        };
        assert_eq!(preview("+1000"), ("1,030".into(), false, "Add 1,000 GLD".into()));
        assert_eq!(preview("-30"), ("0".into(), false, "Take 30 GLD away".into()));
        assert_eq!(preview("-31"), (String::new(), true, String::new()));
        assert_eq!(preview("ten"), (String::new(), false, String::new()));
    }
}
