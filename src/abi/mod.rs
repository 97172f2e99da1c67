//! The C boundary: the only room with `unsafe`. Turns C pointers into Rust values and back.
#![allow(unsafe_code)]
#![allow(unreachable_pub, reason = "exported by name, not by path")]

mod buffer;
mod cipher;
pub mod counter;
mod digest;
mod entry;
mod fork;
mod general;
mod key;
mod object;
mod params;
mod random;
mod session;
mod sign;
mod slot;
mod table_3_2;
mod tables;
mod template;
mod unsupported;
mod vendor;
mod verify;
