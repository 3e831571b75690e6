//! Files that are read and sent in pieces. A long file takes little memory, and no database connection is held while a
//! piece is sent.

use std::time::{Duration, Instant};

use actix_web::web::Bytes;
use futures_util::{Stream, stream};

use crate::base::error::Error;
use crate::db::{Conn, Db};

/// How many bytes are sent at once.
const PIECE: usize = 16 * 1024;
/// How long the reader may take to receive a piece.
const PIECE_TIMEOUT: Duration = Duration::from_secs(30);

/// Where the content of a file comes from.
pub trait Source: Send + 'static {
    /// Whether [`Source::read`] has returned everything.
    fn is_over(&self) -> bool;

    /// Reads the next part, which may be empty.
    fn read(&mut self, conn: &mut Conn) -> Result<Vec<u8>, Error>;
}

/// The file as a stream: `first`, then what `source` still holds. The stream ends with [`Error::BodyTimeout`] when the
/// reader takes longer than `PIECE_TIMEOUT` for a piece; browsers then report an incomplete file.
pub fn stream(db: Db, first: Bytes, source: impl Source) -> impl Stream<Item = Result<Bytes, Error>> {
    stream::try_unfold((db, source, first, Instant::now()), |(db, mut source, mut ready, given_at)| async move {
        if given_at.elapsed() > PIECE_TIMEOUT {
            return Err(Error::BodyTimeout);
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
