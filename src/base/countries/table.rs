//! A table in MaxMind's format. Rows differ by maker: some have `country_code`, others `country` with an `iso_code`.

use std::net::IpAddr;
use std::path::Path;

use maxminddb::{Reader, WithinOptions};
use serde::Deserialize;

/// The table that is part of the binary. Only those of its pages that lookups read take memory.
static SHIPPED: &[u8] = include_bytes!("table.mmdb");

/// A table must name a country within so many of its first networks.
const NETWORKS_CHECKED: usize = 10_000;

#[derive(Debug)]
pub enum Table {
    Shipped(Reader<&'static [u8]>),
    Chosen(Reader<Vec<u8>>),
}

#[derive(Deserialize)]
struct Row<'a> {
    #[serde(borrow, default)]
    country_code: Option<&'a str>,
    #[serde(borrow, default)]
    country: Option<Country<'a>>,
}

#[derive(Deserialize)]
struct Country<'a> {
    #[serde(borrow, default)]
    iso_code: Option<&'a str>,
}

impl Table {
    pub fn shipped() -> Result<Table, String> {
        Reader::from_source(SHIPPED).map(Table::Shipped).map_err(|error| error.to_string())
    }

    /// Reads a table and checks that it has countries.
    ///
    /// # Errors
    /// The reason in a few words: the file cannot be read, is not a table, or has no countries.
    pub fn read(path: &Path) -> Result<Table, String> {
        let bytes = std::fs::read(path).map_err(|error| format!("it cannot be read: {error}"))?;
        let reader = Reader::from_source(bytes).map_err(|error| format!("it is not a MaxMind DB file: {error}"))?;
        match has_countries(&reader) {
            true => Ok(Table::Chosen(reader)),
            false => Err("it has no countries".into()),
        }
    }

    /// The table's country code for an address; `None` if it has none or the row is damaged.
    pub fn code(&self, address: IpAddr) -> Option<&str> {
        match self {
            Table::Shipped(reader) => code_in(reader, address),
            Table::Chosen(reader) => code_in(reader, address),
        }
    }
}

fn code_in<S: AsRef<[u8]>>(reader: &Reader<S>, address: IpAddr) -> Option<&str> {
    reader.lookup(address).and_then(|found| found.decode::<Row>()).ok().flatten().and_then(Row::code)
}

fn has_countries<S: AsRef<[u8]>>(reader: &Reader<S>) -> bool {
    let Ok(networks) = reader.networks(WithinOptions::default()) else { return false };
    let rows = networks.take(NETWORKS_CHECKED).map(|found| found.and_then(|found| found.decode::<Row>()));
    rows.map_while(Result::ok).flatten().any(|row| row.code().is_some())
}

impl<'a> Row<'a> {
    fn code(self) -> Option<&'a str> {
        self.country_code.or(self.country.and_then(|country| country.iso_code))
    }
}
