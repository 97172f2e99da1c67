//! Shapes walked in memory, good and hostile.

use std::mem::offset_of;

use super::*;

const ID: CK_MECHANISM_TYPE = CKM_BC_SCHNORR_BIP340;

fn walk_value<T>(shape: Shape, value: &mut T) -> Result<Params> {
    let len = size_of::<T>() as CK_ULONG;
    // SAFETY: the value lives, and so does what it points to.
    unsafe { walk(ID, shape, ptr::from_mut(value).cast(), len) }
}

fn invalid(outcome: Result<Params>) -> bool {
    outcome.is_err_and(|e| e == Error::MechanismParamInvalid(ID))
}

#[test]
fn lengths_must_fit_the_shape() {
    let bytes = [7_u8; 5];
    let walk = |shape, parameter: *const u8, len| {
        // SAFETY: a length over five is refused before anything is read.
        unsafe { walk(ID, shape, parameter, len) }
    };
    let four = Shape::Bytes { min: 4, max: 4 };
    let any = Shape::Bytes { min: 0, max: 4 };
    let structure = |optional| Shape::Struct {
        size: 8,
        fields: &[],
        optional,
    };
    let given = bytes.as_ptr();
    let null = ptr::null();
    assert!(matches!(walk(Shape::None, null, 0), Ok(Params::None)));
    assert!(matches!(walk(Shape::None, given, 0), Ok(Params::None)));
    assert!(matches!(walk(any, null, 0), Ok(Params::None)));
    assert!(matches!(walk(any, given, 4), Ok(Params::Bytes(b)) if b == [7; 4]));
    assert!(matches!(walk(structure(true), null, 0), Ok(Params::None)));
    for (shape, parameter, len) in [
        (Shape::None, given, 1),
        (Shape::None, null, 1),
        (four, null, 0),
        (four, null, 4),
        (four, given, 3),
        (four, given, 5),
        (any, given, 5),
        (any, given, CK_ULONG::MAX),
        (structure(false), null, 0),
        (structure(true), null, 8),
        (structure(true), given, 5),
        (structure(true), given, 9),
    ] {
        assert!(invalid(walk(shape, parameter, len)), "{shape:?} {len}");
    }
}

const SCHNORR: Shape = Shape::Struct {
    size: size_of::<CK_BC_SCHNORR_PARAMS>(),
    fields: &[
        Field::Ulong(offset_of!(CK_BC_SCHNORR_PARAMS, flags)),
        Field::Bytes {
            ptr: offset_of!(CK_BC_SCHNORR_PARAMS, pAuxRand),
            len: offset_of!(CK_BC_SCHNORR_PARAMS, ulAuxRandLen),
        },
        Field::Secret {
            ptr: offset_of!(CK_BC_SCHNORR_PARAMS, pMerkleRoot),
            len: offset_of!(CK_BC_SCHNORR_PARAMS, ulMerkleRootLen),
            max: 32,
        },
    ],
    optional: true,
};

#[test]
fn fields_are_copied_out() {
    let (mut random, mut root) = ([1_u8; 32], [2_u8; 4]);
    let mut given = CK_BC_SCHNORR_PARAMS {
        flags: 3,
        pAuxRand: random.as_mut_ptr(),
        ulAuxRandLen: 32,
        pMerkleRoot: root.as_mut_ptr(),
        ulMerkleRootLen: 4,
    };
    let Ok(Params::Struct(fields)) = walk_value(SCHNORR, &mut given) else {
        panic!("refused");
    };
    let [
        FieldValue::Ulong(3),
        FieldValue::Bytes(bytes),
        FieldValue::Secret(secret),
    ] = &fields[..]
    else {
        panic!("{fields:?}");
    };
    assert_eq!(bytes, &[1; 32]);
    assert!(secret.expose(|secret| secret == [2; 4]));
}

#[test]
fn wild_fields_are_refused_and_not_followed() {
    let wild = ptr::without_provenance_mut(1);
    let good = CK_BC_SCHNORR_PARAMS {
        flags: 0,
        pAuxRand: wild,
        ulAuxRandLen: 0,
        pMerkleRoot: wild,
        ulMerkleRootLen: 0,
    };
    assert!(walk_value(SCHNORR, &mut { good }).is_ok());
    let bad: [fn(&mut CK_BC_SCHNORR_PARAMS); 4] = [
        |p| (p.pAuxRand, p.ulAuxRandLen) = (ptr::null_mut(), 1),
        |p| p.ulAuxRandLen = CK_ULONG::MAX,
        |p| p.ulAuxRandLen = 1 << 40,
        |p| p.ulMerkleRootLen = 33,
    ];
    for spoil in bad {
        let mut given = good;
        spoil(&mut given);
        assert!(invalid(walk_value(SCHNORR, &mut given)), "{given:?}");
    }
}

#[test]
fn every_field_of_every_mechanism_lies_within_its_structure() {
    for row in mechanism::all() {
        let Shape::Struct { size, fields, .. } = row.param else {
            continue;
        };
        for field in fields {
            let end = match *field {
                Field::Bool(at) => at + 1,
                Field::Ulong(at) | Field::UlongOut(at) => at + size_of::<CK_ULONG>(),
                Field::Bytes { ptr, len }
                | Field::Secret { ptr, len, .. }
                | Field::Ulongs { ptr, len }
                | Field::Template { ptr, len }
                | Field::BytesInOut { ptr, len, .. } => {
                    (ptr + size_of::<*mut u8>()).max(len + size_of::<CK_ULONG>())
                }
            };
            assert!(end <= size, "{:#x}: {field:?}", row.id);
        }
    }
}

