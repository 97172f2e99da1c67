//! Random calls of the function table, in a process of their own: each must return, whatever it
//! says, and write nowhere but where it may. The seed is in the output of a failure.

use std::{ptr, sync::Arc};

use crate::support::{
    child::{self, Process, Role},
    curve::*,
    *,
};

pub const ROLES: &[Role] = &[("fuzz", fuzz)];

const SEEDS: u64 = 8;
const CALLS: usize = 4000;

#[test]
fn random_calls_always_return() {
    for seed in 1..=SEEDS {
        let place = Place::with("[pin]\nuser_attempts = 250\nso_attempts = 250\n");
        let mut process = Process::start("fuzz", &place);
        process.tell(&seed.to_string());
        let mut last = String::new();
        while let Some(line) = process.line() {
            last = line;
        }
        let status = process.wait();
        assert!(status.success(), "seed {seed}: {status}, after {last}");
        assert_eq!(last, "done");
    }
}

/// xorshift64*: the same calls for the same seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() >> 16) as usize % n
    }

    fn of<T: Copy>(&mut self, choice: &[T]) -> T {
        choice[self.below(choice.len())]
    }
}

const ROOM: usize = 512;
const GUARD: [u8; 64] = [0xcd; 64];

/// What the calls are made of: handles that are good, or bad, and memory with a guard behind it.
struct World {
    random: Random,
    sessions: Vec<CK_SESSION_HANDLE>,
    objects: Vec<CK_OBJECT_HANDLE>,
    buffer: [u8; ROOM + GUARD.len()],
    out: [u8; ROOM + GUARD.len()],
    len: CK_ULONG,
    values: [[u8; 72]; 6],
    template: Vec<CK_ATTRIBUTE>,
    mech: CK_MECHANISM,
}

impl World {
    fn session(&mut self) -> CK_SESSION_HANDLE {
        match self.random.below(12) {
            0 => self.random.next(),
            1 => 0,
            _ => self.random.of(&self.sessions),
        }
    }

    fn object(&mut self) -> CK_OBJECT_HANDLE {
        match self.random.below(12) {
            0 => self.random.next(),
            1 => 0,
            _ => self.random.of(&self.objects),
        }
    }

    /// Bytes to read, or NULL, with a length that fits or that no memory has.
    fn input(&mut self) -> (*mut u8, CK_ULONG) {
        let len = self
            .random
            .of(&[0, 1, 8, 20, 32, 33, 48, 64, 65, 132, ROOM as CK_ULONG]);
        match self.random.below(16) {
            0 => (ptr::null_mut(), len),
            1 => (self.buffer.as_mut_ptr(), CK_ULONG::MAX),
            2 => (USER_PIN.as_ptr().cast_mut(), USER_PIN.len() as CK_ULONG),
            _ => (self.buffer.as_mut_ptr(), len),
        }
    }

    /// Room to write, or NULL.
    fn output(&mut self) -> (*mut u8, *mut CK_ULONG) {
        self.len = self.random.of(&[0, 1, 32, 63, 64, 132, ROOM as CK_ULONG]);
        let len = &raw mut self.len;
        match self.random.below(10) {
            0 => (ptr::null_mut(), len),
            1 => (self.out.as_mut_ptr(), ptr::null_mut()),
            _ => (self.out.as_mut_ptr(), len),
        }
    }

