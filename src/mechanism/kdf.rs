//! Keys from passwords (PBKDF2: PKCS#11 v3.1 section 6.37, RFC 8018) and from keys (HKDF: RFC 5869).

use std::mem::{offset_of, size_of};

use hmac::EagerHash;
use pbkdf2::pbkdf2_hmac;
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512, Sha512_224, Sha512_256};
use zeroize::Zeroizing;

use super::{DeriveInput, Derived, Field, FieldValue, Mechanism, Ops, Params, Protection, Shape};
use crate::{
    attribute::Template,
    env::Entropy,
    error::{Error, Result},
    key::Key,
    pkcs11::*,
    secret::SecretBytes,
};

/// The rows of the family.
pub const TABLE: &[Mechanism] = &[
    Mechanism {
        id: CKM_PKCS5_PBKD2,
        keys: &[],
        size: (0, 0),
        param: PBKDF2_PARAMS,
        flags: 0,
        ops: Ops {
            generate: Some(pbkdf2),
            ..Ops::NONE
        },
    },
    hkdf_row::<CKM_HKDF_DERIVE>(),
    hkdf_row::<CKM_HKDF_DATA>(),
];

const fn hkdf_row<const M: CK_MECHANISM_TYPE>() -> Mechanism {
    Mechanism {
        id: M,
        keys: &[CKK_GENERIC_SECRET, CKK_HKDF],
        size: (1, MAX_LEN as CK_ULONG),
        param: HKDF_PARAMS,
        flags: 0,
        ops: Ops {
            derive: Some(hkdf_derive::<M>),
            ..Ops::NONE
        },
    }
}

/// Longest key in bytes that is made here.
const MAX_LEN: usize = 4096;

/// `CK_PKCS5_PBKD2_PARAMS2`. The older `CK_PKCS5_PBKD2_PARAMS` has the same size, but a pointer in
/// the place of the password's length. No address is as small as the longest password, so such a
/// parameter is refused, and nothing behind the pointer is looked at.
const PBKDF2_PARAMS: Shape = Shape::Struct {
    size: size_of::<CK_PKCS5_PBKD2_PARAMS2>(),
    fields: &[
        Field::Ulong(offset_of!(CK_PKCS5_PBKD2_PARAMS2, saltSource)),
        Field::Bytes {
            ptr: offset_of!(CK_PKCS5_PBKD2_PARAMS2, pSaltSourceData),
            len: offset_of!(CK_PKCS5_PBKD2_PARAMS2, ulSaltSourceDataLen),
        },
        Field::Ulong(offset_of!(CK_PKCS5_PBKD2_PARAMS2, iterations)),
        Field::Ulong(offset_of!(CK_PKCS5_PBKD2_PARAMS2, prf)),
        Field::Bytes {
            ptr: offset_of!(CK_PKCS5_PBKD2_PARAMS2, pPrfData),
            len: offset_of!(CK_PKCS5_PBKD2_PARAMS2, ulPrfDataLen),
        },
        Field::Secret {
            ptr: offset_of!(CK_PKCS5_PBKD2_PARAMS2, pPassword),
            len: offset_of!(CK_PKCS5_PBKD2_PARAMS2, ulPasswordLen),
            max: 4095,
        },
    ],
    optional: false,
};

/// `CK_HKDF_PARAMS` without `hSaltKey`.
const HKDF_PARAMS: Shape = Shape::Struct {
    size: size_of::<CK_HKDF_PARAMS>(),
    fields: &[
        Field::Bool(offset_of!(CK_HKDF_PARAMS, bExtract)),
        Field::Bool(offset_of!(CK_HKDF_PARAMS, bExpand)),
        Field::Ulong(offset_of!(CK_HKDF_PARAMS, prfHashMechanism)),
        Field::Ulong(offset_of!(CK_HKDF_PARAMS, ulSaltType)),
        Field::Bytes {
            ptr: offset_of!(CK_HKDF_PARAMS, pSalt),
            len: offset_of!(CK_HKDF_PARAMS, ulSaltLen),
        },
        Field::Bytes {
            ptr: offset_of!(CK_HKDF_PARAMS, pInfo),
            len: offset_of!(CK_HKDF_PARAMS, ulInfoLen),
        },
    ],
    optional: false,
};

