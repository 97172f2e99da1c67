//! The harness: everything a test needs to drive the module and nothing that judges it.

pub mod child;
pub mod curve;
pub mod hd;
pub mod module;
pub mod names;
pub mod objects;
pub mod place;
pub mod sessions;
pub mod sign;
pub mod template;
pub mod token;
pub mod vendor;

pub use cryptoki_sys::*;

pub use module::{Module, Outcome, Rv, assert_rv};
pub(crate) use module::{c, c3};
pub use place::Place;
pub use template::{Mech, Template};
pub use token::{SO_PIN, Token, USER_PIN};
