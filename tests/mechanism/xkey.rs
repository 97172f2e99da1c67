//! Extended keys as text: export, import, and the form in which they are wrapped.

use crate::support::{hd::*, *};

/// BIP-32, test vector 1.
const SEED: &str = "000102030405060708090a0b0c0d0e0f";
const XPRV: &str = "xprv9uHRZZhk6KAJC1avXpDAp4MDc3sQKNxDiPvvkX8Br5ngLNv1TxvUxt4cV1rGL5hj6KCesnDYUhd7oWgT11eZG7XnxHrnYeSvkzY7d2bhkJ7";
const XPUB: &str = "xpub68Gmy5EdvgibQVfPdqkBBCHxA5htiqg55crXYuXoQRKfDBFA1WEjWgP6LHhwBZeNK1VTsfTFUHCdrfp1bgwQ9xv5ski8PX9rL2dZXvgGDnw";

fn open() -> Template {
    Template::new()
        .bool(CKA_SENSITIVE, false)
        .bool(CKA_EXTRACTABLE, true)
}

fn key_pair(token: &Token, s: CK_SESSION_HANDLE) -> Pair {
    let seed = token.seed(s, &unhex(SEED));
    let (_, master) = token.bip32_master(s, seed, None, Some(&open())).unwrap();
    token
        .bip32_child(s, master, &[HARD], Some(&Template::new()), Some(&open()))
        .unwrap()
}

fn aes(token: &Token, s: CK_SESSION_HANDLE) -> CK_OBJECT_HANDLE {
    let template = Template::class(CKO_SECRET_KEY).ulong(CKA_VALUE_LEN, 32);
    token.generate(s, CKM_AES_KEY_GEN, &template).unwrap()
}

#[test]
fn a_private_key_is_wrapped_as_text_of_112_bytes() {
    let token = Token::new();
    let s = token.user();
    let (_, private) = key_pair(&token, s);
    let kek = aes(&token, s);
    for mechanism in [CKM_AES_KEY_WRAP, CKM_AES_KEY_WRAP_KWP, CKM_AES_KEY_WRAP_PAD] {
        let wrapped = token.wrap(s, mechanism, kek, private).unwrap();
        assert_eq!(wrapped.len(), 112 + 8);
        // What is inside, seen by taking it for plain bytes.
        let data = Template::class(CKO_SECRET_KEY)
            .ulong(CKA_KEY_TYPE, CKK_GENERIC_SECRET)
            .bool(CKA_SENSITIVE, false);
        let inside = token
            .unwrap_key(s, mechanism, kek, &wrapped, &data)
            .unwrap();
        let text = token.get(s, inside, CKA_VALUE).unwrap();
        assert_eq!(&text[..111], XPRV.as_bytes());
        assert_eq!(text[111..], [0]);
        for template in [
            open(),
            open().ulong(CKA_KEY_TYPE, CKK_BIP32),
            Template::class(CKO_PRIVATE_KEY).ulong(CKA_KEY_TYPE, CKK_BIP32),
        ] {
            let key = token
                .unwrap_key(s, mechanism, kek, &wrapped, &template)
                .unwrap();
            assert_eq!(token.get_ulong(s, key, CKA_CLASS), CKO_PRIVATE_KEY);
            assert_eq!(token.get_ulong(s, key, CKA_KEY_TYPE), CKK_BIP32);
            assert_eq!(token.get_ulong(s, key, CKA_BIP32_CHILD_DEPTH), 1);
            assert_eq!(token.get_ulong(s, key, CKA_BIP32_CHILD_INDEX), HARD);
            assert_eq!(token.xpub(s, key).unwrap(), XPUB);
            // It goes on deriving.
            token
                .bip32_child(s, key, &[1], None, Some(&Template::new()))
                .unwrap();
        }
    }
}

#[test]
fn only_a_valid_text_is_unwrapped() {
    let token = Token::new();
    let s = token.user();
    let kek = aes(&token, s);
    let wrap = |text: &str| {
        let mut padded = text.as_bytes().to_vec();
        padded.resize(112, 0);
        let secret = token.seed(s, &padded);
        token.wrap(s, CKM_AES_KEY_WRAP, kek, secret).unwrap()
    };
    let typed = open().ulong(CKA_KEY_TYPE, CKK_BIP32);
    let good = wrap(XPRV);
    token
        .unwrap_key(s, CKM_AES_KEY_WRAP, kek, &good, &typed)
        .unwrap();
    let mut wrong = XPRV.to_owned();
    wrong.replace_range(20..21, "z");
    for text in [XPUB, wrong.as_str(), "", "not a key"] {
        let wrapped = wrap(text);
        assert_rv(
            token.unwrap_key(s, CKM_AES_KEY_WRAP, kek, &wrapped, &typed),
            CKR_WRAPPED_KEY_INVALID,
        );
    }
}

