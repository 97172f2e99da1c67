//! Tests of `CKK_BC_BLS12_381`.
