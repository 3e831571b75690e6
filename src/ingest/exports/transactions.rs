//! The export of transactions, versions 3 to 5: from each row the events that a webhook would have brought (§16.4).

use std::collections::{BTreeMap, HashSet};

use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::cell::Cell;
use super::columns::columns;
use super::customers::dated;
use super::{Problem, Read, Record, Rows, ids};
use crate::base::clock::Moment;
use crate::base::money::Micros;
use crate::events::own::{self, Amount, Imported, Transaction};
use crate::events::{EventType, Origin, PeriodType, Reason, Store};

columns! {
    Places, Cells {
        needed: rc_original_app_user_id product_identifier start_time end_time store is_auto_renewable is_sandbox
            price_in_usd store_transaction_id renewal_number;
        other: rc_last_seen_app_user_id_alias country product_display_name grace_period_end_time effective_end_time
            is_trial_period is_in_intro_offer_period purchase_price_in_usd original_store_transaction_id refunded_at
            unsubscribe_detected_at billing_issues_detected_at purchased_currency price_in_purchased_currency
            purchase_price_in_purchased_currency entitlement_identifiers is_trial_conversion presented_offering
            ownership_type reserved_subscriber_attributes custom_subscriber_attributes experiment_id
            experiment_variant updated_at offer first_seen_time auto_resume_time
    }
}

/// The most that a price may be, in dollars and in any currency; and the most renewals.
const MOST_DOLLARS: i64 = 1_000_000;
const MOST_UNITS: i64 = 1_000_000_000_000;
const MOST_RENEWALS: i64 = 100_000;
/// How many days ahead a period may begin.
const DAYS_AHEAD: i64 = 400;
/// How many customers are remembered, whose details were read.
const REMEMBERED: usize = 200_000;

/// Reads a file of transactions.
pub struct Transactions {
    places: Places,
    /// Whose details were read already, for each row of a customer repeats them.
    told: HashSet<[u8; 16]>,
}

impl Transactions {
    pub fn new(header: &[String]) -> Transactions {
        Transactions { places: Places::of(header), told: HashSet::new() }
    }
}

impl Rows for Transactions {
    fn missing(&self) -> Vec<&'static str> {
        self.places.missing()
    }

    /// By the id that the list of customers has as well, so that what both say of a customer is stored together.
    fn customer<'a>(&self, record: &'a Record) -> &'a str {
        let cells = self.places.cells(record);
        cells.rc_last_seen_app_user_id_alias.text().unwrap_or(cells.rc_original_app_user_id.text)
    }

    fn read(&mut self, record: &Record, now: Moment) -> Result<Read, Problem> {
        let cells = self.places.cells(record);
        let mut read = Read::default();
        let named = [cells.rc_original_app_user_id, cells.rc_last_seen_app_user_id_alias];
        let ids = ids::usable(&named, &mut read.remarks)?;
        let mut row = Row::read(&cells, now)?;
        match cells.entitlement_identifiers.list() {
            Ok(list) => row.transaction.entitlement_ids = list,
            Err(problem) => read.remarks.push(problem),
        }
        let events = Imported::deliveries(row.events(), &ids, now);
        read.deliveries = events.map_err(|error| error.to_string())?;
        if self.told.len() >= REMEMBERED {
            self.told.clear();
        }
        if self.told.insert(fingerprint(&cells)) {
            let details = details(&cells, &ids, now, &mut read.remarks)?;
            read.deliveries.extend(details);
        }
        Ok(read)
    }
}

/// What a row says of the customer, as one number.
fn fingerprint(cells: &Cells<'_>) -> [u8; 16] {
    let about = [
        cells.rc_original_app_user_id,
        cells.rc_last_seen_app_user_id_alias,
        cells.first_seen_time,
        cells.reserved_subscriber_attributes,
        cells.custom_subscriber_attributes,
        cells.experiment_id,
        cells.experiment_variant,
    ];
    let mut hash = Sha256::new();
    about.iter().for_each(|cell| hash.update([cell.text.as_bytes(), &[0]].concat()));
    let mut number = [0; 16];
    number.iter_mut().zip(hash.finalize()).for_each(|(byte, from)| *byte = from);
    number
}

