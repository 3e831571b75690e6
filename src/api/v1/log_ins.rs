//! Log-ins of apps (§C3.4, §9.5): those that wait at the same time share one commit, and each table is asked once for all of
//! them. The customer with an anonymous id is merged into the customer with the id that the app gives, unless that customer
//! has an anonymous id already.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use diesel::QueryResult;
use diesel::sql_types::{BigInt, Text};

use crate::api::authenticate::new_id;
use crate::api::{AuthorizedCall, customers, errors};
use crate::base::AppUserId;
use crate::base::app_user_id::ANONYMOUS_PREFIX;
use crate::base::clock::Moment;
use crate::base::error::{ApiError, Error};
use crate::base::ids::{CustomerId, ProjectId};
use crate::customers::contacts::store_contacts;
use crate::customers::identity::Locked;
use crate::customers::overrides::{self, Override};
use crate::customers::{Seen, Tombstones, Verdict, identity};
use crate::db::Conn;
use crate::db::group::Work;
use crate::db::many::{self, Column, Kind, Row, row};
use crate::events::{Delivery, own};
use crate::ingest;

/// A log-in that an app asks for.
pub struct LogIn {
    pub call: Arc<AuthorizedCall>,
    /// The id that the app had until now.
    pub current: AppUserId,
    /// The id that it gives.
    pub new: AppUserId,
}

/// Does log-ins.
#[derive(Debug, Clone, Copy)]
pub struct LogIns;

impl Work for LogIns {
    type Job = LogIn;
    /// Whether nobody had the new id before.
    type Done = Result<bool, ApiError>;

    const NAME: &'static str = "log-ins";

    fn run(&self, conn: &mut Conn, jobs: &[&LogIn]) -> Result<Vec<Option<Self::Done>>, Error> {
        let mut done: Vec<Option<Self::Done>> = Vec::new();
        done.resize_with(jobs.len(), || None);
        for project in jobs.iter().map(|job| job.call.ctx.project).collect::<BTreeSet<_>>() {
            let own = (0..).zip(jobs.iter().copied()).filter(|(_, job)| job.call.ctx.project == project);
            for (place, outcome) in log_in(conn, project, own.collect())? {
                done.get_mut(place).into_iter().for_each(|own| *own = Some(outcome.clone()));
            }
        }
        Ok(done)
    }

    fn size(job: &LogIn) -> usize {
        job.current.as_str().len() + job.new.as_str().len()
    }

    fn ids(job: &LogIn) -> Vec<String> {
        [&job.current, &job.new].map(|id| format!("{} {}", job.call.ctx.project, id.as_str())).into()
    }
}

/// A log-in with what is known of its ids.
struct Known<'a> {
    place: usize,
    job: &'a LogIn,
    from: Option<CustomerId>,
    to: Option<CustomerId>,
}

impl Known<'_> {
    fn is_of_one_customer(&self) -> bool {
        self.job.current == self.job.new || (self.from.is_some() && self.from == self.to)
    }

    /// The ids that nobody has.
    fn unknown(&self) -> impl Iterator<Item = &AppUserId> {
        let ids = [(&self.job.current, self.from), (&self.job.new, self.to)];
        ids.into_iter().filter(|(_, owner)| owner.is_none()).map(|(id, _)| id)
    }
}

type Outcomes = Vec<(usize, Result<bool, ApiError>)>;

/// Logs in those whose customers are free. Of several that concern one customer only the first goes on; the others wait
/// for what came of it.
fn log_in(conn: &mut Conn, project: ProjectId, jobs: Vec<(usize, &LogIn)>) -> Result<Outcomes, Error> {
    let seen: Vec<Seen> = jobs.iter().map(|(_, job)| job.seen(vec![job.current.clone(), job.new.clone()])).collect();
    let locked = identity::lock_ids(conn, project, &seen)?;
    let mut met = HashSet::new();
    let turns = locked.families(&seen).into_iter();
    let turns = turns.map(|(family, is_busy)| !is_busy && family.is_none_or(|family| met.insert(family)));
    let free = jobs.into_iter().zip(turns).filter(|(_, is_first)| *is_first);
    let free: Vec<Known<'_>> = free.map(|((place, job), _)| known(place, job, &locked)).collect();
    let mut outcomes = Outcomes::new();
    let allowed = screened(conn, project, free, &mut outcomes)?;
    let facts = Facts::load(conn, &allowed)?;
    let (merging, other): (Vec<Known<'_>>, Vec<Known<'_>>) =
        allowed.into_iter().partition(|one| !one.is_of_one_customer() && facts.may_merge(one));
    merge(conn, &facts, &merging)?;
    create(conn, &other)?;
    mark_exact(conn, project, merging.iter().chain(&other).flat_map(Known::unknown))?;
    contact(conn, project, merging.iter().chain(&other))?;
    outcomes.extend(merging.iter().chain(&other).map(|one| (one.place, Ok(one.to.is_none()))));
    Ok(outcomes)
}

