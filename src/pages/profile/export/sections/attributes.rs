//! The attributes, by key, deleted ones included.

use diesel::prelude::*;
use serde::Serialize;

use super::Section;
use crate::customers::attributes::{Source, Stored};
use crate::db::Conn;
use crate::db::schema::attributes;
use crate::pages::profile::export::model::Time;
use crate::pages::profile::visit::{self, Visit};

#[derive(Debug, Serialize)]
pub struct Attribute {
    pub key: String,
    /// Null if the attribute was deleted.
    pub value: Option<String>,
    pub updated_at: Time,
    /// `event`, `app` or `team`.
    pub source: &'static str,
}

impl Section for Attribute {
    type Field = Vec<Attribute>;

    const TITLE: &'static str = "Attributes";
    const HEADS: &'static [&'static str] = &["Key", "Value", "Set at", "By"];

    fn load(conn: &mut Conn, visit: &Visit) -> QueryResult<Vec<Attribute>> {
        let one = |stored: Stored| Attribute {
            key: stored.key,
            value: (!stored.is_deleted).then_some(stored.value),
            updated_at: Time(stored.updated_at),
            source: stored.source.as_str(),
        };
        let own = attributes::table.filter(attributes::customer_id.eq(visit.customer.id)).select(Stored::as_select());
        let mut all: Vec<Attribute> = own.load(conn)?.into_iter().map(one).collect();
        if visit.as_of.is_some() {
            let then = |one: &visit::Attribute| {
                let updated_at = Time(one.updated_at);
                let is_same = |own: &&Attribute| own.key == one.key && own.updated_at == updated_at;
                let source = all.iter().find(is_same).map_or(Source::Event.as_str(), |own| own.source);
                Attribute { key: one.key.clone(), value: Some(one.value.clone()), updated_at, source }
            };
            all = visit.attributes.iter().map(then).collect();
        }
        all.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(all)
    }

    fn rows(attributes: &Vec<Attribute>) -> Vec<Vec<String>> {
        let one = |attribute: &Attribute| {
            let value = attribute.value.clone().unwrap_or_else(|| "(deleted)".into());
            vec![attribute.key.clone(), value, attribute.updated_at.shown(), attribute.source.to_owned()]
        };
        attributes.iter().map(one).collect()
    }
}