fn pbkdf2(params: &Params, template: &Template, _entropy: &dyn Entropy) -> Result<Template> {
    let invalid = || Error::MechanismParamInvalid(CKM_PKCS5_PBKD2);
    let Params::Struct(fields) = params else {
        return Err(invalid());
    };
    let [
        FieldValue::Ulong(CKZ_SALT_SPECIFIED),
        FieldValue::Bytes(salt),
        FieldValue::Ulong(iterations),
        FieldValue::Ulong(prf),
        FieldValue::Bytes(prf_data),
        FieldValue::Secret(password),
    ] = fields.as_slice()
    else {
        return Err(invalid());
    };
    let run: fn(&[u8], &[u8], u32, &mut [u8]) = match *prf {
        CKP_PKCS5_PBKD2_HMAC_SHA1 => pbkdf2_hmac::<Sha1>,
        CKP_PKCS5_PBKD2_HMAC_SHA224 => pbkdf2_hmac::<Sha224>,
        CKP_PKCS5_PBKD2_HMAC_SHA256 => pbkdf2_hmac::<Sha256>,
        CKP_PKCS5_PBKD2_HMAC_SHA384 => pbkdf2_hmac::<Sha384>,
        CKP_PKCS5_PBKD2_HMAC_SHA512 => pbkdf2_hmac::<Sha512>,
        CKP_PKCS5_PBKD2_HMAC_SHA512_224 => pbkdf2_hmac::<Sha512_224>,
        CKP_PKCS5_PBKD2_HMAC_SHA512_256 => pbkdf2_hmac::<Sha512_256>,
        _ => return Err(invalid()),
    };
    let iterations = u32::try_from(*iterations).map_err(|_| invalid())?;
    if iterations == 0 || !prf_data.is_empty() {
        return Err(invalid());
    }
    let len = value_len(template)?.ok_or(Error::TemplateIncomplete(CKA_VALUE_LEN))?;
    let key = SecretBytes::new_with(len, |out| -> Result<()> {
        password.expose(|password| run(password, salt, iterations, out));
        Ok(())
    })?;
    Ok(secret_key(template, key))
}

fn hkdf_derive<const M: CK_MECHANISM_TYPE>(
    input: &DeriveInput<'_>,
    params: &mut Params,
) -> Result<Vec<Derived>> {
    let invalid = || Error::MechanismParamInvalid(M);
    let Params::Struct(fields) = params else {
        return Err(invalid());
    };
    let [
        FieldValue::Bool(extract),
        FieldValue::Bool(expand),
        FieldValue::Ulong(hash),
        FieldValue::Ulong(salt_type),
        FieldValue::Bytes(salt),
        FieldValue::Bytes(info),
    ] = fields.as_slice()
    else {
        return Err(invalid());
    };
    let run: Hkdf = match *hash {
        CKM_SHA_1 => hkdf::<Sha1>,
        CKM_SHA224 => hkdf::<Sha224>,
        CKM_SHA256 => hkdf::<Sha256>,
        CKM_SHA384 => hkdf::<Sha384>,
        CKM_SHA512 => hkdf::<Sha512>,
        CKM_SHA512_224 => hkdf::<Sha512_224>,
        CKM_SHA512_256 => hkdf::<Sha512_256>,
        _ => return Err(invalid()),
    };
    let salt = match (*extract, *salt_type) {
        (false, _) if *expand => None,
        (true, CKF_HKDF_SALT_NULL) => Some([].as_slice()),
        (true, CKF_HKDF_SALT_DATA) => Some(salt.as_slice()),
        _ => return Err(invalid()),
    };
    let Key::Secret(base) = input.key else {
        return Err(Error::KeyTypeInconsistent);
    };
    let len = value_len(input.template)?;
    let info = expand.then_some(info.as_slice());
    let made = base.expose(|base| run(base, salt, info, len))?;
    let derived = if M == CKM_HKDF_DATA {
        let mut template = input.template.clone();
        template.remove(CKA_VALUE_LEN);
        let value = made.expose(<[u8]>::to_vec);
        Derived {
            template: Some(template),
            computed: Template::new()
                .with(CKA_CLASS, CKO_DATA)
                .with(CKA_VALUE, value),
            handle_field: None,
            protection: Protection::Template,
        }
    } else {
        Derived {
            template: None,
            computed: secret_key(input.template, made).with(CKA_CLASS, CKO_SECRET_KEY),
            handle_field: None,
            protection: Protection::Template,
        }
    };
    Ok(vec![derived])
}

