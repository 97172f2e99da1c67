//! Our own and other vendors' numbers (0x80000000 and up) and structures: one table that the Rust
//! constants, the names and the C header are all made from. A vendor's number is copied when its
//! parameters are public too; our own are in the block 0xC243xxxx ("BC").
#![allow(
    non_camel_case_types,
    non_snake_case,
    reason = "C names, those of the vendors' headers"
)]

use super::{
    header::{Constant, Kind, Structure, StructureField},
    *,
};

macro_rules! kind {
    (CK_MECHANISM_TYPE) => {
        Kind::Mechanism
    };
    (CK_KEY_TYPE) => {
        Kind::KeyType
    };
    (CK_ATTRIBUTE_TYPE) => {
        Kind::Attribute
    };
    (CK_RV) => {
        Kind::ReturnValue
    };
    (CK_FLAGS) => {
        Kind::Flag
    };
    (CK_ULONG) => {
        Kind::Number
    };
}

macro_rules! constants {
    ($($vendor:literal { $($name:ident: $type:ident = $number:literal, $doc:literal;)* })*) => {
        $($(#[doc = $doc] pub const $name: $type = $number;)*)*

        /// Every constant, vendor by vendor.
        pub const VENDOR: &[Constant] = &[$($(Constant {
            vendor: $vendor,
            name: stringify!($name),
            kind: kind!($type),
            number: $number,
            doc: $doc,
        },)*)*];
    };
}

macro_rules! structures {
    ($($name:ident, $doc:literal { $($field:ident: $type:ty, $fdoc:literal;)* })*) => {
        $(
            #[doc = $doc]
            #[repr(C)]
            #[derive(Debug, Clone, Copy)]
            pub struct $name {
                $(#[doc = $fdoc] pub $field: $type),*
            }
        )*

        /// Every structure.
        pub const STRUCTURES: &[Structure] = &[$(Structure {
            name: stringify!($name),
            doc: $doc,
            size: size_of::<$name>(),
            fields: &[$(StructureField {
                name: stringify!($field),
                ctype: stringify!($type),
                offset: std::mem::offset_of!($name, $field),
                doc: $fdoc,
            }),*],
        }),*];
    };
}

constants! {
    "Thales Luna" {
        CKM_BIP32_MASTER_DERIVE: CK_MECHANISM_TYPE = 0x8000_0E00, "Seed to master key pair.";
        CKM_BIP32_CHILD_DERIVE: CK_MECHANISM_TYPE = 0x8000_0E01, "Parent to child along a whole path.";
        CKM_KECCAK_224: CK_MECHANISM_TYPE = 0x8000_0F08, "Keccak with the original padding.";
        CKM_KECCAK_256: CK_MECHANISM_TYPE = 0x8000_0F09, "Keccak with the original padding: Ethereum's hash.";
        CKM_KECCAK_384: CK_MECHANISM_TYPE = 0x8000_0F0A, "Keccak with the original padding.";
        CKM_KECCAK_512: CK_MECHANISM_TYPE = 0x8000_0F0B, "Keccak with the original padding.";
        CKM_AES_KW: CK_MECHANISM_TYPE = 0x8000_0170, "AES key wrap (RFC 3394), 8-byte IV as parameter.";
        CKM_AES_KWP: CK_MECHANISM_TYPE = 0x8000_0171, "AES key wrap with padding (RFC 5649).";
        CKM_LUNA_EC_EDWARDS_KEY_PAIR_GEN: CK_MECHANISM_TYPE = 0x8000_0C01, "Older clients' number of CKM_EC_EDWARDS_KEY_PAIR_GEN.";
        CKM_EDDSA_NACL: CK_MECHANISM_TYPE = 0x8000_0C02, "EdDSA on a key in NaCl form.";
        CKM_LUNA_EDDSA: CK_MECHANISM_TYPE = 0x8000_0C03, "Older clients' number of CKM_EDDSA.";
        CKM_LUNA_EC_MONTGOMERY_KEY_PAIR_GEN: CK_MECHANISM_TYPE = 0x8000_0D01, "Older clients' number of CKM_EC_MONTGOMERY_KEY_PAIR_GEN.";
        CKM_LUNA_ECDSA_SHA224: CK_MECHANISM_TYPE = 0x8000_0122, "Older clients' number of CKM_ECDSA_SHA224.";
        CKM_LUNA_ECDSA_SHA256: CK_MECHANISM_TYPE = 0x8000_0123, "Older clients' number of CKM_ECDSA_SHA256.";
        CKM_LUNA_ECDSA_SHA384: CK_MECHANISM_TYPE = 0x8000_0124, "Older clients' number of CKM_ECDSA_SHA384.";
        CKM_LUNA_ECDSA_SHA512: CK_MECHANISM_TYPE = 0x8000_0125, "Older clients' number of CKM_ECDSA_SHA512.";
        CKK_BIP32: CK_KEY_TYPE = 0x8000_0014, "Both halves of a BIP-32 key pair.";
        CKK_LUNA_EC_EDWARDS: CK_KEY_TYPE = 0x8000_0012, "Older clients' number of CKK_EC_EDWARDS.";
        CKK_LUNA_EC_MONTGOMERY: CK_KEY_TYPE = 0x8000_0013, "Older clients' number of CKK_EC_MONTGOMERY.";
        CKA_BIP32_CHAIN_CODE: CK_ATTRIBUTE_TYPE = 0x8000_1100, "32 bytes.";
        CKA_BIP32_VERSION_BYTES: CK_ATTRIBUTE_TYPE = 0x8000_1101, "4 bytes, big-endian.";
        CKA_BIP32_CHILD_INDEX: CK_ATTRIBUTE_TYPE = 0x8000_1102, "CK_ULONG.";
        CKA_BIP32_CHILD_DEPTH: CK_ATTRIBUTE_TYPE = 0x8000_1103, "CK_ULONG.";
        CKA_BIP32_ID: CK_ATTRIBUTE_TYPE = 0x8000_1104, "20 bytes: HASH160 of the compressed public key.";
        CKA_BIP32_FINGERPRINT: CK_ATTRIBUTE_TYPE = 0x8000_1105, "The first 4 bytes of CKA_BIP32_ID.";
        CKA_BIP32_PARENT_FINGERPRINT: CK_ATTRIBUTE_TYPE = 0x8000_1106, "4 bytes; zero for a master key.";
        CKA_USAGE_COUNT: CK_ATTRIBUTE_TYPE = 0x8000_0101, "Signatures made.";
        CKA_USAGE_LIMIT: CK_ATTRIBUTE_TYPE = 0x8000_0200, "Signatures allowed.";
        CKR_BIP32_CHILD_INDEX_INVALID: CK_RV = 0x8000_0083, "Index of 2^32 or more, or the rare invalid child.";
        CKR_BIP32_INVALID_HARDENED_DERIVATION: CK_RV = 0x8000_0084, "Hardened from a public key, or plain on Ed25519.";
        CKR_BIP32_MASTER_SEED_LEN_INVALID: CK_RV = 0x8000_0085, "The seed has not 128 to 512 bits.";
        CKR_BIP32_MASTER_SEED_INVALID: CK_RV = 0x8000_0086, "The seed gives no valid master key.";
        CKR_BIP32_INVALID_KEY_PATH_LEN: CK_RV = 0x8000_0087, "Path empty or too deep.";
        CKF_BIP32_HARDENED: CK_FLAGS = 0x8000_0000, "Marks a hardened step of a path.";
        CKG_BIP32_VERSION_MAINNET_PUB: CK_ULONG = 0x0488_B21E, "xpub.";
        CKG_BIP32_VERSION_MAINNET_PRIV: CK_ULONG = 0x0488_ADE4, "xprv.";
        CKG_BIP32_VERSION_TESTNET_PUB: CK_ULONG = 0x0435_87CF, "tpub.";
        CKG_BIP32_VERSION_TESTNET_PRIV: CK_ULONG = 0x0435_8394, "tprv.";
        CKG_BIP44_PURPOSE: CK_ULONG = 0x2C, "First step of a BIP-44 path.";
        CKG_BIP44_COIN_TYPE_BTC: CK_ULONG = 0, "Bitcoin.";
        CKG_BIP44_COIN_TYPE_BTC_TESTNET: CK_ULONG = 1, "Bitcoin's test network.";
        CKG_BIP32_EXTERNAL_CHAIN: CK_ULONG = 0, "Receiving addresses.";
        CKG_BIP32_INTERNAL_CHAIN: CK_ULONG = 1, "Change addresses.";
        CKG_BIP32_MAX_SERIALIZED_LEN: CK_ULONG = 113, "Base58 text of a key, with a final NUL.";
        CKG_BIP32_MAX_PATH_LEN: CK_ULONG = 255, "Steps of a path.";
    }
    "IBM EP11" {
        CKM_IBM_SHA3_224: CK_MECHANISM_TYPE = 0x8001_0001, "SHA3-224.";
        CKM_IBM_SHA3_256: CK_MECHANISM_TYPE = 0x8001_0002, "SHA3-256.";
        CKM_IBM_SHA3_384: CK_MECHANISM_TYPE = 0x8001_0003, "SHA3-384.";
        CKM_IBM_SHA3_512: CK_MECHANISM_TYPE = 0x8001_0004, "SHA3-512.";
        CKM_IBM_EC_X25519: CK_MECHANISM_TYPE = 0x8001_001B, "X25519 key agreement.";
        CKM_IBM_ED25519_SHA512: CK_MECHANISM_TYPE = 0x8001_001C, "Ed25519 on a CKK_EC key.";
        CKM_IBM_EC_X448: CK_MECHANISM_TYPE = 0x8001_001E, "X448 key agreement.";
        CKM_IBM_ED448_SHA3: CK_MECHANISM_TYPE = 0x8001_001F, "Ed448.";
        CKM_IBM_SHA3_224_HMAC: CK_MECHANISM_TYPE = 0x8001_0025, "HMAC with SHA3-224.";
        CKM_IBM_SHA3_256_HMAC: CK_MECHANISM_TYPE = 0x8001_0026, "HMAC with SHA3-256.";
        CKM_IBM_SHA3_384_HMAC: CK_MECHANISM_TYPE = 0x8001_0027, "HMAC with SHA3-384.";
        CKM_IBM_SHA3_512_HMAC: CK_MECHANISM_TYPE = 0x8001_0028, "HMAC with SHA3-512.";
        CKM_IBM_ECDSA_OTHER: CK_MECHANISM_TYPE = 0x8001_0031, "Schnorr and BLS by sub-mechanism.";
        CKM_IBM_EC_AGGREGATE: CK_MECHANISM_TYPE = 0x8001_0034, "Aggregation of BLS signatures or public keys.";
        CKM_IBM_BTC_DERIVE: CK_MECHANISM_TYPE = 0x8007_0001, "One step of BIP-32 or SLIP-10.";
        CKM_IBM_ETH_DERIVE: CK_MECHANISM_TYPE = 0x8007_0002, "One step of EIP-2333.";
        CKA_IBM_USE_AS_DATA: CK_ATTRIBUTE_TYPE = 0x8001_0008, "The key may be the input of a derivation.";
        CKM_IBM_ECSDSA_RAND: CK_ULONG = 3, "Sub-mechanism: EC-SDSA (BSI TR-03111), SHA-256.";
        CKM_IBM_ECSDSA_COMPR_MULTI: CK_ULONG = 5, "Sub-mechanism: EC-SDSA with the compressed public key.";
        ECSG_IBM_BLS: CK_ULONG = 6, "Sub-mechanism: BLS on BLS12-381.";
        CK_IBM_BIP0032_HARDENED: CK_FLAGS = 0x8000_0000, "Marks a hardened child index.";
        CK_IBM_BIP0032_PRV2PRV: CK_ULONG = 1, "Private parent to private child.";
        CK_IBM_BIP0032_PRV2PUB: CK_ULONG = 2, "Private parent to public child.";
        CK_IBM_BIP0032_PUB2PUB: CK_ULONG = 3, "Public parent to public child.";
        CK_IBM_BIP0032_MASTERK: CK_ULONG = 4, "Seed to master key.";
        CK_IBM_SLIP0010_PRV2PRV: CK_ULONG = 5, "Private parent to private child.";
        CK_IBM_SLIP0010_PRV2PUB: CK_ULONG = 6, "Private parent to public child.";
        CK_IBM_SLIP0010_PUB2PUB: CK_ULONG = 7, "Public parent to public child.";
        CK_IBM_SLIP0010_MASTERK: CK_ULONG = 8, "Seed to master key.";
        CK_IBM_BTC_CHAINCODE_LENGTH: CK_ULONG = 32, "Bytes of a chain code.";
        CK_IBM_BTC_DERIVE_PARAMS_VERSION_1: CK_ULONG = 1, "Version of CK_IBM_BTC_DERIVE_PARAMS.";
        CK_IBM_EIP2333_PRV2PRV: CK_ULONG = 1, "Private parent to private child.";
        CK_IBM_EIP2333_PRV2PUB: CK_ULONG = 2, "Private parent to public child.";
        CK_IBM_EIP2333_MASTERK: CK_ULONG = 3, "Seed to master key.";
    }
    "Securosys Primus" {
        CKM_SLIP10_CHILD_DERIVE: CK_MECHANISM_TYPE = 0x8000_0E01, "Parent to child; Luna's number with other parameters.";
        CKM_EC_SLIP10_KEY_PAIR_GEN: CK_MECHANISM_TYPE = 0x8000_0E02, "Seed bytes as parameter to master key pair.";
        CKK_EC_SLIP10: CK_KEY_TYPE = 0x8000_0014, "SLIP-10 key; Luna's CKK_BIP32.";
        CKA_SLIP10_CHAIN_CODE: CK_ATTRIBUTE_TYPE = 0x8000_1100, "32 bytes; Luna's chain code.";
    }
    "chainhsm" {
        CKM_BC_SHA256D: CK_MECHANISM_TYPE = 0xC243_0001, "Digest: SHA-256 twice, 32 bytes.";
        CKM_BC_HASH160: CK_MECHANISM_TYPE = 0xC243_0002, "Digest: RIPEMD-160 of SHA-256, 20 bytes.";
        CKM_BC_TAGGED_SHA256: CK_MECHANISM_TYPE = 0xC243_0003, "Digest: BIP-340 tagged hash; parameter: the tag.";
        CKM_BC_EIP191: CK_MECHANISM_TYPE = 0xC243_0004, "Digest: Keccak-256 of the prefixed message.";
        CKM_BC_ECDSA_RECOVERABLE: CK_MECHANISM_TYPE = 0xC243_0101, "Signs a digest; r, s and v (0 or 1), 65 bytes.";
        CKM_BC_ECDSA_KECCAK256: CK_MECHANISM_TYPE = 0xC243_0102, "Signs a message hashed with Keccak-256; 64 bytes.";
        CKM_BC_ECDSA_KECCAK256_RECOVERABLE: CK_MECHANISM_TYPE = 0xC243_0103, "The same with v; 65 bytes.";
        CKM_BC_ECDSA_SHA256D: CK_MECHANISM_TYPE = 0xC243_0104, "Signs a message hashed with SHA-256 twice; 64 bytes.";
        CKM_BC_ECDSA_SHA256D_RECOVERABLE: CK_MECHANISM_TYPE = 0xC243_0105, "The same with v; 65 bytes.";
        CKM_BC_ECDSA_EIP191_RECOVERABLE: CK_MECHANISM_TYPE = 0xC243_0106, "Signs an Ethereum personal message; 65 bytes.";
        CKM_BC_ECDSA_BLAKE2B_256: CK_MECHANISM_TYPE = 0xC243_0107, "Signs a message hashed with BLAKE2b-256; 64 bytes.";
        CKM_BC_EDDSA_BLAKE2B_256: CK_MECHANISM_TYPE = 0xC243_0108, "Ed25519 over a BLAKE2b-256 digest; 64 bytes.";
        CKM_BC_ECDSA_DER: CK_MECHANISM_TYPE = 0xC243_0109, "Signs a digest; DER with low s.";
        CKM_BC_SCHNORR_BIP340: CK_MECHANISM_TYPE = 0xC243_0201, "BIP-340; CK_BC_SCHNORR_PARAMS or nothing; 64 bytes.";
        CKM_BC_TAPROOT_TWEAK: CK_MECHANISM_TYPE = 0xC243_0202, "Derive; parameter: merkle root of 0 or 32 bytes.";
        CKM_BC_HD_DERIVE: CK_MECHANISM_TYPE = 0xC243_0301, "Derive; parameter: a path in ASCII, m/44'/60'/0'/0/0.";
        CKM_BC_BIP39_KEY_GEN: CK_MECHANISM_TYPE = 0xC243_0302, "Entropy of 16 to 32 bytes (CKA_VALUE_LEN) as a secret key.";
        CKM_BC_BIP39_SEED: CK_MECHANISM_TYPE = 0xC243_0303, "Derive; parameter: passphrase in UTF-8; 64-byte secret.";
        CKM_BC_XKEY_IMPORT: CK_MECHANISM_TYPE = 0xC243_0304, "Import of xprv or xpub text.";
        CKM_BC_ED25519_BIP32_MASTER: CK_MECHANISM_TYPE = 0xC243_0310, "Derive: Cardano master key; parameter: the scheme.";
        CKM_BC_ED25519_BIP32_CHILD: CK_MECHANISM_TYPE = 0xC243_0311, "Derive: Cardano child; parameter: the path.";
        CKM_BC_EIP2333_DERIVE: CK_MECHANISM_TYPE = 0xC243_0320, "Derive: BLS key; parameter: a path in ASCII.";
        CKM_BC_ECDH_POINT: CK_MECHANISM_TYPE = 0xC243_0330, "Derive: ECDH that keeps the whole point.";
        CKM_BC_BLS_KEY_PAIR_GEN: CK_MECHANISM_TYPE = 0xC243_0401, "BLS12-381 key pair; parameter: key material or nothing.";
        CKM_BC_BLS_SIGN: CK_MECHANISM_TYPE = 0xC243_0402, "BLS signature; parameter: domain separation tag; 96 bytes.";
        CKM_BC_BLS_AGGREGATE: CK_MECHANISM_TYPE = 0xC243_0403, "Digest: concatenated signatures to one; 96 bytes.";
        CKM_BC_BLS_FAST_AGGREGATE_VERIFY: CK_MECHANISM_TYPE = 0xC243_0404, "Verifies one message of many keys; parameter: the other public keys.";
        CKM_BC_BLS_AGGREGATE_VERIFY: CK_MECHANISM_TYPE = 0xC243_0405, "Verifies many messages; data: public keys, lengths, messages.";
        CKM_BC_SR25519_KEY_PAIR_GEN: CK_MECHANISM_TYPE = 0xC243_0501, "sr25519 key pair.";
        CKM_BC_SR25519_SIGN: CK_MECHANISM_TYPE = 0xC243_0502, "sr25519; parameter: signing context; 64 bytes.";
        CKM_BC_COMETBFT_SIGN: CK_MECHANISM_TYPE = 0xC243_0701, "Signs canonical CometBFT sign-bytes, never twice.";
        CKM_BC_ETH2_SIGN: CK_MECHANISM_TYPE = 0xC243_0702, "Signs Ethereum consensus data, never slashably.";
        CKM_BC_TEZOS_SIGN: CK_MECHANISM_TYPE = 0xC243_0703, "Signs watermarked Tezos bytes, never twice.";
        CKK_BC_BLS12_381: CK_KEY_TYPE = 0xC243_0001, "BLS12-381, public keys in G1.";
        CKK_BC_SR25519: CK_KEY_TYPE = 0xC243_0002, "sr25519.";
        CKK_BC_ED25519_BIP32: CK_KEY_TYPE = 0xC243_0003, "Cardano's extended Ed25519.";
        CKA_BC_ETH_ADDRESS: CK_ATTRIBUTE_TYPE = 0xC243_0001, "20 bytes, read-only.";
        CKA_BC_HASH160: CK_ATTRIBUTE_TYPE = 0xC243_0002, "HASH160 of the compressed public key, read-only.";
        CKA_BC_POINT_COMPRESSED: CK_ATTRIBUTE_TYPE = 0xC243_0003, "33 bytes, read-only.";
        CKA_BC_POINT_XONLY: CK_ATTRIBUTE_TYPE = 0xC243_0004, "32 bytes, read-only.";
        CKA_BC_POINT_RAW: CK_ATTRIBUTE_TYPE = 0xC243_0005, "The point without DER, read-only.";
        CKA_BC_HD_PATH: CK_ATTRIBUTE_TYPE = 0xC243_0006, "Path from the master key, read-only.";
        CKA_BC_MASTER_FINGERPRINT: CK_ATTRIBUTE_TYPE = 0xC243_0007, "4 bytes, read-only.";
        CKA_BC_XPUB: CK_ATTRIBUTE_TYPE = 0xC243_0008, "Base58 text, read-only.";
        CKA_BC_SIGN_STATE: CK_ATTRIBUTE_TYPE = 0xC243_0020, "Last position signed, read-only.";
        CKA_BC_SIGN_POLICY: CK_ATTRIBUTE_TYPE = 0xC243_0021, "Rule on what the key may sign.";
        CKR_BC_DOUBLE_SIGN: CK_RV = 0xC243_0001, "Refused: the key has signed something else at this position, or above it.";
        CKR_BC_POLICY_REFUSED: CK_RV = 0xC243_0002, "Refused by a rule on the key.";
        CKF_BC_SCHNORR_NO_AUX: CK_FLAGS = 1, "CK_BC_SCHNORR_PARAMS: no auxiliary randomness (zeros).";
        CKF_BC_SCHNORR_TWEAK: CK_FLAGS = 2, "CK_BC_SCHNORR_PARAMS: sign with the taproot output key.";
    }
}

structures! {
    CK_BIP32_MASTER_DERIVE_PARAMS, "Parameter of CKM_BIP32_MASTER_DERIVE." {
        pPublicKeyTemplate: CK_ATTRIBUTE_PTR, "NULL: no public key is made.";
        ulPublicKeyAttributeCount: CK_ULONG, "Attributes in it.";
        pPrivateKeyTemplate: CK_ATTRIBUTE_PTR, "NULL: no private key is made.";
        ulPrivateKeyAttributeCount: CK_ULONG, "Attributes in it.";
        hPublicKey: CK_OBJECT_HANDLE, "Out.";
        hPrivateKey: CK_OBJECT_HANDLE, "Out.";
    }
    CK_BIP32_CHILD_DERIVE_PARAMS, "Parameter of CKM_BIP32_CHILD_DERIVE." {
        pPublicKeyTemplate: CK_ATTRIBUTE_PTR, "NULL: no public key is made.";
        ulPublicKeyAttributeCount: CK_ULONG, "Attributes in it.";
        pPrivateKeyTemplate: CK_ATTRIBUTE_PTR, "NULL: no private key is made.";
        ulPrivateKeyAttributeCount: CK_ULONG, "Attributes in it.";
        pulPath: CK_ULONG_PTR, "The steps.";
        ulPathLen: CK_ULONG, "Number of steps.";
        hPublicKey: CK_OBJECT_HANDLE, "Out.";
        hPrivateKey: CK_OBJECT_HANDLE, "Out.";
        ulPathErrorIndex: CK_ULONG, "Out: the step that failed.";
    }
    CK_IBM_BTC_DERIVE_PARAMS, "Parameter of CKM_IBM_BTC_DERIVE." {
        type_: CK_ULONG, "A CK_IBM_BIP0032 or CK_IBM_SLIP0010 variant.";
        childKeyIndex: CK_ULONG, "The step.";
        pChainCode: CK_BYTE_PTR, "In: the parent's; out: the child's; 32 writable bytes.";
        ulChainCodeLen: CK_ULONG, "0 for a master key, else 32.";
        version: CK_ULONG, "1.";
    }
    CK_IBM_ECDSA_OTHER_PARAMS, "Parameter of CKM_IBM_ECDSA_OTHER." {
        submechanism: CK_ULONG, "A CKM_IBM_ECSDSA variant or ECSG_IBM_BLS.";
    }
    CK_IBM_ECDSA_OTHER_BLS_PARAMS, "Parameter of CKM_IBM_EC_AGGREGATE." {
        numElements: CK_ULONG, "Elements used.";
        pAggrElements: [CK_VOID_PTR; 12], "Signatures or public keys.";
        elementSize: CK_ULONG, "Bytes of each.";
    }
    CK_IBM_ETH_DERIVE_PARAMS, "Parameter of CKM_IBM_ETH_DERIVE." {
        version: CK_ULONG, "1.";
        sigVersion: CK_ULONG, "4.";
        type_: CK_ULONG, "A CK_IBM_EIP2333 variant.";
        childKeyIndex: CK_ULONG, "The step.";
        pKeyInfo: CK_BYTE_PTR, "May be NULL.";
        ulKeyInfoLen: CK_ULONG, "Bytes of it.";
    }
    CK_SLIP10_CHILD_DERIVE_PARAMS, "Parameter of CKM_SLIP10_CHILD_DERIVE." {
        pulPathIndexes: CK_ULONG_PTR, "The steps.";
        ulIndexCount: CK_ULONG, "Number of steps.";
    }
    CK_BC_SCHNORR_PARAMS, "Optional parameter of CKM_BC_SCHNORR_BIP340." {
        flags: CK_FLAGS, "Any of CKF_BC_SCHNORR_NO_AUX and CKF_BC_SCHNORR_TWEAK.";
        pAuxRand: CK_BYTE_PTR, "Auxiliary randomness of the caller, or NULL.";
        ulAuxRandLen: CK_ULONG, "0 or 32.";
        pMerkleRoot: CK_BYTE_PTR, "Merkle root for the tweak, or NULL.";
        ulMerkleRootLen: CK_ULONG, "0 or 32.";
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    /// Numbers that two vendors gave to nearly the same thing.
    const SHARED: &[&str] = &[
        "CKM_SLIP10_CHILD_DERIVE",
        "CKK_EC_SLIP10",
        "CKA_SLIP10_CHAIN_CODE",
    ];

    #[test]
    fn numbers_are_in_vendor_space_and_unique() {
        let mut seen = HashMap::new();
        for c in VENDOR {
            if matches!(c.kind, Kind::Flag | Kind::Number) {
                continue;
            }
            assert!(
                (0x8000_0000..=0xFFFF_FFFF).contains(&c.number),
                "{}",
                c.name
            );
            assert_eq!(
                c.vendor == "chainhsm",
                c.number >> 16 == 0xC243,
                "{}: our block is for us",
                c.name
            );
            let before = seen.insert((format!("{:?}", c.kind), c.number), c.name);
            assert!(
                before.is_none() || SHARED.contains(&c.name),
                "{before:?} {}",
                c.name
            );
        }
    }

    #[test]
    fn names_are_unique_and_documented() {
        let mut names: Vec<_> = VENDOR.iter().map(|c| c.name).collect();
        names.extend(STRUCTURES.iter().map(|s| s.name));
        names.sort_unstable();
        assert!(names.is_sorted_by(|a, b| a < b));
        assert!(VENDOR.iter().all(|c| c.doc.ends_with('.')));
    }
}
