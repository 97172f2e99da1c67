//! Function lists and interfaces (PKCS#11 v3.1 section 5.4.4 to 5.4.6), and exported symbols.

use std::{mem, ptr, slice, sync::Arc};

use crate::support::*;

fn loaded() -> Module {
    Module::load(&Arc::new(Place::new()))
}

/// The function pointers of a list, as bare addresses.
fn addresses<T>(list: &T) -> &[usize] {
    let words = size_of::<T>() / size_of::<usize>();
    // SAFETY: every list is a version, padded to a word, and then function pointers only.
    let all = unsafe { slice::from_raw_parts(ptr::from_ref(list).cast::<usize>(), words) };
    &all[1..]
}

#[test]
fn every_function_of_every_list_is_there() {
    let module = loaded();
    assert_eq!(
        (module.list().version.major, module.list().version.minor),
        (2, 40)
    );
    assert_eq!(addresses(module.list()).len(), 68);
    assert!(addresses(module.list()).iter().all(|f| *f != 0));
    let list3 = module.list3();
    assert_eq!((list3.version.major, list3.version.minor), (3, 0));
    assert_eq!(addresses(list3).len(), 92);
    assert!(addresses(list3).iter().all(|f| *f != 0));
    assert_eq!(
        addresses(module.list()),
        &addresses(list3)[..68],
        "both lists lead to the same functions"
    );
}

#[test]
fn function_list_needs_a_place_to_write() {
    let module = loaded();
    assert_rv(
        c!(module, C_GetFunctionList, ptr::null_mut()),
        CKR_ARGUMENTS_BAD,
    );
    let mut list = ptr::null_mut();
    c!(module, C_GetFunctionList, &mut list).unwrap();
    assert!(ptr::eq(list, module.list()));
}

type GetInterfaceList = unsafe extern "C" fn(*mut CK_INTERFACE, *mut CK_ULONG) -> CK_RV;

#[test]
fn interface_list() {
    let module = loaded();
    let get: GetInterfaceList = module.symbol("C_GetInterfaceList");
    let call = |out: *mut CK_INTERFACE, count: *mut CK_ULONG| {
        // SAFETY: null or valid, as the test says.
        module::outcome(unsafe { get(out, count) })
    };
    let mut count = 0;
    assert_rv(call(ptr::null_mut(), ptr::null_mut()), CKR_ARGUMENTS_BAD);
    call(ptr::null_mut(), &mut count).unwrap();
    assert!(count >= 2, "2.40 and 3.0 at least");
    // SAFETY: pointers and numbers; all-zero is a value.
    let mut list: Vec<CK_INTERFACE> = vec![unsafe { mem::zeroed() }; count as usize];
    let mut short = count - 1;
    assert_rv(call(list.as_mut_ptr(), &mut short), CKR_BUFFER_TOO_SMALL);
    assert_eq!(short, count);
    call(list.as_mut_ptr(), &mut count).unwrap();
    let mut versions = Vec::new();
    for interface in &list {
        assert!(!interface.pInterfaceName.is_null() && !interface.pFunctionList.is_null());
        // SAFETY: every function list begins with its version.
        let version = unsafe { *interface.pFunctionList.cast::<CK_VERSION>() };
        versions.push((version.major, version.minor));
    }
    assert!(versions.contains(&(2, 40)) && versions.contains(&(3, 0)));
}

#[test]
fn interface_by_name_version_and_flags() {
    let module = loaded();
    let name: Option<&[u8]> = Some(b"PKCS 11\0");
    let version = |interface: &CK_INTERFACE| {
        // SAFETY: every function list begins with its version.
        let v = unsafe { *interface.pFunctionList.cast::<CK_VERSION>() };
        (v.major, v.minor)
    };
    let default = version(module.interface(None, None, 0).unwrap());
    assert!(default >= (3, 0), "the default interface is the newest");
    assert_eq!(version(module.interface(name, None, 0).unwrap()), default);
    for (major, minor) in [(2, 40), (3, 0)] {
        let mut v = CK_VERSION { major, minor };
        let found = module.interface(name, Some(&mut v), 0).unwrap();
        assert_eq!(version(found), (major, minor));
        let found = module.interface(None, Some(&mut v), 0).unwrap();
        assert_eq!(version(found), (major, minor));
    }
    let mut none = CK_VERSION { major: 9, minor: 9 };
    assert!(module.interface(name, Some(&mut none), 0).is_err());
    assert!(module.interface(Some(b"Vendor Nobody\0"), None, 0).is_err());
    assert!(module.interface(Some(b"\0"), None, 0).is_err());
    assert!(
        module.interface(None, None, 1 << 40).is_err(),
        "an unknown flag is never offered"
    );
    type Get = unsafe extern "C" fn(
        *mut CK_UTF8CHAR,
        *mut CK_VERSION,
        *mut *mut CK_INTERFACE,
        CK_FLAGS,
    ) -> CK_RV;
    let get: Get = module.symbol("C_GetInterface");
    // SAFETY: the null is what is tested.
    let rv = unsafe { get(ptr::null_mut(), ptr::null_mut(), ptr::null_mut(), 0) };
    assert_rv(module::outcome(rv), CKR_ARGUMENTS_BAD);
}

#[test]
fn a_fork_safe_interface_is_what_it_says() {
    let module = loaded();
    if let Ok(interface) = module.interface(None, None, CKF_INTERFACE_FORK_SAFE) {
        assert_ne!(interface.flags & CKF_INTERFACE_FORK_SAFE, 0);
    }
}

#[test]
fn functions_are_exported_by_name_and_nothing_else_is() {
    let path = module::shared_object();
    let output = std::process::Command::new("nm")
        .args(["-D", "--defined-only", "--format=posix"])
        .arg(&path)
        .output();
    let Ok(output) = output else {
        return eprintln!("skipped: no nm");
    };
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    let names: Vec<_> = text.lines().filter_map(|l| l.split(' ').next()).collect();
    for name in [
        "C_GetFunctionList",
        "C_GetInterface",
        "C_Sign",
        "C_VerifyMessage",
    ] {
        assert!(names.contains(&name), "{name} is not exported");
    }
    assert!(names.iter().filter(|n| n.starts_with("C_")).count() >= 92);
    let foreign: Vec<_> = names
        .iter()
        .filter(|n| !n.starts_with("C_") && !n.starts_with("CA_"))
        .collect();
    assert!(foreign.is_empty(), "foreign symbols: {foreign:?}");
}
