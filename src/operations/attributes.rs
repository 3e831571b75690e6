//! The audit trace of a changed attribute.

use crate::audit::{Action, Trace};
use crate::customers::attributes::Stored;

/// The trace of a change, with the values before and after; a cleared attribute has none.
pub fn trace(before: Option<&Stored>, after: Option<&Stored>) -> Trace {
    let value = |stored: Option<&Stored>| stored.and_then(Stored::set).map(str::to_owned);
    let action =
        if after.is_some_and(|stored| !stored.is_deleted) { Action::AttributeSet } else { Action::AttributeDeleted };
    let mut trace = Trace::new(action);
    trace.details.about = before.or(after).map(|stored| stored.key.clone());
    trace.details.before = value(before);
    trace.details.after = value(after);
    trace
}
