//! Reads the bodies of requests within limits of size, time and memory, so that slow or endless senders cannot occupy the
//! server.

use std::future::{Ready, poll_fn, ready};
use std::ops::Deref;
use std::time::Duration;

use actix_web::error::PayloadError;
use actix_web::http::header::CONTENT_LENGTH;
use actix_web::web::{Bytes, Data};
use actix_web::{FromRequest, HttpRequest, dev};
use futures_util::{Stream, StreamExt};

use super::body_memory::{BodyMemory, NoRoom, Share};
use super::gate::Gate;
use super::shared;
use crate::base::error::Error;

/// How long reading a body may take in total.
pub const BODY_TIME: Duration = Duration::from_secs(20);

/// What a body takes before its first byte is read.
const FIRST: usize = 4 << 10;

/// How many times more memory a body takes when it needs more: 4 KiB, then 64 KiB, then 1 MiB. In smaller steps, memory of many
/// sizes would lie about unused.
const GROWTH: usize = 16;

/// Why a body could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyError {
    TooLarge,
    Timeout,
    /// It ended before it was complete.
    Broken,
    /// Too many bodies arrive at once.
    NoRoom,
}

impl From<BodyError> for Error {
    fn from(error: BodyError) -> Error {
        match error {
            BodyError::TooLarge => Error::TooLarge,
            BodyError::Timeout => Error::BodyTimeout,
            BodyError::Broken => Error::BadRequest("The request ended before it was complete.".into()),
            BodyError::NoRoom => Error::Crowded,
        }
    }
}

impl From<NoRoom> for BodyError {
    fn from(_: NoRoom) -> BodyError {
        BodyError::NoRoom
    }
}

/// The body of a request that has not been read yet.
pub struct Incoming {
    payload: dev::Payload,
    /// What `Content-Length` says.
    length: Option<usize>,
    memory: Data<BodyMemory>,
    gate: Option<Gate>,
}

/// A whole body, with the memory it has taken: keep it until the work on the body is done.
#[derive(Debug)]
pub struct Body {
    bytes: Vec<u8>,
    share: Share,
}

impl Deref for Body {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Body {
    pub fn into_parts(self) -> (Vec<u8>, Share) {
        (self.bytes, self.share)
    }
}

impl FromRequest for Incoming {
    type Error = Error;
    type Future = Ready<Result<Incoming, Error>>;

    fn from_request(req: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        ready(Incoming::new(req, payload.take()))
    }
}

impl Incoming {
    /// # Errors
    /// [`Error::Internal`] when the application has no [`BodyMemory`].
    pub fn new(req: &HttpRequest, payload: dev::Payload) -> Result<Incoming, Error> {
        let length = req.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        let length = length.and_then(|length| length.parse().ok());
        Ok(Incoming { payload, length, memory: shared(req)?, gate: req.conn_data::<Gate>().cloned() })
    }

    /// Reads the whole body.
    ///
    /// # Errors
    /// [`BodyError::TooLarge`] before anything is read when `Content-Length` says so, and else as soon as the body exceeds
    /// `limit` bytes; [`BodyError::Timeout`] when it takes longer than [`BODY_TIME`]; [`BodyError::Broken`] when the
    /// connection ends early; [`BodyError::NoRoom`] when bodies take all the memory they may.
    pub async fn read(self, limit: usize) -> Result<Body, BodyError> {
        self.reader(limit)?.read(BODY_TIME, true).await
    }

    /// Reads the whole body without keeping it.
    ///
    /// # Errors
    /// Those of [`Incoming::read`].
    pub async fn discard(self, limit: usize) -> Result<(), BodyError> {
        self.reader(limit)?.read(BODY_TIME, false).await.map(drop)
    }

    fn reader(self, limit: usize) -> Result<Reader<dev::Payload>, BodyError> {
        match self.length {
            Some(length) if length > limit => Err(BodyError::TooLarge),
            length => Ok(Reader { payload: self.payload, limit, length, share: self.memory.begin(), gate: self.gate }),
        }
    }
}

/// Collects a body, taking memory before it needs it.
struct Reader<S> {
    payload: S,
    limit: usize,
    length: Option<usize>,
    share: Share,
    gate: Option<Gate>,
}

impl<S: Stream<Item = Result<Bytes, PayloadError>> + Unpin> Reader<S> {
    async fn read(self, time: Duration, keeps: bool) -> Result<Body, BodyError> {
        tokio::time::timeout(time, self.collect(keeps)).await.unwrap_or(Err(BodyError::Timeout))
    }