/// The event of what a row says of its customer apart from the purchase; `None` when that is nothing.
fn details(
    cells: &Cells<'_>,
    ids: &[&str],
    now: Moment,
    remarks: &mut Vec<Problem>,
) -> Result<Option<crate::events::Delivery>, Problem> {
    let first_seen = cells.first_seen_time.time()?.map(|at| at.min(now));
    let since = first_seen.or(cells.start_time.time()?).unwrap_or(now).min(now);
    let mut attributes: BTreeMap<String, Box<RawValue>> = BTreeMap::new();
    for cell in [cells.reserved_subscriber_attributes, cells.custom_subscriber_attributes] {
        match cell.entries() {
            Ok(entries) => {
                attributes.extend(entries.into_iter().filter_map(|(key, raw)| Some((key, dated(raw, since)?))))
            }
            Err(problem) => remarks.push(problem),
        }
    }
    let experiment = cells.experiment_id.text().zip(Some(cells.experiment_variant.text));
    if first_seen.is_none() && attributes.is_empty() && experiment.is_none() && ids.len() < 2 {
        return Ok(None);
    }
    let event =
        own::details(ids, since, &attributes, experiment, (Origin::Import, now)).map_err(|error| error.to_string())?;
    Ok(Some(event))
}

/// A row, read.
struct Row {
    transaction: Transaction,
    start: Moment,
    /// The end of the period, without grace, as far as nothing cut it short.
    end: Option<Moment>,
    /// When access ends, by all rules of the exporting system.
    effective_end: Option<Moment>,
    grace_end: Option<Moment>,
    renews: bool,
    is_sandbox: bool,
    net: Option<Micros>,
    /// `None` when it is not known, as after a refund in versions before 4.
    gross: Option<Micros>,
    net_paid: Option<Micros>,
    gross_paid: Option<Micros>,
    refunded_at: Option<Moment>,
    unsubscribed_at: Option<Moment>,
    billing_issue_at: Option<Moment>,
    auto_resume_at: Option<Moment>,
    as_of: Moment,
}

impl Row {
    fn read(cells: &Cells<'_>, now: Moment) -> Result<Row, Problem> {
        let start = cells.start_time.time()?.ok_or("start_time is empty")?;
        if start > now.plus_days(DAYS_AHEAD) {
            return Err("start_time lies more than a year ahead".into());
        }
        let store = store(cells.store)?;
        let renews = cells.is_auto_renewable.flag()?.unwrap_or(false);
        let is_sandbox = cells.is_sandbox.flag()?.ok_or("is_sandbox is empty")?;
        let (end, effective_end) = (cells.end_time.time()?, cells.effective_end_time.time()?);
        let refunded_at = cells.refunded_at.time()?;
        let net = cells.price_in_usd.amount(MOST_DOLLARS)?;
        let gross = cells.purchase_price_in_usd.amount(MOST_DOLLARS)?;
        let net_paid = cells.price_in_purchased_currency.amount(MOST_UNITS)?;
        let gross_paid = cells.purchase_price_in_purchased_currency.amount(MOST_UNITS)?;
        // Without a gross price, what is left of a refunded payment does not say what it was.
        let known = |gross: Option<Micros>, net: Option<Micros>| {
            let left = net.filter(|net| refunded_at.is_none() || *net > Micros::ZERO);
            gross.max(left)
        };
        let unsubscribed_at = cells.unsubscribe_detected_at.time()?;
        let billing_issue_at = cells.billing_issues_detected_at.time()?;
        let named = [Some(start), refunded_at, unsubscribed_at, billing_issue_at];
        let as_of = cells.updated_at.time()?.or(named.into_iter().flatten().max()).unwrap_or(start);
        let row = Row {
            start,
            end,
            effective_end,
            grace_end: cells.grace_period_end_time.time()?,
            renews,
            is_sandbox,
            net,
            gross: known(gross, net),
            net_paid,
            gross_paid: known(gross_paid, net_paid),
            refunded_at,
            unsubscribed_at,
            billing_issue_at,
            auto_resume_at: cells.auto_resume_time.time()?,
            as_of,
            transaction: Transaction::default(),
        };
        let transaction = row.transaction(cells, store)?;
        Ok(Row { transaction, ..row })
    }