/// HKDF with one hash: of a key, with a salt, an info and the length that is wanted.
type Hkdf = fn(&[u8], Option<&[u8]>, Option<&[u8]>, Option<usize>) -> Result<SecretBytes>;

/// Extracts where there is a salt (an empty one is the default) and expands where there is an info.
fn hkdf<H: EagerHash>(
    key: &[u8],
    salt: Option<&[u8]>,
    info: Option<&[u8]>,
    len: Option<usize>,
) -> Result<SecretBytes> {
    let prk = salt.map(|salt| {
        let mut extract = hkdf::HkdfExtract::<H>::new(Some(salt));
        extract.input_ikm(key);
        Zeroizing::new(extract.finalize().0.to_vec())
    });
    let prk = prk.as_ref().map_or(key, |prk| prk.as_slice());
    let Some(info) = info else {
        return match len {
            Some(len) if len != prk.len() => Err(Error::TemplateInconsistent(CKA_VALUE_LEN)),
            _ => Ok(SecretBytes::copy_from(prk)),
        };
    };
    let len = len.ok_or(Error::TemplateIncomplete(CKA_VALUE_LEN))?;
    let expand = hkdf::Hkdf::<H>::from_prk(prk).map_err(|_| Error::KeySizeRange)?;
    SecretBytes::new_with(len, |out| expand.expand(info, out)).map_err(|_| Error::KeySizeRange)
}

/// `CKA_VALUE_LEN` of a template.
pub(super) fn value_len(template: &Template) -> Result<Option<usize>> {
    let len = template.ulong(CKA_VALUE_LEN).map(usize::try_from);
    match len {
        None => Ok(None),
        Some(Ok(len)) if (1..=MAX_LEN).contains(&len) => Ok(Some(len)),
        Some(_) => Err(Error::AttributeValueInvalid(CKA_VALUE_LEN)),
    }
}

