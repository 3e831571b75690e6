//! Asking RevenueCat for what concerns a customer as a whole, in a project that is connected to it. What can be asked for was
//! checked by whoever asks, with the rules that hold without a connection.

use super::ask::{About, Accepted, Asked, Checked, asked_before, asker};
use super::check::side;
use super::refusal::Refusal;
use crate::audit::Ctx;
use crate::base::error::Error;
use crate::base::ids::{CustomerId, RequestId};
use crate::customers::locks;
use crate::db::Conn;
use crate::events::Environment;
use crate::requests::queries;
use crate::stores::revenuecat::queries::connected;
use crate::stores::{CustomerAct, Order, Wanted};

/// What somebody asks for.
#[derive(Debug, Clone)]
pub struct CustomerAsk<'a> {
    pub customer: CustomerId,
    /// The customer's id as whoever asks saw it.
    pub app_user_id: &'a str,
    pub environment: Environment,
    pub act: CustomerAct,
    /// What takes it back, if anything does.
    pub inverse: Option<CustomerAct>,
    pub reason: Option<String>,
    /// Whether it is sent later when nobody answers now.
    pub waits: bool,
    /// The key by which a program asks once, and the hash of what it says.
    pub once: Option<(&'a str, String)>,
}

impl CustomerAsk<'_> {
    /// Stores the request. `None` in a project that is not connected: there the act has to be carried out here. The project is
    /// locked. Nothing is sent before the transaction ends.
    ///
    /// # Errors
    /// When the database fails, or whoever acts can ask nobody.
    pub fn store(self, conn: &mut Conn, ctx: &Ctx) -> Result<Option<Checked<Asked>>, Error> {
        let Some(connected) = connected(conn, ctx.project)? else { return Ok(None) };
        if connected.is_suspended && !self.waits {
            return Ok(Some(Err(Refusal::Suspended)));
        }
        let asker = asker(ctx)?;
        locks::lock(conn, [self.customer])?;
        if let Some(answer) = asked_before(conn, ctx, &asker, self.once.as_ref())? {
            return Ok(Some(answer));
        }
        let open_as = format!("{} {} {}", self.customer, self.environment.as_str(), self.act.subject());
        if let Some(open) = queries::open(conn, ctx.project, &open_as)? {
            return Ok(Some(Err(Refusal::Open(Box::new(open)))));
        }
        let order = Order {
            project: ctx.project,
            request: RequestId(0),
            environment: self.environment,
            side: side(Some(connected)),
            app_user_id: self.app_user_id.to_owned(),
            waits: self.waits,
            inverse: self.inverse,
            store: None,
            product_id: String::new(),
            transaction_id: None,
            original_transaction_id: None,
            wanted: Wanted::Customer(self.act),
        };
        let about = About { customer: self.customer, environment: self.environment, purchase: "" };
        let new = Accepted { about, order, open_as, reason: self.reason, once: self.once, waits_because: None };
        new.insert(conn, ctx, &asker).map(|asked| Some(Ok(asked)))
    }
}
