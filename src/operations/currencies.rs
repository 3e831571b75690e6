//! Changes balances of virtual currencies (§15). The caller holds the project's lock until its transaction ends.

use std::collections::{BTreeMap, HashMap, HashSet};

use diesel::prelude::*;

use crate::audit::{Action, Ctx, Trace};
use crate::base::error::Error;
use crate::base::ids::{CustomerId, EventId};
use crate::customers::{locks, subject};
use crate::db::Conn;
use crate::db::schema::{balances, virtual_currencies};
use crate::events::own::{CurrencyChange, Once};
use crate::events::{Adjustment, Environment, event_key};
use crate::ingest;
use crate::projection::MAX_BALANCE;
use crate::stores::CustomerAct;

/// How many virtual currencies a project may have.
const MOST: i64 = 100;
/// The most characters of a code.
const LONGEST_CODE: usize = 10;

/// By how much the balance of each currency changes. None of the amounts is 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amounts(BTreeMap<String, i64>);

/// A change that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub environment: Environment,
    pub amounts: Amounts,
    pub reference: Option<String>,
    pub once: Option<Once>,
}

/// Why balances are not changed. Then none of them is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    TooLow {
        code: String,
        held: i64,
    },
    TooHigh {
        code: String,
        held: i64,
    },
    /// The project would have more currencies than it may.
    TooMany,
    /// A different call had the same key.
    KeyUsed,
}

impl Amounts {
    /// # Errors
    /// A sentence, when there is none, a code is none, or an amount is beyond what a balance can hold.
    pub fn parse(amounts: BTreeMap<String, i64>) -> Result<Amounts, String> {
        let is_code = |code: &String| {
            let is_plain = code.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            is_plain && (1..=LONGEST_CODE).contains(&code.len())
        };
        if amounts.is_empty() {
            return Err("There must be at least one amount.".into());
        }
        if let Some(code) = amounts.keys().find(|code| !is_code(code)) {
            return Err(format!("{code:?} is not the code of a virtual currency: 1 to 10 letters, digits and _."));
        }
        if let Some(code) = amounts.iter().find(|(_, amount)| amount.unsigned_abs() > MAX_BALANCE.unsigned_abs()) {
            return Err(format!("{} changes by at most 2,000,000,000.", code.0));
        }
        Ok(Amounts(amounts.into_iter().filter(|(_, amount)| *amount != 0).collect()))
    }

    /// What RevenueCat is asked for, to change balances by these amounts; `None` when nothing changes.
    pub fn act(self) -> Option<CustomerAct> {
        (!self.0.is_empty()).then_some(CustomerAct::Adjust { amounts: self.0 })
    }

    /// One amount that is not 0, of a currency that the project has. Its code is whatever an event called it.
    pub fn one(code: &str, amount: i64) -> Amounts {
        Amounts(BTreeMap::from([(code.to_owned(), amount)]))
    }
}

/// The balance of `code` after a change, when `held` is there before.
///
/// # Errors
/// [`Refusal`] when the balance would leave its bounds (§15).
pub fn balance_after(code: &str, held: i64, change: i64) -> Result<i64, Refusal> {
    match held.saturating_add(change) {
        ..0 => Err(Refusal::TooLow { code: code.to_owned(), held }),
        after if after > MAX_BALANCE => Err(Refusal::TooHigh { code: code.to_owned(), held }),
        after => Ok(after),
    }
}

/// What is stored of a balance.
struct Held {
    name: String,
    amount: i64,
    /// What the events add up to, without bounds.
    sum: i64,
}

/// What was changed.
#[derive(Debug, Default)]
pub struct Changed {
    /// One for each balance; none when the same call has changed them already, or nothing changes.
    pub traces: Vec<Trace>,
    /// The row of the event.
    pub event: Option<EventId>,
}

