//! The experiments that the customer is enrolled in.

use diesel::prelude::*;
use serde::Serialize;

use super::{Section, shown};
use crate::base::clock::Moment;
use crate::db::Conn;
use crate::db::schema::experiments;
use crate::pages::profile::export::model::Time;
use crate::pages::profile::visit::Visit;

#[derive(Debug, Serialize)]
pub struct Experiment {
    pub experiment_id: String,
    pub variant: String,
    pub enrolled_at: Option<Time>,
}

impl Section for Experiment {
    type Field = Vec<Experiment>;

    const TITLE: &'static str = "Experiments";
    const HEADS: &'static [&'static str] = &["Experiment", "Variant", "Enrolled"];

    fn load(conn: &mut Conn, visit: &Visit) -> QueryResult<Vec<Experiment>> {
        let rows: Vec<(String, String, Option<Moment>)> = experiments::table
            .filter(experiments::customer_id.eq(visit.customer.id))
            .select((experiments::experiment_id, experiments::variant, experiments::enrolled_at))
            .load(conn)?;
        let one = |(experiment_id, variant, at): (String, String, Option<Moment>)| Experiment {
            experiment_id,
            variant,
            enrolled_at: at.map(Time),
        };
        let is_known = |row: &(String, String, Option<Moment>)| visit.as_of.is_none() || row.2 <= Some(visit.until());
        Ok(rows.into_iter().filter(is_known).map(one).collect())
    }

    fn rows(all: &Vec<Experiment>) -> Vec<Vec<String>> {
        let one = |one: &Experiment| vec![one.experiment_id.clone(), one.variant.clone(), shown(one.enrolled_at)];
        all.iter().map(one).collect()
    }
}