    async fn collect(mut self, keeps: bool) -> Result<Body, BodyError> {
        let (mut bytes, mut count) = (Vec::new(), 0);
        self.make_room(&mut bytes, self.length.unwrap_or(FIRST).min(FIRST)).await?;
        while let Some(chunk) = self.next(bytes.capacity() - bytes.len()).await? {
            count += chunk.len();
            if count > self.limit {
                return Err(BodyError::TooLarge);
            }
            if keeps {
                self.make_room(&mut bytes, count).await?;
                bytes.extend_from_slice(&chunk);
            }
        }
        self.share.arrived();
        Ok(Body { bytes, share: self.share })
    }

    /// The next piece of the body, unless it is cut off before one arrives. The connection lets in what there is room for.
    async fn next(&mut self, room: usize) -> Result<Option<Bytes>, BodyError> {
        let (payload, gate) = (&mut self.payload, &self.gate);
        // Asked again whenever something came in, even where it was no more than the size of a chunk.
        let next = poll_fn(|context| {
            let next = payload.poll_next_unpin(context);
            if next.is_pending() {
                gate.iter().for_each(|gate| gate.let_in(room.max(FIRST)));
            }
            next
        });
        tokio::select! {
            () = self.share.cut_off() => Err(BodyError::NoRoom),
            chunk = next => chunk.transpose().map_err(|_| BodyError::Broken),
        }
    }

    /// Makes `bytes` large enough for so many, or for [`GROWTH`] times as many as before where the body may become that long.
    async fn make_room(&mut self, bytes: &mut Vec<u8>, needed: usize) -> Result<(), BodyError> {
        if needed > bytes.capacity() {
            let longest = self.length.unwrap_or(self.limit);
            let capacity = needed.max((bytes.capacity() * GROWTH).min(longest));
            self.share.grow_to(capacity).await?;
            bytes.reserve_exact(capacity - bytes.len());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    fn reader<S>(payload: S, limit: usize) -> Reader<S> {
        Reader { payload, limit, length: None, share: BodyMemory::default().begin(), gate: None }
    }

    fn parts(of: Vec<&'static [u8]>) -> impl Stream<Item = Result<Bytes, PayloadError>> + Unpin {
        stream::iter(of.into_iter().map(|part| Ok(Bytes::from_static(part))))
    }

    #[actix_web::test]
    async fn a_body_over_the_limit_is_refused_before_it_ends() {
        let endless = stream::repeat_with(|| Ok(Bytes::from_static(b"0123456789")));
        assert_eq!(reader(endless, 25).read(BODY_TIME, true).await.err(), Some(BodyError::TooLarge));
        let endless = stream::repeat_with(|| Ok(Bytes::from_static(b"0123456789")));
        assert_eq!(reader(endless, 25).read(BODY_TIME, false).await.err(), Some(BodyError::TooLarge));
    }

    #[actix_web::test]
    async fn reading_stops_when_a_body_stalls() {
        let stuck = stream::pending::<Result<Bytes, PayloadError>>();
        let read = reader(stuck, 25).read(Duration::from_millis(20), true).await;
        assert_eq!(read.err(), Some(BodyError::Timeout));
    }

    #[actix_web::test]
    async fn a_body_of_exactly_the_limit_is_read_and_its_memory_is_taken_until_it_is_dropped() {
        let reading = reader(parts(vec![b"ab", b"cd"]), 4);
        let memory = reading.share.memory().clone();
        let body = reading.read(BODY_TIME, true).await.expect("a body");
        assert_eq!((&*body, memory.used() > 3), (&b"abcd"[..], true));
        drop(body);
        assert_eq!(memory.used(), 0);
    }

    #[actix_web::test]
    async fn a_long_body_takes_no_more_than_its_length_says() {
        let piece: &[u8] = &[b'x'; 10_000];
        let reading = Reader { length: Some(200_000), ..reader(parts(vec![piece; 20]), 1 << 20) };
        let memory = reading.share.memory().clone();
        let body = reading.read(BODY_TIME, true).await.expect("a body");
        assert_eq!((body.len(), body.bytes.capacity(), memory.used()), (200_000, 200_000, 200_000));
    }
}
