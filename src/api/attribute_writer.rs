//! Saves attributes that apps send: those that wait at the same time share one commit, and each table is asked once for
//! all of them.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::AppUserId;
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::{CustomerId, ProjectId};
use crate::customers::attributes::{Changes, Saved, Update};
use crate::customers::{Seen, identity};
use crate::db::Conn;
use crate::db::group::Work;

/// The attributes of one call.
#[derive(Debug)]
pub struct AttributeCall {
    pub project: ProjectId,
    pub app_user_id: AppUserId,
    pub at: Moment,
    /// Those that clear an attribute come first.
    pub updates: Vec<Update>,
}

/// What became of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Nobody has the id.
    NoCustomer,
    Saved {
        customer: CustomerId,
        /// The keys of the attributes for which there was no room.
        no_room: Vec<String>,
    },
}

/// Saves the attributes of calls.
#[derive(Debug, Clone, Copy)]
pub struct AttributeCalls;

impl Work for AttributeCalls {
    type Job = AttributeCall;
    type Done = Outcome;

    const NAME: &'static str = "attributes";

    fn run(&self, conn: &mut Conn, calls: &[&AttributeCall]) -> Result<Vec<Option<Outcome>>, Error> {
        let mut owners: BTreeMap<usize, Option<CustomerId>> = BTreeMap::new();
        for project in calls.iter().map(|call| call.project).collect::<BTreeSet<_>>() {
            let own = (0..).zip(calls).filter(|(_, call)| call.project == project);
            let (places, seen): (Vec<usize>, Vec<Seen>) =
                own.map(|(place, call)| (place, Seen { ids: vec![call.app_user_id.clone()], at: call.at })).unzip();
            let locked = identity::lock_ids(conn, project, &seen)?;
            let free = locked.busy_among(&seen).into_iter().map(|is_busy| !is_busy);
            let owned = seen.iter().map(|one| one.ids.first().and_then(|id| locked.owner(id.as_str())));
            let free = places.into_iter().zip(owned).zip(free).filter(|(_, is_free)| *is_free);
            owners.extend(free.map(|(owned, _)| owned));
        }
        let with_owners = || {
            let place = |(place, owner): (&usize, &Option<CustomerId>)| Some((*calls.get(*place)?, (*owner)?));
            owners.iter().filter_map(place)
        };
        let named =
            with_owners().flat_map(|(call, owner)| call.updates.iter().map(move |one| (owner, one.key.as_str())));
        let mut changes = Changes::load(conn, named)?;
        let mut done: Vec<Option<Outcome>> = vec![None; calls.len()];
        for (place, owner) in &owners {
            let Some(call) = calls.get(*place) else { continue };
            let outcome = match owner {
                None => Outcome::NoCustomer,
                Some(customer) => Outcome::Saved { customer: *customer, no_room: apply(&mut changes, *customer, call) },
            };
            done.get_mut(*place).into_iter().for_each(|own| *own = Some(outcome.clone()));
        }
        changes.write(conn)?;
        Ok(done)
    }

    fn size(call: &AttributeCall) -> usize {
        let values = call.updates.iter().map(|one| one.key.len() + one.value.as_ref().map_or(0, String::len));
        values.sum()
    }

    fn ids(call: &AttributeCall) -> Vec<String> {
        vec![format!("{} {}", call.project, call.app_user_id.as_str())]
    }
}

/// Applies the updates of a call. Returns the keys for which there was no room.
fn apply(changes: &mut Changes, customer: CustomerId, call: &AttributeCall) -> Vec<String> {
    let mut no_room = Vec::new();
    for update in &call.updates {
        if changes.apply(customer, update) == Saved::NoRoom {
            no_room.push(update.key.clone());
        }
    }
    no_room
}
