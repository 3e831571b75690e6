//! The server is killed with SIGKILL while requests to RevenueCat stand at each step, and started again: everything comes to an end
//! that is true, nothing happens twice, and nothing is forgotten.

mod act;
mod rig;

use std::time::Duration;

use act::{ACTS, Act};
use dossier::base::error::Error;
use dossier::base::random_bytes;
use dossier::operations::grants::Preset;
use dossier::requests::State;
use rig::Rig;
use serde_json::json;

use crate::support::customers::grants_of;
use crate::support::operations::grant;
use crate::support::stand_in::Place;

/// After so many minutes the time is over that a killed server had to itself.
const LEASE_MINUTES: i64 = 3;
/// And after so many what was not done counts as not done.
const LONG_MINUTES: i64 = 20;

const NO_TRACE: &str = "RevenueCat showed no trace of it";

/// How often something was done at the other side and here, and how often the other side was asked.
fn done(rig: &Rig, act: Act, round: usize) -> [usize; 3] {
    let (there, here) = (act.done_there(&rig.upstream, round), act.done_here(&rig.desk, round));
    [there, here, act.arrivals(&rig.upstream, round)]
}

/// A server of which everything has been asked, killed while all that comes so far stands at this place.
async fn killed_at(place: Place) -> Rig {
    let rig = Rig::open().await;
    ACTS.iter().for_each(|act| act.prepare(&rig.desk, &rig.upstream, 0));
    rig.upstream.stops_at(Some(place));
    let server = rig.start();
    rig.ask_for_all(&server, 0);
    let all = ACTS.iter().filter(|act| place != Place::Reading || act.is_read_before()).count();
    rig.wait("all stand still", || rig.upstream.standing() == all);
    drop(server);
    rig.upstream.stops_at(None);
    rig
}

/// Everything was done once, at both sides.
fn assert_done_once(rig: &Rig) {
    Act::assert_nobody_has_it_twice(&rig.desk, 0);
    for act in ACTS {
        let [there, here, arrivals] = done(rig, act, 0);
        assert_eq!((there, here), (1, 1), "{act:?}: {:?}", rig.outcome(act, 0));
        assert!(arrivals == 1 || !act.adds_up(), "{act:?} was sent {arrivals} times");
        let state = rig.outcome(act, 0).map(|(state, _)| state);
        assert!(state == Some(State::Confirmed) || (act, state) == (Act::Delete, None), "{act:?}: {state:?}");
    }
}

#[actix_web::test]
async fn killed_while_it_reads_before_it_sends_everything_is_sent_once_by_the_next() {
    let rig = killed_at(Place::Reading).await;
    assert_eq!(rig.states().iter().filter(|state| **state == State::Asked).count(), 4, "nothing has left");
    rig.go_on_after(LEASE_MINUTES);
    assert_done_once(&rig);
}

#[actix_web::test]
async fn killed_before_the_call_is_taken_up_nothing_that_adds_up_is_sent_again_by_itself() {
    let rig = killed_at(Place::Before).await;
    assert_eq!(rig.states(), [State::Sending; 5]);
    rig.go_on_after(LEASE_MINUTES);
    assert_eq!(rig.states().iter().filter(|state| **state == State::Unknown).count(), 3, "it may still arrive");
    rig.go_on_after(LONG_MINUTES);
    for act in ACTS {
        let (adds_up, outcome) = (act.adds_up(), rig.outcome(act, 0));
        assert_eq!(done(&rig, act, 0), if adds_up { [0, 0, 1] } else { [1, 1, 2] }, "{act:?}: {outcome:?}");
        let is_refused = outcome.is_some_and(|(state, words)| state == State::Refused && words.starts_with(NO_TRACE));
        assert_eq!(is_refused, adds_up, "{act:?}");
    }
    // Whoever still wants it asks again.
    let server = rig.start();
    ACTS.iter().filter(|act| act.adds_up()).for_each(|act| rig.ask(&server, &act.form(&rig.desk, 0)));
    for act in ACTS.into_iter().filter(|act| act.adds_up()) {
        rig.wait("it is done after all", || done(&rig, act, 0) == [1, 1, 2]);
    }
}

