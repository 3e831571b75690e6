//! The settings of a project, and which values are valid.

use diesel::prelude::*;
use serde::Deserialize;

use crate::base::error::{Problem, Refusal};
use crate::base::{AppUserId, Role};
use crate::customers::{SandboxAccess, TransferBehavior, sandbox_access};
use crate::db::schema::projects;
use crate::pages::settings::values::Values;
use crate::wording::text::{self, count};

/// The longest note that fits into a form, in characters, whatever its letters are.
pub const LONGEST_NOTE: i64 = 5_000;
/// The most notes of a customer: all of them are shown on one page.
pub const MOST_NOTES: i64 = 100;
/// How many test customers the setting may name by an id.
pub const MOST_TESTERS: usize = 200;
const LONGEST_NAME: usize = 100;

#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, AsChangeset)]
#[diesel(table_name = projects)]
#[diesel(treat_none_as_null = true)]
pub struct Settings {
    pub name: String,
    pub note_length: i64,
    pub note_count: i64,
    pub transfer_behavior: TransferBehavior,
    /// `None`: as in production.
    pub sandbox_transfer_behavior: Option<TransferBehavior>,
    pub others_may_delete: bool,
    /// The lowest role that may download lists of customers.
    pub list_export_role: Role,
    /// Whether developers may set another offering for test customers only.
    pub overrides_only_tests: bool,
    /// For whom purchases of the sandbox unlock (§17).
    pub sandbox_access: SandboxAccess,
    /// The App User IDs of test customers, one a line.
    pub sandbox_testers: String,
}

/// The fields of the form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Draft {
    name: String,
    note_length: String,
    note_count: String,
    transfer_behavior: String,
    sandbox_transfer_behavior: String,
    others_may_delete: Option<String>,
    list_export_role: Option<String>,
    overrides_only_tests: Option<String>,
    sandbox_access: Option<String>,
    sandbox_testers: Option<String>,
    /// The version of the settings that the person saw.
    pub seen: String,
}

/// Parses the name of a project.
///
/// # Errors
/// What is wrong, as a clause without a full stop.
pub fn name(typed: &str) -> Result<String, String> {
    let name = typed.trim();
    match (1..=LONGEST_NAME).contains(&name.chars().count()) && !name.contains(char::is_control) {
        true => Ok(name.to_owned()),
        false => Err(format!("a name has 1 to {LONGEST_NAME} characters")),
    }
}

impl Settings {
    /// Reports every problem at once.
    ///
    /// # Errors
    /// A [`Refusal`] with a [`Problem`] for each field that is not valid.
    pub fn parse(&self, draft: &Draft) -> Result<Settings, Refusal> {
        let mut refusal = Refusal::default();
        let mut or_refuse = |field: &'static str, sentence: String| refusal.problems.push(Problem { field, sentence });
        let name = name(&draft.name).unwrap_or_else(|why| {
            or_refuse("name", text::sentence(&why));
            String::new()
        });
        let mut number = |field: &'static str, typed: &str, most: i64| {
            let parsed = typed.trim().parse::<i64>().ok().filter(|number| (1..=most).contains(number));
            parsed.unwrap_or_else(|| {
                or_refuse(field, format!("A whole number from 1 to {most}."));
                1
            })
        };
        let note_length = number("note_length", &draft.note_length, LONGEST_NOTE);
        let note_count = number("note_count", &draft.note_count, MOST_NOTES);
        let transfer_behavior = TransferBehavior::parse(&draft.transfer_behavior);
        let sandbox = TransferBehavior::parse(&draft.sandbox_transfer_behavior);
        let in_sandbox = if draft.sandbox_transfer_behavior.is_empty() { transfer_behavior } else { sandbox };
        if !is_among(&self.choices(), transfer_behavior) {
            or_refuse("transfer_behavior", not_offered(transfer_behavior));
        } else if !is_among(&self.sandbox_choices(), in_sandbox) {
            or_refuse("sandbox_transfer_behavior", not_offered(in_sandbox));
        }
        let sandbox_access = draft.sandbox_access.as_deref().map_or(Some(self.sandbox_access), SandboxAccess::parse);
        if sandbox_access.is_none() {
            or_refuse("sandbox_access", "Choose one of the options.".into());
        }
        let export_role = draft.list_export_role.as_deref().map_or(Some(self.list_export_role), Role::parse);
        if export_role.is_none() {
            or_refuse("list_export_role", "Choose one of the options.".into());
        }
        let testers = draft.sandbox_testers.as_deref().map_or_else(|| Ok(self.sandbox_testers.clone()), testers);
        let sandbox_testers = testers.unwrap_or_else(|why| {
            or_refuse("sandbox_testers", why);
            String::new()
        });
        let parsed = Settings {
            name,
            note_length,
            note_count,
            transfer_behavior: transfer_behavior.unwrap_or(self.transfer_behavior),
            sandbox_transfer_behavior: sandbox,
            others_may_delete: draft.others_may_delete.is_some(),
            list_export_role: export_role.unwrap_or(self.list_export_role),
            overrides_only_tests: draft.overrides_only_tests.is_some(),
            sandbox_access: sandbox_access.unwrap_or(self.sandbox_access),
            sandbox_testers,
        };
        if refusal.problems.is_empty() { Ok(parsed) } else { Err(refusal) }
    }

    /// The choices for production. Sharing is offered only where it is in force (§9.5).
    pub fn choices(&self) -> Vec<TransferBehavior> {
        offered(self.transfer_behavior)
    }

    /// The choices for the sandbox, besides "As in production".
    pub fn sandbox_choices(&self) -> Vec<TransferBehavior> {
        offered(self.in_sandbox())
    }

    fn in_sandbox(&self) -> TransferBehavior {
        self.sandbox_transfer_behavior.unwrap_or(self.transfer_behavior)
    }

    /// Every setting with its value, in words.
    pub fn values(&self) -> Values {
        let sandbox = self.sandbox_transfer_behavior.map_or("As in production", TransferBehavior::name);
        Values(vec![
            ("Name", self.name.clone()),
            ("Length of a note", count(self.note_length, "character", "characters")),
            ("Notes of a customer", format!("{} at most", self.note_count)),
            ("Transfer Behavior", self.transfer_behavior.name().to_owned()),
            ("In the sandbox", sandbox.to_owned()),
            ("Who may delete and block customers", who_deletes(self.others_may_delete).to_owned()),
            ("Who may download lists", exporters(self.list_export_role).to_owned()),
            ("Developers set offerings for", whose_offering(self.overrides_only_tests).to_owned()),
            ("Sandbox purchases unlock for", self.sandbox_access.name().to_owned()),
            ("Test customers by id", named(&self.sandbox_testers)),
        ])
    }
}

