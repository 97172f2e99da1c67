//! The one error type, in the standard's words, and its only way to a `CK_RV`.
#![forbid(unsafe_code)]

use std::{io, path::Path};

use crate::pkcs11::*;

/// Result of every fallible function in the crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call failed. Each variant is one return value of PKCS#11 v3.1 section 5.1; payloads serve
/// the log line and never hold secret bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the variants are the standard's own names")]
pub enum Error {
    #[error("arguments bad: {0}")]
    ArgumentsBad(&'static str),
    #[error("action prohibited: {0}")]
    ActionProhibited(&'static str),
    #[error("attribute {} is read-only", attribute_name(*.0))]
    AttributeReadOnly(CK_ATTRIBUTE_TYPE),
    #[error("attribute {} is sensitive", attribute_name(*.0))]
    AttributeSensitive(CK_ATTRIBUTE_TYPE),
    #[error("attribute {} is not valid here", attribute_name(*.0))]
    AttributeTypeInvalid(CK_ATTRIBUTE_TYPE),
    #[error("the value of attribute {} is invalid", attribute_name(*.0))]
    AttributeValueInvalid(CK_ATTRIBUTE_TYPE),
    #[error("buffer too small: {needed} bytes needed")]
    BufferTooSmall { needed: usize },
    #[error("cannot create threads")]
    NeedToCreateThreads,
    #[error("cannot lock with the given functions")]
    CantLock,
    #[error("already initialised")]
    AlreadyInitialized,
    #[error("not initialised")]
    NotInitialized,
    #[error("curve not supported")]
    CurveNotSupported,
    #[error("data invalid")]
    DataInvalid,
    #[error("data length out of range")]
    DataLenRange,
    #[error("domain parameters invalid")]
    DomainParamsInvalid,
    #[error("device error: {0}")]
    DeviceError(String),
    #[error("out of disk or memory on the device: {0}")]
    DeviceMemory(String),
    #[error("encrypted data invalid")]
    EncryptedDataInvalid,
    #[error("encrypted data length out of range")]
    EncryptedDataLenRange,
    #[error("function canceled")]
    FunctionCanceled,
    #[error("function failed: {0}")]
    FunctionFailed(String),
    #[error("function not parallel")]
    FunctionNotParallel,
    #[error("function not supported")]
    FunctionNotSupported,
    #[error("general error: {0}")]
    General(String),
    #[error("host memory exhausted")]
    HostMemory,
    #[error("key function not permitted")]
    KeyFunctionNotPermitted,
    #[error("key handle invalid")]
    KeyHandleInvalid,
    #[error("key indigestible")]
    KeyIndigestible,
    #[error("key needed")]
    KeyNeeded,
    #[error("key not needed")]
    KeyNotNeeded,
    #[error("key not wrappable")]
    KeyNotWrappable,
    #[error("key size out of range")]
    KeySizeRange,
    #[error("key type inconsistent with the mechanism")]
    KeyTypeInconsistent,
    #[error("key unextractable")]
    KeyUnextractable,
    #[error("mechanism {} invalid here", mechanism_name(*.0))]
    MechanismInvalid(CK_MECHANISM_TYPE),
    #[error("parameter of mechanism {} invalid", mechanism_name(*.0))]
    MechanismParamInvalid(CK_MECHANISM_TYPE),
    #[error("no slot event")]
    NoEvent,
    #[error("object handle invalid")]
    ObjectHandleInvalid,
    #[error("operation active")]
    OperationActive,
    #[error("operation cancel failed")]
    OperationCancelFailed,
    #[error("operation not initialised")]
    OperationNotInitialized,
    #[error("PIN expired")]
    PinExpired,
    #[error("PIN incorrect, {left} attempts left")]
    PinIncorrect { left: u32 },
    #[error("PIN invalid")]
    PinInvalid,
    #[error("PIN length not in {min}..={max}")]
    PinLenRange { min: usize, max: usize },
    #[error("PIN locked")]
    PinLocked,
    #[error("random seed not supported")]
    RandomSeedNotSupported,
    #[error("saved state invalid")]
    SavedStateInvalid,
    #[error("session closed")]
    SessionClosed,
    #[error("too many sessions")]
    SessionCount,
    #[error("a session exists")]
    SessionExists,
    #[error("session handle invalid")]
    SessionHandleInvalid,
    #[error("parallel sessions are not supported")]
    SessionParallelNotSupported,
    #[error("session is read-only")]
    SessionReadOnly,
    #[error("a read-only session exists")]
    SessionReadOnlyExists,
    #[error("a read/write SO session exists")]
    SessionReadWriteSoExists,
    #[error("signature invalid")]
    SignatureInvalid,
    #[error("signature length out of range")]
    SignatureLenRange,
    #[error("slot {0} does not exist")]
    SlotIdInvalid(CK_SLOT_ID),
    #[error("state unsaveable")]
    StateUnsaveable,
    #[error("template incomplete: {} is missing", attribute_name(*.0))]
    TemplateIncomplete(CK_ATTRIBUTE_TYPE),
    #[error("template inconsistent at {}", attribute_name(*.0))]
    TemplateInconsistent(CK_ATTRIBUTE_TYPE),
    #[error("token not present")]
    TokenNotPresent,
    #[error("token not recognised: {0}")]
    TokenNotRecognized(String),
    #[error("token resource exceeded")]
    TokenResourceExceeded,
    #[error("token is write-protected: {0}")]
    TokenWriteProtected(String),
    #[error("unwrapping key handle invalid")]
    UnwrappingKeyHandleInvalid,
    #[error("unwrapping key size out of range")]
    UnwrappingKeySizeRange,
    #[error("unwrapping key type inconsistent with the mechanism")]
    UnwrappingKeyTypeInconsistent,
    #[error("a user is already logged in")]
    UserAlreadyLoggedIn,
    #[error("another user is already logged in")]
    UserAnotherAlreadyLoggedIn,
    #[error("user not logged in")]
    UserNotLoggedIn,
    #[error("user PIN not initialised")]
    UserPinNotInitialized,
    #[error("too many user types")]
    UserTooManyTypes,
    #[error("user type invalid")]
    UserTypeInvalid,
    #[error("wrapped key invalid")]
    WrappedKeyInvalid,
    #[error("wrapped key length out of range")]
    WrappedKeyLenRange,
    #[error("wrapping key handle invalid")]
    WrappingKeyHandleInvalid,
    #[error("wrapping key size out of range")]
    WrappingKeySizeRange,
    #[error("wrapping key type inconsistent with the mechanism")]
    WrappingKeyTypeInconsistent,
    #[error("BIP-32: child index invalid")]
    Bip32ChildIndexInvalid,
    #[error(
        "BIP-32: this step cannot be taken from this key (hardened from public, or plain on Ed25519)"
    )]
    Bip32InvalidHardenedDerivation,
    #[error("BIP-32: a master seed has 128 to 512 bits")]
    Bip32MasterSeedLenInvalid,
    #[error("BIP-32: this seed gives no valid master key")]
    Bip32MasterSeedInvalid,
    #[error("BIP-32: path empty or too deep")]
    Bip32InvalidKeyPathLen,
}

