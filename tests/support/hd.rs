//! Hierarchical derivation: the vendors' numbers and structures, written down independently of the
//! module, and calls in each dialect.

use std::{collections::BTreeMap, ptr};

use super::*;

pub const CKM_BIP32_MASTER_DERIVE: CK_MECHANISM_TYPE = 0x8000_0E00;
pub const CKM_BIP32_CHILD_DERIVE: CK_MECHANISM_TYPE = 0x8000_0E01;
pub const CKM_EC_SLIP10_KEY_PAIR_GEN: CK_MECHANISM_TYPE = 0x8000_0E02;
pub const CKM_IBM_BTC_DERIVE: CK_MECHANISM_TYPE = 0x8007_0001;
pub const CKM_IBM_ED25519_SHA512: CK_MECHANISM_TYPE = 0x8001_001C;
pub const CKM_BC_HD_DERIVE: CK_MECHANISM_TYPE = 0xC243_0301;
pub const CKM_BC_BIP39_KEY_GEN: CK_MECHANISM_TYPE = 0xC243_0302;
pub const CKM_BC_BIP39_SEED: CK_MECHANISM_TYPE = 0xC243_0303;
pub const CKK_BIP32: CK_KEY_TYPE = 0x8000_0014;
pub const CKA_BIP32_CHAIN_CODE: CK_ATTRIBUTE_TYPE = 0x8000_1100;
pub const CKA_BIP32_VERSION_BYTES: CK_ATTRIBUTE_TYPE = 0x8000_1101;
pub const CKA_BIP32_CHILD_INDEX: CK_ATTRIBUTE_TYPE = 0x8000_1102;
pub const CKA_BIP32_CHILD_DEPTH: CK_ATTRIBUTE_TYPE = 0x8000_1103;
pub const CKA_BIP32_ID: CK_ATTRIBUTE_TYPE = 0x8000_1104;
pub const CKA_BIP32_FINGERPRINT: CK_ATTRIBUTE_TYPE = 0x8000_1105;
pub const CKA_BIP32_PARENT_FINGERPRINT: CK_ATTRIBUTE_TYPE = 0x8000_1106;
pub const CKA_IBM_USE_AS_DATA: CK_ATTRIBUTE_TYPE = 0x8001_0008;
pub const CKA_BC_HD_PATH: CK_ATTRIBUTE_TYPE = 0xC243_0006;
pub const CKA_BC_MASTER_FINGERPRINT: CK_ATTRIBUTE_TYPE = 0xC243_0007;
pub const CKA_BC_XPUB: CK_ATTRIBUTE_TYPE = 0xC243_0008;
pub const CKR_BIP32_CHILD_INDEX_INVALID: CK_RV = 0x8000_0083;
pub const CKR_BIP32_INVALID_HARDENED_DERIVATION: CK_RV = 0x8000_0084;
pub const CKR_BIP32_MASTER_SEED_LEN_INVALID: CK_RV = 0x8000_0085;
pub const CKR_BIP32_INVALID_KEY_PATH_LEN: CK_RV = 0x8000_0087;
pub const HARD: CK_ULONG = 0x8000_0000;
/// id-Ed25519 in GNU's arc: the form that Luna takes.
pub const GNU_ED25519: &[u8] = b"\x06\x09\x2b\x06\x01\x04\x01\xda\x47\x0f\x01";

#[repr(C)]
pub struct MasterParams {
    pub public: *mut CK_ATTRIBUTE,
    pub public_count: CK_ULONG,
    pub private: *mut CK_ATTRIBUTE,
    pub private_count: CK_ULONG,
    pub public_key: CK_OBJECT_HANDLE,
    pub private_key: CK_OBJECT_HANDLE,
}

#[repr(C)]
pub struct ChildParams {
    pub public: *mut CK_ATTRIBUTE,
    pub public_count: CK_ULONG,
    pub private: *mut CK_ATTRIBUTE,
    pub private_count: CK_ULONG,
    pub path: *mut CK_ULONG,
    pub path_len: CK_ULONG,
    pub public_key: CK_OBJECT_HANDLE,
    pub private_key: CK_OBJECT_HANDLE,
    pub failed: CK_ULONG,
}

