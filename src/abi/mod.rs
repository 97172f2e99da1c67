//! The C boundary: the only room with `unsafe`. Turns C pointers into Rust values and back.
#![allow(unsafe_code)]

pub mod counter;
