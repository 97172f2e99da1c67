//! The function tables and the interfaces that hand them out (PKCS#11 v3.1 section 5.4, v3.2).
#![allow(non_snake_case, reason = "the standard's own names")]

use std::{ffi::CStr, ptr};

use super::{
    buffer::{store, store_list},
    cipher::*,
    digest::*,
    entry::before_init,
    general::*,
    key::*,
    object::*,
    random::*,
    session::*,
    sign::*,
    slot::*,
    table_3_2::CK_FUNCTION_LIST_3_2,
    unsupported::*,
    verify::*,
};
use crate::{
    error::Error,
    pkcs11::{
        CK_FLAGS, CK_FUNCTION_LIST, CK_FUNCTION_LIST_3_0, CK_INTERFACE, CK_RV, CK_ULONG,
        CK_UTF8CHAR, CK_VERSION, CKF_INTERFACE_FORK_SAFE,
    },
};

/// Builds a table of `$type` with the named functions.
macro_rules! table {
    ($type:ident { $($first:ident: $value:expr,)* } $($name:ident)*) => {
        $type { $($first: $value,)* $($name: Some($name),)* }
    };
}

/// The table of v2.40.
static V2_40: CK_FUNCTION_LIST = table! { CK_FUNCTION_LIST { version: CK_VERSION { major: 2, minor: 40 }, }
    C_Initialize C_Finalize C_GetInfo C_GetFunctionList C_GetSlotList C_GetSlotInfo C_GetTokenInfo
    C_GetMechanismList C_GetMechanismInfo C_InitToken C_InitPIN C_SetPIN C_OpenSession
    C_CloseSession C_CloseAllSessions C_GetSessionInfo C_GetOperationState C_SetOperationState
    C_Login C_Logout C_CreateObject C_CopyObject C_DestroyObject C_GetObjectSize C_GetAttributeValue
    C_SetAttributeValue C_FindObjectsInit C_FindObjects C_FindObjectsFinal C_EncryptInit C_Encrypt
    C_EncryptUpdate C_EncryptFinal C_DecryptInit C_Decrypt C_DecryptUpdate C_DecryptFinal
    C_DigestInit C_Digest C_DigestUpdate C_DigestKey C_DigestFinal C_SignInit C_Sign C_SignUpdate
    C_SignFinal C_SignRecoverInit C_SignRecover C_VerifyInit C_Verify C_VerifyUpdate C_VerifyFinal
    C_VerifyRecoverInit C_VerifyRecover C_DigestEncryptUpdate C_DecryptDigestUpdate
    C_SignEncryptUpdate C_DecryptVerifyUpdate C_GenerateKey C_GenerateKeyPair C_WrapKey C_UnwrapKey
    C_DeriveKey C_SeedRandom C_GenerateRandom C_GetFunctionStatus C_CancelFunction
    C_WaitForSlotEvent
};

/// The table of v3.0, which v3.1 leaves as it is.
static V3_0: CK_FUNCTION_LIST_3_0 = table_3_0(CK_VERSION { major: 3, minor: 0 });

const fn table_3_0(version: CK_VERSION) -> CK_FUNCTION_LIST_3_0 {
    table! { CK_FUNCTION_LIST_3_0 { version: version, }
    C_Initialize C_Finalize C_GetInfo C_GetFunctionList C_GetSlotList C_GetSlotInfo C_GetTokenInfo
    C_GetMechanismList C_GetMechanismInfo C_InitToken C_InitPIN C_SetPIN C_OpenSession
    C_CloseSession C_CloseAllSessions C_GetSessionInfo C_GetOperationState C_SetOperationState
    C_Login C_Logout C_CreateObject C_CopyObject C_DestroyObject C_GetObjectSize C_GetAttributeValue
    C_SetAttributeValue C_FindObjectsInit C_FindObjects C_FindObjectsFinal C_EncryptInit C_Encrypt
    C_EncryptUpdate C_EncryptFinal C_DecryptInit C_Decrypt C_DecryptUpdate C_DecryptFinal
    C_DigestInit C_Digest C_DigestUpdate C_DigestKey C_DigestFinal C_SignInit C_Sign C_SignUpdate
    C_SignFinal C_SignRecoverInit C_SignRecover C_VerifyInit C_Verify C_VerifyUpdate C_VerifyFinal
    C_VerifyRecoverInit C_VerifyRecover C_DigestEncryptUpdate C_DecryptDigestUpdate
    C_SignEncryptUpdate C_DecryptVerifyUpdate C_GenerateKey C_GenerateKeyPair C_WrapKey C_UnwrapKey
    C_DeriveKey C_SeedRandom C_GenerateRandom C_GetFunctionStatus C_CancelFunction
    C_WaitForSlotEvent C_GetInterfaceList C_GetInterface C_LoginUser C_SessionCancel
    C_MessageEncryptInit C_EncryptMessage C_EncryptMessageBegin C_EncryptMessageNext
    C_MessageEncryptFinal C_MessageDecryptInit C_DecryptMessage C_DecryptMessageBegin
    C_DecryptMessageNext C_MessageDecryptFinal C_MessageSignInit C_SignMessage C_SignMessageBegin
    C_SignMessageNext C_MessageSignFinal C_MessageVerifyInit C_VerifyMessage C_VerifyMessageBegin
    C_VerifyMessageNext C_MessageVerifyFinal
    }
}