#[actix_web::test]
async fn killed_after_the_call_is_carried_out_it_is_known_by_reading() {
    let rig = killed_at(Place::After).await;
    assert_eq!(rig.states(), [State::Sending; 5]);
    assert!(ACTS.iter().all(|act| done(&rig, *act, 0) == [1, 0, 1]), "done there, and not known here");
    rig.go_on_after(LEASE_MINUTES);
    assert_done_once(&rig);
}

#[actix_web::test]
async fn killed_between_the_answer_and_what_follows_from_it_it_is_done_here_as_well() {
    let rig = Rig::open().await;
    ACTS.iter().for_each(|act| act.prepare(&rig.desk, &rig.upstream, 0));
    rig.upstream.stops_at(Some(Place::After));
    let server = rig.start();
    rig.ask_for_all(&server, 0);
    rig.wait("all stand still", || rig.upstream.standing() == ACTS.len());
    let locked = rig.desk.db.write_here(|conn| {
        conn.lock_project(rig.desk.project)?;
        // The answers arrive, and nobody can write what follows.
        rig.upstream.stops_at(None);
        std::thread::sleep(Duration::from_millis(300));
        drop(server);
        Ok::<_, Error>(())
    });
    locked.expect("it was locked");
    assert_eq!(rig.states(), [State::Sending; 5], "no answer is written");
    rig.go_on_after(LEASE_MINUTES);
    assert_done_once(&rig);
}

#[actix_web::test]
async fn killed_while_it_reads_what_came_of_it_the_next_reads_it_again() {
    let rig = killed_at(Place::After).await;
    rig.pass(LEASE_MINUTES);
    rig.upstream.stops_at(Some(Place::Reading));
    let server = rig.start();
    rig.wait("it reads", || rig.upstream.standing() == 1);
    drop(server);
    rig.upstream.stops_at(None);
    rig.go_on_after(LEASE_MINUTES);
    assert_done_once(&rig);
}

#[actix_web::test]
async fn killed_while_it_repeats_what_may_be_repeated_it_still_happens_once() {
    for place in [Place::Before, Place::After] {
        let rig = killed_at(Place::Before).await;
        rig.pass(LEASE_MINUTES);
        rig.upstream.stops_at(Some(place));
        let server = rig.start();
        rig.wait("it repeats", || rig.upstream.standing() == 1);
        drop(server);
        rig.upstream.stops_at(None);
        rig.go_on_after(LEASE_MINUTES);
        for act in ACTS.into_iter().filter(|act| !act.adds_up()) {
            let [there, here, _] = done(&rig, act, 0);
            assert_eq!((there, here), (1, 1), "{act:?} at {place:?}: {:?}", rig.outcome(act, 0));
        }
    }
}

/// How often the server is killed at random moments, and how long it lives at most after it was asked, in milliseconds.
const ROUNDS: usize = 10;
const LONGEST_LIFE: u64 = 450;

