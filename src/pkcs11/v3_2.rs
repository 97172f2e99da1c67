//! What PKCS#11 v3.2 adds to v3.1; compared with cryptoki-sys by a test.