impl LogIn {
    fn seen(&self, ids: Vec<AppUserId>) -> Seen {
        Seen { ids, at: self.call.ctx.now }
    }
}

fn known<'a>(place: usize, job: &'a LogIn, locked: &Locked) -> Known<'a> {
    let owner = |id: &AppUserId| locked.owner(id.as_str());
    Known { place, job, from: owner(&job.current), to: owner(&job.new) }
}

/// Refuses log-ins that would give a customer an id which is blocked or which no new customer may have.
fn screened<'a>(
    conn: &mut Conn,
    project: ProjectId,
    jobs: Vec<Known<'a>>,
    outcomes: &mut Outcomes,
) -> Result<Vec<Known<'a>>, Error> {
    let mut tombstones = Tombstones::default();
    let unknown: Vec<&str> = jobs.iter().flat_map(|one| one.unknown().map(AppUserId::as_str)).collect();
    tombstones.load(conn, project, unknown.iter().copied())?;
    let mut allowed = Vec::new();
    for one in jobs {
        let ids: Vec<&str> = one.unknown().map(AppUserId::as_str).collect();
        let is_blocked =
            !ids.is_empty() && tombstones.verdict(conn, project, &ids, one.job.call.ctx.now)? == Verdict::Blocked;
        let refused = ids.iter().find_map(|id| new_id(id).err());
        let refused = refused.or_else(|| is_blocked.then(|| errors::invalid_id("This App User ID is blocked.")));
        match refused {
            None => allowed.push(one),
            Some(Error::Client(error)) => outcomes.push((one.place, Err(error))),
            Some(error) => return Err(error),
        }
    }
    tombstones.store_counts(conn, project)?;
    Ok(allowed)
}

/// What is known of the customers whom log-ins may merge.
#[derive(Default)]
struct Facts {
    with_anonymous: HashSet<CustomerId>,
    /// Since when a customer is known, under which original id, and how many ids they have.
    customers: BTreeMap<CustomerId, (Moment, String, i64)>,
}

