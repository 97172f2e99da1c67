//! The curves, with constants written down independently of the module.

use super::*;

/// One curve.
#[derive(Clone, Copy, Debug)]
pub struct Curve {
    pub name: &'static str,
    /// `CKA_EC_PARAMS`: the object identifier in DER.
    pub params: &'static [u8],
    /// Bytes of a scalar; half a signature.
    pub scalar: usize,
    pub key_type: CK_KEY_TYPE,
    pub generate: CK_MECHANISM_TYPE,
    /// Signs what it is given: a digest, or for Ed25519 the message.
    pub sign: CK_MECHANISM_TYPE,
}

const fn weierstrass(name: &'static str, params: &'static [u8], scalar: usize) -> Curve {
    Curve {
        name,
        params,
        scalar,
        key_type: CKK_EC,
        generate: CKM_EC_KEY_PAIR_GEN,
        sign: CKM_ECDSA,
    }
}

pub const SECP256K1: Curve = weierstrass("secp256k1", b"\x06\x05\x2b\x81\x04\x00\x0a", 32);
pub const P256: Curve = weierstrass("P-256", b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07", 32);
pub const P384: Curve = weierstrass("P-384", b"\x06\x05\x2b\x81\x04\x00\x22", 48);
pub const P521: Curve = weierstrass("P-521", b"\x06\x05\x2b\x81\x04\x00\x23", 66);
pub const ED25519: Curve = Curve {
    name: "Ed25519",
    params: b"\x06\x03\x2b\x65\x70",
    scalar: 32,
    key_type: CKK_EC_EDWARDS,
    generate: CKM_EC_EDWARDS_KEY_PAIR_GEN,
    sign: CKM_EDDSA,
};

pub const WEIERSTRASS: [Curve; 4] = [SECP256K1, P256, P384, P521];
pub const ALL: [Curve; 5] = [SECP256K1, P256, P384, P521, ED25519];

impl Curve {
    /// Template of a public key to generate.
    pub fn public(&self) -> Template {
        Template::new().bytes(CKA_EC_PARAMS, self.params)
    }

    /// Template of a private key to generate.
    pub fn private(&self) -> Template {
        Template::new()
    }

    /// Template of a private key with a known value, readable.
    pub fn import(&self, value: &[u8]) -> Template {
        Template::class(CKO_PRIVATE_KEY)
            .ulong(CKA_KEY_TYPE, self.key_type)
            .bytes(CKA_EC_PARAMS, self.params)
            .bytes(CKA_VALUE, value)
            .bool(CKA_SENSITIVE, false)
            .bool(CKA_EXTRACTABLE, true)
    }

    /// Template of a public key with a known point.
    pub fn import_public(&self, point: &[u8]) -> Template {
        Template::class(CKO_PUBLIC_KEY)
            .ulong(CKA_KEY_TYPE, self.key_type)
            .bytes(CKA_EC_PARAMS, self.params)
            .bytes(CKA_EC_POINT, point)
    }

    pub fn signature_len(&self) -> usize {
        2 * self.scalar
    }

    /// Length of a point in `CKA_EC_POINT`, without the OCTET STRING around it.
    pub fn point_len(&self) -> usize {
        if self.key_type == CKK_EC {
            2 * self.scalar + 1
        } else {
            self.scalar
        }
    }
}

/// A DER OCTET STRING.
pub fn octet_string(bytes: &[u8]) -> Vec<u8> {
    let mut der = vec![0x04];
    if bytes.len() > 127 {
        der.push(0x81);
    }
    der.push(u8::try_from(bytes.len()).unwrap());
    der.extend(bytes);
    der
}