    fn template(&mut self) -> (*mut CK_ATTRIBUTE, CK_ULONG) {
        const TYPES: [CK_ATTRIBUTE_TYPE; 22] = [
            CKA_CLASS,
            CKA_TOKEN,
            CKA_PRIVATE,
            CKA_LABEL,
            CKA_VALUE,
            CKA_KEY_TYPE,
            CKA_ID,
            CKA_SENSITIVE,
            CKA_SIGN,
            CKA_VERIFY,
            CKA_DERIVE,
            CKA_EXTRACTABLE,
            CKA_LOCAL,
            CKA_MODIFIABLE,
            CKA_EC_PARAMS,
            CKA_EC_POINT,
            CKA_VALUE_LEN,
            CKA_ALLOWED_MECHANISMS,
            CKA_WRAP_TEMPLATE,
            CKA_UNIQUE_ID,
            CKA_START_DATE,
            0x7777,
        ];
        self.template.clear();
        let count = self.random.below(7);
        for i in 0..count {
            let type_ = self.random.of(&TYPES);
            let mut len = self.random.of(&[0, 1, 1, 8, 8, 32, 72]) as CK_ULONG;
            let word = self.random.of(&[0, 1, 2, 3, 4, 0x40, 0x10, 0x1f]);
            self.values[i] = [self.random.next() as u8; 72];
            self.values[i][..8].copy_from_slice(&CK_ULONG::to_ne_bytes(word));
            if type_ == CKA_EC_PARAMS {
                let params = self.random.of(&ALL).params;
                self.values[i][..params.len()].copy_from_slice(params);
                len = params.len() as CK_ULONG;
            }
            if type_ == CKA_WRAP_TEMPLATE {
                len = 0; // what it would hold is pointers
            }
            let value = self.values[i].as_mut_ptr().cast();
            self.template.push(CK_ATTRIBUTE {
                type_,
                pValue: if self.random.below(20) == 0 {
                    ptr::null_mut()
                } else {
                    value
                },
                ulValueLen: len,
            });
        }
        match self.random.below(20) {
            0 => (ptr::null_mut(), count as CK_ULONG),
            1 => (self.template.as_mut_ptr(), 0),
            _ => (self.template.as_mut_ptr(), count as CK_ULONG),
        }
    }

    fn mech(&mut self) -> *mut CK_MECHANISM {
        static ZEROS: [u64; 16] = [0; 16];
        const MECHANISMS: [CK_MECHANISM_TYPE; 16] = [
            CKM_ECDSA,
            CKM_ECDSA,
            CKM_ECDSA_SHA256,
            CKM_ECDSA_SHA512,
            CKM_EDDSA,
            CKM_EDDSA,
            CKM_SHA256,
            CKM_SHA512,
            CKM_EC_KEY_PAIR_GEN,
            CKM_EC_EDWARDS_KEY_PAIR_GEN,
            CKM_AES_KEY_GEN,
            CKM_GENERIC_SECRET_KEY_GEN,
            CKM_AES_GCM,
            CKM_AES_CBC,
            CKM_ECDH1_DERIVE,
            0x7777,
        ];
        let zeros = ZEROS.as_ptr().cast_mut().cast();
        self.mech.mechanism = self.random.of(&MECHANISMS);
        (self.mech.pParameter, self.mech.ulParameterLen) = match self.random.below(10) {
            0 => (zeros, self.random.of(&[0, 1, 8, 12, 16, 24, 40, 48, 128])),
            1 => (ptr::null_mut(), 16),
            _ => (ptr::null_mut(), 0),
        };
        if self.random.below(25) == 0 {
            ptr::null_mut()
        } else {
            &raw mut self.mech
        }
    }
}

fn fuzz(place: Arc<Place>) {
    let seed: u64 = child::hear().unwrap().parse().unwrap();
    // SAFETY: a call that hangs ends the process, and so fails the test.
    unsafe { libc::alarm(120) };
    let token = Token::at(&place);
    let s = token.user();
    let mut world = World {
        random: Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)),
        sessions: vec![s, token.rw(), token.ro()],
        objects: Vec::new(),
        buffer: [7; ROOM + GUARD.len()],
        out: [0; ROOM + GUARD.len()],
        len: 0,
        values: [[0; 72]; 6],
        template: Vec::with_capacity(8),
        mech: CK_MECHANISM {
            mechanism: 0,
            pParameter: ptr::null_mut(),
            ulParameterLen: 0,
        },
    };
    world.out[ROOM..].copy_from_slice(&GUARD);
    for curve in ALL {
        let (public, private) = token.keys(s, &curve);
        world.objects.extend([public, private]);
    }
    for n in 0..CALLS {
        let function = world.random.below(46);
        if n % 100 == 0 {
            child::say(&format!("call {n}"));
        }
        call(&token, &mut world, function);
        assert_eq!(world.out[ROOM..], GUARD, "call {n} of function {function}");
        if world.sessions.len() < 3 || world.random.below(50) == 0 {
            if let Ok(session) = token.open_rw(token.slot) {
                world.sessions.push(session);
            }
            if world.sessions.len() > 12 {
                world.sessions.remove(0);
            }
        }
        if world.objects.len() > 60 {
            world.objects.drain(10..30);
        }
    }
    token.finalize().unwrap();
    token.initialize().unwrap();
    let s = token.rw();
    if token.login(s, CKU_USER, USER_PIN).is_ok() {
        let (_, key) = token.keys(s, &P256);
        token.sign(s, CKM_ECDSA, key, &[1; 32]).unwrap();
    }
    child::say("done");
}

