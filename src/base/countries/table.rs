//! A table in MaxMind's format. Its rows differ by maker: some hold `country_code`, others `country` with an `iso_code`.

use std::net::IpAddr;
use std::path::Path;

use maxminddb::{Reader, WithinOptions};
use serde::Deserialize;

/// The table that comes with the program. It stays in the file of the program: only pages that are looked at take memory.
static SHIPPED: &[u8] = include_bytes!("table.mmdb");

/// In so many of its first networks a table must name a country.
const LOOKED_AT: usize = 10_000;

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

    /// # Errors
    /// In a few words: it cannot be read, is no table, or has no countries.
    pub fn read(path: &Path) -> Result<Table, String> {
        let bytes = std::fs::read(path).map_err(|error| format!("it cannot be read: {error}"))?;
        let reader = Reader::from_source(bytes).map_err(|error| format!("it is no MaxMind DB file: {error}"))?;
        match has_countries(&reader) {
            true => Ok(Table::Chosen(reader)),
            false => Err("it has no countries".into()),
        }
    }

    /// What the table says of an address; `None` also where it is damaged.
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
    let rows = networks.take(LOOKED_AT).map(|found| found.and_then(|found| found.decode::<Row>()));
    rows.map_while(Result::ok).flatten().any(|row| row.code().is_some())
}

impl<'a> Row<'a> {
    fn code(self) -> Option<&'a str> {
        self.country_code.or(self.country.and_then(|country| country.iso_code))
    }
}