    fn transaction(&self, cells: &Cells<'_>, store: Store) -> Result<Transaction, Problem> {
        Ok(Transaction {
            product_id: Some(cells.product_identifier.needed_id()?),
            product_display_name: cells.product_display_name.id()?,
            entitlement_ids: Vec::new(),
            period_type: Some(self.period_type(cells, &store)?),
            purchased_at_ms: Some(self.start),
            expiration_at_ms: self.period_end(),
            store: Some(store),
            environment: Some(if self.is_sandbox { "SANDBOX" } else { "PRODUCTION" }),
            is_trial_conversion: cells.is_trial_conversion.flag()?.unwrap_or(false),
            presented_offering_id: cells.presented_offering.id()?,
            price: Some(Amount(Micros::ZERO)),
            currency: cells.purchased_currency.id()?,
            price_in_purchased_currency: Some(Amount(Micros::ZERO)),
            transaction_id: Some(cells.store_transaction_id.needed_id()?),
            original_transaction_id: cells.original_store_transaction_id.id()?,
            is_family_share: cells.ownership_type.text.eq_ignore_ascii_case("FAMILY_SHARED"),
            country_code: cells.country.id()?,
            offer_code: cells.offer.id()?,
            renewal_number: cells.renewal_number.count(MOST_RENEWALS)?,
        })
    }

    fn period_type(&self, cells: &Cells<'_>, store: &Store) -> Result<PeriodType, Problem> {
        Ok(match store {
            Store::Promotional => PeriodType::Promotional,
            _ if cells.is_trial_period.flag()? == Some(true) => PeriodType::Trial,
            _ if cells.is_in_intro_offer_period.flag()? == Some(true) => PeriodType::Intro,
            Store::PlayStore if !self.renews && self.end.is_some() => PeriodType::Prepaid,
            Store::Amazon
            | Store::AppStore
            | Store::MacAppStore
            | Store::Paddle
            | Store::PlayStore
            | Store::WebBilling
            | Store::Roku
            | Store::Stripe
            | Store::TestStore
            | Store::Other(_) => PeriodType::Normal,
        })
    }

    /// The end that the purchase had. Where access ended earlier than that, an event of its own says so; where it lasts longer
    /// and no grace period is the cause, this is the end.
    fn period_end(&self) -> Option<Moment> {
        let is_grace = |end: Moment| self.grace_end.is_some_and(|grace| end <= grace);
        match (self.end, self.effective_end) {
            (Some(end), Some(effective)) if effective > end && !is_grace(effective) => Some(effective),
            (Some(end), Some(_) | None) => Some(end),
            (None, Some(effective)) if self.refunded_at.is_none() => Some(effective),
            // A subscription without an end would be access for ever.
            (None, Some(_) | None) => self.renews.then_some(self.effective_end.unwrap_or(self.start)),
        }
    }

    fn events(&self) -> Vec<Imported> {
        let mut events = vec![self.purchase()];
        events.extend(self.billing_issue());
        events.extend(self.opt_out());
        events.extend(self.pause());
        events.extend(self.refund());
        events.extend(self.expiration());
        events
    }

    fn event(&self, kind: EventType, at: Moment) -> Imported {
        Imported::new(kind, at.max(self.start), self.transaction.clone(), self.as_of)
    }

