//! A file that is read and sent a piece at a time, so that its length costs neither memory nor a connection that is held.

use std::time::{Duration, Instant};

use actix_web::web::Bytes;
use futures_util::{Stream, stream};

use crate::base::error::Error;
use crate::db::{Conn, Db};

/// Bytes sent at once …
const PIECE: usize = 16 * 1024;
/// … and how long the reader may take for them.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a file is made of.
pub trait Source: Send + 'static {
    /// Whether everything was read.
    fn is_over(&self) -> bool;

    /// The next part; it may be empty.
    fn read(&mut self, conn: &mut Conn) -> Result<Vec<u8>, Error>;
}

/// The file, from the part that was read already. Whoever takes longer than [`PATIENCE`] for a piece is cut off: the file
/// ends unfinished, which browsers report.
pub fn stream(db: Db, first: Bytes, source: impl Source) -> impl Stream<Item = Result<Bytes, Error>> {
    stream::try_unfold((db, source, first, Instant::now()), |(db, mut source, mut ready, given_at)| async move {
        if given_at.elapsed() > PATIENCE {
            return Err(Error::Slow);
        }
        while ready.is_empty() && !source.is_over() {
            let read = move |conn: &mut Conn| -> Result<_, Error> {
                let bytes = source.read(conn)?;
                Ok((source, Bytes::from(bytes)))
            };
            (source, ready) = db.read(read).await?;
        }
        let piece = ready.split_to(ready.len().min(PIECE));
        Ok((!piece.is_empty()).then(|| (piece, (db, source, ready, Instant::now()))))
    })
}
