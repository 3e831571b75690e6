//! The picture above the rows: a lane for each purchase and a line for today. Words describe everything it shows.

use std::collections::BTreeSet;

use askama::Template;
use askama::filters::HtmlSafe;

use super::axis::{Axis, Percent, Tick};
use super::lanes;
use super::lanes::{Bar, Lane};
use super::marker::Marker;
use crate::base::clock::Moment;
use crate::pages::profile::visit::Visit;
use crate::wording::times;

#[derive(Debug, Template)]
#[template(path = "profile/picture.html")]
pub struct Picture {
    title: String,
    ticks: Vec<Tick>,
    lanes: Vec<Drawn>,
    legend: Vec<Marker>,
    patterns: BTreeSet<&'static str>,
    today: Percent,
    /// The word at that line.
    now: &'static str,
    words: Vec<String>,
    all: usize,
    leaves_some_out: bool,
}

impl HtmlSafe for Picture {}

/// A lane at its height. Its name is printed beside the picture, so that it stays visible when the picture scrolls.
#[derive(Debug)]
struct Drawn {
    name: String,
    shapes: Vec<Shape>,
    y: usize,
}

/// A bar that begins at `x`, or a mark at `x`.
#[derive(Debug)]
struct Shape {
    marker: Marker,
    x: Percent,
    width: Percent,
}

/// Pixels above the lanes, and from one lane to the next.
const TOP: usize = 30;
const STEP: usize = 24;
/// Marks of a lane that are nearer to each other than this are drawn as one.
const APART: i64 = 50;
/// The minimum width of a bar, so that it is visible.
const LEAST: i64 = 40;

impl Picture {
    /// `None` when there is nothing to draw.
    pub fn draw(visit: &Visit) -> Option<Picture> {
        let (mut lanes, unseen): (Vec<Lane>, Vec<Lane>) = lanes::draw(visit).into_iter().partition(Lane::is_drawn);
        let all = lanes.len();
        lanes.truncate(lanes::MOST);
        lanes.sort_by_key(Lane::start);
        let stretches = lanes.iter().flat_map(|lane| &lane.bars).map(|bar| (bar.from, bar.to));
        let axis = Axis::over(stretches, visit.ctx.now);
        let legend: BTreeSet<Marker> = lanes.iter().flat_map(|lane| &lane.bars).map(|bar| bar.marker).collect();
        (!legend.is_empty()).then(|| Picture {
            title: format!("Purchases from {} to {}", times::month(axis.from), times::month(axis.to)),
            ticks: axis.ticks(),
            patterns: legend.iter().filter_map(|marker| marker.pattern()).collect(),
            legend: legend.into_iter().collect(),
            today: axis.x(visit.ctx.now),
            now: if visit.as_of.is_some() { "then" } else { "today" },
            words: lanes.iter().chain(&unseen).map(|lane| lane.words.clone()).collect(),
            lanes: lanes
                .into_iter()
                .enumerate()
                .map(|(row, lane)| Drawn::new(lane, row, &axis, visit.ctx.now))
                .collect(),
            all,
            leaves_some_out: lanes::leaves_some_out(visit),
        })
    }

    /// The y coordinate below the last lane, in pixels.
    fn floor(&self) -> usize {
        TOP + STEP * self.lanes.len()
    }

    fn description(&self) -> String {
        let drawn = self.lanes.len();
        let lanes = if drawn == 1 { "One lane".to_owned() } else { format!("{drawn} lanes") };
        format!("{lanes}, described in words below.")
    }
}

impl Drawn {
    fn new(lane: Lane, row: usize, axis: &Axis, now: Moment) -> Drawn {
        let mut shapes: Vec<Shape> = lane.bars.iter().map(|bar| Shape::new(bar, axis, now)).collect();
        shapes.dedup_by(|next, last| last.hides(next));
        Drawn { name: lane.name, shapes, y: TOP + STEP * row }
    }
}

impl Shape {
    /// Whether the next mark would overlap this one. The lane's name shows how many marks there are.
    fn hides(&self, next: &Shape) -> bool {
        self.marker.is_mark() && self.marker == next.marker && next.x.0 - self.x.0 < APART
    }

    fn new(bar: &Bar, axis: &Axis, now: Moment) -> Shape {
        let to = if bar.to == Moment::NEVER { axis.open_end(now) } else { bar.to };
        let (from, to) = (axis.x(bar.from), axis.x(to));
        let width = Percent((to.0 - from.0).max(LEAST));
        Shape { marker: bar.marker, x: Percent(from.0.min(10_000 - width.0)), width }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_that_would_merge_into_a_bar_are_drawn_once() {
        let now = Moment(1_795_453_200_000);
        let mark = |days: i64, marker| Bar { marker, from: now.plus_days(days), to: now.plus_days(days) };
        let bars = [(-1_000, Marker::Bought), (-3, Marker::Bought), (-2, Marker::Bought), (-2, Marker::BoughtRefunded)];
        let axis = Axis { from: now.plus_days(-1_000), to: now };
        let lane =
            Lane { name: "Gems".into(), bars: bars.map(|(days, marker)| mark(days, marker)).into(), ..Lane::default() };
        let markers: Vec<Marker> = Drawn::new(lane, 0, &axis, now).shapes.iter().map(|shape| shape.marker).collect();
        assert_eq!(markers, [Marker::Bought, Marker::Bought, Marker::BoughtRefunded]);
    }
}
