//! Where log lines go.
#![forbid(unsafe_code)]
