//! Where calls to the stand-in stand still, and for how long each takes.

use std::sync::Mutex;
use std::time::Duration;

use super::{Call, Side, StandIn};

/// A place where calls stand still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Something is to be read, and no answer comes.
    Reading,
    /// Something is to be changed: it has arrived, and is never carried out.
    Before,
    /// Something is changed, and the answer comes when nothing stands here any more.
    After,
}

#[derive(Default)]
pub struct Stops {
    at: Option<Place>,
    standing: usize,
    /// How long each call takes to be carried out, and again to be answered.
    pub pause: Duration,
}

impl StandIn {
    /// From now on calls stand still at this place; those that stand elsewhere go on.
    pub fn stops_at(&self, place: Option<Place>) {
        let mut side = self.side();
        (side.stops.at, side.stops.standing) = (place, 0);
    }

    /// How many calls stand still.
    pub fn standing(&self) -> usize {
        self.side().stops.standing
    }

    /// How long each call takes from now on to be carried out, and again to be answered.
    pub fn takes(&self, pause: Duration) {
        self.side().stops.pause = pause;
    }

    /// The calls so far by which something was changed.
    pub fn done(&self) -> Vec<Call> {
        self.side().done.clone()
    }
}

/// Stands still as long as this is the place for it. Returns whether it was.
pub fn stand(side: &Mutex<Side>, place: Place) -> bool {
    let mut has_stood = false;
    loop {
        let mut locked = side.lock().expect("the side");
        if locked.stops.at != Some(place) {
            return has_stood;
        }
        locked.stops.standing += usize::from(!has_stood);
        has_stood = true;
        drop(locked);
        std::thread::sleep(Duration::from_millis(5));
    }
}
