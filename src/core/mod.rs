//! What the standard says, in safe Rust: slots, tokens, sessions, logins, objects, operations. One
//! file per file of `abi`. Takes and gives plain values, no pointers.
#![forbid(unsafe_code)]

mod cipher;
mod derive;
mod digest;
mod gate;
mod handle;
mod hd;
mod keygen;
mod library;
mod login;
mod objects;
mod operation;
mod profile;
mod random;
mod session;
mod sign;
mod slots;
mod token;
mod verify;
mod wrap;

pub use cipher::Direction;
pub use library::Library;
pub use operation::OperationKind;
pub use session::SessionInfo;
pub use slots::{SlotInfo, TokenInfo};

/// Where a function's result goes, by the standard's convention for variable-length output
/// (PKCS#11 v3.1 section 5.2).
#[derive(Debug)]
pub enum Output<'a> {
    /// The caller gave NULL: say how many bytes are needed, change nothing.
    Query,
    /// The caller's buffer.
    Buffer(&'a mut [u8]),
}