/// The key material of a new secret key, a generic one unless the template says otherwise.
pub(super) fn secret_key(template: &Template, value: SecretBytes) -> Template {
    let key_type = template.ulong(CKA_KEY_TYPE).unwrap_or(CKK_GENERIC_SECRET);
    Template::new()
        .with(CKA_KEY_TYPE, key_type)
        .with(CKA_VALUE, value)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        env::OsEntropy,
        mechanism::known_answers::{Case, cases, registered, secret},
    };

    const VECTORS: &str = include_str!("../../tests/vectors/kdf.txt");

    fn pbkdf2_params(salt: &[u8], iterations: CK_ULONG, prf: CK_ULONG, password: &[u8]) -> Params {
        Params::Struct(vec![
            FieldValue::Ulong(CKZ_SALT_SPECIFIED),
            FieldValue::Bytes(salt.to_vec()),
            FieldValue::Ulong(iterations),
            FieldValue::Ulong(prf),
            FieldValue::Bytes(vec![]),
            FieldValue::Secret(Arc::new(SecretBytes::copy_from(password))),
        ])
    }

    fn template(len: usize) -> Template {
        Template::new().with(CKA_VALUE_LEN, CK_ULONG::try_from(len).unwrap())
    }

    fn value(made: &Template) -> Vec<u8> {
        made.get(CKA_VALUE).unwrap().expose(<[u8]>::to_vec)
    }

    fn hkdf_params(
        steps: (bool, bool),
        hash: CK_ULONG,
        salt: Option<&[u8]>,
        info: &[u8],
    ) -> Params {
        let salt_type = salt.map_or(CKF_HKDF_SALT_NULL, |_| CKF_HKDF_SALT_DATA);
        Params::Struct(vec![
            FieldValue::Bool(steps.0),
            FieldValue::Bool(steps.1),
            FieldValue::Ulong(hash),
            FieldValue::Ulong(salt_type),
            FieldValue::Bytes(salt.unwrap_or_default().to_vec()),
            FieldValue::Bytes(info.to_vec()),
        ])
    }

    fn derived<const M: CK_MECHANISM_TYPE>(
        base: &[u8],
        template: &Template,
        mut params: Params,
    ) -> Result<Derived> {
        let input = DeriveInput {
            key: &secret(base),
            base: &Template::new(),
            template,
            entropy: &OsEntropy,
        };
        let derive = registered(M).ops.derive.unwrap();
        Ok(derive(&input, &mut params)?.pop().unwrap())
    }

    fn hash(case: &Case<'_>) -> CK_MECHANISM_TYPE {
        match case.text("hash") {
            "SHA_1" => CKM_SHA_1,
            "SHA224" => CKM_SHA224,
            "SHA256" => CKM_SHA256,
            "SHA384" => CKM_SHA384,
            "SHA512" => CKM_SHA512,
            "SHA512_224" => CKM_SHA512_224,
            "SHA512_256" => CKM_SHA512_256,
            other => panic!("{other}"),
        }
    }

    fn check_pbkdf2(case: &Case<'_>) {
        let params = pbkdf2_params(
            &case.hex("salt"),
            case.number("iterations"),
            case.number("prf"),
            &case.hex("password"),
        );
        let key = case.hex("key");
        let made = pbkdf2(&params, &template(key.len()), &OsEntropy).unwrap();
        assert_eq!(value(&made), key);
        assert_eq!(made.ulong(CKA_KEY_TYPE), Some(CKK_GENERIC_SECRET));
    }

    fn check_hkdf(case: &Case<'_>) {
        let (base, prk, key) = (case.hex("base"), case.hex("prk"), case.hex("key"));
        let (salt, info) = (case.opt_hex("salt"), case.hex("info"));
        let params = |steps| hkdf_params(steps, hash(case), salt.as_deref(), &info);
        let template = template(key.len());

        let both = derived::<CKM_HKDF_DERIVE>(&base, &template, params((true, true))).unwrap();
        assert_eq!(value(&both.computed), key);
        assert_eq!(both.computed.ulong(CKA_CLASS), Some(CKO_SECRET_KEY));
        let extract = params((true, false));
        let extract = derived::<CKM_HKDF_DERIVE>(&base, &Template::new(), extract).unwrap();
        assert_eq!(value(&extract.computed), prk);
        let expand = params((false, true));
        let expand = derived::<CKM_HKDF_DERIVE>(&prk, &template, expand).unwrap();
        assert_eq!(value(&expand.computed), key);
        let data = derived::<CKM_HKDF_DATA>(&base, &template, params((true, true))).unwrap();
        assert_eq!(value(&data.computed), key);
        assert_eq!(data.computed.ulong(CKA_CLASS), Some(CKO_DATA));
        assert!(!data.template.unwrap().has(CKA_VALUE_LEN));
    }

    #[test]
    fn known_answers() {
        for case in cases(VECTORS) {
            match case.text("mechanism") {
                "PKCS5_PBKD2" => check_pbkdf2(&case),
                "HKDF_DERIVE" => check_hkdf(&case),
                other => panic!("{other}"),
            }
        }
    }

    #[test]
    fn a_password_makes_a_key_of_the_type_that_the_template_names() {
        let template = template(32).with(CKA_KEY_TYPE, CKK_AES);
        let params = pbkdf2_params(b"salt", 1, CKP_PKCS5_PBKD2_HMAC_SHA256, b"password");
        let made = pbkdf2(&params, &template, &OsEntropy).unwrap();
        assert_eq!(made.ulong(CKA_KEY_TYPE), Some(CKK_AES));
    }

    #[test]
    fn parameters_that_mean_nothing_are_refused() {
        let invalid = Error::MechanismParamInvalid(CKM_PKCS5_PBKD2);
        let refused = |params: &Params| pbkdf2(params, &template(32), &OsEntropy).unwrap_err();
        assert_eq!(refused(&Params::None), invalid);
        for (iterations, prf) in [(0, 4), (1 << 33, 4), (1, 0), (1, 2), (1, 9)] {
            assert_eq!(
                refused(&pbkdf2_params(b"salt", iterations, prf, b"pw")),
                invalid
            );
        }
        let Params::Struct(mut fields) = pbkdf2_params(b"salt", 1, 4, b"pw") else {
            panic!();
        };
        fields[0] = FieldValue::Ulong(2);
        assert_eq!(refused(&Params::Struct(fields.clone())), invalid);
        fields[0] = FieldValue::Ulong(CKZ_SALT_SPECIFIED);
        fields[4] = FieldValue::Bytes(vec![0]);
        assert_eq!(refused(&Params::Struct(fields)), invalid);

        let invalid = Error::MechanismParamInvalid(CKM_HKDF_DERIVE);
        for (steps, hash) in [
            ((false, false), CKM_SHA256),
            ((true, true), CKM_SHA256_HMAC),
        ] {
            let params = hkdf_params(steps, hash, None, &[]);
            let error = derived::<CKM_HKDF_DERIVE>(&[1; 32], &template(32), params);
            assert_eq!(error.unwrap_err(), invalid);
        }
        let Params::Struct(mut fields) = hkdf_params((true, true), CKM_SHA256, None, &[]) else {
            panic!();
        };
        fields[3] = FieldValue::Ulong(CKF_HKDF_SALT_KEY);
        let error = derived::<CKM_HKDF_DERIVE>(&[1; 32], &template(32), Params::Struct(fields));
        assert_eq!(error.unwrap_err(), invalid);
    }

    #[test]
    fn lengths_that_cannot_be_are_refused() {
        let params = pbkdf2_params(b"salt", 1, CKP_PKCS5_PBKD2_HMAC_SHA256, b"password");
        let error = pbkdf2(&params, &Template::new(), &OsEntropy).unwrap_err();
        assert_eq!(error, Error::TemplateIncomplete(CKA_VALUE_LEN));
        for len in [0, MAX_LEN + 1, usize::MAX] {
            let error = pbkdf2(&params, &template(len), &OsEntropy).unwrap_err();
            assert_eq!(error, Error::AttributeValueInvalid(CKA_VALUE_LEN));
        }
        let hkdf = |steps, base: &[u8], template| {
            let params = hkdf_params(steps, CKM_SHA256, None, &[]);
            derived::<CKM_HKDF_DERIVE>(base, &template, params).unwrap_err()
        };
        assert_eq!(
            hkdf((true, true), &[1; 32], Template::new()),
            Error::TemplateIncomplete(CKA_VALUE_LEN)
        );
        assert_eq!(
            hkdf((true, false), &[1; 32], template(31)),
            Error::TemplateInconsistent(CKA_VALUE_LEN)
        );
        // A key too short to be expanded.
        assert_eq!(
            hkdf((false, true), &[1; 31], template(32)),
            Error::KeySizeRange
        );
    }

    #[test]
    fn an_old_layouts_pointer_is_longer_than_any_password() {
        let Shape::Struct { fields, size, .. } = PBKDF2_PARAMS else {
            panic!();
        };
        assert_eq!(size, size_of::<CK_PKCS5_PBKD2_PARAMS>());
        let at = offset_of!(CK_PKCS5_PBKD2_PARAMS, ulPasswordLen);
        assert!(fields.iter().any(
            |field| matches!(field, Field::Secret { len, max, .. } if *len == at && *max < 4096)
        ));
    }
}
