//! The terms by which the search finds a customer (§13): ids, transactions, e-mail, phone and name, all in lower case.
//! Names are stored without accents.

use std::collections::BTreeSet;

use diesel::prelude::*;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;

use crate::base::app_user_id::is_anonymous;
use crate::base::clock::Moment;
use crate::base::ids::{CustomerId, ProjectId};
use crate::base::lookup_key;
use crate::db::schema::{app_user_ids, attributes, customers, search_terms};
use crate::db::{Both, Conn};
use crate::projection::CustomerState;

/// What a term is taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TermKind {
    AppUserId,
    Transaction,
    Order,
    Email,
    Phone,
    Name,
}

crate::db::columns::text_enum!(TermKind: as_str, TermKind::parse);

impl TermKind {
    pub const ALL: [TermKind; 6] =
        [TermKind::AppUserId, TermKind::Transaction, TermKind::Order, TermKind::Email, TermKind::Phone, TermKind::Name];

    pub const fn as_str(self) -> &'static str {
        match self {
            TermKind::AppUserId => "id",
            TermKind::Transaction => "transaction",
            TermKind::Order => "order",
            TermKind::Email => "email",
            TermKind::Phone => "phone",
            TermKind::Name => "name",
        }
    }

    pub fn parse(word: &str) -> Option<TermKind> {
        TermKind::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// The form in which texts of this kind are compared.
    pub fn folded(self, text: &str) -> String {
        if self == TermKind::Name { folded_name(text) } else { folded(text) }
    }

    /// What matched, in words.
    pub const fn label(self) -> &'static str {
        match self {
            TermKind::AppUserId => "App User ID",
            TermKind::Transaction => "Transaction",
            TermKind::Order => "Order",
            TermKind::Email => "E-mail",
            TermKind::Phone => "Phone",
            TermKind::Name => "Name",
        }
    }
}

/// The form in which texts are compared: lower case, white space at the ends gone.
pub fn folded(text: &str) -> String {
    text.trim().to_lowercase()
}

/// The form in which names are compared, so that people find them as they type them: no accents, lower case, single
/// spaces. Marks that make a different letter stay: those of Japanese and of Indian scripts.
pub fn folded_name(text: &str) -> String {
    let word = |word: &str| word.chars().flat_map(folded_letter).collect::<String>();
    text.split_whitespace().map(word).collect::<Vec<_>>().join(" ")
}

/// A letter of a name as it is compared; nothing for a separate accent.
pub fn folded_letter(letter: char) -> impl Iterator<Item = char> {
    let parts = std::iter::once(letter).nfkd().filter(|part| canonical_combining_class(*part) < FIRST_ACCENT);
    parts.flat_map(char::to_lowercase)
}

/// The lowest combining class of accents. Marks of lower classes make a different letter.
const FIRST_ACCENT: u8 = 10;

/// The digits of a phone number; empty when there are fewer than five.
pub fn phone_digits(text: &str) -> String {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    if digits.len() < 5 { String::new() } else { digits }
}

/// The part of a Google order that all renewals share (§13): `GPA.1-2-3-4..7` → `GPA.1-2-3-4`.
pub fn base_order(transaction: &str) -> Option<&str> {
    transaction.split_once("..").map(|(base, _)| base).filter(|base| base.starts_with("GPA."))
}

/// What the header and the lists show to identify a customer.
pub(super) struct Contact {
    pub original: String,
    /// The id to show: the earliest identified one, else the original.
    pub best: String,
    pub display_name: Option<String>,
    pub email: Option<String>,
    pub ids: i64,
    /// The time by which lists are ordered: when the app was last seen, else the newest event.
    pub active_at: Moment,
}

