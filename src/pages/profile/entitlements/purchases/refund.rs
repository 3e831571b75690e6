//! The dialog that refunds a payment: what was paid, what the customer loses and when, and what happens to the renewal.

use askama::Template;
use diesel::prelude::*;

use super::draft::{RefundDraft, preview_ask};
use crate::actions::Opened;
use crate::base::error::Error;
use crate::base::ids::ProjectId;
use crate::base::money::Micros;
use crate::db::Conn;
use crate::db::schema::projects;
use crate::operations::requests::{Payment, Wish, approval_needed, check, previewed};
use crate::pages::profile::entitlements::access_change::AccessChange;
use crate::pages::profile::visit::Visit;
use crate::pages::request_line::plain_store_name;
use crate::projection::Purchase;
use crate::stores::{ActionKind, Capability, Limit, Order, Wanted, capability};
use crate::web::filters;
use crate::wording::sentence::Stamp;
use crate::wording::text;

#[derive(Template)]
#[template(path = "profile/entitlements/purchases/refund.html")]
pub struct Refund {
    form: Opened,
    action: String,
    preview_action: String,
    product: String,
    store: String,
    transaction: String,
    /// `EUR 8.99`, and the same in dollars if that is another currency.
    paid: Option<(String, Option<String>)>,
    period: Option<(Stamp, Option<Stamp>)>,
    /// `EUR 3.00`, if a part was given back before.
    left: Option<String>,
    /// What is left, in micro-units.
    seen: String,
    currency: String,
    /// `8.99`: what an empty amount stands for.
    left_number: String,
    is_divisible: bool,
    may_keep_access: bool,
    must_keep_access: bool,
    keeps_access: bool,
    /// Whether a later payment pays for access now.
    is_earlier: bool,
    needs_reason: bool,
    reasons: Vec<String>,
    preview: Preview,
    /// When the store is asked again, because it does not answer.
    rests_until: Option<Stamp>,
    /// What nobody can know here.
    unknown: &'static str,
}

/// What the choices would do.
#[derive(Default)]
struct Preview {
    /// The text of the button: `Refund EUR 8.99 and end access`.
    says: String,
    access_changes: Vec<AccessChange>,
    /// What happens to the renewal.
    renewal: Option<String>,
    /// Why a colleague has to agree.
    approval: Option<String>,
}

/// What a project wants of a refund.
pub struct Rules {
    pub needs_reason: bool,
    pub reasons: Vec<String>,
}

impl Rules {
    pub fn load(conn: &mut Conn, project: ProjectId) -> QueryResult<Rules> {
        let columns = (projects::refunds_need_reason, projects::refund_reasons);
        let (needs_reason, reasons): (bool, String) = projects::table.find(project).select(columns).first(conn)?;
        let reasons = reasons.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
        Ok(Rules { needs_reason, reasons })
    }
}

impl Refund {
    pub fn load(
        conn: &mut Conn,
        visit: &Visit,
        purchase: &Purchase,
        (form, limit): (Opened, Limit),
        rests_until: Option<Stamp>,
    ) -> Result<Option<Refund>, Error> {
        let customer = visit.customer.id;
        let transaction = form.value("transaction", "").to_owned();
        let named = Some(transaction.as_str()).filter(|id| !id.is_empty());
        let Some(payment) = Payment::find(conn, visit.project.id, customer, purchase, named)? else { return Ok(None) };
        let draft = RefundDraft {
            amount: form.value("amount", "").to_owned(),
            access: form.value("access", if limit.must_keep_access { "keep" } else { "end" }).to_owned(),
            transaction: transaction.clone(),
            ..RefundDraft::default()
        };
        let rules = Rules::load(conn, visit.project.id)?;
        let is_earlier = payment.event.transaction_id != purchase.transaction_id;
        let preview = Preview::load(conn, visit, purchase, &draft, &payment, (&limit, is_earlier))?;
        let x = format!("{}.{}", purchase.environment.as_str(), text::segment(&purchase.key));
        let money_left = payment.money_left();
        let is_whole = payment.paid.as_ref().map(|paid| paid.amount) == payment.left;
        let stamp = |at| Stamp::day(at);
        Ok(Some(Refund {
            action: visit.action(&format!("purchases/{x}/refund")),
            preview_action: visit.action(&format!("purchases/{x}/refund/preview")),
            product: visit.product_name(purchase).to_owned(),
            store: plain_store_name(purchase.store.as_ref()),
            transaction: payment.event.transaction_id.clone().unwrap_or(transaction),
            paid: paid(&payment),
            period: payment.event.purchased_at.map(|from| (stamp(from), payment.event.expires_at.map(stamp))),
            left: money_left.as_ref().filter(|_| !is_whole).map(|left| left.shown()),
            seen: payment.left.map(|left| left.0.to_string()).unwrap_or_default(),
            left_number: payment.left.map(Micros::decimal).unwrap_or_default(),
            currency: money_left.map(|left| left.currency).unwrap_or_default(),
            is_divisible: limit.is_divisible && payment.left.is_some_and(|left| left > Micros::ZERO),
            may_keep_access: limit.may_keep_access && !is_earlier,
            must_keep_access: limit.must_keep_access,
            keeps_access: draft.access == "keep" || limit.must_keep_access,
            is_earlier,
            needs_reason: rules.needs_reason,
            reasons: rules.reasons,
            preview,
            rests_until,
            unknown: limit.not_known,
            form,
        }))
    }
}

