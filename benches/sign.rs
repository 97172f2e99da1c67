//! Signatures through the C function table of the built module, and the bare primitive beside them:
//! the difference is what the module costs. `cargo bench` builds the module first.
#![allow(
    missing_docs,
    unsafe_code,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a benchmark may stop"
)]

use std::{fs, mem, os::unix::fs::PermissionsExt, path::PathBuf, ptr, time::Duration};

use criterion::{Criterion, criterion_group, criterion_main};
use cryptoki_sys::*;

const SECP256K1: &[u8] = &[0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x0A];
const P256: &[u8] = &[0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07];
const P384: &[u8] = &[0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x22];
const ED25519: &[u8] = &[0x06, 0x03, 0x2B, 0x65, 0x70];

/// The module, a token and a session that is logged in.
struct Hsm {
    table: *mut CK_FUNCTION_LIST,
    session: CK_SESSION_HANDLE,
    _store: tempfile::TempDir,
}

macro_rules! call {
    ($hsm:expr, $name:ident, $($argument:expr),* $(,)?) => {{
        // SAFETY: the arguments are live for the call, as its signature wants them.
        let rv = unsafe { ((*$hsm.table).$name.expect("exported"))($($argument),*) };
        assert_eq!(rv, CKR_OK, stringify!($name));
    }};
}

impl Hsm {
    fn new() -> Self {
        let store = tempfile::tempdir().unwrap();
        fs::set_permissions(store.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let config = store.path().join("chainhsm.toml");
        fs::write(
            &config,
            "store = \"store\"\n[argon2]\nmemory_kib = 64\niterations = 1\nlanes = 1\n",
        )
        .unwrap();
        // SAFETY: no other thread runs yet.
        unsafe { std::env::set_var("CHAINHSM_CONF", &config) };
        // SAFETY: our own module; it is never unloaded.
        let library = unsafe { libloading::Library::new(module()).unwrap() };
        // SAFETY: the standard's own signature.
        let list: libloading::Symbol<
            '_,
            unsafe extern "C" fn(*mut *mut CK_FUNCTION_LIST) -> CK_RV,
        > = unsafe { library.get(b"C_GetFunctionList").unwrap() };
        let mut table = ptr::null_mut();
        // SAFETY: `table` receives the list.
        assert_eq!(unsafe { list(&raw mut table) }, CKR_OK);
        mem::forget(library);
        let mut hsm = Self {
            table,
            session: 0,
            _store: store,
        };
        call!(hsm, C_Initialize, ptr::null_mut());
        let (mut pin, mut label) = (*b"1234", [b' '; 32]);
        call!(hsm, C_InitToken, 0, pin.as_mut_ptr(), 4, label.as_mut_ptr());
        let mut session = 0;
        let flags = CKF_SERIAL_SESSION | CKF_RW_SESSION;
        call!(
            hsm,
            C_OpenSession,
            0,
            flags,
            ptr::null_mut(),
            None,
            &raw mut session
        );
        hsm.session = session;
        call!(hsm, C_Login, session, CKU_SO, pin.as_mut_ptr(), 4);
        call!(hsm, C_InitPIN, session, pin.as_mut_ptr(), 4);
        call!(hsm, C_Logout, session);
        call!(hsm, C_Login, session, CKU_USER, pin.as_mut_ptr(), 4);
        hsm
    }

    fn key(&self, mechanism: CK_MECHANISM_TYPE, curve: &[u8]) -> CK_OBJECT_HANDLE {
        let mut mechanism = CK_MECHANISM {
            mechanism,
            pParameter: ptr::null_mut(),
            ulParameterLen: 0,
        };
        let mut yes = CK_TRUE;
        let mut public = [CK_ATTRIBUTE {
            type_: CKA_EC_PARAMS,
            pValue: curve.as_ptr().cast_mut().cast(),
            ulValueLen: curve.len().try_into().unwrap(),
        }];
        let mut private = [CK_ATTRIBUTE {
            type_: CKA_TOKEN,
            pValue: (&raw mut yes).cast(),
            ulValueLen: 1,
        }];
        let (mut public_key, mut private_key) = (0, 0);
        call!(
            self,
            C_GenerateKeyPair,
            self.session,
            &raw mut mechanism,
            public.as_mut_ptr(),
            1,
            private.as_mut_ptr(),
            1,
            &raw mut public_key,
            &raw mut private_key
        );
        private_key
    }

    fn sign(
        &self,
        mechanism: CK_MECHANISM_TYPE,
        key: CK_OBJECT_HANDLE,
        data: &mut [u8],
    ) -> [u8; 132] {
        let mut mechanism = CK_MECHANISM {
            mechanism,
            pParameter: ptr::null_mut(),
            ulParameterLen: 0,
        };
        let mut signature = [0; 132];
        let mut len = 132;
        call!(self, C_SignInit, self.session, &raw mut mechanism, key);
        call!(
            self,
            C_Sign,
            self.session,
            data.as_mut_ptr(),
            data.len().try_into().unwrap(),
            signature.as_mut_ptr(),
            &raw mut len
        );
        signature
    }
}

/// The release build of the module, beside this program.
fn module() -> PathBuf {
    let mut dir = std::env::current_exe().unwrap();
    dir.pop();
    dir.pop();
    dir.join("libchainhsm.so")
}

fn bench(c: &mut Criterion) {
    let hsm = Hsm::new();
    let mut group = c.benchmark_group("C_SignInit + C_Sign");
    group.measurement_time(Duration::from_secs(3));
    for (name, generate, sign, curve) in [
        ("secp256k1", CKM_EC_KEY_PAIR_GEN, CKM_ECDSA, SECP256K1),
        ("P-256", CKM_EC_KEY_PAIR_GEN, CKM_ECDSA, P256),
        ("P-384", CKM_EC_KEY_PAIR_GEN, CKM_ECDSA, P384),
        ("Ed25519", CKM_EC_EDWARDS_KEY_PAIR_GEN, CKM_EDDSA, ED25519),
    ] {
        let key = hsm.key(generate, curve);
        let mut digest = [0x5A; 32];
        group.bench_function(name, |b| b.iter(|| hsm.sign(sign, key, &mut digest)));
    }
    group.finish();

    let key = k256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap();
    c.bench_function("bare k256, RFC 6979", |b| {
        b.iter(|| {
            use k256::ecdsa::signature::hazmat::PrehashSigner;
            let signature: k256::ecdsa::Signature = key.sign_prehash(&[0x5A; 32]).unwrap();
            signature
        });
    });

    let mut pair = 0;
    c.bench_function("C_GenerateKeyPair secp256k1 on the token", |b| {
        b.iter(|| pair = hsm.key(CKM_EC_KEY_PAIR_GEN, SECP256K1));
    });
}

criterion_group!(benches, bench);
criterion_main!(benches);