#[repr(C)]
pub struct PathParams {
    pub path: *const CK_ULONG,
    pub count: CK_ULONG,
}

#[repr(C)]
pub struct IbmParams {
    pub type_: CK_ULONG,
    pub index: CK_ULONG,
    pub chain_code: *mut u8,
    pub chain_code_len: CK_ULONG,
    pub version: CK_ULONG,
}

/// What a call of Luna's made: (public, private); 0 for what was not asked for.
pub type Pair = (CK_OBJECT_HANDLE, CK_OBJECT_HANDLE);

fn raw(template: Option<&Template>) -> (Vec<CK_ATTRIBUTE>, bool) {
    (
        template.map(Template::raw).unwrap_or_default(),
        template.is_some(),
    )
}

fn pointer(raw: &mut (Vec<CK_ATTRIBUTE>, bool)) -> (*mut CK_ATTRIBUTE, CK_ULONG) {
    match raw {
        (_, false) => (ptr::null_mut(), 0),
        (list, true) => (list.as_mut_ptr(), list.len() as CK_ULONG),
    }
}

impl Module {
    /// A readable secret key that others derive from.
    pub fn seed(&self, session: CK_SESSION_HANDLE, value: &[u8]) -> CK_OBJECT_HANDLE {
        let template = Template::class(CKO_SECRET_KEY)
            .ulong(CKA_KEY_TYPE, CKK_GENERIC_SECRET)
            .bytes(CKA_VALUE, value)
            .bool(CKA_DERIVE, true)
            .bool(CKA_SENSITIVE, false)
            .bool(CKA_EXTRACTABLE, true);
        self.create(session, &template).unwrap()
    }

    /// C_DeriveKey without a handle, as Luna's clients call it.
    fn derive_into(
        &self,
        session: CK_SESSION_HANDLE,
        mechanism: Mech<'_>,
        base: CK_OBJECT_HANDLE,
    ) -> Outcome {
        c!(
            self,
            C_DeriveKey,
            session,
            mechanism.as_ptr(),
            base,
            ptr::null_mut(),
            0,
            ptr::null_mut()
        )
    }

    /// Luna: seed to master key pair.
    pub fn bip32_master(
        &self,
        session: CK_SESSION_HANDLE,
        seed: CK_OBJECT_HANDLE,
        public: Option<&Template>,
        private: Option<&Template>,
    ) -> Outcome<Pair> {
        assert_eq!(size_of::<MasterParams>(), 48);
        let (mut public, mut private) = (raw(public), raw(private));
        let (public, public_count) = pointer(&mut public);
        let (private, private_count) = pointer(&mut private);
        let params = MasterParams {
            public,
            public_count,
            private,
            private_count,
            public_key: 99,
            private_key: 99,
        };
        self.derive_into(session, Mech::with(CKM_BIP32_MASTER_DERIVE, &params), seed)?;
        Ok((written(&params.public_key), written(&params.private_key)))
    }

    /// Luna: parent to child. An error comes with `ulPathErrorIndex`.
    pub fn bip32_child(
        &self,
        session: CK_SESSION_HANDLE,
        base: CK_OBJECT_HANDLE,
        path: &[CK_ULONG],
        public: Option<&Template>,
        private: Option<&Template>,
    ) -> Result<Pair, (Rv, CK_ULONG)> {
        assert_eq!(size_of::<ChildParams>(), 72);
        let (mut public, mut private) = (raw(public), raw(private));
        let (public, public_count) = pointer(&mut public);
        let (private, private_count) = pointer(&mut private);
        let params = ChildParams {
            public,
            public_count,
            private,
            private_count,
            path: path.as_ptr().cast_mut(),
            path_len: path.len() as CK_ULONG,
            public_key: 99,
            private_key: 99,
            failed: 99,
        };
        let mechanism = Mech::with(CKM_BIP32_CHILD_DERIVE, &params);
        let outcome = self.derive_into(session, mechanism, base);
        let pair = (written(&params.public_key), written(&params.private_key));
        outcome.map(|()| pair).map_err(|rv| {
            assert_eq!(pair, (0, 0), "handles of what was not made");
            (rv, written(&params.failed))
        })
    }

