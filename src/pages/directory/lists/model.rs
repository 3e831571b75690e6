//! The lists, and a position in one. A page is named by the row that it begins after, never by a number, so that no
//! row is shown twice and no page costs more than another.

use crate::customers::Cursor;

/// How many rows a page has.
pub const PAGE: usize = 50;

/// A list, by who is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum List {
    All,
    /// A production subscription or trial gives access, and no grant does.
    Active,
    /// Any sandbox purchase.
    Sandbox,
    /// A production purchase that was no subscription.
    OneTime,
    /// There was a production subscription, and none gives access.
    Expired,
    /// The customers that the person has marked as their test customers.
    Mine,
}

impl List {
    pub const ALL: [List; 6] = [List::All, List::Active, List::Sandbox, List::OneTime, List::Expired, List::Mine];

    /// The word in an address.
    pub const fn as_str(self) -> &'static str {
        match self {
            List::All => "all",
            List::Active => "active",
            List::Sandbox => "sandbox",
            List::OneTime => "one-time",
            List::Expired => "expired",
            List::Mine => "mine",
        }
    }

    pub fn parse(word: &str) -> Option<List> {
        List::ALL.into_iter().find(|list| list.as_str() == word)
    }

    /// The address of the top of the list.
    pub fn top(self, project: &str) -> String {
        format!("/projects/{project}/customers?list={}", self.as_str())
    }

    /// The text on its tab.
    pub const fn label(self) -> &'static str {
        match self {
            List::All => "All",
            List::Active => "Active subscription",
            List::Sandbox => "Sandbox",
            List::OneTime => "Non-subscription",
            List::Expired => "Expired",
            List::Mine => "My test customers",
        }
    }

    /// The text of an empty list: why nobody is in it.
    pub const fn empty(self) -> &'static str {
        match self {
            List::All => "No customers yet.",
            List::Active => {
                "Nobody has an active subscription or trial. Customers with granted access are not counted here."
            }
            List::Sandbox => "Nobody has made a test purchase. TestFlight, license testers and test modes all count.",
            List::OneTime => "Nobody has bought anything other than a subscription.",
            List::Expired => {
                "No subscription has ended. Paused subscriptions and failed payments count once access is gone."
            }
            List::Mine => {
                "You have marked nobody. The star on a customer's page marks them as your test customer: they appear \
                 here, and come first when you search."
            }
        }
    }
}

/// A position in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    Top,
    /// The rows seen longer ago than this one.
    After(Cursor),
    /// The rows seen more recently than this one.
    Before(Cursor),
}

/// A sentence that says what is wrong with the address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown(pub &'static str);

impl Position {
    /// # Errors
    /// [`Unknown`] for a cursor that Dossier did not make, or for two cursors.
    pub fn parse(after: Option<&str>, before: Option<&str>) -> Result<Position, Unknown> {
        const SENTENCE: &str = "This page of the list does not exist. Start from the top of the list.";
        let read = |text| Cursor::parse(text).ok_or(Unknown(SENTENCE));
        match (after, before) {
            (None, None) => Ok(Position::Top),
            (Some(after), None) => read(after).map(Position::After),
            (None, Some(before)) => read(before).map(Position::Before),
            (Some(_), Some(_)) => Err(Unknown(SENTENCE)),
        }
    }
}

/// The list of this name; without a name, all customers.
///
/// # Errors
/// [`Unknown`] for a word that names no list.
pub fn list_named(word: Option<&str>) -> Result<List, Unknown> {
    match word {
        None | Some("") => Ok(List::All),
        Some(word) => List::parse(word).ok_or(Unknown(
            "There is no list of that name. The lists are all, active, sandbox, one-time, expired and mine.",
        )),
    }
}

/// A page of rows, and the cursors of its neighbours.
#[derive(Debug)]
pub struct Slice<T> {
    pub rows: Vec<T>,
    pub newer: Option<Cursor>,
    pub older: Option<Cursor>,
}

/// Cuts the rows of a query, which reads one row more than a page, to the page. The rows come newest first, but oldest
/// first for [`Position::Before`].
pub fn slice<T>(mut rows: Vec<T>, place: Position, cursor: impl Fn(&T) -> Cursor) -> Slice<T> {
    let has_more = rows.len() > PAGE;
    rows.truncate(PAGE);
    let (has_newer, has_older) = match place {
        Position::Top => (false, has_more),
        Position::After(_) => (true, has_more),
        Position::Before(_) => (has_more, true),
    };
    if matches!(place, Position::Before(_)) {
        rows.reverse();
    }
    let newer = rows.first().map(&cursor).filter(|_| has_newer);
    let older = rows.last().map(&cursor).filter(|_| has_older);
    Slice { rows, newer, older }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::Moment;
    use crate::base::ids::RowId;

    fn cursor(number: i64) -> Cursor {
        Cursor { active_at: Moment(number), id: RowId(number) }
    }

    #[test]
    fn a_cursor_of_any_other_shape_is_refused() {
        let good = cursor(7).to_string();
        let bad = ["", "1", "x", &good[1..], &format!("{good}0"), &good.to_uppercase().replace('0', "A"), "-", "0x0"];
        for text in bad.iter().copied().chain(["é".repeat(16).as_str(), "%00", "' OR 1=1", &"+".repeat(32)]) {
            assert_eq!(Cursor::parse(text), None, "{text}");
            assert!(Position::parse(Some(text), None).is_err() && Position::parse(None, Some(text)).is_err());
        }
        assert!(Position::parse(Some(&good), Some(&good)).is_err());
        assert_eq!(Position::parse(Some(&good), None), Ok(Position::After(cursor(7))));
    }

    #[test]
    fn every_list_is_found_by_its_word() {
        assert!(List::ALL.into_iter().all(|list| List::parse(list.as_str()) == Some(list)));
        assert_eq!(list_named(None), Ok(List::All));
        assert!(list_named(Some("Active")).is_err());
    }

    #[test]
    fn a_page_knows_its_neighbours() {
        let rows = |count: i64| (0..count).collect::<Vec<_>>();
        let full = slice(rows(51), Position::Top, |number| cursor(*number));
        assert_eq!((full.rows.len(), full.newer, full.older), (50, None, Some(cursor(49))));
        let last = slice(rows(3), Position::After(cursor(9)), |number| cursor(*number));
        assert_eq!((last.newer, last.older), (Some(cursor(0)), None));
        let first = slice(rows(50), Position::Before(cursor(9)), |number| cursor(*number));
        assert_eq!((first.rows.first(), first.newer, first.older), (Some(&49), None, Some(cursor(0))));
    }
}