/// The table of v3.2.
static V3_2: CK_FUNCTION_LIST_3_2 = table! { CK_FUNCTION_LIST_3_2 { v3_0: table_3_0(CK_VERSION { major: 3, minor: 2 }), }
    C_EncapsulateKey C_DecapsulateKey C_VerifySignatureInit C_VerifySignature
    C_VerifySignatureUpdate C_VerifySignatureFinal C_GetSessionValidationFlags C_AsyncComplete
    C_AsyncGetID C_AsyncJoin C_WrapKeyAuthenticated C_UnwrapKeyAuthenticated
};

/// The one name that the standard gives its interfaces.
const NAME: &CStr = c"PKCS 11";

/// The interfaces as C sees them. They never change, so any thread may read them.
#[repr(transparent)]
struct Interfaces([CK_INTERFACE; 3]);

// SAFETY: the pointers lead to statics that nobody writes.
unsafe impl Sync for Interfaces {}

/// The default first.
static INTERFACES: Interfaces = Interfaces([
    interface(&raw const V3_2),
    interface(&raw const V3_0),
    interface(&raw const V2_40),
]);

const VERSIONS: [CK_VERSION; 3] = [
    CK_VERSION { major: 3, minor: 2 },
    CK_VERSION { major: 3, minor: 0 },
    CK_VERSION {
        major: 2,
        minor: 40,
    },
];

const fn interface<T>(table: *const T) -> CK_INTERFACE {
    CK_INTERFACE {
        pInterfaceName: NAME.as_ptr().cast_mut().cast(),
        pFunctionList: table.cast_mut().cast(),
        flags: CKF_INTERFACE_FORK_SAFE,
    }
}

/// The table of v2.40, for every client that knows nothing else.
///
/// # Safety
/// `list` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_GetFunctionList(list: *mut *mut CK_FUNCTION_LIST) -> CK_RV {
    before_init("C_GetFunctionList", || {
        // SAFETY: the caller's promise.
        unsafe { store(list, (&raw const V2_40).cast_mut()) }
    })
}

/// All interfaces; the count alone for a NULL list.
///
/// # Safety
/// `count` may be read and written; `list`, unless null, has room for `*count` interfaces.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_GetInterfaceList(
    list: *mut CK_INTERFACE,
    count: *mut CK_ULONG,
) -> CK_RV {
    before_init("C_GetInterfaceList", || {
        // SAFETY: the caller's promise.
        unsafe { store_list(list, count, &INTERFACES.0) }
    })
}