const CHILD: Shape = Shape::Struct {
    size: size_of::<CK_BIP32_CHILD_DERIVE_PARAMS>(),
    fields: &[
        Field::Template {
            ptr: offset_of!(CK_BIP32_CHILD_DERIVE_PARAMS, pPublicKeyTemplate),
            len: offset_of!(CK_BIP32_CHILD_DERIVE_PARAMS, ulPublicKeyAttributeCount),
        },
        Field::Template {
            ptr: offset_of!(CK_BIP32_CHILD_DERIVE_PARAMS, pPrivateKeyTemplate),
            len: offset_of!(CK_BIP32_CHILD_DERIVE_PARAMS, ulPrivateKeyAttributeCount),
        },
        Field::Ulongs {
            ptr: offset_of!(CK_BIP32_CHILD_DERIVE_PARAMS, pulPath),
            len: offset_of!(CK_BIP32_CHILD_DERIVE_PARAMS, ulPathLen),
        },
        Field::UlongOut(offset_of!(CK_BIP32_CHILD_DERIVE_PARAMS, hPrivateKey)),
    ],
    optional: false,
};

#[test]
fn templates_and_arrays_are_read() {
    let (mut yes, mut path) = (CK_TRUE, [44, 60]);
    let mut template = [CK_ATTRIBUTE {
        type_: CKA_TOKEN,
        pValue: (&raw mut yes).cast(),
        ulValueLen: 1,
    }];
    let mut given = CK_BIP32_CHILD_DERIVE_PARAMS {
        pPublicKeyTemplate: ptr::null_mut(),
        ulPublicKeyAttributeCount: 0,
        pPrivateKeyTemplate: template.as_mut_ptr(),
        ulPrivateKeyAttributeCount: 1,
        pulPath: path.as_mut_ptr(),
        ulPathLen: 2,
        hPublicKey: 7,
        hPrivateKey: 7,
        ulPathErrorIndex: 7,
    };
    let Ok(Params::Struct(fields)) = walk_value(CHILD, &mut given) else {
        panic!("refused");
    };
    let [
        FieldValue::Absent,
        FieldValue::Template(template),
        FieldValue::Ulongs(path),
        FieldValue::Ulong(0),
    ] = &fields[..]
    else {
        panic!("{fields:?}");
    };
    assert_eq!(template.bool(CKA_TOKEN), Some(true));
    assert_eq!(path, &[44, 60]);
    given.ulPathLen = 1 << 20;
    assert!(invalid(walk_value(CHILD, &mut given)));
    given.ulPathLen = 0;
    given.ulPrivateKeyAttributeCount = 1 << 20;
    assert!(invalid(walk_value(CHILD, &mut given)));
    given.ulPrivateKeyAttributeCount = 1;
    yes = 3;
    given.pPrivateKeyTemplate = ptr::from_mut(&mut CK_ATTRIBUTE {
        type_: CKA_TOKEN,
        pValue: (&raw mut yes).cast(),
        ulValueLen: 0,
    });
    assert_eq!(
        walk_value(CHILD, &mut given).err(),
        Some(Error::AttributeValueInvalid(CKA_TOKEN))
    );
}

#[test]
fn output_fields_are_written_and_no_more_than_fits() {
    let field = Field::BytesInOut {
        ptr: offset_of!(CK_IBM_BTC_DERIVE_PARAMS, pChainCode),
        len: offset_of!(CK_IBM_BTC_DERIVE_PARAMS, ulChainCodeLen),
        capacity: 4,
    };
    let handle = Field::UlongOut(offset_of!(CK_IBM_BTC_DERIVE_PARAMS, version));
    let mut code = [1_u8, 2, 3, 4];
    let mut given = CK_IBM_BTC_DERIVE_PARAMS {
        type_: 0,
        childKeyIndex: 0,
        pChainCode: code.as_mut_ptr(),
        ulChainCodeLen: 2,
        version: 0,
    };
    let structure = Structure((&raw mut given).cast());
    // SAFETY: the structure and the chain code live.
    let read = unsafe { structure.read(&field) };
    assert!(matches!(read, Ok(FieldValue::Bytes(b)) if b == [1, 2]));
    for (field, value) in [
        (field, FieldValue::Bytes(vec![9; 5])),
        (field, FieldValue::Bytes(vec![8; 3])),
        (handle, FieldValue::Ulong(77)),
        (handle, FieldValue::Bool(true)),
    ] {
        // SAFETY: likewise.
        unsafe { structure.write(&field, &value) };
    }
    assert_eq!((given.ulChainCodeLen, given.version), (3, 77));
    assert_eq!(code, [8, 8, 8, 4]);
    given.ulChainCodeLen = 5;
    let structure = Structure((&raw mut given).cast());
    // SAFETY: likewise.
    assert!(unsafe { structure.read(&field) }.is_err());
    given.ulChainCodeLen = 0;
    given.pChainCode = ptr::null_mut();
    let structure = Structure((&raw mut given).cast());
    // SAFETY: likewise.
    assert!(unsafe { structure.read(&field) }.is_err());
}

#[test]
fn null_is_no_mechanism_and_unknown_ones_are_left_to_core() {
    // SAFETY: null.
    assert!(unsafe { read_optional(ptr::null()) }.unwrap().is_none());
    // SAFETY: null.
    assert!(unsafe { read(ptr::null()) }.is_err());
    let unknown = CK_MECHANISM {
        mechanism: 0x8FFF_FFFF,
        pParameter: ptr::without_provenance_mut(1),
        ulParameterLen: 99,
    };
    // SAFETY: an unknown mechanism's parameter is not followed.
    let read = unsafe { read(&raw const unknown) }.unwrap();
    assert!(matches!(read.params, Ok(Params::None)));
}