    fn purchase(&self) -> Imported {
        let is_prepaid = self.transaction.period_type == Some(PeriodType::Prepaid);
        let is_later = self.transaction.renewal_number.is_some_and(|number| number > 1);
        let kind = match self.renews || is_prepaid {
            false => EventType::NonRenewingPurchase,
            true if is_later || self.transaction.is_trial_conversion => EventType::Renewal,
            true => EventType::InitialPurchase,
        };
        let mut event = self.event(kind, self.start);
        event.transaction.price = self.gross.map(Amount);
        event.transaction.price_in_purchased_currency = self.gross_paid.map(Amount);
        event
    }

    fn billing_issue(&self) -> Option<Imported> {
        let end = self.transaction.expiration_at_ms;
        let grace = self.grace_end.filter(|grace| end.is_some_and(|end| end < *grace));
        let at = self.billing_issue_at.or(grace.and(end))?;
        let mut event = self.event(EventType::BillingIssue, at);
        event.grace_period_expiration_at_ms = grace;
        Some(event)
    }

    /// That renewal was switched off. A grant has none: cancelling it would end it.
    fn opt_out(&self) -> Option<Imported> {
        let is_subscription = self.renews && self.transaction.store != Some(Store::Promotional);
        let mut event = self.event(EventType::Cancellation, self.unsubscribed_at.filter(|_| is_subscription)?);
        event.cancel_reason = Some(Reason::Unsubscribe);
        Some(event)
    }

    /// A pause that was asked for, at the latest when the period ended.
    fn pause(&self) -> Option<Imported> {
        let resumes = self.auto_resume_at?;
        let at = self.as_of.min(self.effective_end.unwrap_or(self.as_of));
        let mut event = self.event(EventType::SubscriptionPaused, at);
        event.auto_resume_at_ms = Some(resumes);
        Some(event)
    }

    /// Money given back: all, or a part. Without a time of the refund, or where a purchase without an end was paid back in part,
    /// access stays as it is.
    fn refund(&self) -> Option<Imported> {
        let back =
            |gross: Option<Micros>, net: Option<Micros>| Some(gross?.minus(net?)).filter(|back| *back > Micros::ZERO);
        let dollars = back(self.gross, self.net);
        let is_whole = self.net.is_none_or(|net| net == Micros::ZERO);
        if dollars.is_none() && !(self.refunded_at.is_some() && is_whole) {
            return None;
        }
        let at = self.refunded_at.or(self.effective_end.filter(|end| *end <= self.as_of)).unwrap_or(self.start);
        let mut event = self.event(EventType::Cancellation, at);
        let negative = |amount: Micros| Amount(Micros::ZERO.minus(amount));
        event.transaction.price = dollars.map(negative);
        event.transaction.price_in_purchased_currency = back(self.gross_paid, self.net_paid).map(negative);
        event.transaction.expiration_at_ms = self.effective_end;
        event.cancel_reason = Some(Reason::CustomerSupport);
        event.dossier_keeps_access = self.refunded_at.is_none() || (self.effective_end.is_none() && !is_whole);
        Some(event)
    }

    /// That access ends earlier than the period, where no refund says so, or for a pause.
    fn expiration(&self) -> Option<Imported> {
        let ended = self.effective_end?;
        let is_paused = ended <= self.as_of && self.auto_resume_at.is_some_and(|resumes| resumes > self.as_of);
        let is_cut = self.refunded_at.is_none() && self.end.is_some_and(|end| ended < end);
        if !is_paused && !is_cut {
            return None;
        }
        let mut event = self.event(EventType::Expiration, ended);
        event.transaction.expiration_at_ms = Some(ended);
        event.expiration_reason = Some(if is_paused { Reason::SubscriptionPaused } else { Reason::UnknownDueToImport });
        Some(event)
    }
}

fn store(cell: Cell<'_>) -> Result<Store, Problem> {
    let word = cell.text.trim().to_ascii_uppercase();
    match Store::KNOWN.contains(&word.as_str()) {
        true => Ok(Store::from(word)),
        false => Err(format!("the store “{}” is not known", cell.text.chars().take(60).collect::<String>())),
    }
}
