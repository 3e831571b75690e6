//! Takes in bodies of webhooks. Those that wait at the same time share one commit.

use std::collections::BTreeSet;

use crate::audit::Ctx;
use crate::base::clock::Clock;
use crate::base::error::Error;
use crate::base::ids::{Ids, ProjectId};
use crate::db::group::{GroupWriter, Work};
use crate::db::{Conn, Db};
use crate::events::{Delivery, Rejection};
use crate::ingest::screening::ids_in;
use crate::ingest::silence::Arrivals;
use crate::ingest::{self, Outcome, rejected};

/// How a delivery is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    Taken(Outcome),
    /// It cannot be read. It is kept with this reason.
    Unreadable(String),
}

/// Hands deliveries to the thread that stores them. Clones share the thread; it stops when [`Intake::close`] is called.
#[derive(Clone)]
pub struct Intake {
    writer: GroupWriter<Deliveries>,
    clock: Clock,
    /// How many came.
    pub arrivals: Arrivals,
}

impl Intake {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn start(db: Db, clock: Clock, ids: Ids) -> std::io::Result<Intake> {
        let writer = GroupWriter::start(db, Deliveries { clock: clock.clone(), ids })?;
        let arrivals = Arrivals::from(clock.now());
        Ok(Intake { writer, clock, arrivals })
    }

    /// Stores a body; returns after the commit.
    ///
    /// # Errors
    /// As [`GroupWriter::run`].
    pub async fn take(&self, project: ProjectId, body: Vec<u8>) -> Result<Answer, Error> {
        let (bytes, now) = (body.len(), self.clock.now());
        self.arrivals.add(project, now);
        let parsed = Delivery::parse(body, now);
        self.writer.run(Job { project, parsed, bytes }).await
    }

    /// Stops the thread after it has stored what waits.
    pub fn close(&self) {
        self.writer.close();
    }
}

struct Job {
    project: ProjectId,
    parsed: Result<Delivery, (Rejection, Vec<u8>)>,
    bytes: usize,
}

struct Deliveries {
    clock: Clock,
    ids: Ids,
}

impl Work for Deliveries {
    type Job = Job;
    type Done = Answer;

    const NAME: &'static str = "deliveries";

    fn run(&self, conn: &mut Conn, jobs: &[&Job]) -> Result<Vec<Option<Answer>>, Error> {
        let mut answers: Vec<Option<Answer>> = vec![None; jobs.len()];
        for project in jobs.iter().map(|job| job.project).collect::<BTreeSet<_>>() {
            let ctx = Ctx::system(project, &self.ids, self.clock.now());
            let own: Vec<(usize, &Job)> =
                (0..).zip(jobs.iter().copied()).filter(|(_, job)| job.project == project).collect();
            for (place, answer) in self.store(conn, &ctx, &own)? {
                answers.get_mut(place).into_iter().for_each(|own| *own = answer.clone());
            }
        }
        Ok(answers)
    }

    fn size(job: &Job) -> usize {
        job.bytes
    }

    fn ids(job: &Job) -> Vec<String> {
        let named = job.parsed.iter().flat_map(|delivery| ids_in(&delivery.event));
        named.map(|id| format!("{} {id}", job.project)).collect()
    }
}

impl Deliveries {
    /// Stores the deliveries of one project. Returns the answer to each, with its place.
    fn store(&self, conn: &mut Conn, ctx: &Ctx, jobs: &[(usize, &Job)]) -> Result<Vec<(usize, Option<Answer>)>, Error> {
        let (mut places, mut readable, mut answers) = (Vec::new(), Vec::new(), Vec::new());
        for (place, job) in jobs {
            match &job.parsed {
                Ok(delivery) => {
                    places.push(*place);
                    readable.push(delivery);
                }
                Err((Rejection(reason), body)) => {
                    rejected::keep(conn, ctx, ctx.now, reason, body)?;
                    answers.push((*place, Some(Answer::Unreadable(reason.clone()))));
                }
            }
        }
        let outcomes = ingest::take(conn, ctx, &readable)?;
        let taken = outcomes.into_iter().map(|outcome| outcome.map(Answer::Taken));
        answers.extend(places.into_iter().zip(taken));
        Ok(answers)
    }
}
