//! The settings about refunds, and which values are valid.

use serde::Deserialize;

use crate::base::Permission::ChangePurchases;
use crate::base::Role;
use crate::base::error::{Problem, Refusal};
use crate::base::money::Micros;
use crate::operations::requests::Rule;
use crate::pages::settings::values::Values;
use crate::wording::text::count;

/// How many reasons a project may offer, and how long each may be, in characters.
const MOST_REASONS: usize = 20;
const LONGEST_REASON: usize = 100;

/// The roles that can refund, each of which may have a rule.
pub const ROLES: [Role; 3] = [Role::Support, Role::Developer, Role::Admin];

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RefundSettings {
    pub needs_reason: bool,
    /// One a line.
    pub reasons: String,
    /// In the order of [`ROLES`].
    pub rules: [Rule; 3],
}

/// The fields of the form. A rule has two fields for each role.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Draft {
    needs_reason: Option<String>,
    reasons: String,
    support_from: String,
    support_per_day: String,
    developer_from: String,
    developer_per_day: String,
    admin_from: String,
    admin_per_day: String,
    /// The version that the person saw.
    pub seen: String,
}

/// The names of the two fields of a role, in the order of [`ROLES`].
pub const FIELDS: [(&str, &str); 3] =
    [("support_from", "support_per_day"), ("developer_from", "developer_per_day"), ("admin_from", "admin_per_day")];

impl RefundSettings {
    /// # Errors
    /// A problem for each wrong field. `members` are the roles of the project's people: a rule that nobody could fulfil is
    /// refused.
    pub fn parse(draft: &Draft, members: &[Role]) -> Result<RefundSettings, Refusal> {
        let mut problems = Vec::new();
        let typed = [
            (&draft.support_from, &draft.support_per_day),
            (&draft.developer_from, &draft.developer_per_day),
            (&draft.admin_from, &draft.admin_per_day),
        ];
        let mut rules = [Rule::default(); 3];
        for (place, (from, per_day)) in typed.into_iter().enumerate() {
            let (Some(role), Some((from_field, day_field))) = (ROLES.get(place), FIELDS.get(place)) else { continue };
            let rule = Rule {
                from: amount(from).unwrap_or_else(|why| note(&mut problems, from_field, why)),
                per_day: number(per_day).unwrap_or_else(|why| note(&mut problems, day_field, why)),
            };
            if let Some(why) = unfulfillable(rule, *role, members) {
                let field = if rule.from.is_some() { from_field } else { day_field };
                note::<()>(&mut problems, field, why);
            }
            if let Some(kept) = rules.get_mut(place) {
                *kept = rule;
            }
        }
        let reasons =
            reasons(&draft.reasons).unwrap_or_else(|why| note(&mut problems, "reasons", why)).unwrap_or_default();
        match problems.is_empty() {
            true => Ok(RefundSettings { needs_reason: draft.needs_reason.is_some(), reasons, rules }),
            false => Err(Refusal { problems, is_stale: false }),
        }
    }

    /// The settings in words.
    pub fn values(&self) -> Values {
        let reason = if self.needs_reason { "Required" } else { "Optional" };
        let offered: Vec<&str> = self.reasons.lines().collect();
        let mut values =
            vec![("Reason of a refund", reason.to_owned()), ("Reasons to choose from", offered.join("; "))];
        let names = ["A colleague agrees: support", "A colleague agrees: developers", "A colleague agrees: admins"];
        values.extend(names.into_iter().zip(self.rules.map(words)));
        Values(values)
    }
}

fn note<T>(problems: &mut Vec<Problem>, field: &'static str, sentence: String) -> Option<T> {
    problems.push(Problem { field, sentence });
    None
}

