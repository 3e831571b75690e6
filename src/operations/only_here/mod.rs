//! What a project had before it was connected to RevenueCat: running grants by Dossier, offering overrides, and attributes that the
//! team set. It exists only here, as far as Dossier's own records say, until somebody has it pushed; or it is kept here.
//!
//! Since the connection was made, whatever is changed here is changed at RevenueCat first, so what is newer exists there as well.
//! Nobody is asked about a single customer to find out.

mod decide;
mod fact;
mod push;
mod queries;

pub use decide::{Choice, Named, decide, decide_all, forget};
pub use fact::{Fact, Kind, Place};
pub use push::push;
pub use queries::{Own, count, last_words, page};
