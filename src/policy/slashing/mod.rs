//! A validator's key never signs twice: what is to be signed is parsed inside the token, compared
//! with what the key has signed before, and recorded before the signature leaves.

pub mod cometbft;
pub mod eth2;
pub mod tezos;

use crate::error::{Error, Result};

/// Which protocol a stateful mechanism speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// Tendermint, CometBFT: one signature per height, round and step.
    CometBft,
    /// Ethereum's consensus layer: EIP-3076's minimal conditions.
    Eth2,
    /// Tezos: one signature per level and round, for each kind of message.
    Tezos,
}

/// What a message asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The bytes that the key signs.
    pub message: Vec<u8>,
    /// Where the message stands, `None` for a kind that cannot be slashed.
    pub position: Option<Position>,
}

/// A message's place in the order in which a key may sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// Positions are compared within one lane only: the chain and the kind of message.
    pub lane: Vec<u8>,
    /// A key signs strictly upwards.
    pub order: Order,
    /// Identity of the message, for telling a repeat from a conflict: 32 bytes.
    pub digest: [u8; 32],
}

/// How two positions of one lane compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Lexicographic: height, round, step; level, round; slot.
    Ladder([u64; 3]),
    /// An attestation: the source epoch may not fall, the target epoch must rise (EIP-3076).
    Span {
        /// Source epoch.
        source: u64,
        /// Target epoch.
        target: u64,
    },
}

/// What a key has signed last in a lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// Where.
    pub order: Order,
    /// What.
    pub digest: [u8; 32],
    /// The signature, given again for an identical repeat; empty when it is not known (a position
    /// taken over from another signer).
    pub signature: Vec<u8>,
}

/// What is to be done with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Sign it, and record the position first.
    Sign,
    /// It was signed before: give this signature again.
    Repeat(Vec<u8>),
}

/// Compares a position with the last one signed in its lane.
///
/// # Errors
/// `CKR_BC_DOUBLE_SIGN` for a position that is not above the last one, unless it repeats it.
pub fn judge(last: Option<&Signed>, asked: &Position) -> Result<Verdict> {
    let Some(last) = last else {
        return Ok(Verdict::Sign);
    };
    if last.order == asked.order && last.digest == asked.digest && !last.signature.is_empty() {
        return Ok(Verdict::Repeat(last.signature.clone()));
    }
    let above = match (last.order, asked.order) {
        (Order::Ladder(last), Order::Ladder(asked)) => asked > last,
        (
            Order::Span { source, target },
            Order::Span {
                source: s,
                target: t,
            },
        ) => s >= source && t > target,
        (Order::Ladder(_), Order::Span { .. }) | (Order::Span { .. }, Order::Ladder(_)) => false,
    };
    if above {
        Ok(Verdict::Sign)
    } else {
        Err(Error::DoubleSign)
    }
}

/// Reads a message of a protocol.
///
/// # Errors
/// `CKR_DATA_INVALID` for bytes that are no message of the protocol,
/// `CKR_MECHANISM_PARAM_INVALID` for a parameter that is not the protocol's.
pub fn parse(protocol: Protocol, parameter: &[u8], data: &[u8]) -> Result<Request> {
    match protocol {
        Protocol::CometBft => cometbft::parse(data),
        Protocol::Eth2 => eth2::parse(parameter, data),
        Protocol::Tezos => tezos::parse(data),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(order: Order) -> Signed {
        Signed {
            order,
            digest: [1; 32],
            signature: vec![9],
        }
    }

    fn asked(order: Order, digest: u8) -> Position {
        Position {
            lane: vec![],
            order,
            digest: [digest; 32],
        }
    }

    #[test]
    fn a_key_signs_upwards_only() {
        let last = signed(Order::Ladder([5, 2, 1]));
        for (order, digest, verdict) in [
            ([5, 2, 1], 1, Ok(Verdict::Repeat(vec![9]))),
            ([5, 2, 1], 2, Err(Error::DoubleSign)),
            ([5, 2, 2], 2, Ok(Verdict::Sign)),
            ([5, 1, 3], 2, Err(Error::DoubleSign)),
            ([5, 3, 0], 2, Ok(Verdict::Sign)),
            ([4, 9, 3], 1, Err(Error::DoubleSign)),
            ([6, 0, 0], 1, Ok(Verdict::Sign)),
        ] {
            assert_eq!(
                judge(Some(&last), &asked(Order::Ladder(order), digest)),
                verdict,
                "{order:?}"
            );
        }
    }

    #[test]
    fn attestations_follow_eip_3076() {
        let last = signed(Order::Span {
            source: 3,
            target: 5,
        });
        for (source, target, digest, verdict) in [
            (3, 5, 1, Ok(Verdict::Repeat(vec![9]))),
            (3, 5, 2, Err(Error::DoubleSign)),
            (3, 6, 2, Ok(Verdict::Sign)),
            (2, 6, 2, Err(Error::DoubleSign)),
            (4, 5, 2, Err(Error::DoubleSign)),
            (4, 6, 2, Ok(Verdict::Sign)),
        ] {
            assert_eq!(
                judge(Some(&last), &asked(Order::Span { source, target }, digest)),
                verdict
            );
        }
    }

    #[test]
    fn a_position_without_its_signature_is_never_repeated() {
        let last = Signed {
            signature: vec![],
            ..signed(Order::Ladder([1, 0, 0]))
        };
        assert_eq!(
            judge(Some(&last), &asked(Order::Ladder([1, 0, 0]), 1)),
            Err(Error::DoubleSign)
        );
    }
}
