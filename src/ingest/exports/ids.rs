//! The ids by which a row names its customer.

use super::Problem;
use super::cell::Cell;
use crate::base::AppUserId;

/// The ids of these cells that can name a customer, each once. One that cannot is a remark.
///
/// # Errors
/// When none of them can.
pub fn usable<'a>(cells: &[Cell<'a>], remarks: &mut Vec<Problem>) -> Result<Vec<&'a str>, Problem> {
    let mut ids: Vec<&str> = Vec::new();
    for cell in cells.iter().filter(|cell| !cell.text.is_empty()) {
        match AppUserId::parse(cell.text) {
            Ok(_) if ids.contains(&cell.text) => {}
            Ok(_) => ids.push(cell.text),
            Err(why) => remarks.push(format!("{} {}", cell.name, why.words())),
        }
    }
    match cells.first() {
        _ if !ids.is_empty() => Ok(ids),
        Some(first) => Err(remarks.pop().unwrap_or_else(|| format!("{} is empty", first.name))),
        None => Ok(ids),
    }
}