/// When a colleague has to agree: `from USD 50, and beyond 5 refunds a day`.
fn words(rule: Rule) -> String {
    let from = rule.from.map(|from| format!("from USD {}", from.shown()));
    let per_day = rule.per_day.map(|days| format!("beyond {} a day", count(days, "refund", "refunds")));
    let parts: Vec<String> = from.into_iter().chain(per_day).collect();
    if parts.is_empty() { "never".into() } else { parts.join(", and ") }
}

/// Why nobody could fulfil a rule: nobody agrees to their own request, so there must be somebody else who may.
fn unfulfillable(rule: Rule, role: Role, members: &[Role]) -> Option<String> {
    let able = members.iter().filter(|member| member.may(ChangePurchases)).count();
    let of_role = members.iter().filter(|member| **member == role).count();
    let others = able.saturating_sub(usize::from(of_role > 0));
    (!rule.is_empty() && others == 0).then(|| {
        "Nobody else in this project may agree to a refund. Add somebody who may change purchases first.".into()
    })
}

fn amount(typed: &str) -> Result<Option<Micros>, String> {
    let number = typed.trim().replace(',', ".");
    let is_plain = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') && number.len() <= 10;
    match Micros::parse(&number) {
        _ if number.is_empty() => Ok(None),
        Some(amount) if is_plain => Ok(Some(amount)),
        Some(_) | None => Err("Type an amount in US dollars such as 50, or leave it empty.".into()),
    }
}

fn number(typed: &str) -> Result<Option<i64>, String> {
    match (typed.trim(), typed.trim().parse::<i64>()) {
        ("", _) => Ok(None),
        (_, Ok(number)) if (0..=10_000).contains(&number) => Ok(Some(number)),
        _ => Err("Type a whole number from 0 to 10000, or leave it empty.".into()),
    }
}

fn reasons(typed: &str) -> Result<Option<String>, String> {
    let lines: Vec<&str> = typed.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if lines.len() > MOST_REASONS || lines.iter().any(|line| line.chars().count() > LONGEST_REASON) {
        return Err(format!("At most {MOST_REASONS} reasons of {LONGEST_REASON} characters each."));
    }
    if typed.contains('\0') {
        return Err("A reason holds a NUL character, which cannot be stored.".into());
    }
    Ok(Some(lines.join("\n")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> Draft {
        Draft { support_from: "50".into(), support_per_day: "5".into(), ..Draft::default() }
    }

    #[test]
    fn a_rule_is_read_and_said_in_words() {
        let settings = RefundSettings::parse(&draft(), &[Role::Support, Role::Admin]).expect("settings");
        assert_eq!(settings.rules[0], Rule { from: Some(Micros(50_000_000)), per_day: Some(5) });
        assert_eq!(settings.values().0[2].1, "from USD 50, and beyond 5 refunds a day");
        assert_eq!(settings.values().0[3].1, "never");
    }

    #[test]
    fn a_rule_that_nobody_could_fulfil_is_refused() {
        let fails = |members: &[Role]| RefundSettings::parse(&draft(), members).is_err();
        assert!(fails(&[Role::Support, Role::Viewer]), "the only one who may would have to agree to their own");
        assert!(fails(&[Role::Viewer]), "keys of programs may ask, and nobody could agree");
        assert!(!fails(&[Role::Support, Role::Support]));
        assert!(!fails(&[Role::Admin]), "an admin agrees to what support or a key asks");
        assert!(RefundSettings::parse(&Draft::default(), &[Role::Viewer]).is_ok());
    }

    #[test]
    fn each_wrong_field_is_named() {
        let draft = Draft {
            admin_from: "1e9".into(),
            developer_per_day: "-1".into(),
            reasons: "x".repeat(101),
            ..Draft::default()
        };
        let refusal = RefundSettings::parse(&draft, &[Role::Admin, Role::Admin]).expect_err("refused");
        let fields: Vec<&str> = refusal.problems.iter().map(|one| one.field).collect();
        assert_eq!(fields, ["developer_per_day", "admin_from", "reasons"]);
    }
}