/// One random call. What it answers does not matter here.
fn call(token: &Token, w: &mut World, function: usize) {
    let s = w.session();
    let key = w.object();
    let (input, n) = w.input();
    let mut handle = 0;
    let mut second = 0;
    let slot = w.random.of(&[token.slot, token.slot, 1, 99, CK_ULONG::MAX]);
    let user = w
        .random
        .of(&[CKU_USER, CKU_USER, CKU_SO, CKU_CONTEXT_SPECIFIC, 9]);
    let (out, len) = w.output();
    // An update or a final must not be given more room than there is.
    let answer = match function {
        0 => c!(token, C_GetSlotInfo, slot, ptr::null_mut()),
        1 => token.token_info(slot).map(drop),
        2 => token.mechanisms(slot).map(drop),
        3 => token
            .open(slot, w.random.of(&[0, 2, 4, 6, CK_ULONG::MAX]))
            .map(drop),
        4 if w.random.below(8) == 0 => token.close(s),
        5 => token.session_info(s).map(drop),
        6 => c!(token, C_Login, s, user, input, n),
        7 if w.random.below(8) == 0 => token.logout(s),
        8 => c!(token, C_InitPIN, w.random.next(), input, n),
        9 => {
            let (t, count) = w.template();
            c!(token, C_CreateObject, s, t, count, &mut handle)
        }
        10 => {
            let (t, count) = w.template();
            c!(token, C_CopyObject, s, key, t, count, &mut handle)
        }
        11 if w.random.below(4) == 0 => token.destroy(s, key),
        12 => c!(token, C_GetObjectSize, s, key, &mut second),
        13 | 14 => {
            let (t, count) = w.template();
            c!(token, C_GetAttributeValue, s, key, t, count)
        }
        15 => {
            let (t, count) = w.template();
            c!(token, C_SetAttributeValue, s, key, t, count)
        }
        16 => {
            let (t, count) = w.template();
            c!(token, C_FindObjectsInit, s, t, count)
        }
        17 => c!(token, C_FindObjects, s, out.cast(), 8, &mut second),
        18 => token.find_final(s),
        19 => c!(token, C_DigestInit, s, w.mech()),
        20 => c!(token, C_Digest, s, input, n, out, len),
        21 => c!(token, C_DigestUpdate, s, input, n),
        22 => c!(token, C_DigestKey, s, key),
        23 => c!(token, C_DigestFinal, s, out, len),
        24 | 25 => c!(token, C_SignInit, s, w.mech(), key),
        26 | 27 => c!(token, C_Sign, s, input, n, out, len),
        28 => c!(token, C_SignUpdate, s, input, n),
        29 => c!(token, C_SignFinal, s, out, len),
        30 | 31 => c!(token, C_VerifyInit, s, w.mech(), key),
        32 => c!(token, C_Verify, s, input, n, w.buffer.as_mut_ptr(), 64),
        33 => c!(token, C_VerifyUpdate, s, input, n),
        34 => c!(token, C_VerifyFinal, s, input, n),
        35 => {
            let (t, count) = w.template();
            c!(token, C_GenerateKey, s, w.mech(), t, count, &mut handle)
        }
        36 => {
            let (t, count) = w.template();
            let mech = w.mech();
            c!(
                token,
                C_GenerateKeyPair,
                s,
                mech,
                t,
                count,
                t,
                count,
                &mut handle,
                &mut second
            )
        }
        37 => c!(token, C_WrapKey, s, w.mech(), key, w.objects[0], out, len),
        38 => {
            let (t, count) = w.template();
            c!(
                token,
                C_UnwrapKey,
                s,
                w.mech(),
                key,
                input,
                n,
                t,
                count,
                &mut handle
            )
        }
        39 => {
            let (t, count) = w.template();
            c!(token, C_DeriveKey, s, w.mech(), key, t, count, &mut handle)
        }
        40 => c!(token, C_EncryptInit, s, w.mech(), key),
        41 => c!(token, C_Encrypt, s, input, n, out, len),
        42 => c!(token, C_DecryptInit, s, w.mech(), key),
        43 => c!(token, C_Decrypt, s, input, n, out, len),
        44 => c3!(token, C_SessionCancel, s, w.random.next()),
        _ => c!(token, C_GetOperationState, s, out, len),
    };
    if answer.is_ok() {
        w.objects.extend([handle].into_iter().filter(|h| *h != 0));
    }
}
