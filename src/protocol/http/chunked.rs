//! The chunked transfer coding (RFC 9112 section 7.1). Extensions and trailer fields are read over, but bounded:
//! they are not counted by the limit of the body.

use super::limits::HttpLimits;
use super::refusal::Refusal;
use super::scan::Scan;

/// Decoder of one chunked body.
#[derive(Debug, Default)]
pub struct Chunked {
    at: At,
    /// Size of the chunk, then what is missing of it.
    missing: usize,
    extension_bytes: usize,
}

#[derive(Debug, Default)]
enum At {
    /// Before the first digit of a size.
    #[default]
    Size,
    /// After so many digits, at least one.
    Digits(u8),
    Extension,
    SizeLf,
    Data,
    DataCr,
    DataLf,
    Trailers(Scan),
}

/// Digits of a chunk size; leading zeros would make it endless.
const SIZE_DIGITS_MAX: u8 = 16;

const MALFORMED: Refusal = Refusal::bad_request("the chunked body is malformed");

impl Chunked {
    /// Decodes what arrived onto `body`: how many bytes belonged to it, and whether it is whole now.
    ///
    /// # Errors
    /// 400 where it is malformed, 413 where the body, 431 where extensions or trailer fields are over the limit.
    pub fn feed(
        &mut self,
        bytes: &[u8],
        body: &mut Vec<u8>,
        limits: &HttpLimits,
    ) -> Result<(usize, bool), Refusal> {
        let mut rest = bytes;
        while let [first, after @ ..] = rest {
            match &mut self.at {
                At::Data => {
                    let (data, after) = rest.split_at(rest.len().min(self.missing));
                    body.extend_from_slice(data);
                    self.missing -= data.len();
                    if self.missing == 0 {
                        self.at = At::DataCr;
                    }
                    rest = after;
                }
                At::Trailers(scan) => {
                    let end = scan.advance(rest, limits).map_err(|refusal| match refusal {
                        Refusal::TARGET_TOO_LONG => Refusal::HEAD_TOO_LARGE,
                        other => other,
                    })?;
                    let used = bytes.len() - rest.len();
                    return Ok(end.map_or((bytes.len(), false), |end| (used + end, true)));
                }
                _ => {
                    self.framing_byte(*first, body.len(), limits)?;
                    rest = after;
                }
            }
        }
        Ok((bytes.len(), false))
    }

    /// One byte between the data of two chunks.
    fn framing_byte(&mut self, byte: u8, body_bytes: usize, limits: &HttpLimits) -> Result<(), Refusal> {
        self.at = match (&self.at, byte) {
            (At::Size | At::Digits(0..SIZE_DIGITS_MAX), _) if byte.is_ascii_hexdigit() => {
                let digit = char::from(byte).to_digit(16).unwrap_or(0) as usize;
                // At most the limit before, so this cannot overflow on 64 bits; saturating all the same.
                self.missing = self.missing.saturating_mul(16).saturating_add(digit);
                if self.missing > limits.body_bytes_max.saturating_sub(body_bytes) {
                    return Err(Refusal::BODY_TOO_LARGE);
                }
                At::Digits(if let At::Digits(count) = self.at { count + 1 } else { 1 })
            }
            (At::Digits(_), b';') => self.extension(limits)?,
            (At::Extension, b'\t' | b' '..=b'~' | 0x80..) => self.extension(limits)?,
            (At::Digits(_) | At::Extension, b'\r') => At::SizeLf,
            (At::SizeLf, b'\n') if self.missing == 0 => At::Trailers(Scan::trailers()),
            (At::SizeLf, b'\n') => At::Data,
            (At::DataCr, b'\r') => At::DataLf,
            (At::DataLf, b'\n') => At::Size,
            _ => return Err(MALFORMED),
        };
        Ok(())
    }

    /// Counts a byte of an extension, over the whole body: an extension on each of many small chunks is cheap to
    /// send and only costs here.
    fn extension(&mut self, limits: &HttpLimits) -> Result<At, Refusal> {
        self.extension_bytes += 1;
        match self.extension_bytes > limits.head_bytes_max {
            true => Err(Refusal::new(431, "the chunk extensions are larger than this server accepts")),
            false => Ok(At::Extension),
        }
    }
}
