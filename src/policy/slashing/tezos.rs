//! Tezos consensus messages (Tenderbake): watermark, chain, then block header or (pre)attestation.

use sha2::{Digest, Sha256};

use super::{Order, Position, Request};
use crate::error::{Error, Result};

const BLOCK: u8 = 0x11;
const PREATTESTATION: u8 = 0x12;
const ATTESTATION: u8 = 0x13;

/// Watermark, chain id, level, protocol, predecessor, timestamp, validation pass, operations hash.
const FITNESS: usize = 1 + 4 + 4 + 1 + 32 + 8 + 1 + 32;
/// Watermark, chain id, branch, operation tag, slot.
const OPERATION_LEVEL: usize = 1 + 4 + 32 + 1 + 2;

/// Reads watermarked bytes.
///
/// # Errors
/// `CKR_DATA_INVALID` for another watermark (this key signs consensus messages only) and for bytes
/// that are too short.
pub fn parse(data: &[u8]) -> Result<Request> {
    let (kind, chain) = match data {
        [kind, a, b, c, d, ..] => (*kind, [*a, *b, *c, *d]),
        _ => return Err(Error::DataInvalid),
    };
    let (level, round) = match kind {
        BLOCK => {
            let level = number(data, 5)?;
            // Fitness is a list of byte strings with its length before it; its last element is the
            // round.
            let len = usize::try_from(number(data, FITNESS)?).map_err(|_| Error::DataInvalid)?;
            let end = FITNESS
                .checked_add(4)
                .and_then(|at| at.checked_add(len))
                .ok_or(Error::DataInvalid)?;
            if len < 8 || number(data, end - 8)? != 4 {
                return Err(Error::DataInvalid);
            }
            (level, number(data, end - 4)?)
        }
        PREATTESTATION | ATTESTATION => (
            number(data, OPERATION_LEVEL)?,
            number(data, OPERATION_LEVEL + 4)?,
        ),
        _ => return Err(Error::DataInvalid),
    };
    let position = Position {
        lane: [&[kind][..], &chain].concat(),
        order: Order::Ladder([u64::from(level), u64::from(round), 0]),
        digest: Sha256::digest(data).into(),
    };
    Ok(Request {
        message: data.to_vec(),
        position: Some(position),
    })
}

/// A big-endian int32 that is not negative.
fn number(data: &[u8], at: usize) -> Result<u32> {
    let bytes = data
        .get(at..)
        .and_then(|rest| rest.first_chunk())
        .ok_or(Error::DataInvalid)?;
    let value = u32::from_be_bytes(*bytes);
    if i32::try_from(value).is_err() {
        Err(Error::DataInvalid)
    } else {
        Ok(value)
    }
}
