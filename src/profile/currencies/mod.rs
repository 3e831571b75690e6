//! Virtual currencies (§15): balances as the events add up, an estimate. The card stands only where there is one.

mod card;

pub use card::Card;
