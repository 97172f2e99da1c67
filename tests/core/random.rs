//! Random numbers.

use std::ptr;

use crate::support::*;

#[test]
fn random_bytes_differ_and_fill_the_buffer() {
    let token = Token::new();
    let s = token.ro();
    let (a, b) = (token.random(s, 64).unwrap(), token.random(s, 64).unwrap());
    assert_ne!(a, b);
    let long = token.random(s, 1 << 20).unwrap();
    let ones: u32 = long.iter().map(|b| b.count_ones()).sum();
    let expected = 4 << 20;
    assert!(ones.abs_diff(expected) < expected / 100, "{ones}");
    assert!(long[(1 << 20) - 64..] != [0; 64]);
    token.random(s, 0).unwrap();
    assert_rv(
        c!(token, C_GenerateRandom, s, ptr::null_mut(), 8),
        CKR_ARGUMENTS_BAD,
    );
}

#[test]
fn seed() {
    let token = Token::new();
    let s = token.ro();
    let mut seed = [1u8; 32];
    match c!(token, C_SeedRandom, s, seed.as_mut_ptr(), 32) {
        Ok(()) => assert_ne!(token.random(s, 32).unwrap(), token.random(s, 32).unwrap()),
        refused => assert_rv(refused, CKR_RANDOM_SEED_NOT_SUPPORTED),
    }
    assert_rv(
        c!(token, C_SeedRandom, s, ptr::null_mut(), 32),
        CKR_ARGUMENTS_BAD,
    );
}
