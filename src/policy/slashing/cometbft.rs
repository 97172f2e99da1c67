//! CometBFT canonical sign-bytes (`CanonicalVote`, `CanonicalProposal`,
//! `CanonicalVoteExtension` of cometbft.types.v1): length-delimited protobuf.

use sha2::{Digest, Sha256};

use super::{Order, Position, Request};
use crate::error::{Error, Result};

/// `SignedMsgType`s and the step that each stands for.
const PREVOTE: u64 = 1;
const PRECOMMIT: u64 = 2;
const PROPOSAL: u64 = 32;

/// One protobuf field.
#[derive(Debug, Clone, Copy)]
enum Field<'a> {
    Varint(u64),
    Fixed64(u64),
    Bytes(&'a [u8]),
}

/// Reads canonical sign-bytes. A vote extension has no step: it may be signed for any height.
///
/// # Errors
/// `CKR_DATA_INVALID` for anything else, trailing bytes and repeated fields included.
pub fn parse(data: &[u8]) -> Result<Request> {
    let mut rest = data;
    let len = varint(&mut rest)?;
    if usize::try_from(len).ok() != Some(rest.len()) {
        return Err(Error::DataInvalid);
    }
    let fields = fields(rest)?;
    let get = |number| {
        fields
            .iter()
            .find(|(n, _, _)| *n == number)
            .map(|(_, field, _)| *field)
    };
    let message = data.to_vec();
    let kind = match get(1) {
        Some(Field::Varint(kind)) => kind,
        // A CanonicalVoteExtension starts with the extension's bytes, and they may be absent.
        Some(Field::Bytes(_)) | None => {
            return extension(&fields).map(|()| Request {
                message,
                position: None,
            });
        }
        Some(Field::Fixed64(_)) => return Err(Error::DataInvalid),
    };
    let (step, timestamp, chain) = match kind {
        PROPOSAL => (1, 6, 7),
        PREVOTE => (2, 5, 6),
        PRECOMMIT => (3, 5, 6),
        _ => return Err(Error::DataInvalid),
    };
    let (Some(Field::Fixed64(height)), Some(Field::Bytes(chain_id))) = (get(2), get(chain)) else {
        return Err(Error::DataInvalid);
    };
    // Round 0 is not encoded.
    let round = match get(3) {
        None => 0,
        Some(Field::Fixed64(round)) => round,
        Some(Field::Varint(_) | Field::Bytes(_)) => return Err(Error::DataInvalid),
    };
    if i64::try_from(height).is_err() || i64::try_from(round).is_err() || chain_id.is_empty() {
        return Err(Error::DataInvalid);
    }
    // The same vote with another timestamp is the same vote.
    let mut digest = Sha256::new();
    for (number, _, raw) in &fields {
        if *number != timestamp {
            digest.update(raw);
        }
    }
    let position = Position {
        lane: chain_id.to_vec(),
        order: Order::Ladder([height, round, step]),
        digest: digest.finalize().into(),
    };
    Ok(Request {
        message,
        position: Some(position),
    })
}

/// Extension bytes, height, round and chain id; nothing else.
fn extension(fields: &[(u64, Field<'_>, &[u8])]) -> Result<()> {
    let fits = fields.iter().all(|(number, field, _)| {
        matches!(
            (number, field),
            (1 | 4, Field::Bytes(_)) | (2 | 3, Field::Fixed64(_))
        )
    });
    let complete = [2, 4]
        .iter()
        .all(|n| fields.iter().any(|(number, _, _)| number == n));
    if fits && complete {
        Ok(())
    } else {
        Err(Error::DataInvalid)
    }
}

/// Splits a message into its fields, each with its raw bytes; numbers must rise.
fn fields(mut rest: &[u8]) -> Result<Vec<(u64, Field<'_>, &[u8])>> {
    let mut fields: Vec<(u64, Field<'_>, &[u8])> = Vec::new();
    while !rest.is_empty() {
        let start = rest;
        let key = varint(&mut rest)?;
        let field = match key & 7 {
            0 => Field::Varint(varint(&mut rest)?),
            1 => {
                let (value, after) = rest.split_first_chunk().ok_or(Error::DataInvalid)?;
                rest = after;
                Field::Fixed64(u64::from_le_bytes(*value))
            }
            2 => {
                let len = usize::try_from(varint(&mut rest)?).map_err(|_| Error::DataInvalid)?;
                let (value, after) = rest.split_at_checked(len).ok_or(Error::DataInvalid)?;
                rest = after;
                Field::Bytes(value)
            }
            _ => return Err(Error::DataInvalid),
        };
        let number = key >> 3;
        if number == 0 || fields.last().is_some_and(|(last, _, _)| *last >= number) {
            return Err(Error::DataInvalid);
        }
        let raw = start.get(..start.len() - rest.len()).unwrap_or_default();
        fields.push((number, field, raw));
    }
    Ok(fields)
}

/// A canonical base-128 varint.
fn varint(rest: &mut &[u8]) -> Result<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, after) = rest.split_first().ok_or(Error::DataInvalid)?;
        *rest = after;
        let bits = u64::from(byte & 0x7F);
        if bits << shift >> shift != bits {
            return Err(Error::DataInvalid);
        }
        value |= bits << shift;
        if byte & 0x80 == 0 {
            // A final zero group would make a second encoding of the same number.
            return if *byte == 0 && shift > 0 {
                Err(Error::DataInvalid)
            } else {
                Ok(value)
            };
        }
    }
    Err(Error::DataInvalid)
}
