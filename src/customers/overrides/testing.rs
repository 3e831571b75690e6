//! Overrides, for tests.

use super::Override;
use crate::base::clock::Moment;
use crate::base::ids::{CustomerId, PersonId, ProjectId};
use crate::projection::testing::NOW;

/// Set by Dev three days ago.
pub fn set(offering: &str, until: Option<Moment>, reason: Option<&str>) -> Override {
    Override {
        customer_id: CustomerId(7),
        project_id: ProjectId(1),
        offering: offering.into(),
        set_by: "Dev Anand".into(),
        set_by_id: Some(PersonId(3)),
        set_at: NOW.plus_days(-3),
        until,
        reason: reason.map(str::to_owned),
        is_end_recorded: false,
    }
}
