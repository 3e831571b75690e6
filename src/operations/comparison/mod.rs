//! Comparing customers with RevenueCat. What RevenueCat shows of a customer (`stores/revenuecat/shown`) and what is known here
//! (`ours.rs`) gives events of what differs (`differences.rs`; for each purchase `purchases.rs`, `money.rs` and `status.rs`),
//! which are stored like any others (`refresh.rs`). Whom to ask about stands in a queue: a run over many customers fills it and
//! works it off (`run.rs`), and the program puts customers into it by itself (`worker.rs`),
//! also when the event of something that was done does not come (`echoes.rs`).

mod differences;
mod echoes;
mod money;
mod ours;
mod purchases;
mod refresh;
pub mod run;
mod status;
pub mod worker;

pub use refresh::{Asked, Compared, How, Outcome, compare, last_asked, note_asking};