/// Changes the balances, all or none.
///
/// # Errors
/// [`Error::NotFound`] when the customer does not exist.
pub fn change(
    conn: &mut Conn,
    ctx: &Ctx,
    customer: CustomerId,
    request: &Request,
) -> Result<Result<Changed, Refusal>, Error> {
    conn.lock_project(ctx.project)?;
    locks::lock(conn, [customer])?;
    if let Some(is_same) = earlier(conn, ctx, request.once.as_ref())? {
        return Ok(if is_same { Ok(Changed::default()) } else { Err(Refusal::KeyUsed) });
    }
    let held = held(conn, customer, request.environment)?;
    if exceeds(conn, ctx, request)? {
        return Ok(Err(Refusal::TooMany));
    }
    let (mut adjustments, mut traces) = (Vec::new(), Vec::new());
    for (code, amount) in &request.amounts.0 {
        let before = held.get(code);
        let balance = before.map_or(0, |held| held.amount);
        match balance_after(code, balance, *amount) {
            Err(refusal) => return Ok(Err(refusal)),
            Ok(after) => traces.push(entry(code, balance, after, request.reference.clone())),
        }
        // An estimate may lie beyond the bounds (§15). The change counts from the balance that everybody sees.
        let correction = before.map_or(0, |held| held.amount.saturating_sub(held.sum));
        let name = before.map(|held| held.name.clone()).filter(|name| !name.is_empty());
        let of = |amount| Adjustment { amount, code: code.clone(), name: name.clone() };
        adjustments.extend([correction, *amount].into_iter().filter(|amount| *amount != 0).map(of));
    }
    let is_change = !adjustments.is_empty();
    let event = is_change.then(|| append(conn, ctx, customer, request, adjustments)).transpose()?;
    Ok(Ok(Changed { traces, event }))
}

fn append(
    conn: &mut Conn,
    ctx: &Ctx,
    customer: CustomerId,
    request: &Request,
    adjustments: Vec<Adjustment>,
) -> Result<EventId, Error> {
    let Request { environment, reference, once, .. } = request.clone();
    let change = CurrencyChange { environment, adjustments, reference, once };
    let subject = subject::load(conn, customer)?;
    Ok(ingest::append_one(conn, ctx, &change.made(&subject, ctx.now)?)?)
}

/// Whether an event of the same key is of the same call; `None` when there is none.
fn earlier(conn: &mut Conn, ctx: &Ctx, once: Option<&Once>) -> QueryResult<Option<bool>> {
    let Some(once) = once else { return Ok(None) };
    let key = event_key(&once.id());
    let bodies = ingest::queries::bodies_of(conn, ctx.project, HashSet::from([key]))?;
    Ok(bodies.into_values().next().map(|body| once.is_of(&body)))
}

fn held(conn: &mut Conn, customer: CustomerId, environment: Environment) -> QueryResult<HashMap<String, Held>> {
    let rows: Vec<(String, String, i64, i64)> = balances::table
        .filter(balances::customer_id.eq(customer).and(balances::environment.eq(environment)))
        .select((balances::code, balances::name, balances::amount, balances::sum))
        .load(conn)?;
    Ok(rows.into_iter().map(|(code, name, amount, sum)| (code, Held { name, amount, sum })).collect())
}

/// Whether the change would give the project more currencies than it may have.
fn exceeds(conn: &mut Conn, ctx: &Ctx, request: &Request) -> QueryResult<bool> {
    let own = || virtual_currencies::table.filter(virtual_currencies::project_id.eq(ctx.project));
    let codes: Vec<&String> = request.amounts.0.keys().collect();
    let known: i64 = own().filter(virtual_currencies::code.eq_any(codes.clone())).count().get_result(conn)?;
    let new = i64::try_from(codes.len()).unwrap_or(i64::MAX).saturating_sub(known);
    let all: i64 = own().count().get_result(conn)?;
    Ok(new > 0 && all.saturating_add(new) > MOST)
}

fn entry(code: &str, before: i64, after: i64, reference: Option<String>) -> Trace {
    let trace = Trace::new(Action::BalanceUpdated).about(code).before(before.to_string());
    trace.after(after.to_string()).because(reference)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(amounts: &[(&str, i64)]) -> Option<usize> {
        let amounts = amounts.iter().map(|(code, amount)| ((*code).to_owned(), *amount)).collect();
        Amounts::parse(amounts).ok().map(|amounts| amounts.0.len())
    }

    #[test]
    fn amounts_have_codes_and_fit_into_a_balance() {
        assert_eq!(parsed(&[("GLD", 20), ("si_1", -2_000_000_000)]), Some(2));
        assert_eq!(parsed(&[("GLD", 0)]), Some(0), "nothing changes");
        for code in ["", "GOLD COINS", "é", "abcdefghijk"] {
            assert_eq!(parsed(&[(code, 1)]), None, "{code}");
        }
        for amount in [2_000_000_001, -2_000_000_001, i64::MIN, i64::MAX] {
            assert_eq!(parsed(&[("GLD", amount)]), None, "{amount}");
        }
        assert_eq!(parsed(&[]), None);
    }
}
