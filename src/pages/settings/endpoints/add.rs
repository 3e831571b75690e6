//! Adding an endpoint: what the page and the command line both do, under the same limit and with the same trace.

use super::model::{Wanted, values};
use crate::audit::{Action, Ctx, Trace};
use crate::base::error::{Error, Refusal};
use crate::db::Conn;
use crate::endpoints::{Endpoint, MOST, Secret, queries};

/// An endpoint that was just added, and the secret that signs what it gets. The secret is shown once.
pub struct Added {
    pub endpoint: Endpoint,
    pub secret: Secret,
    pub trace: Trace,
}

/// Adds an endpoint with a signing secret of its own.
///
/// # Errors
/// [`Refusal`] when the project has as many as it may.
pub fn add(conn: &mut Conn, ctx: &Ctx, wanted: &Wanted) -> Result<Added, Error> {
    if queries::all(conn, ctx.project)?.len() >= MOST {
        return Err(Refusal::new("", format!("A project has {MOST} endpoints at most.")).into());
    }
    let secret = Secret::fresh()?;
    let keys = conn.master_keys()?;
    let endpoint = wanted.applied_to(Endpoint::new(ctx, &keys, &secret)?, &keys)?;
    queries::insert(conn, &endpoint, &wanted.types)?;
    let trace = Trace::new(Action::EndpointCreated).about(&endpoint.name);
    let trace = trace.after(values(&endpoint, &wanted.types).lines());
    Ok(Added { endpoint, secret, trace })
}
