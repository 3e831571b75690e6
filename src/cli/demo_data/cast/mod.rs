//! The customers of the demo, grouped into files by what they show.

mod crowd;
mod heavy;
mod identities;
mod lena;
mod purchases;
mod sandbox;
mod stores;
mod subscribers;
mod team;
mod transfers;
mod trouble;

use super::Customer;
use super::story::Story;

pub fn everyone(now: i64) -> Vec<Customer> {
    let named = [
        vec![lena::story(now)],
        subscribers::stories(now),
        trouble::stories(now),
        purchases::stories(now),
        stores::stories(now),
        team::stories(now),
        sandbox::stories(now),
        transfers::stories(now),
        identities::stories(now),
        vec![heavy::story(now)],
    ];
    let stories = named.into_iter().flatten().chain(crowd::stories(now));
    stories.map(Story::end).collect()
}
