//! Ethereum consensus messages: signing roots computed in the token from the SSZ form (consensus
//! specs, phase 0 beacon chain), slots and epochs read from it.

use sha2::{Digest, Sha256};

use super::{Order, Position, Request};
use crate::{
    error::{Error, Result},
    pkcs11::*,
};

/// Length of the parameter: fork version (4 bytes) and genesis validators root (32 bytes).
pub const PARAMETER_LEN: usize = 36;
/// `DOMAIN_BEACON_PROPOSER` and `DOMAIN_BEACON_ATTESTER`.
const PROPOSER: [u8; 4] = [0, 0, 0, 0];
const ATTESTER: [u8; 4] = [1, 0, 0, 0];
/// SSZ `BeaconBlockHeader`: slot, proposer index, parent, state and body roots.
const HEADER_LEN: usize = 112;
/// SSZ `AttestationData`: slot, index, block root, source and target checkpoints.
const ATTESTATION_LEN: usize = 128;
/// Domain type and the object root of any message that cannot be slashed.
const OTHER_LEN: usize = 36;

/// Reads a message: an SSZ `BeaconBlockHeader` (112 bytes), an SSZ `AttestationData` (128 bytes), or
/// a domain type and an object root (36 bytes) for any other duty.
///
/// # Errors
/// `CKR_MECHANISM_PARAM_INVALID`, `CKR_DATA_INVALID`; the 36-byte form of a block or an attestation
/// is refused, since it hides the slot.
pub fn parse(parameter: &[u8], data: &[u8]) -> Result<Request> {
    let (fork, genesis) = parameter
        .split_first_chunk::<4>()
        .filter(|(_, genesis)| genesis.len() == PARAMETER_LEN - 4)
        .ok_or(Error::MechanismParamInvalid(CKM_BC_ETH2_SIGN))?;
    let (domain_type, root, order) = match data.len() {
        HEADER_LEN => (
            PROPOSER,
            header_root(data),
            Some(Order::Ladder([number(data, 0)?, 0, 0])),
        ),
        ATTESTATION_LEN => {
            let (source, target) = (number(data, 48)?, number(data, 88)?);
            if source > target {
                return Err(Error::DataInvalid);
            }
            (
                ATTESTER,
                attestation_root(data),
                Some(Order::Span { source, target }),
            )
        }
        OTHER_LEN => {
            let (domain_type, root) = data.split_first_chunk::<4>().ok_or(Error::DataInvalid)?;
            if [PROPOSER, ATTESTER].contains(domain_type) {
                return Err(Error::DataInvalid);
            }
            (*domain_type, chunk(root), None)
        }
        _ => return Err(Error::DataInvalid),
    };
    let message = hash(&root, &domain(domain_type, *fork, genesis));
    // A key serves one chain: the genesis root is the lane, so that another chain's history does
    // not stand in the way.
    let position = order.map(|order| Position {
        lane: [&domain_type[..], genesis].concat(),
        order,
        digest: message,
    });
    Ok(Request {
        message: message.to_vec(),
        position,
    })
}

/// `compute_domain`: the type and 28 bytes of the fork data root.
fn domain(domain_type: [u8; 4], fork: [u8; 4], genesis: &[u8]) -> [u8; 32] {
    let fork_data_root = hash(&chunk(&fork), &chunk(genesis));
    let mut domain = [0; 32];
    let (first, rest) = domain.split_at_mut(4);
    first.copy_from_slice(&domain_type);
    rest.iter_mut()
        .zip(fork_data_root)
        .for_each(|(to, from)| *to = from);
    domain
}

fn header_root(ssz: &[u8]) -> [u8; 32] {
    let fields = [
        part(ssz, 0, 8),
        part(ssz, 8, 8),
        part(ssz, 16, 32),
        part(ssz, 48, 32),
        part(ssz, 80, 32),
    ];
    merkleize(&fields)
}

fn attestation_root(ssz: &[u8]) -> [u8; 32] {
    let checkpoint = |at| hash(&part(ssz, at, 8), &part(ssz, at + 8, 32));
    merkleize(&[
        part(ssz, 0, 8),
        part(ssz, 8, 8),
        part(ssz, 16, 32),
        checkpoint(48),
        checkpoint(88),
    ])
}

/// The root of a container with up to eight fields.
fn merkleize(leaves: &[[u8; 32]]) -> [u8; 32] {
    let mut layer = leaves.to_vec();
    layer.resize(8, [0; 32]);
    while let [_, _, ..] = layer.as_slice() {
        let (pairs, _) = layer.as_chunks::<2>();
        layer = pairs.iter().map(|[a, b]| hash(a, b)).collect();
    }
    layer.first().copied().unwrap_or_default()
}

fn hash(a: &[u8; 32], b: &[u8; 32]) -> [u8; 32] {
    Sha256::new()
        .chain_update(a)
        .chain_update(b)
        .finalize()
        .into()
}

/// `len` bytes at `at`, padded with zeros to a chunk.
fn part(ssz: &[u8], at: usize, len: usize) -> [u8; 32] {
    chunk(ssz.get(at..at + len).unwrap_or_default())
}

fn chunk(bytes: &[u8]) -> [u8; 32] {
    let mut chunk = [0; 32];
    chunk
        .iter_mut()
        .zip(bytes)
        .for_each(|(to, from)| *to = *from);
    chunk
}

fn number(ssz: &[u8], at: usize) -> Result<u64> {
    ssz.get(at..)
        .and_then(|rest| rest.first_chunk())
        .map(|b| u64::from_le_bytes(*b))
        .ok_or(Error::DataInvalid)
}
