//! One instance of the module: its own copy of the shared object, its function tables, and the two
//! macros through which every C function is called.

use std::{
    ffi::c_void,
    fmt, fs,
    path::{Path, PathBuf},
    ptr,
    sync::Arc,
};

use libloading::os::unix::Library;

use super::{place::Place, *};

/// A return value other than `CKR_OK`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Rv(pub CK_RV);

impl fmt::Debug for Rv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match names::rv(self.0) {
            Some(name) => f.write_str(name),
            None => write!(f, "CKR {:#x}", self.0),
        }
    }
}

/// What a C function says.
pub type Outcome<T = ()> = Result<T, Rv>;

/// `CKR_OK` or not.
pub fn outcome(rv: CK_RV) -> Outcome {
    if rv == CKR_OK { Ok(()) } else { Err(Rv(rv)) }
}

/// Stops the test unless `outcome` is the refusal `rv`.
#[track_caller]
pub fn assert_rv<T>(outcome: Outcome<T>, rv: CK_RV) {
    let got = outcome.err().unwrap_or(Rv(CKR_OK));
    assert!(got == Rv(rv), "expected {:?}, got {got:?}", Rv(rv));
}

/// Calls a function of the 2.40 list.
macro_rules! c {
    ($module:expr, $name:ident $(, $argument:expr)* $(,)?) => {
        // SAFETY: the test gives what the standard asks for, or tests that the module can do with less.
        $crate::support::module::outcome(unsafe { ($module.list().$name.unwrap())($($argument),*) })
    };
}

/// Calls a function of the 3.0 list.
macro_rules! c3 {
    ($module:expr, $name:ident $(, $argument:expr)* $(,)?) => {
        // SAFETY: as for `c!`.
        $crate::support::module::outcome(unsafe { ($module.list3().$name.unwrap())($($argument),*) })
    };
}

pub(crate) use {c, c3};

/// A loaded module. Finalises itself when it drops; the shared object stays in memory, as it asks to.
pub struct Module {
    library: &'static Library,
    list: &'static CK_FUNCTION_LIST,
    place: Arc<Place>,
}

impl Module {
    /// Loads a copy of its own, so that its state is its own, and initialises it.
    pub fn new(place: &Arc<Place>) -> Self {
        let module = Self::load(place);
        module.initialize().unwrap();
        module
    }

    /// Loads only.
    pub fn load(place: &Arc<Place>) -> Self {
        let copy = tempfile::Builder::new()
            .prefix("libchainhsm-")
            .suffix(".so")
            .tempfile()
            .unwrap();
        fs::copy(shared_object(), copy.path()).unwrap();
        // SAFETY: the module has no load-time code beyond its runtime's own.
        let library = unsafe { Library::new(copy.path()) }.unwrap();
        let library: &'static Library = Box::leak(Box::new(library));
        let mut list: *mut CK_FUNCTION_LIST = ptr::null_mut();
        // SAFETY: the symbol has the type that the standard gives it.
        let get = unsafe { library.get::<RawGetFunctionList>(b"C_GetFunctionList") }.unwrap();
        // SAFETY: `list` is writable.
        assert_eq!(unsafe { get(&mut list) }, CKR_OK);
        Self {
            library,
            // SAFETY: the standard says that the list is static; the library is never unloaded.
            list: unsafe { list.as_ref() }.unwrap(),
            place: Arc::clone(place),
        }
    }

    pub fn list(&self) -> &'static CK_FUNCTION_LIST {
        self.list
    }

    /// The 3.0 list, by C_GetInterface.
    pub fn list3(&self) -> &'static CK_FUNCTION_LIST_3_0 {
        let mut version = CK_VERSION { major: 3, minor: 0 };
        let interface = self
            .interface(Some(b"PKCS 11\0"), Some(&mut version), 0)
            .unwrap();
        // SAFETY: the version says what the pointer leads to; the list is static.
        unsafe {
            interface
                .pFunctionList
                .cast::<CK_FUNCTION_LIST_3_0>()
                .as_ref()
        }
        .unwrap()
    }

    /// C_GetInterface, which is an exported symbol and not in the 2.40 list.
    pub fn interface(
        &self,
        name: Option<&[u8]>,
        version: Option<&mut CK_VERSION>,
        flags: CK_FLAGS,
    ) -> Outcome<&'static CK_INTERFACE> {
        let get: RawGetInterface = self.symbol("C_GetInterface");
        let name = name.map_or(ptr::null_mut(), |n| n.as_ptr().cast_mut());
        let version = version.map_or(ptr::null_mut(), ptr::from_mut);
        let mut interface: *mut CK_INTERFACE = ptr::null_mut();
        // SAFETY: name is null or ends with NUL, the others are null or valid.
        outcome(unsafe { get(name, version, &mut interface, flags) })?;
        // SAFETY: static, as above.
        Ok(unsafe { interface.as_ref() }.unwrap())
    }

    /// An exported function.
    pub fn symbol<F: Copy>(&self, name: &str) -> F {
        assert_eq!(size_of::<F>(), size_of::<*const c_void>());
        // SAFETY: the caller names the type that the standard gives the symbol.
        *unsafe { self.library.get::<F>(name.as_bytes()) }.unwrap()
    }

    pub fn place(&self) -> &Arc<Place> {
        &self.place
    }

    /// C_Initialize as most applications call it: threads, native locks.
    pub fn initialize(&self) -> Outcome {
        let mut arguments = CK_C_INITIALIZE_ARGS {
            CreateMutex: None,
            DestroyMutex: None,
            LockMutex: None,
            UnlockMutex: None,
            flags: CKF_OS_LOCKING_OK,
            pReserved: ptr::null_mut(),
        };
        self.initialize_with(&mut arguments)
    }

    /// C_Initialize with these arguments, or with NULL.
    pub fn initialize_with(&self, arguments: *mut CK_C_INITIALIZE_ARGS) -> Outcome {
        self.place
            .during(|| c!(self, C_Initialize, arguments.cast()))
    }

    pub fn finalize(&self) -> Outcome {
        c!(self, C_Finalize, ptr::null_mut())
    }

    /// Finalises and initialises again.
    pub fn restart(&self) {
        self.finalize().unwrap();
        self.initialize().unwrap();
    }
}

impl Drop for Module {
    fn drop(&mut self) {
        let _ = self.finalize(); // refused when the test has finalised already
    }
}

type RawGetFunctionList = unsafe extern "C" fn(*mut *mut CK_FUNCTION_LIST) -> CK_RV;
type RawGetInterface = unsafe extern "C" fn(
    *mut CK_UTF8CHAR,
    *mut CK_VERSION,
    *mut *mut CK_INTERFACE,
    CK_FLAGS,
) -> CK_RV;

/// The built module: `CHAINHSM_SO`, or the one that cargo built beside this test binary.
pub fn shared_object() -> PathBuf {
    if let Some(path) = std::env::var_os("CHAINHSM_SO") {
        return path.into();
    }
    let test = std::env::current_exe().unwrap();
    let found = test
        .ancestors()
        .skip(1)
        .take(3)
        .map(|directory: &Path| directory.join("libchainhsm.so"))
        .find(|path| path.is_file());
    found.expect("libchainhsm.so beside the test binary; or set CHAINHSM_SO")
}
