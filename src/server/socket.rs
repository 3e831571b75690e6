//! The connection to a client, between the network and the HTTP library. It reads only what the connection's [`Gate`] lets in,
//! closes where the head of a request does not arrive (the library watches only the first of a connection), where there is no
//! memory for it, or where a body that nobody wants does not end; it refuses doubtful ends of lines, and completes the answers
//! that the library writes by itself.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::rt::net::TcpStream;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf, Take};
use tokio::time::{Instant, Sleep};

use super::head_memory::{ArrivingHead, HeadMemory};
use crate::web::{Gate, HeadLines, library_answer};

/// After so many bytes the library must look at what it has before it reads on: only then it closes the gate.
const AT_ONCE: usize = 8 << 10;

/// How long the head of a request may take that is not the first of its connection.
const HEAD_TIME: Duration = Duration::from_secs(10);

/// How long a connection may be without a byte in either direction while no request is answered. Streams send one every 15
/// seconds, and the library closes idle connections after as long, except where a body that nobody has read does not end.
const SILENCE: Duration = Duration::from_secs(25);

/// A connection.
pub struct Socket {
    stream: Take<TcpStream>,
    gate: Gate,
    read_in_a_row: usize,
    head: Option<Head>,
    head_memory: HeadMemory,
    lines: HeadLines,
    /// How many requests had come in when a head was last expected.
    requests: u64,
    /// Ends when nothing has come or gone for too long.
    silence: Option<Pin<Box<Sleep>>>,
    completed: Option<Completed>,
    is_https: bool,
}

/// The head that is arriving.
struct Head {
    /// Ends when it takes too long.
    time: Pin<Box<Sleep>>,
    memory: ArrivingHead,
}

/// An answer that is written instead of the library's.
struct Completed {
    bytes: Vec<u8>,
    written: usize,
    /// How many bytes of the library it stands for.
    stands_for: usize,
}

impl Socket {
    pub fn new(stream: TcpStream, is_https: bool, head_memory: HeadMemory) -> Socket {
        Socket {
            stream: stream.take(0),
            gate: Gate::default(),
            read_in_a_row: 0,
            head: None,
            head_memory,
            lines: HeadLines::default(),
            requests: 0,
            silence: None,
            completed: None,
            is_https,
        }
    }

    pub fn gate(&self) -> Gate {
        self.gate.clone()
    }

    fn stream(&mut self) -> Pin<&mut TcpStream> {
        Pin::new(self.stream.get_mut())
    }

    /// Ready when the head of a request has been arriving for too long, or is too large now. `count` bytes came in.
    fn poll_head(&mut self, context: &mut Context<'_>, count: usize) -> Poll<io::ErrorKind> {
        if !self.gate.awaits_head(self.head.is_some(), count > 0) {
            self.head = None;
            return Poll::Pending;
        }
        let begin = || Head { time: Box::pin(tokio::time::sleep(HEAD_TIME)), memory: self.head_memory.begin() };
        let head = self.head.get_or_insert_with(begin);
        if !head.memory.came_in(count) {
            return Poll::Ready(io::ErrorKind::OutOfMemory);
        }
        head.time.as_mut().poll(context).map(|()| io::ErrorKind::TimedOut)
    }

    /// Ready when the connection has been silent for too long.
    fn poll_silence(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.gate.is_answering() {
            self.silence = None;
            return Poll::Pending;
        }
        self.silence.get_or_insert_with(|| Box::pin(tokio::time::sleep(SILENCE))).as_mut().poll(context)
    }

    /// Something has come or gone.
    fn end_silence(&mut self) {
        if let Some(silence) = &mut self.silence {
            silence.as_mut().reset(Instant::now() + SILENCE);
        }
    }

    fn poll_write_completed(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let Some(mut completed) = self.completed.take() else { return Poll::Ready(Ok(0)) };
        while let Some(rest) = completed.bytes.get(completed.written..).filter(|rest| !rest.is_empty()) {
            match self.stream().poll_write(context, rest) {
                Poll::Ready(Ok(count)) if count > 0 => completed.written += count,
                Poll::Pending => {
                    self.completed = Some(completed);
                    return Poll::Pending;
                }
                failed => return failed,
            }
        }
        Poll::Ready(Ok(completed.stands_for))
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let left = ready!(self.gate.poll(context));
        if self.read_in_a_row >= AT_ONCE {
            self.read_in_a_row = 0;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let before = buffer.filled().len();
        self.stream.set_limit(left.min(AT_ONCE).try_into().unwrap_or(u64::MAX));
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        let count = buffer.filled().len() - before;
        self.gate.came_in(count);
        if count > 0 {
            self.end_silence();
        }
        if !self.gate.is_answering() {
            let requests = self.gate.requests();
            if requests != self.requests {
                (self.requests, self.lines) = (requests, HeadLines::default());
            }
            self.lines.check(buffer.filled_mut().get_mut(before..).unwrap_or_default());
        }
        self.read_in_a_row = if read.is_pending() { 0 } else { self.read_in_a_row + count };
        if let Poll::Ready(why) = self.poll_head(context, count) {
            return Poll::Ready(Err(why.into()));
        }
        if read.is_pending() && self.poll_silence(context).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        read
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.end_silence();
        if self.completed.is_some() {
            return self.poll_write_completed(context);
        }
        match library_answer::find(bytes) {
            Some(0) => {
                let whole = library_answer::complete(bytes, self.is_https).unwrap_or_else(|| bytes.to_vec());
                self.completed = Some(Completed { bytes: whole, written: 0, stands_for: bytes.len() });
                self.poll_write_completed(context)
            }
            Some(before) => self.stream().poll_write(context, bytes.get(..before).unwrap_or_default()),
            None => self.stream().poll_write(context, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_shutdown(context)
    }
}
