//! Codings of a body that the client leaves as they came: it knows `gzip` and `br` in small letters only, while case does not count and
//! `x-gzip` is the same as `gzip` (RFC 9110, sections 8.4.1 and 8.4.1.3). Others, such as `deflate` and `zstd`, are not asked for.

use std::io::{self, Write};

use brotli::DecompressorWriter;
use flate2::write::MultiGzDecoder;
use reqwest::{Response, header::CONTENT_ENCODING};

/// Packed bytes that are unpacked at once, so that a caller who has enough is asked in between.
const PIECE_BYTES: usize = 1_024;
/// The buffer of the decoder of Brotli, in bytes.
const BUFFER_BYTES: usize = 4_096;

/// A decoder into which a body is written as it came.
pub(super) enum Packed {
    /// The coding `gzip`.
    Gzip(Box<MultiGzDecoder<Room>>),
    /// The coding `br`.
    Brotli(Box<DecompressorWriter<Room>>),
}

/// What was unpacked of a piece: no more than there is room for, because a few bytes may become gigabytes.
pub(super) struct Room {
    bytes: Vec<u8>,
    most: usize,
}

impl Write for Room {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let fits = bytes.len().min(self.most - self.bytes.len());
        // Not 0 bytes: the decoder of Brotli would try for ever.
        if fits == 0 && !bytes.is_empty() {
            return Err(io::ErrorKind::WriteZero.into());
        }
        self.bytes.extend_from_slice(&bytes[..fits]);
        Ok(fits)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Packed {
    /// The decoder of an answer that needs one, for a caller who takes `limit` bytes at most.
    pub(super) fn of(response: &Response, limit: u64) -> Option<Self> {
        let coding = response.headers().get(CONTENT_ENCODING)?.to_str().ok()?.trim();
        let is = |name: &str| coding.eq_ignore_ascii_case(name);
        // One byte beyond the limit says that there is more.
        let most = usize::try_from(limit).unwrap_or(usize::MAX).saturating_add(1);
        let room = Room { bytes: Vec::new(), most };
        if is("gzip") || is("x-gzip") {
            Some(Self::Gzip(Box::new(MultiGzDecoder::new(room))))
        } else if is("br") {
            Some(Self::Brotli(Box::new(DecompressorWriter::new(room, BUFFER_BYTES))))
        } else {
            None
        }
    }

    /// Unpacks bytes for as long as `keep` wants more. Says whether it does.
    ///
    /// # Errors
    /// What comes is not coded as it says.
    pub(super) fn unpack(&mut self, bytes: &[u8], keep: &mut impl FnMut(&[u8]) -> bool) -> io::Result<bool> {
        for piece in bytes.chunks(PIECE_BYTES) {
            let written = match self {
                Self::Gzip(decoder) => decoder.write_all(piece).and_then(|()| decoder.flush()),
                Self::Brotli(decoder) => decoder.write_all(piece),
            };
            let room = match self {
                Self::Gzip(decoder) => decoder.get_mut(),
                Self::Brotli(decoder) => decoder.get_mut(),
            };
            // Before the error: who has enough does not mind that there was no room for the rest.
            let goes_on = keep(&room.bytes);
            room.bytes.clear();
            if !goes_on {
                return Ok(false);
            }
            written?;
        }
        Ok(true)
    }

    /// Judges the end of a body.
    ///
    /// # Errors
    /// It broke off.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        match self {
            Self::Gzip(decoder) => decoder.try_finish(),
            Self::Brotli(decoder) => decoder.close(),
        }
    }
}
