//! The gate of a connection: how many bytes may come in through it. While a request with a body is answered, the gate lets in
//! only as much of the body as there is memory for; what a sender sends beyond that stays in the network. Without this,
//! the HTTP library would read ahead, some 200 KB for each connection. The gate also knows whether a request is being
//! answered: what comes in otherwise is the head of the next one.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use actix_web::dev::ServiceRequest;
use actix_web::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};

/// The gate of one connection. Clones are the same gate.
#[derive(Debug, Clone, Default)]
pub struct Gate(Rc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// How many bytes may come in; `None` where it does not matter.
    left: Cell<Option<usize>>,
    waiting: RefCell<Option<Waker>>,
    is_answering: Cell<bool>,
    /// How many requests have come in.
    requests: Cell<u64>,
    /// Whether a head is complete since this was asked last.
    has_head: Cell<bool>,
}

/// A request that has come in through a gate. Until it is dropped, the gate lets in no more than it is told.
#[derive(Debug)]
pub struct Passed(Gate);

impl Gate {
    /// A request comes in through the gate of its connection, which closes when the request has a body. Requests in tests
    /// have no connection.
    pub fn pass(req: &ServiceRequest) -> Option<Passed> {
        let has_body = [CONTENT_LENGTH, TRANSFER_ENCODING].iter().any(|name| req.headers().contains_key(name));
        let gate = req.conn_data::<Gate>()?.clone();
        gate.0.left.set(has_body.then_some(0));
        gate.0.is_answering.set(true);
        gate.0.has_head.set(true);
        gate.0.requests.set(gate.0.requests.get() + 1);
        Some(Passed(gate))
    }

    /// Whether a request is being answered. What is sent of its answer afterwards does not count.
    pub fn is_answering(&self) -> bool {
        self.0.is_answering.get()
    }

    /// How many requests have come in so far.
    pub fn requests(&self) -> u64 {
        self.0.requests.get()
    }

    /// Whether the head of a request is arriving, given whether one was arriving before and bytes came in.
    pub fn awaits_head(&self, before: bool, came_in: bool) -> bool {
        let has_head = self.0.has_head.replace(false);
        !self.0.is_answering.get() && ((before && !has_head) || came_in)
    }

    /// Lets in at least so many bytes from now on.
    pub fn let_in(&self, bytes: usize) {
        if self.0.left.get().is_some_and(|left| left < bytes) {
            self.set(Some(bytes));
        }
    }

    /// How many bytes may come in, at least one; pending until then.
    pub fn poll(&self, context: &Context<'_>) -> Poll<usize> {
        match self.0.left.get() {
            Some(0) => {
                self.0.waiting.replace(Some(context.waker().clone()));
                Poll::Pending
            }
            left => Poll::Ready(left.unwrap_or(usize::MAX)),
        }
    }

    /// Counts bytes that came in.
    pub fn came_in(&self, bytes: usize) {
        self.0.left.set(self.0.left.get().map(|left| left.saturating_sub(bytes)));
    }

    fn set(&self, left: Option<usize>) {
        self.0.left.set(left);
        if let Some(waker) = self.0.waiting.take() {
            waker.wake();
        }
    }
}

impl Drop for Passed {
    fn drop(&mut self) {
        self.0.0.is_answering.set(false);
        self.0.set(None);
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_closed_gate_lets_in_what_it_was_told_and_opens_in_the_end() {
        let (gate, context) = (Gate::default(), Context::from_waker(Waker::noop()));
        assert_eq!(gate.poll(&context), Poll::Ready(usize::MAX));
        gate.0.left.set(Some(0));
        let passed = Passed(gate.clone());
        assert_eq!(gate.poll(&context), Poll::Pending);
        gate.let_in(10);
        gate.let_in(5);
        gate.came_in(7);
        assert_eq!(gate.poll(&context), Poll::Ready(3));
        gate.came_in(3);
        assert_eq!(gate.poll(&context), Poll::Pending);
        drop(passed);
        gate.came_in(100);
        assert_eq!(gate.poll(&context), Poll::Ready(usize::MAX));
    }

    #[test]
    fn without_a_connection_there_is_no_gate() {
        let request = TestRequest::post().insert_header(("content-length", "5")).to_srv_request();
        assert!(Gate::pass(&request).is_none());
    }

    #[test]
    fn what_comes_in_while_no_request_is_answered_is_the_head_of_the_next() {
        let gate = Gate::default();
        assert!(!gate.awaits_head(false, false), "nothing has come");
        assert!(gate.awaits_head(false, true) && gate.awaits_head(true, false));
        gate.0.has_head.set(true);
        gate.0.is_answering.set(true);
        assert!(!gate.awaits_head(true, true), "that is its body");
        gate.0.has_head.set(true);
        gate.0.is_answering.set(false);
        assert!(!gate.awaits_head(true, false), "it was answered at once");
        assert!(gate.awaits_head(false, true), "the next one");
    }
}
