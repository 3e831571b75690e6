//! The attributes, by key, deleted ones included.

use diesel::prelude::*;
use serde::Serialize;

use super::Section;
use crate::base::clock::Moment;
use crate::db::Conn;
use crate::db::schema::attributes;
use crate::pages::profile::export::model::Time;
use crate::pages::profile::visit::Visit;

#[derive(Debug, Serialize)]
pub struct Attribute {
    pub key: String,
    /// Null if the attribute was deleted.
    pub value: Option<String>,
    pub updated_at: Time,
    pub source: String,
}

impl Section for Attribute {
    type Field = Vec<Attribute>;

    const TITLE: &'static str = "Attributes";
    const HEADS: &'static [&'static str] = &["Key", "Value", "Set at", "By"];

    fn load(conn: &mut Conn, visit: &Visit) -> QueryResult<Vec<Attribute>> {
        let rows: Vec<(String, String, Moment, bool, String)> = attributes::table
            .filter(attributes::customer_id.eq(visit.customer.id))
            .select((
                attributes::key,
                attributes::value,
                attributes::updated_at,
                attributes::is_deleted,
                attributes::source,
            ))
            .load(conn)?;
        let one = |(key, value, at, is_deleted, source): (String, String, Moment, bool, String)| Attribute {
            key,
            value: (!is_deleted).then_some(value),
            updated_at: Time(at),
            source,
        };
        let mut all: Vec<Attribute> = rows.into_iter().map(one).collect();
        all.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(all)
    }

    fn rows(attributes: &Vec<Attribute>) -> Vec<Vec<String>> {
        let one = |attribute: &Attribute| {
            let value = attribute.value.clone().unwrap_or_else(|| "(deleted)".into());
            vec![attribute.key.clone(), value, attribute.updated_at.shown(), attribute.source.clone()]
        };
        attributes.iter().map(one).collect()
    }
}
