//! Virtual currencies (§15): balances added up from the events, which is an estimate. The sandbox switch selects
//! which, and the card is left out without a balance.

mod card;

pub use card::Card;