impl Error {
    /// This error under the name that the caller's own list has for it.
    #[must_use]
    pub fn instead(self, of: &Self, say: Self) -> Self {
        if self == *of { say } else { self }
    }

    /// The return value of the C function that failed with this error (PKCS#11 v3.1 section 5.1).
    #[must_use]
    pub const fn rv(&self) -> CK_RV {
        match self {
            Self::ArgumentsBad(_) => CKR_ARGUMENTS_BAD,
            Self::ActionProhibited(_) => CKR_ACTION_PROHIBITED,
            Self::AttributeReadOnly(_) => CKR_ATTRIBUTE_READ_ONLY,
            Self::AttributeSensitive(_) => CKR_ATTRIBUTE_SENSITIVE,
            Self::AttributeTypeInvalid(_) => CKR_ATTRIBUTE_TYPE_INVALID,
            Self::AttributeValueInvalid(_) => CKR_ATTRIBUTE_VALUE_INVALID,
            Self::BufferTooSmall { .. } => CKR_BUFFER_TOO_SMALL,
            Self::NeedToCreateThreads => CKR_NEED_TO_CREATE_THREADS,
            Self::CantLock => CKR_CANT_LOCK,
            Self::AlreadyInitialized => CKR_CRYPTOKI_ALREADY_INITIALIZED,
            Self::NotInitialized => CKR_CRYPTOKI_NOT_INITIALIZED,
            Self::CurveNotSupported => CKR_CURVE_NOT_SUPPORTED,
            Self::DataInvalid => CKR_DATA_INVALID,
            Self::DataLenRange => CKR_DATA_LEN_RANGE,
            Self::DomainParamsInvalid => CKR_DOMAIN_PARAMS_INVALID,
            Self::DeviceError(_) => CKR_DEVICE_ERROR,
            Self::DeviceMemory(_) => CKR_DEVICE_MEMORY,
            Self::EncryptedDataInvalid => CKR_ENCRYPTED_DATA_INVALID,
            Self::EncryptedDataLenRange => CKR_ENCRYPTED_DATA_LEN_RANGE,
            Self::FunctionCanceled => CKR_FUNCTION_CANCELED,
            Self::FunctionFailed(_) => CKR_FUNCTION_FAILED,
            Self::FunctionNotParallel => CKR_FUNCTION_NOT_PARALLEL,
            Self::FunctionNotSupported => CKR_FUNCTION_NOT_SUPPORTED,
            Self::General(_) => CKR_GENERAL_ERROR,
            Self::HostMemory => CKR_HOST_MEMORY,
            Self::KeyFunctionNotPermitted => CKR_KEY_FUNCTION_NOT_PERMITTED,
            Self::KeyHandleInvalid => CKR_KEY_HANDLE_INVALID,
            Self::KeyIndigestible => CKR_KEY_INDIGESTIBLE,
            Self::KeyNeeded => CKR_KEY_NEEDED,
            Self::KeyNotNeeded => CKR_KEY_NOT_NEEDED,
            Self::KeyNotWrappable => CKR_KEY_NOT_WRAPPABLE,
            Self::KeySizeRange => CKR_KEY_SIZE_RANGE,
            Self::KeyTypeInconsistent => CKR_KEY_TYPE_INCONSISTENT,
            Self::KeyUnextractable => CKR_KEY_UNEXTRACTABLE,
            Self::MechanismInvalid(_) => CKR_MECHANISM_INVALID,
            Self::MechanismParamInvalid(_) => CKR_MECHANISM_PARAM_INVALID,
            Self::NoEvent => CKR_NO_EVENT,
            Self::ObjectHandleInvalid => CKR_OBJECT_HANDLE_INVALID,
            Self::OperationActive => CKR_OPERATION_ACTIVE,
            Self::OperationCancelFailed => CKR_OPERATION_CANCEL_FAILED,
            Self::OperationNotInitialized => CKR_OPERATION_NOT_INITIALIZED,
            Self::PinExpired => CKR_PIN_EXPIRED,
            Self::PinIncorrect { .. } => CKR_PIN_INCORRECT,
            Self::PinInvalid => CKR_PIN_INVALID,
            Self::PinLenRange { .. } => CKR_PIN_LEN_RANGE,
            Self::PinLocked => CKR_PIN_LOCKED,
            Self::RandomSeedNotSupported => CKR_RANDOM_SEED_NOT_SUPPORTED,
            Self::SavedStateInvalid => CKR_SAVED_STATE_INVALID,
            Self::SessionClosed => CKR_SESSION_CLOSED,
            Self::SessionCount => CKR_SESSION_COUNT,
            Self::SessionExists => CKR_SESSION_EXISTS,
            Self::SessionHandleInvalid => CKR_SESSION_HANDLE_INVALID,
            Self::SessionParallelNotSupported => CKR_SESSION_PARALLEL_NOT_SUPPORTED,
            Self::SessionReadOnly => CKR_SESSION_READ_ONLY,
            Self::SessionReadOnlyExists => CKR_SESSION_READ_ONLY_EXISTS,
            Self::SessionReadWriteSoExists => CKR_SESSION_READ_WRITE_SO_EXISTS,
            Self::SignatureInvalid => CKR_SIGNATURE_INVALID,
            Self::SignatureLenRange => CKR_SIGNATURE_LEN_RANGE,
            Self::SlotIdInvalid(_) => CKR_SLOT_ID_INVALID,
            Self::StateUnsaveable => CKR_STATE_UNSAVEABLE,
            Self::TemplateIncomplete(_) => CKR_TEMPLATE_INCOMPLETE,
            Self::TemplateInconsistent(_) => CKR_TEMPLATE_INCONSISTENT,
            Self::TokenNotPresent => CKR_TOKEN_NOT_PRESENT,
            Self::TokenNotRecognized(_) => CKR_TOKEN_NOT_RECOGNIZED,
            Self::TokenResourceExceeded => CKR_TOKEN_RESOURCE_EXCEEDED,
            Self::TokenWriteProtected(_) => CKR_TOKEN_WRITE_PROTECTED,
            Self::UnwrappingKeyHandleInvalid => CKR_UNWRAPPING_KEY_HANDLE_INVALID,
            Self::UnwrappingKeySizeRange => CKR_UNWRAPPING_KEY_SIZE_RANGE,
            Self::UnwrappingKeyTypeInconsistent => CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT,
            Self::UserAlreadyLoggedIn => CKR_USER_ALREADY_LOGGED_IN,
            Self::UserAnotherAlreadyLoggedIn => CKR_USER_ANOTHER_ALREADY_LOGGED_IN,
            Self::UserNotLoggedIn => CKR_USER_NOT_LOGGED_IN,
            Self::UserPinNotInitialized => CKR_USER_PIN_NOT_INITIALIZED,
            Self::UserTooManyTypes => CKR_USER_TOO_MANY_TYPES,
            Self::UserTypeInvalid => CKR_USER_TYPE_INVALID,
            Self::WrappedKeyInvalid => CKR_WRAPPED_KEY_INVALID,
            Self::WrappedKeyLenRange => CKR_WRAPPED_KEY_LEN_RANGE,
            Self::WrappingKeyHandleInvalid => CKR_WRAPPING_KEY_HANDLE_INVALID,
            Self::WrappingKeySizeRange => CKR_WRAPPING_KEY_SIZE_RANGE,
            Self::WrappingKeyTypeInconsistent => CKR_WRAPPING_KEY_TYPE_INCONSISTENT,
            Self::Bip32ChildIndexInvalid => CKR_BIP32_CHILD_INDEX_INVALID,
            Self::Bip32InvalidHardenedDerivation => CKR_BIP32_INVALID_HARDENED_DERIVATION,
            Self::Bip32MasterSeedLenInvalid => CKR_BIP32_MASTER_SEED_LEN_INVALID,
            Self::Bip32MasterSeedInvalid => CKR_BIP32_MASTER_SEED_INVALID,
            Self::Bip32InvalidKeyPathLen => CKR_BIP32_INVALID_KEY_PATH_LEN,
        }
    }
}

/// Says which file a failure is about.
pub(crate) trait About<T> {
    /// # Errors
    /// The failure as the standard's error.
    fn about(self, path: &Path) -> Result<T>;
}

impl<T> About<T> for io::Result<T> {
    fn about(self, path: &Path) -> Result<T> {
        self.map_err(|e| {
            let text = format!("{}: {e}", path.display());
            let is = |kinds: &[io::ErrorKind]| kinds.contains(&e.kind());
            if is(&[io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded]) {
                Error::DeviceMemory(text)
            } else if is(&NOT_WRITABLE) {
                Error::TokenWriteProtected(text)
            } else if is(&[io::ErrorKind::OutOfMemory]) {
                Error::HostMemory
            } else {
                Error::DeviceError(text)
            }
        })
    }
}

/// What the system says where nothing may be written.
pub(crate) const NOT_WRITABLE: [io::ErrorKind; 2] = [
    io::ErrorKind::PermissionDenied,
    io::ErrorKind::ReadOnlyFilesystem,
];