#[actix_web::test]
async fn killed_at_any_moment_what_is_told_here_is_what_happened_there() {
    let moments: [u8; ROUNDS] = random_bytes().expect("random bytes");
    let moments = moments.map(|byte| u64::from(byte) * LONGEST_LIFE / 255);
    let rig = Rig::open().await;
    rig.upstream.takes(Duration::from_millis(40));
    for (round, moment) in moments.iter().enumerate() {
        ACTS.iter().for_each(|act| act.prepare(&rig.desk, &rig.upstream, round));
        let server = rig.start();
        rig.ask_for_all(&server, round);
        std::thread::sleep(Duration::from_millis(*moment));
        drop(server);
        // The next one is killed while it settles what this one has left, as well; every third time nobody is in its way.
        match round % 3 {
            2 => rig.go_on_after(LEASE_MINUTES),
            _ => rig.pass(LEASE_MINUTES),
        }
    }
    rig.upstream.takes(Duration::ZERO);
    for minutes in [LEASE_MINUTES, LONG_MINUTES, 25 * 60] {
        rig.go_on_after(minutes);
    }
    (0..ROUNDS).for_each(|round| Act::assert_nobody_has_it_twice(&rig.desk, round));
    for (round, act) in (0..ROUNDS).flat_map(|round| ACTS.map(|act| (round, act))) {
        let ([there, here, arrivals], outcome) = (done(&rig, act, round), rig.outcome(act, round));
        let at = format!("{act:?} of round {round} of {moments:?}: {outcome:?}, {there} there, {here} here");
        assert!(there <= 1 && here <= 1 && (arrivals <= 1 || !act.adds_up()), "twice: {at}");
        match outcome {
            Some((State::Confirmed, _)) => assert_eq!((there, here), (1, 1), "{at}"),
            Some((State::Refused, words)) => assert!((there, here) == (0, 0) && words.starts_with(NO_TRACE), "{at}"),
            // Somebody has to say, and is asked to.
            Some((State::Unknown, words)) => assert!(here == 0 && words.ends_with("what came of it."), "{at}"),
            // It was never asked for, or the customer is gone with all that was known.
            None => assert!(there == here && (there == 0 || act == Act::Delete), "{at}"),
            Some(_) => panic!("forgotten: {at}"),
        }
    }
}

#[actix_web::test]
async fn killed_after_the_former_grant_is_removed_it_is_not_told_that_nothing_happened() {
    let rig = Rig::open().await;
    Act::Grant.prepare(&rig.desk, &rig.upstream, 0);
    let id = Act::Grant.customer(0);
    grant(&rig.desk, &id, "pro", Preset::Monthly);
    let ends_at = grants_of(&rig.desk, &id).remove(0).expires_at.expect("an end");
    rig.upstream.change(&id, |one| one.grants = vec![ends_at.millis()]);
    rig.upstream.stops_at(Some(Place::After));
    let server = rig.start();
    let mut form = Act::Grant.form(&rig.desk, 0);
    form.fields.push(("replace", "1".into()));
    rig.ask(&server, &form);
    rig.wait("the former grant is removed", || rig.upstream.standing() == 1);
    drop(server);
    rig.upstream.stops_at(None);
    for minutes in [LEASE_MINUTES, LONG_MINUTES] {
        rig.go_on_after(minutes);
    }
    let said = "The former grant is removed, and RevenueCat showed no trace of the new one 5 minutes later.";
    assert_eq!(rig.outcome(Act::Grant, 0), Some((State::Refused, said.into())));
    assert_eq!(rig.upstream.customer(&id).map(|one| one.grants.len()), Some(0));
    assert_eq!(rig.upstream.changes().len(), 1, "and the new one is not made by itself");
}

#[actix_web::test]
async fn what_was_not_to_wait_is_not_sent_by_a_later_server() {
    let rig = Rig::open().await;
    Act::Grant.prepare(&rig.desk, &rig.upstream, 0);
    let key = rig.desk.server().key;
    rig.upstream.stops_at(Some(Place::Reading));
    let server = rig.start();
    let path = format!("/v2/projects/sundial/customers/{}/actions/grant_entitlement", Act::Grant.customer(0));
    let body = json!({ "entitlement_id": "pro", "expires_at": rig.desk.clock.now().plus_days(3) });
    rig.call(&server, &key, &path, &body);
    rig.wait("it is read", || rig.upstream.standing() == 1);
    drop(server);
    rig.upstream.stops_at(None);
    rig.go_on_after(LEASE_MINUTES);
    let said = "It was not to wait, and was not sent in time.";
    assert_eq!(rig.outcome(Act::Grant, 0), Some((State::Refused, said.into())));
    assert_eq!(done(&rig, Act::Grant, 0), [0, 0, 0]);
}
