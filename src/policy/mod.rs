//! Rules on the use of a key.
#![forbid(unsafe_code)]
