//! The phases of a purchase over time: the bars of the timeline.

use serde::{Deserialize, Serialize};

use crate::base::clock::Moment;

/// The phase a purchase was in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    Trial,
    Paid,
    Grace,
    Retry,
    Paused,
    Refunded,
    Granted,
}

/// A stretch of time in one phase, from `from` (included) to `to` (excluded).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    pub phase: Phase,
    pub from: Moment,
    /// [`Moment::NEVER`] while it has no end.
    pub to: Moment,
}

/// Neighbours of one phase with a gap below this, in milliseconds, are one bar: renewals often begin a little late.
const GAP_MS: i64 = 3 * 3_600_000;

/// Adds a stretch, replacing what the others have in that time.
pub fn paint(spans: &mut Vec<Span>, phase: Phase, from: Moment, to: Moment) {
    if from >= to {
        return;
    }
    let mut painted = Vec::with_capacity(spans.len() + 2);
    for span in spans.drain(..) {
        if span.to <= from || span.from >= to {
            painted.push(span);
            continue;
        }
        painted.extend((span.from < from).then_some(Span { to: from, ..span }));
        painted.extend((span.to > to).then_some(Span { from: to, ..span }));
    }
    painted.push(Span { phase, from, to });
    painted.sort_by_key(|span| span.from);
    *spans = painted.into_iter().fold(Vec::new(), joined);
}

/// Removes all spans, or parts of them, from `at` on.
pub fn cut(spans: &mut Vec<Span>, at: Moment) {
    spans.retain(|span| span.from < at);
    if let Some(last) = spans.last_mut() {
        last.to = last.to.min(at);
    }
}

fn joined(mut done: Vec<Span>, next: Span) -> Vec<Span> {
    match done.last_mut() {
        Some(last) if last.phase == next.phase && next.from.since(last.to) < GAP_MS => last.to = next.to.max(last.to),
        _ => done.push(next),
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_stretch_covers_the_middle_of_an_old_one() {
        let mut spans = Vec::new();
        let day = |n: i64| Moment(n * 86_400_000);
        paint(&mut spans, Phase::Paid, day(0), day(30));
        paint(&mut spans, Phase::Paid, day(30), day(60));
        paint(&mut spans, Phase::Refunded, day(10), day(20));
        let drawn: Vec<_> = spans.iter().map(|span| (span.phase, span.from, span.to)).collect();
        assert_eq!(
            drawn,
            [(Phase::Paid, day(0), day(10)), (Phase::Refunded, day(10), day(20)), (Phase::Paid, day(20), day(60)),]
        );
        cut(&mut spans, day(15));
        assert_eq!(spans.last().map(|span| span.to), Some(day(15)));
    }
}