/// The ids in one line.
fn named(lines: &str) -> String {
    let ids: Vec<&str> = sandbox_access::testers(lines).collect();
    if ids.is_empty() { "None".into() } else { ids.join(", ") }
}

/// Reads typed App User IDs, one a line; white space around an id is removed, and so are repeated ids.
///
/// # Errors
/// What is wrong, as a sentence.
fn testers(typed: &str) -> Result<String, String> {
    let mut ids: Vec<&str> = Vec::new();
    for id in typed.lines().map(str::trim).filter(|id| !id.is_empty()) {
        if AppUserId::parse(id).is_err() {
            return Err(format!("“{}” cannot be an App User ID.", text::visible(id)));
        }
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    if ids.len() > MOST_TESTERS { Err(format!("At most {MOST_TESTERS} ids.")) } else { Ok(ids.join("\n")) }
}

fn who_deletes(others: bool) -> &'static str {
    if others { "Admins, developers and support" } else { "Admins" }
}

/// Everybody whose role is this one or a higher one.
pub const fn exporters(least: Role) -> &'static str {
    match least {
        Role::Viewer => "Everybody",
        Role::Support => "Admins, developers and support",
        Role::Developer => "Admins and developers",
        Role::Admin => "Admins",
    }
}

fn whose_offering(only_tests: bool) -> &'static str {
    if only_tests { "Customers without a production purchase" } else { "All customers" }
}

fn offered(current: TransferBehavior) -> Vec<TransferBehavior> {
    let share = TransferBehavior::Share;
    TransferBehavior::ALL.into_iter().filter(|option| *option != share || current == share).collect()
}

fn is_among(offered: &[TransferBehavior], chosen: Option<TransferBehavior>) -> bool {
    chosen.is_some_and(|chosen| offered.contains(&chosen))
}