fn paid(payment: &Payment) -> Option<(String, Option<String>)> {
    let paid = payment.paid.as_ref()?;
    let dollars = payment.event.price.filter(|_| paid.currency != "USD").map(|price| format!("USD {}", price.shown()));
    Some((paid.shown(), dollars))
}

impl Preview {
    fn load(
        conn: &mut Conn,
        visit: &Visit,
        purchase: &Purchase,
        draft: &RefundDraft,
        payment: &Payment,
        (limit, is_earlier): (&Limit, bool),
    ) -> Result<Preview, Error> {
        let Ok(wish) = draft.wish() else { return Ok(Preview::default()) };
        let keeps_access = matches!(wish, Wish::Refund { keeps_access: true, .. });
        let ask = preview_ask(visit, purchase, wish);
        let Ok((holder, order, _)) = check(conn, &visit.ctx, &ask)? else { return Ok(Preview::default()) };
        let of = (holder.customer, &holder.purchase);
        let mut events = previewed(conn, &visit.catalog, of, (&order, Some(payment)), visit.ctx.now)?;
        let entitlements = visit.catalog.unlocked_by(purchase);
        let Wanted::Refund(refund) = &order.wanted else { return Ok(Preview::default()) };
        let amount = refund.amount.as_ref().map_or("the whole payment".into(), |amount| amount.shown());
        let ends_access = !keeps_access && !is_earlier && purchase.status(visit.ctx.now).gives_access();
        let approval = approval_needed(conn, &visit.ctx, visit.role, (refund, payment.given_back_in_dollars()))?;
        if ends_access && limit.ends_renewal && purchase.will_renew() {
            let off = Order { wanted: Wanted::Cancel { at_once: true }, ..order.clone() };
            events.extend(previewed(conn, &visit.catalog, of, (&off, None), visit.ctx.now)?);
        }
        let verb = if approval.is_some() { "Ask to refund" } else { "Refund" };
        Ok(Preview {
            says: format!("{verb} {amount}{}", if ends_access { " and end access" } else { "" }),
            access_changes: AccessChange::preview(conn, visit, &entitlements, &events)?,
            renewal: renewal(purchase, limit, ends_access, visit),
            approval,
        })
    }
}

fn renewal(purchase: &Purchase, limit: &Limit, ends_access: bool, visit: &Visit) -> Option<String> {
    if !purchase.is_subscription() || !purchase.will_renew() {
        return None;
    }
    let is_off = capability(ActionKind::Cancel, visit.target(purchase));
    Some(match (ends_access && limit.ends_renewal, is_off) {
        (true, _) => "It does not renew any more.".into(),
        (false, Capability::Possible(_)) => "It renews as before. To prevent that, switch renewal off as well.".into(),
        (false, Capability::Impossible(_) | Capability::NotConnected(_)) => "It renews as before.".into(),
    })
}
