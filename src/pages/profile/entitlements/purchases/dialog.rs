//! The dialogs: each shows what would change, or why the store cannot do it.

use askama::Template;

use super::draft::{CancelDraft, ExtendDraft, preview_ask};
use super::refund::Refund;
use crate::actions::Opened;
use crate::base::Permission::{ChangePurchases, EditAttributes};
use crate::base::error::Error;
use crate::base::ids::EventId;
use crate::base::money::Micros;
use crate::customers::attributes::reserved::APPLE_REFUNDS;
use crate::customers::stored_purchases;
use crate::db::Conn;
use crate::events::Store;
use crate::operations::requests::{Ask, Payment, Wish, check, find_by_event, previewed};
use crate::pages::profile::entitlements::access_change::AccessChange;
use crate::pages::profile::visit::Visit;
use crate::pages::request_line::{already, plain_store_name};
use crate::projection::Purchase;
use crate::stores::{ActionKind, Capability, ExtendCode, Limit, Line, Lines, Obstacle, Wanted, capability};
use crate::web::{Dialog, filters};
use crate::wording::sentence::Stamp;
use crate::wording::{text, times};

/// What a link may fill in: which payment a dialog is about.
const LINKS: [&str; 2] = ["transaction", "event"];

/// The days that the dialog proposes to extend by.
const DAYS: i64 = 7;

/// A dialog that switches renewal off or on, or extends.
#[derive(Template)]
#[template(path = "profile/entitlements/purchases/renewal.html")]
struct Renewal {
    form: Opened,
    action: String,
    preview_action: String,
    kind: ActionKind,
    product: String,
    store: String,
    /// When the period ends.
    ends_at: Option<Stamp>,
    may_end_at_once: bool,
    most_days: Option<i64>,
    /// The days that are proposed.
    days: String,
    codes: Vec<(&'static str, &'static str)>,
    /// The text of the button: `Extend until 11 Dec 2026`.
    says: String,
    /// What would change if it were sent as it is.
    access_changes: Vec<AccessChange>,
    rests_until: Option<Stamp>,
}

/// A dialog that says why something cannot be done, and what can be done instead.
#[derive(Template)]
#[template(path = "profile/entitlements/purchases/impossible.html")]
struct Impossible {
    back: String,
    title: String,
    why: Obstacle,
    /// The dialog that chooses what Apple is told when the customer asks it for a refund.
    preference: Option<String>,
}

/// The dialog of this name; `None` when it does not exist, or is not for this person.
pub fn dialog(conn: &mut Conn, visit: &Visit, lines: &Lines, form: Opened) -> Result<Option<Dialog>, Error> {
    let Some(kind) = ActionKind::parse(&form.name).filter(|_| visit.may(ChangePurchases)) else { return Ok(None) };
    let form = if kind == ActionKind::Refund { form.filled_by_links(&LINKS) } else { form };
    let Some((purchase, form)) = purchase_of(conn, visit, form)? else { return Ok(None) };
    let (now, store) = (visit.ctx.now, purchase.store.as_ref());
    let line = store.filter(|_| visit.connected.is_none()).cloned().map(Line::Store);
    let rests_until = line.and_then(|line| lines.rests_until(visit.project.id, &line, now));
    let rests_until = rests_until.map(|until| Stamp::day_and_time(until, now));
    let named = form.typed("transaction").filter(|id| !id.is_empty());
    let payment = match kind {
        ActionKind::Refund => Payment::find(conn, visit.project.id, visit.customer.id, &purchase, named)?,
        ActionKind::Cancel | ActionKind::Resume | ActionKind::Extend => None,
    };
    let paid = payment.as_ref().and_then(|payment| payment.event.transaction_id.as_deref());
    let open = visit.requests.open(kind, (purchase.environment, &purchase.key), paid);
    let obstacle = if payment.as_ref().is_some_and(|payment| payment.left == Some(Micros::ZERO) && payment.is_refunded)
    {
        Some(Obstacle { because: "All of this payment was given back.".into(), ..Obstacle::default() })
    } else {
        open.filter(|_| form.is_of_address).map(|open| Obstacle { because: already(open), ..Obstacle::default() })
    };
    if let Some(why) = obstacle.filter(|_| form.is_of_address) {
        let title = format!("{} {}", label(kind), visit.product_name(&purchase));
        return Ok(Some(Dialog::new(Impossible {
            back: form.back,
            title,
            why,
            preference: preference(visit, kind, store),
        })));
    }
    let limit = match capability(kind, visit.target(&purchase)) {
        Capability::Possible(limit) => limit,
        Capability::Impossible(why) | Capability::NotConnected(why) => {
            let title = format!("{} {}", label(kind), visit.product_name(&purchase));
            return Ok(Some(Dialog::new(Impossible {
                back: form.back,
                title,
                why,
                preference: preference(visit, kind, store),
            })));
        }
    };
    match kind {
        ActionKind::Refund => {
            let refund = Refund::load(conn, visit, &purchase, (form, limit), rests_until)?;
            Ok(refund.map(Dialog::new))
        }
        ActionKind::Cancel | ActionKind::Resume | ActionKind::Extend => {
            Ok(Some(Dialog::new(Renewal::load(conn, visit, &purchase, (kind, form, limit), rests_until)?)))
        }
    }
}