    /// Luna: the text of an extended public key.
    pub fn xpub(&self, session: CK_SESSION_HANDLE, key: CK_OBJECT_HANDLE) -> Outcome<String> {
        type Export =
            unsafe extern "C" fn(CK_SESSION_HANDLE, CK_ULONG, *mut CK_BYTE, *mut CK_ULONG) -> CK_RV;
        let export: Export = self.symbol("CA_Bip32ExportPublicKey");
        let mut text = [0_u8; 112];
        let mut len = 112;
        // SAFETY: the buffer is as long as it says.
        module::outcome(unsafe { export(session, key, text.as_mut_ptr(), &mut len) })?;
        Ok(String::from_utf8(text[..len as usize].to_vec()).unwrap())
    }

    /// C_WrapKey into a large buffer.
    pub fn wrap<'a>(
        &self,
        session: CK_SESSION_HANDLE,
        mechanism: impl Into<Mech<'a>>,
        wrapping: CK_OBJECT_HANDLE,
        key: CK_OBJECT_HANDLE,
    ) -> Outcome<Vec<u8>> {
        let mut out = vec![0; 4096];
        let mut len = out.len() as CK_ULONG;
        c!(
            self,
            C_WrapKey,
            session,
            mechanism.into().as_ptr(),
            wrapping,
            key,
            out.as_mut_ptr(),
            &mut len
        )?;
        out.truncate(len as usize);
        Ok(out)
    }

    pub fn unwrap_key<'a>(
        &self,
        session: CK_SESSION_HANDLE,
        mechanism: impl Into<Mech<'a>>,
        unwrapping: CK_OBJECT_HANDLE,
        wrapped: &[u8],
        template: &Template,
    ) -> Outcome<CK_OBJECT_HANDLE> {
        let mut raw = template.raw();
        let mut key = 0;
        c!(
            self,
            C_UnwrapKey,
            session,
            mechanism.into().as_ptr(),
            unwrapping,
            wrapped.as_ptr().cast_mut(),
            wrapped.len() as CK_ULONG,
            raw.as_mut_ptr(),
            raw.len() as CK_ULONG,
            &mut key
        )?;
        Ok(key)
    }
}

/// Readable private keys, so that answers can be compared.
pub fn open() -> Template {
    Template::new()
        .bool(CKA_SENSITIVE, false)
        .bool(CKA_EXTRACTABLE, true)
}

/// A key that has children.
pub fn derive() -> Template {
    Template::new().bool(CKA_DERIVE, true)
}

/// A field that the module has written behind the compiler's back.
pub fn written<T: Copy>(field: &T) -> T {
    // SAFETY: a reference is valid to read.
    unsafe { ptr::read_volatile(field) }
}

/// The steps of `m/44'/0`.
pub fn steps(path: &str) -> Vec<CK_ULONG> {
    let step = |part: &str| match part.strip_suffix('\'') {
        Some(index) => index.parse::<CK_ULONG>().unwrap() | HARD,
        None => part.parse().unwrap(),
    };
    path.split('/').skip(1).map(step).collect()
}

/// The paragraphs of a vector file: `name = value` lines, `#` before a comment.
pub fn vectors(text: &'static str) -> Vec<BTreeMap<&'static str, &'static str>> {
    let lines = |paragraph: &'static str| {
        let fields = paragraph.lines().filter(|line| !line.starts_with('#'));
        fields
            .map(|line| line.split_once(" = ").unwrap())
            .collect::<BTreeMap<_, _>>()
    };
    let cases: Vec<_> = text
        .split("\n\n")
        .map(lines)
        .filter(|c| !c.is_empty())
        .collect();
    assert!(!cases.is_empty());
    cases
}

pub fn unhex(text: &str) -> Vec<u8> {
    hex::decode(text).unwrap()
}

/// A compressed point, from `CKA_EC_POINT` of a short Weierstrass curve.
pub fn compressed(point: &[u8]) -> Vec<u8> {
    assert_eq!(point[..3], [4, 65, 4]);
    let (x, y) = point[3..].split_at(32);
    [&[2 + (y[31] & 1)], x].concat()
}