impl Facts {
    fn load(conn: &mut Conn, jobs: &[Known<'_>]) -> QueryResult<Facts> {
        let merging = jobs.iter().filter(|one| one.job.current.is_anonymous() && !one.is_of_one_customer());
        let (mut all, mut receiving) = (BTreeSet::new(), BTreeSet::new());
        for one in merging {
            all.extend(one.from.into_iter().chain(one.to));
            receiving.extend(one.to);
        }
        const KEY: &[Column] = &[("id", Kind::Integer)];
        let rows = |customers: &BTreeSet<CustomerId>| customers.iter().map(|one| row![*one]).collect::<Vec<Row>>();
        let anonymous = format!(
            "given JOIN app_user_ids ON app_user_ids.customer_id = given.id AND app_user_id LIKE '{ANONYMOUS_PREFIX}%'"
        );
        let with_anonymous = many::joined::<BigInt, CustomerId>(
            conn,
            ("DISTINCT app_user_ids.customer_id", &anonymous),
            KEY,
            &rows(&receiving),
        )?;
        let columns = "customers.id, original_app_user_id, ids_count,
            (SELECT min(since) FROM app_user_ids WHERE app_user_ids.customer_id = customers.id)";
        type Columns = (BigInt, Text, BigInt, diesel::sql_types::Nullable<BigInt>);
        let found = many::joined::<Columns, (CustomerId, String, i64, Option<Moment>)>(
            conn,
            (columns, "given JOIN customers ON customers.id = given.id"),
            KEY,
            &rows(&all),
        )?;
        let one = |(customer, original, ids, since): (CustomerId, String, i64, Option<Moment>)| {
            (customer, (since.unwrap_or(Moment::NEVER), original, ids))
        };
        Ok(Facts {
            with_anonymous: with_anonymous.into_iter().collect(),
            customers: found.into_iter().map(one).collect(),
        })
    }

    /// Whether the log-in merges the two customers: only an anonymous id is merged, and only into a customer without one
    /// who has room for more ids.
    fn may_merge(&self, one: &Known<'_>) -> bool {
        let ids =
            |customer: Option<CustomerId>| customer.and_then(|id| self.customers.get(&id)).map_or(1, |known| known.2);
        one.job.current.is_anonymous()
            && one.to.is_none_or(|to| !self.with_anonymous.contains(&to))
            && ids(one.from) + ids(one.to) <= identity::MOST_IDS
    }

    /// The Original App User ID of whichever of the two customers was known first.
    fn original(&self, one: &Known<'_>) -> String {
        let known = |customer: Option<CustomerId>| self.customers.get(&customer?);
        let from = known(one.from).map_or((one.job.call.ctx.now, one.job.current.as_str()), |(since, original, _)| {
            (*since, original.as_str())
        });
        match known(one.to) {
            Some((since, original, _)) if *since < from.0 => original.clone(),
            Some(_) | None => from.1.to_owned(),
        }
    }
}

/// Merges customers by events that Dossier makes, so that the merges are in the histories and follow from the stored
/// events. The customer under the new id survives: their override stays, else they get the other's (§8).
fn merge(conn: &mut Conn, facts: &Facts, jobs: &[Known<'_>]) -> Result<(), Error> {
    let Some(first) = jobs.first() else { return Ok(()) };
    let mut kept = Vec::new();
    let mut events: Vec<Delivery> = Vec::new();
    for one in jobs {
        if let Some(to) = one.to {
            let set = overrides::queries::find(conn, to)?.filter(|set| !set.is_end_recorded);
            kept.extend(set.map(|set| (&one.job.new, set)));
        }
        let (new, current) = (one.job.new.as_str().to_owned(), one.job.current.as_str().to_owned());
        let subject = own::Subject { app_user_id: new.clone(), original: facts.original(one), ids: vec![new, current] };
        events.push(own::aliased(&subject, one.job.call.ctx.now)?);
    }
    if !ingest::append(conn, &first.job.call.ctx, &events)? {
        return Err(Error::Internal("the event of a log-in was not stored: its id exists already".into()));
    }
    for (id, set) in kept {
        if let Some(customer) = identity::find(conn, first.job.call.ctx.project, id.as_str())? {
            overrides::queries::put(conn, &Override { customer_id: customer, ..set })?;
        }
    }
    Ok(())
}

/// Creates the customers of ids that nobody has, each by itself.
fn create(conn: &mut Conn, jobs: &[Known<'_>]) -> QueryResult<()> {
    let Some(first) = jobs.first() else { return Ok(()) };
    let seen: Vec<Seen> = jobs.iter().flat_map(|one| one.unknown().map(|id| one.job.seen(vec![id.clone()]))).collect();
    if !seen.is_empty() {
        ingest::introduce(conn, &first.job.call.ctx, &seen)?;
    }
    Ok(())
}

/// Marks since when ids are known as exact: they were created by the log-in, and not only named by an event.
fn mark_exact<'a>(conn: &mut Conn, project: ProjectId, ids: impl Iterator<Item = &'a AppUserId>) -> QueryResult<()> {
    let keys: Vec<Row> = ids.map(|id| row![project, crate::base::lookup_key(id.as_str())]).collect();
    customers::mark_all_since_exact(conn, &keys)
}

/// Stores from which devices the apps logged in.
fn contact<'a>(conn: &mut Conn, project: ProjectId, jobs: impl Iterator<Item = &'a Known<'a>>) -> QueryResult<()> {
    let jobs: Vec<&Known<'_>> = jobs.filter(|one| one.job.call.is_app_contact() && !one.is_of_one_customer()).collect();
    let seen: Vec<Seen> = jobs.iter().map(|one| one.job.seen(vec![one.job.new.clone()])).collect();
    let locked = identity::lock_ids(conn, project, &seen)?;
    let contacts = jobs.iter().filter_map(|one| {
        let customer = locked.owner(one.job.new.as_str())?;
        Some((customer, &one.job.call.device, one.job.call.ctx.now))
    });
    store_contacts(conn, contacts)
}