/// The purchase that a dialog is about: that with the key in its name, or that of the event which a link names.
fn purchase_of(conn: &mut Conn, visit: &Visit, form: Opened) -> Result<Option<(Purchase, Opened)>, Error> {
    if !form.subject.is_empty() {
        let purchase = stored_purchases::find(conn, visit.customer.id, visit.environment, &form.subject)?;
        return Ok(purchase.map(|purchase| (purchase, form)));
    }
    let Some(event) = form.typed("event").and_then(|id| id.parse::<EventId>().ok()) else { return Ok(None) };
    let found = find_by_event(conn, visit.project.id, visit.customer.id, event)?;
    Ok(found.map(|(purchase, transaction)| (purchase, form.with("transaction", transaction))))
}

pub const fn label(kind: ActionKind) -> &'static str {
    match kind {
        ActionKind::Refund => "Refund",
        ActionKind::Cancel => "Switch renewal off:",
        ActionKind::Resume => "Switch renewal back on:",
        ActionKind::Extend => "Extend",
    }
}

/// Where it is chosen what Apple is told about a refund; for those who may, and for purchases of Apple's stores.
fn preference(visit: &Visit, kind: ActionKind, store: Option<&Store>) -> Option<String> {
    let is_of_apple = matches!(store, Some(Store::AppStore | Store::MacAppStore));
    let is_offered = kind == ActionKind::Refund && is_of_apple && visit.may(EditAttributes);
    is_offered.then(|| visit.dialog(&format!("attribute-edit.{APPLE_REFUNDS}")))
}

impl Renewal {
    fn load(
        conn: &mut Conn,
        visit: &Visit,
        purchase: &Purchase,
        (kind, form, limit): (ActionKind, Opened, Limit),
        rests_until: Option<Stamp>,
    ) -> Result<Renewal, Error> {
        let x = format!("{}.{}", purchase.environment.as_str(), text::segment(&purchase.key));
        let days = limit.most_days.unwrap_or(DAYS).min(DAYS);
        let value = |field: &str, else_: &str| form.value(field, else_).to_owned();
        let wish = match kind {
            ActionKind::Cancel => CancelDraft { when: value("when", ""), ..CancelDraft::default() }.wish().ok(),
            ActionKind::Resume => Some(Wish::Resume),
            ActionKind::Extend | ActionKind::Refund => {
                let (days, until) = (value("days", &days.to_string()), value("until", ""));
                ExtendDraft { days, until, ..ExtendDraft::default() }.wish().ok()
            }
        };
        let ahead = wish.map(|wish| ahead(conn, visit, purchase, wish)).transpose()?.unwrap_or_default();
        Ok(Renewal {
            action: visit.action(&format!("purchases/{x}/{}", kind.name())),
            preview_action: visit.action(&format!("purchases/{x}/{}/preview", kind.name())),
            kind,
            product: visit.product_name(purchase).to_owned(),
            store: plain_store_name(purchase.store.as_ref()),
            ends_at: purchase.expires_at.map(|end| Stamp::day_and_time(end, visit.ctx.now)),
            may_end_at_once: limit.may_end_at_once,
            most_days: limit.most_days,
            days: days.to_string(),
            codes: ExtendCode::ALL.map(|code| (code.name(), code.words())).to_vec(),
            says: ahead.says,
            access_changes: ahead.access_changes,
            rests_until,
            form,
        })
    }

    fn is_cancel(&self) -> bool {
        self.kind == ActionKind::Cancel
    }

    fn is_resume(&self) -> bool {
        self.kind == ActionKind::Resume
    }

    fn is_extend(&self) -> bool {
        self.kind == ActionKind::Extend
    }

    fn title(&self) -> String {
        format!("{} {}", label(self.kind), self.product)
    }
}

/// What the choices of a dialog would do.
#[derive(Default)]
struct Ahead {
    says: String,
    access_changes: Vec<AccessChange>,
}

fn ahead(conn: &mut Conn, visit: &Visit, purchase: &Purchase, wish: Wish) -> Result<Ahead, Error> {
    let ask = preview_ask(visit, purchase, wish);
    let says = match check(conn, &visit.ctx, &ask)?.map(|(_, order, _)| order.wanted) {
        Ok(Wanted::Cancel { at_once: true }) => "Switch renewal off and end access".into(),
        Ok(Wanted::Cancel { at_once: false }) => "Switch renewal off".into(),
        Ok(Wanted::Resume) => "Switch renewal back on".into(),
        Ok(Wanted::Extend { until, .. }) => format!("Extend until {}", times::day(until)),
        Ok(Wanted::Refund(_) | Wanted::Customer(_)) | Err(_) => String::new(),
    };
    Ok(Ahead { says, access_changes: what_changes(conn, visit, &ask)? })
}

/// The access to what the purchase unlocks, now and if the store did what is asked; nothing where it cannot be asked.
pub fn what_changes(conn: &mut Conn, visit: &Visit, ask: &Ask<'_>) -> Result<Vec<AccessChange>, Error> {
    let Ok((holder, order, payment)) = check(conn, &visit.ctx, ask)? else { return Ok(Vec::new()) };
    let of = (holder.customer, &holder.purchase);
    let events = previewed(conn, &visit.catalog, of, (&order, payment.as_ref()), visit.ctx.now)?;
    Ok(AccessChange::preview(conn, visit, &visit.catalog.unlocked_by(&holder.purchase), &events)?)
}
