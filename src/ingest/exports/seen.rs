//! When a customer's app was last open, and on which device: only the export of customers tells it in bulk (§16.4).

use diesel::QueryResult;

use crate::audit::Ctx;
use crate::base::clock::Moment;
use crate::base::lookup_key;
use crate::customers::contacts::{self, Device, Sighting};
use crate::customers::identity;
use crate::db::Conn;

/// The last time that an app was open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastContact {
    pub app_user_id: String,
    pub at: Moment,
    pub device: Device,
}

/// Notes when apps were last open, of those customers who are known. What is stored of a later time stays.
pub fn note<'a>(conn: &mut Conn, ctx: &Ctx, all: impl Iterator<Item = &'a LastContact>) -> QueryResult<()> {
    let all: Vec<(Vec<u8>, &LastContact)> = all.map(|one| (lookup_key(&one.app_user_id), one)).collect();
    let locked = identity::lock_keys(conn, ctx.project, all.iter().map(|(key, _)| key.clone()).collect())?;
    let (mut ids, mut sightings) = (Vec::new(), Vec::new());
    for (key, LastContact { at, device, .. }) in all {
        let Some(customer) = locked.owner_of_key(&key) else { continue };
        ids.push((ctx.project, key, *at));
        sightings.push(Sighting { customer, device, at: *at, info_at: None, offerings_at: None });
    }
    contacts::note_ids(conn, &ids)?;
    contacts::store_sightings(conn, sightings)
}
