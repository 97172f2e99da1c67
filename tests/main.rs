//! Tests of the built module through its C function table. The folders mirror `src`; `support` holds
//! the loader, thin wrappers and child processes.
#![allow(
    unsafe_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::exit,
    clippy::let_underscore_must_use,
    clippy::multiple_unsafe_ops_per_block,
    clippy::too_many_lines,
    clippy::disallowed_methods,
    unreachable_pub,
    missing_docs,
    missing_debug_implementations,
    reason = "a test stops at the first surprise, and drives a C interface"
)]

mod abi;
mod core;
mod mechanism;
mod store;
mod support;