type Term = (Vec<u8>, &'static str, String);

/// Writes the terms of a customer, and returns what lists show of them.
pub(super) fn write(
    conn: &mut Conn,
    customer: CustomerId,
    state: &CustomerState,
    is_new: bool,
) -> QueryResult<Contact> {
    let (project, last_seen): (ProjectId, Option<Moment>) =
        customers::table.find(customer).select((customers::project_id, customers::last_seen_at)).first(conn)?;
    let ids: Vec<String> = app_user_ids::table
        .filter(app_user_ids::customer_id.eq(customer))
        .order((app_user_ids::since, app_user_ids::key))
        .select(app_user_ids::app_user_id)
        .load(conn)?;
    let values = if is_new { names_in(state) } else { named_values(conn, customer)? };
    let value = |key: &str| values.iter().find(|(name, _)| name == key).map(|(_, value)| value.clone());
    let original = original(state, &ids);
    let contact = Contact {
        best: best(&original, &ids),
        original,
        display_name: value("$displayName"),
        email: value("$email"),
        ids: i64::try_from(ids.len()).unwrap_or(i64::MAX),
        active_at: last_seen.or(state.last_event_at).unwrap_or(Moment(0)),
    };
    let phone = value("$phoneNumber");
    let terms = terms_of(&ids, state, &contact, phone.as_deref());
    replace(conn, project, customer, terms, is_new)?;
    Ok(contact)
}

/// The id that the newest event calls the original, if the customer has it; else the earliest one seen.
fn original(state: &CustomerState, ids: &[String]) -> String {
    let named = state.original_app_user_id.as_ref().filter(|named| ids.contains(named));
    named.or(ids.first()).cloned().unwrap_or_default()
}

/// The best id to show. Identified ids come before anonymous ones; among them the original first, else the earliest.
fn best(original: &str, ids: &[String]) -> String {
    let identified = ids.iter().map(String::as_str).find(|id| !is_anonymous(id));
    let best = if is_anonymous(original) { identified.unwrap_or(original) } else { original };
    best.to_owned()
}

/// The values of events alone: nobody else has set an attribute of a new customer.
fn names_in(state: &CustomerState) -> Vec<(String, String)> {
    let set = state.attributes.iter().filter_map(|(key, value)| Some((key.clone(), value.value.clone()?)));
    set.filter(|(key, _)| matches!(key.as_str(), "$displayName" | "$email" | "$phoneNumber")).collect()
}

fn named_values(conn: &mut Conn, customer: CustomerId) -> QueryResult<Vec<(String, String)>> {
    attributes::table
        .filter(attributes::customer_id.eq(customer).and(attributes::is_deleted.eq(false)))
        .filter(
            attributes::key.eq("$displayName").or(attributes::key.eq("$email")).or(attributes::key.eq("$phoneNumber")),
        )
        .select((attributes::key, attributes::value))
        .load(conn)
}

fn terms_of(ids: &[String], state: &CustomerState, contact: &Contact, phone: Option<&str>) -> BTreeSet<Term> {
    let mut terms = BTreeSet::new();
    let mut add = |kind: TermKind, term: &str, value: &str| {
        let term = kind.folded(term);
        if !term.is_empty() {
            terms.insert((lookup_key(&term), kind.as_str(), value.to_owned()));
        }
    };
    for id in ids {
        add(TermKind::AppUserId, id, id);
    }
    for transaction in state.purchases.iter().flat_map(|purchase| &purchase.transactions) {
        add(TermKind::Transaction, transaction, transaction);
        if let Some(base) = base_order(transaction) {
            add(TermKind::Order, base, base);
        }
    }
    if let Some(email) = &contact.email {
        add(TermKind::Email, email, email);
    }
    if let Some(phone) = phone {
        add(TermKind::Phone, phone, phone);
        add(TermKind::Phone, &phone_digits(phone), phone);
    }
    if let Some(name) = &contact.display_name {
        add(TermKind::Name, name, name);
        for (start, _) in name.match_indices(char::is_whitespace).take(5) {
            add(TermKind::Name, name.get(start..).unwrap_or(""), name);
        }
    }
    terms
}

fn replace(
    conn: &mut Conn,
    project: ProjectId,
    customer: CustomerId,
    terms: BTreeSet<Term>,
    is_new: bool,
) -> QueryResult<()> {
    let mut old: BTreeSet<(Vec<u8>, String, String)> = BTreeSet::new();
    if !is_new {
        let rows = search_terms::table
            .filter(search_terms::customer_id.eq(customer))
            .select((search_terms::term, search_terms::kind, search_terms::value))
            .load(conn)?;
        old.extend(rows);
    }
    let new: BTreeSet<_> = terms.into_iter().map(|(term, kind, value)| (term, kind.to_owned(), value)).collect();
    for (term, kind, _) in old.difference(&new) {
        let own = search_terms::project_id.eq(project).and(search_terms::customer_id.eq(customer));
        let this = own.and(search_terms::term.eq(term)).and(search_terms::kind.eq(kind));
        diesel::delete(search_terms::table.filter(this)).execute(conn)?;
    }
    for (term, kind, value) in new.difference(&old) {
        let row = (
            search_terms::project_id.eq(project),
            search_terms::term.eq(term),
            search_terms::kind.eq(kind),
            search_terms::customer_id.eq(customer),
            search_terms::value.eq(value),
        );
        Both(diesel::insert_into(search_terms::table).values(row).on_conflict_do_nothing()).execute(conn)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_as_people_type_them() {
        let same =
            [("Chloé  Lefèvre", "chloe lefevre"), ("Lena\u{A0} Okafor ", "lena okafor"), ("Ｗiśniewski", "wisniewski")];
        for (name, typed) in same {
            assert_eq!(folded_name(name), typed);
        }
        assert_eq!(folded_name("e\u{301}"), folded_name("É"));
        assert_eq!(folded_name("ΣΟΦΟΣ"), folded_name("σοφος").replace('ς', "σ"));
        assert_ne!(folded_name("がく"), folded_name("かく"));
        assert_ne!(folded_name("के"), folded_name("क"));
    }
}
