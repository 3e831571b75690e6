//! Virtual currencies (§15): balances as the events add up, an estimate. They follow the sandbox
//! switch, and the card stands only where there is one.

mod card;

pub use card::Card;
