//! The export of the list of customers: who exists, since when, when their app was last open and on which device, and their
//! attributes. It says nothing of single purchases (§16.4).

use std::collections::BTreeMap;

use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};

use super::cell::Cell;
use super::columns::columns;
use super::{Problem, Read, Record, Rows, ids};
use crate::base::clock::Moment;
use crate::customers::contacts::{Device, LastContact};
use crate::events::{Origin, own};

columns! {
    Places, Cells {
        needed: app_user_id first_seen_at last_seen_at;
        other: last_seen_app_version last_seen_ip_country last_seen_platform last_seen_platform_version
            last_seen_sdk_version last_seen_locale price_experiment_id price_experiment_variant email phone_number
            media_source campaign ad_group ad keyword creative idfa idfv gps_ad_id custom_attributes
    }
}

/// How many characters of what is known of a device are kept.
const LONGEST: usize = 100;

/// Reads a file of customers.
pub struct Customers(Places);

impl Customers {
    pub fn new(header: &[String]) -> Customers {
        Customers(Places::of(header))
    }
}

impl Rows for Customers {
    fn missing(&self) -> Vec<&'static str> {
        self.0.missing()
    }

    fn customer<'a>(&self, record: &'a Record) -> &'a str {
        self.0.cells(record).app_user_id.text
    }

    fn read(&mut self, record: &Record, now: Moment) -> Result<Read, Problem> {
        let cells = self.0.cells(record);
        let mut read = Read::default();
        let ids = ids::usable(&[cells.app_user_id], &mut read.remarks)?;
        let (first, last) = (cells.first_seen_at.time()?, cells.last_seen_at.time()?);
        let since = first.or(last).ok_or("first_seen_at is empty")?.min(now);
        let attributes = attributes(&cells, last.unwrap_or(since).min(now), &mut read.remarks);
        let experiment = cells.price_experiment_id.text().zip(Some(cells.price_experiment_variant.text));
        let details = own::details(&ids, since, &attributes, experiment, (Origin::Import, now));
        read.deliveries.push(details.map_err(|error| error.to_string())?);
        read.last_contact = last.map(|at| LastContact {
            app_user_id: cells.app_user_id.text.to_owned(),
            at: at.min(now),
            device: device(&cells),
        });
        Ok(read)
    }
}

/// The attributes. The export has no times of them: they were set at the latest when the app was last open.
fn attributes(cells: &Cells<'_>, at: Moment, remarks: &mut Vec<Problem>) -> BTreeMap<String, Box<RawValue>> {
    let named: [(&str, Cell<'_>); 11] = [
        ("$email", cells.email),
        ("$phoneNumber", cells.phone_number),
        ("$mediaSource", cells.media_source),
        ("$campaign", cells.campaign),
        ("$adGroup", cells.ad_group),
        ("$ad", cells.ad),
        ("$keyword", cells.keyword),
        ("$creative", cells.creative),
        ("$idfa", cells.idfa),
        ("$idfv", cells.idfv),
        ("$gpsAdId", cells.gps_ad_id),
    ];
    let named = named.into_iter().filter_map(|(key, cell)| {
        let value = to_raw_value(&json!({ "value": cell.text()?, "updated_at_ms": at })).ok()?;
        Some((key.to_owned(), value))
    });
    let custom = cells.custom_attributes.entries().unwrap_or_else(|problem| {
        remarks.push(problem);
        BTreeMap::new()
    });
    custom.into_iter().filter_map(|(key, value)| Some((key, dated(value, at)?))).chain(named).collect()
}

/// A value with its time, or a bare one as of `at`. An empty one says nothing.
pub(super) fn dated(value: Box<RawValue>, at: Moment) -> Option<Box<RawValue>> {
    match value.get() {
        text if text.starts_with('{') => Some(value),
        "null" | "\"\"" => None,
        _ => to_raw_value(&json!({ "value": value, "updated_at_ms": at })).ok(),
    }
}

fn device(cells: &Cells<'_>) -> Device {
    let text = |cell: Cell<'_>| {
        let kept: String = cell.text.trim().chars().filter(|letter| !letter.is_control()).take(LONGEST).collect();
        Some(kept).filter(|text| !text.is_empty())
    };
    Device {
        platform: text(cells.last_seen_platform),
        platform_version: text(cells.last_seen_platform_version),
        app_version: text(cells.last_seen_app_version),
        sdk_version: text(cells.last_seen_sdk_version),
        locale: text(cells.last_seen_locale).map(|tag| tag.replace('_', "-")),
        country: text(cells.last_seen_ip_country).map(|code| code.to_ascii_uppercase()),
        hardware: None,
    }
}