fn not_offered(chosen: Option<TransferBehavior>) -> String {
    match chosen {
        Some(TransferBehavior::Share) => {
            "Sharing cannot be switched on again once it is off. Choose one of the others.".into()
        }
        Some(
            TransferBehavior::TransferToNew | TransferBehavior::TransferIfNoActive | TransferBehavior::KeepWithOriginal,
        )
        | None => "Choose one of the options.".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHARE: TransferBehavior = TransferBehavior::Share;

    fn settings() -> Settings {
        Settings {
            name: "Sundial".into(),
            note_length: 255,
            note_count: 10,
            transfer_behavior: TransferBehavior::TransferToNew,
            sandbox_transfer_behavior: None,
            others_may_delete: false,
            list_export_role: Role::Admin,
            overrides_only_tests: false,
            sandbox_access: SandboxAccess::Everybody,
            sandbox_testers: String::new(),
        }
    }

    fn draft(settings: &Settings) -> Draft {
        Draft {
            name: settings.name.clone(),
            note_length: settings.note_length.to_string(),
            note_count: settings.note_count.to_string(),
            transfer_behavior: settings.transfer_behavior.as_str().to_owned(),
            sandbox_transfer_behavior: settings
                .sandbox_transfer_behavior
                .map_or("", TransferBehavior::as_str)
                .to_owned(),
            others_may_delete: settings.others_may_delete.then(|| "1".to_owned()),
            list_export_role: Some(settings.list_export_role.name().to_owned()),
            overrides_only_tests: settings.overrides_only_tests.then(|| "1".to_owned()),
            sandbox_access: Some(settings.sandbox_access.as_str().to_owned()),
            sandbox_testers: Some(settings.sandbox_testers.clone()),
            seen: String::new(),
        }
    }

    fn refused(draft: Draft, of: &Settings) -> Vec<&'static str> {
        let problems = of.parse(&draft).map_or_else(|refusal| refusal.problems, |_| Vec::new());
        problems.into_iter().map(|problem| problem.field).collect()
    }

    #[test]
    fn every_limit_holds_at_its_edge_and_every_problem_is_reported() {
        for (length, count) in [(1, 1), (LONGEST_NOTE, MOST_NOTES)] {
            let wanted = Settings { note_length: length, note_count: count, ..settings() };
            assert_eq!(settings().parse(&draft(&wanted)), Ok(wanted));
        }
        for (length, count) in [(0, 0), (LONGEST_NOTE + 1, MOST_NOTES + 1), (-1, i64::MAX)] {
            let wrong = Settings { name: " ".into(), note_length: length, note_count: count, ..settings() };
            assert_eq!(refused(draft(&wrong), &settings()), ["name", "note_length", "note_count"]);
        }
        let wrong = Draft { note_length: "12.5".into(), transfer_behavior: "x".into(), ..draft(&settings()) };
        assert_eq!(refused(wrong, &settings()), ["note_length", "transfer_behavior"]);
    }

    #[test]
    fn sharing_cannot_be_chosen_again_once_it_was_left() {
        let shares = Settings { transfer_behavior: SHARE, ..settings() };
        assert!(shares.choices().contains(&SHARE) && !settings().choices().contains(&SHARE));
        assert_eq!(refused(draft(&shares), &settings()), ["transfer_behavior"]);
        assert!(refused(draft(&shares), &shares).is_empty());
        // The sandbox may keep what production leaves.
        let sandbox = Settings { sandbox_transfer_behavior: Some(SHARE), ..settings() };
        assert!(refused(draft(&sandbox), &shares).is_empty());
        assert_eq!(refused(draft(&sandbox), &settings()), ["sandbox_transfer_behavior"]);
        let back = Settings { sandbox_transfer_behavior: None, ..shares.clone() };
        let kept = Settings { sandbox_transfer_behavior: Some(TransferBehavior::KeepWithOriginal), ..shares };
        assert_eq!(refused(draft(&back), &kept), ["sandbox_transfer_behavior"], "as in production would share again");
    }

    #[test]
    fn test_customers_are_named_one_a_line() {
        let typed = |lines: &str| Draft { sandbox_testers: Some(lines.into()), ..draft(&settings()) };
        let parsed = settings().parse(&typed(" sandy \r\n\r\n$RCAnonymousID:1\nsandy")).map(|one| one.sandbox_testers);
        assert_eq!(parsed.as_deref(), Ok("sandy\n$RCAnonymousID:1"));
        assert_eq!(refused(typed("sandy\nnull"), &settings()), ["sandbox_testers"]);
        let many: Vec<String> = (0..=MOST_TESTERS).map(|number| format!("qa-{number}")).collect();
        assert_eq!(refused(typed(&many.join("\n")), &settings()), ["sandbox_testers"]);
        let unknown = Draft { sandbox_access: Some("friends".into()), ..draft(&settings()) };
        assert_eq!(refused(unknown, &settings()), ["sandbox_access"]);
        let older = Draft { sandbox_access: None, sandbox_testers: None, ..draft(&settings()) };
        let set = Settings { sandbox_access: SandboxAccess::Nobody, sandbox_testers: "sandy".into(), ..settings() };
        assert_eq!(set.parse(&older), Ok(set.clone()), "a form without the fields changes nothing of them");
    }

    #[test]
    fn only_differing_settings_are_listed() {
        let after = Settings { note_count: 20, others_may_delete: true, ..settings() };
        let (before, after) = settings().values().difference(&after.values()).expect("a difference");
        assert_eq!(before, "Notes of a customer: 10 at most\nWho may delete and block customers: Admins");
        assert_eq!(
            after,
            "Notes of a customer: 20 at most\nWho may delete and block customers: Admins, developers and support"
        );
    }
}