/// The first interface of the given name, version and flags; NULL stands for any.
///
/// # Safety
/// `name` is null or a C string, `version` null or readable, `to` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_GetInterface(
    name: *mut CK_UTF8CHAR,
    version: *mut CK_VERSION,
    to: *mut *mut CK_INTERFACE,
    flags: CK_FLAGS,
) -> CK_RV {
    before_init("C_GetInterface", || {
        // SAFETY: a C string or null, as the caller promises.
        let named = name.is_null() || unsafe { CStr::from_ptr(name.cast()) } == NAME;
        let wanted = if version.is_null() {
            None
        } else {
            // SAFETY: not null, and the caller's promise.
            Some(unsafe { version.read_unaligned() })
        };
        let fits = |version: &CK_VERSION| {
            wanted.is_none_or(|w| (w.major, w.minor) == (version.major, version.minor))
        };
        let found = VERSIONS
            .iter()
            .position(fits)
            .filter(|_| named && flags & !CKF_INTERFACE_FORK_SAFE == 0);
        let found = found.and_then(|i| INTERFACES.0.get(i));
        let found = found.ok_or(Error::ArgumentsBad("no such interface"))?;
        // SAFETY: the caller's promise.
        unsafe { store(to, ptr::from_ref(found).cast_mut()) }
    })
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, mem::offset_of, slice};

    use super::*;

    /// The function pointers of a table, as bare addresses.
    fn addresses<T>(table: &T) -> &[usize] {
        let words = size_of::<T>() / size_of::<usize>();
        // SAFETY: a table is a version, padded to a word, and then function pointers only.
        let all = unsafe { slice::from_raw_parts(ptr::from_ref(table).cast::<usize>(), words) };
        &all[1..]
    }

    #[test]
    fn layouts_equal_those_of_another_binding() {
        assert_eq!(
            size_of::<CK_FUNCTION_LIST>(),
            size_of::<cryptoki_sys::CK_FUNCTION_LIST>()
        );
        assert_eq!(
            size_of::<CK_FUNCTION_LIST_3_0>(),
            size_of::<cryptoki_sys::CK_FUNCTION_LIST_3_0>()
        );
        assert_eq!(
            size_of::<CK_FUNCTION_LIST_3_2>(),
            size_of::<cryptoki_sys::CK_FUNCTION_LIST_3_2>()
        );
        macro_rules! same_offset {
            ($($name:ident)*) => {$(assert_eq!(
                offset_of!(CK_FUNCTION_LIST_3_2, $name),
                offset_of!(cryptoki_sys::CK_FUNCTION_LIST_3_2, $name),
                stringify!($name)
            );)*};
        }
        same_offset! {
            C_EncapsulateKey C_DecapsulateKey C_VerifySignatureInit C_VerifySignature
            C_VerifySignatureUpdate C_VerifySignatureFinal C_GetSessionValidationFlags
            C_AsyncComplete C_AsyncGetID C_AsyncJoin C_WrapKeyAuthenticated
            C_UnwrapKeyAuthenticated
        }
        assert_eq!(
            offset_of!(CK_FUNCTION_LIST_3_2, v3_0)
                + offset_of!(CK_FUNCTION_LIST_3_0, C_VerifyMessage),
            offset_of!(cryptoki_sys::CK_FUNCTION_LIST_3_2, C_VerifyMessage)
        );
    }

    #[test]
    fn newer_tables_begin_with_the_older_ones() {
        let (old, middle, new) = (addresses(&V2_40), addresses(&V3_0), addresses(&V3_2));
        assert_eq!((old.len(), middle.len(), new.len()), (68, 92, 104));
        assert_eq!(old, &middle[..68]);
        assert_eq!(middle, &new[..92]);
        assert!(new.iter().all(|f| *f != 0));
    }

    /// What each function tells the door is its own name.
    #[test]
    fn calls_are_named_after_their_functions() {
        let sources = [
            include_str!("cipher.rs"),
            include_str!("digest.rs"),
            include_str!("general.rs"),
            include_str!("key.rs"),
            include_str!("object.rs"),
            include_str!("random.rs"),
            include_str!("session.rs"),
            include_str!("sign.rs"),
            include_str!("slot.rs"),
            include_str!("verify.rs"),
        ];
        let mut functions = BTreeSet::new();
        for part in sources
            .iter()
            .flat_map(|source| source.split("extern \"C\" fn ").skip(1))
        {
            let name = part.split('(').next().unwrap();
            let body = part.split("\n}\n").next().unwrap();
            assert!(body.contains(&format!("\"{name}\"")), "{name}");
            assert!(functions.insert(name), "{name} twice");
        }
        let own = "C_GetFunctionList C_GetInterfaceList C_GetInterface".split(' ');
        let refused = include_str!("unsupported.rs")
            .matches("supported C_")
            .count();
        let parallel = include_str!("unsupported.rs")
            .matches("not_parallel C_")
            .count();
        assert_eq!(
            functions.len() + own.count() + refused + parallel,
            addresses(&V3_2).len()
        );
    }

    /// C_GetInterface as a caller sees it: the version found.
    fn find(name: Option<&CStr>, version: Option<(u8, u8)>, flags: CK_FLAGS) -> Option<(u8, u8)> {
        let mut version = version.map(|(major, minor)| CK_VERSION { major, minor });
        let mut found = ptr::null_mut();
        let name = name.map_or(ptr::null(), CStr::as_ptr).cast_mut().cast();
        let version = version.as_mut().map_or(ptr::null_mut(), ptr::from_mut);
        // SAFETY: all pointers are null or to live values.
        let rv = unsafe { C_GetInterface(name, version, &raw mut found, flags) };
        if rv != crate::pkcs11::CKR_OK {
            assert_eq!(rv, crate::pkcs11::CKR_ARGUMENTS_BAD);
            assert!(found.is_null());
            return None;
        }
        // SAFETY: a static interface.
        let interface = unsafe { found.read() };
        // SAFETY: every table begins with its version.
        let version = unsafe { interface.pFunctionList.cast::<CK_VERSION>().read() };
        Some((version.major, version.minor))
    }

    #[test]
    fn interfaces_are_found_by_name_version_and_flags() {
        assert_eq!(find(None, None, 0), Some((3, 2)));
        assert_eq!(
            find(Some(NAME), None, CKF_INTERFACE_FORK_SAFE),
            Some((3, 2))
        );
        for version in [(3, 2), (3, 0), (2, 40)] {
            assert_eq!(find(Some(NAME), Some(version), 0), Some(version));
        }
        assert_eq!(find(Some(NAME), Some((3, 1)), 0), None);
        assert_eq!(find(Some(c"PKCS 1"), None, 0), None);
        assert_eq!(find(Some(c"PKCS 11 "), None, 0), None);
        assert_eq!(find(None, None, 2), None);
    }
}