#[test]
fn wrapping_keeps_to_the_rules() {
    let token = Token::new();
    let s = token.user();
    let (public, private) = key_pair(&token, s);
    let kek = aes(&token, s);
    assert_rv(
        token.wrap(s, CKM_AES_KEY_WRAP, kek, public),
        CKR_KEY_NOT_WRAPPABLE,
    );
    let closed = token
        .bip32_child(s, private, &[0], None, Some(&Template::new()))
        .unwrap()
        .1;
    assert_rv(
        token.wrap(s, CKM_AES_KEY_WRAP, kek, closed),
        CKR_KEY_UNEXTRACTABLE,
    );
}

type Import = unsafe extern "C" fn(
    CK_SESSION_HANDLE,
    *const u8,
    CK_ULONG,
    *mut CK_ATTRIBUTE,
    CK_ULONG,
    *mut CK_OBJECT_HANDLE,
) -> CK_RV;

fn import(
    token: &Token,
    s: CK_SESSION_HANDLE,
    text: &[u8],
    t: &Template,
) -> Outcome<CK_OBJECT_HANDLE> {
    let import: Import = token.symbol("CA_Bip32ImportPublicKey");
    let mut raw = t.raw();
    let mut key = 0;
    let (at, n) = (raw.as_mut_ptr(), raw.len() as CK_ULONG);
    // SAFETY: all pointers lead to what their counts say.
    module::outcome(unsafe { import(s, text.as_ptr(), text.len() as CK_ULONG, at, n, &mut key) })?;
    Ok(key)
}

#[test]
fn public_keys_come_and_go_as_text() {
    let token = Token::new();
    let s = token.user();
    let (public, private) = key_pair(&token, s);
    assert_eq!(token.xpub(s, public).unwrap(), XPUB);
    assert_eq!(token.xpub(s, private).unwrap(), XPUB);
    let template = Template::new()
        .token(true)
        .bool(CKA_DERIVE, true)
        .label("watch");
    for text in [XPUB.as_bytes().to_vec(), [XPUB.as_bytes(), &[0]].concat()] {
        let key = import(&token, s, &text, &template).unwrap();
        assert_eq!(token.xpub(s, key).unwrap(), XPUB);
        assert_eq!(
            token.get(s, key, CKA_EC_POINT),
            token.get(s, public, CKA_EC_POINT)
        );
        let ours = token
            .bip32_child(s, key, &[1], Some(&Template::new()), None)
            .unwrap();
        let theirs = token
            .bip32_child(
                s,
                public_base(&token, s),
                &[1],
                Some(&Template::new()),
                None,
            )
            .unwrap();
        assert_eq!(token.xpub(s, ours.0), token.xpub(s, theirs.0));
    }
    for text in [XPRV, "", "xpub", &XPUB[..110]] {
        assert_rv(
            import(&token, s, text.as_bytes(), &template),
            CKR_DATA_INVALID,
        );
    }
    let (plain, _) = token.keys(s, &curve::SECP256K1);
    assert_rv(token.xpub(s, plain), CKR_KEY_TYPE_INCONSISTENT);
    assert_rv(token.xpub(s, 0xFFFF), CKR_KEY_HANDLE_INVALID);
}

fn public_base(token: &Token, s: CK_SESSION_HANDLE) -> CK_OBJECT_HANDLE {
    let seed = token.seed(s, &unhex(SEED));
    let (_, master) = token.bip32_master(s, seed, None, Some(&open())).unwrap();
    let derive = Template::new().bool(CKA_DERIVE, true);
    token
        .bip32_child(s, master, &[HARD], Some(&derive), None)
        .unwrap()
        .0
}

#[test]
fn the_length_is_answered_first() {
    let token = Token::new();
    let s = token.user();
    let (public, _) = key_pair(&token, s);
    type Export =
        unsafe extern "C" fn(CK_SESSION_HANDLE, CK_ULONG, *mut u8, *mut CK_ULONG) -> CK_RV;
    let export: Export = token.symbol("CA_Bip32ExportPublicKey");
    let mut len = 0;
    // SAFETY: NULL asks for the length.
    module::outcome(unsafe { export(s, public, std::ptr::null_mut(), &mut len) }).unwrap();
    assert_eq!(len, 111);
    let mut short = [0xEE_u8; 110];
    len = 110;
    // SAFETY: the buffer is as long as it says.
    let outcome = module::outcome(unsafe { export(s, public, short.as_mut_ptr(), &mut len) });
    assert_rv(outcome, CKR_BUFFER_TOO_SMALL);
    assert_eq!(len, 111);
    assert_eq!(short, [0xEE; 110]);
}
