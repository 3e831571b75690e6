//! Visits of made-up customers for the tests of the cards. Nothing here uses a database.

use super::pickup::Changes;
use super::requests::Requests;
use super::subject::{Customer, Project, Since, Subject};
use super::visit::Visit;
use crate::audit::Ctx;
use crate::auth::ProjectRoles;
use crate::base::Role;
use crate::base::ids::{CustomerId, Ids, ProjectId};
use crate::catalog::Catalog;
use crate::customers::TransferBehavior;
use crate::events::Environment;
use crate::projection::testing::NOW;

/// A subscriber with every detail known, opened by her own id.
pub fn lena() -> Visit {
    let mut visit = stranger();
    visit.opened_as = "lena.okafor_4471".into();
    visit.href = "/projects/sundial/customers/lena.okafor_4471".into();
    visit.since = Since { at: NOW.plus_days(-381), is_exact: true };
    let customer = visit.customer.clone();
    visit.customer = Customer {
        last_seen_at: Some(NOW.plus_seconds(-7_200)),
        app_version: Some("4.12.0".into()),
        platform: Some("iOS".into()),
        platform_version: Some("Version 19.1 (Build 23B85)".into()),
        sdk_version: Some("native 5.1.0".into()),
        locale: Some("de-DE".into()),
        country: Some("DE".into()),
        original_app_user_id: "$RCAnonymousID:84326a29a74c4eed95abd9f86b3eff3f".into(),
        display_name: Some("Lena Okafor".into()),
        email: Some("lena@okafor.example".into()),
        spent_micros: 106_950_000,
        payments: 9,
        refunds: 1,
        ids_count: 3,
        events_count: 14,
        ..customer
    };
    visit
}

/// A customer of whom only an id is known.
pub fn stranger() -> Visit {
    let subject = Subject {
        as_of: None,
        project: Project {
            id: ProjectId(1),
            slug: "sundial".into(),
            name: "Sundial".into(),
            transfer_behavior: TransferBehavior::TransferToNew,
            sandbox_transfer_behavior: None,
            note_length: 255,
            note_count: 10,
            overrides_only_tests: false,
            roles: ProjectRoles { others_may_delete: false, list_export_role: Role::Admin },
        },
        customer: Customer {
            id: CustomerId(7),
            last_seen_at: None,
            app_version: None,
            platform: None,
            platform_version: None,
            sdk_version: None,
            locale: None,
            country: None,
            original_app_user_id: "u_90211".into(),
            event_country: None,
            display_name: None,
            email: None,
            spent_micros: 0,
            prices_missing: 0,
            payments: 0,
            refunds: 0,
            family_shared_only: false,
            ids_count: 1,
            events_count: 0,
            first_event_at: None,
            status_purchase: None,
            made_sandbox: false,
            info_fetched_at: None,
            offerings_fetched_at: None,
        },
        opened_as: "u_90211".into(),
        since: Since { at: NOW.plus_seconds(-360), is_exact: false },
        href: "/projects/sundial/customers/u_90211".into(),
        environment: Environment::Production,
        ctx: Ctx::system(ProjectId(1), &Ids::of_node(1), NOW),
        role: Role::Support,
        connected: None,
        asked_language: None,
    };
    Visit {
        unknown_attributes: Vec::new(),
        habits: (None, None),
        subject,
        catalog: Catalog::default(),
        purchases: Vec::new(),
        attributes: Vec::new(),
        changes: Changes::default(),
        requests: Requests::default(),
        locked_by: None,
    }
}
