//! Slots, tokens, sessions, logins.

use std::{mem, ptr};

use super::*;

impl Module {
    pub fn info(&self) -> Outcome<CK_INFO> {
        // SAFETY: plain numbers and bytes; all-zero is a value.
        let mut info = unsafe { mem::zeroed() };
        c!(self, C_GetInfo, &mut info)?;
        Ok(info)
    }

    pub fn slots(&self, with_token: bool) -> Outcome<Vec<CK_SLOT_ID>> {
        let present = CK_BBOOL::from(with_token);
        let mut count = 0;
        c!(self, C_GetSlotList, present, ptr::null_mut(), &mut count)?;
        let mut slots = vec![0; count as usize];
        c!(self, C_GetSlotList, present, slots.as_mut_ptr(), &mut count)?;
        slots.truncate(count as usize);
        Ok(slots)
    }

    /// The slot whose token is not initialised.
    pub fn free_slot(&self) -> CK_SLOT_ID {
        let free = |slot: &CK_SLOT_ID| {
            self.token_info(*slot)
                .is_ok_and(|info| info.flags & CKF_TOKEN_INITIALIZED == 0)
        };
        self.slots(false).unwrap().into_iter().find(free).unwrap()
    }

    /// The slot of the token with this label.
    pub fn slot_of(&self, label: &str) -> Option<CK_SLOT_ID> {
        let label = padded(label);
        self.slots(true).unwrap().into_iter().find(|slot| {
            self.token_info(*slot)
                .is_ok_and(|t| t.label == label && t.flags & CKF_TOKEN_INITIALIZED != 0)
        })
    }

    pub fn slot_info(&self, slot: CK_SLOT_ID) -> Outcome<CK_SLOT_INFO> {
        // SAFETY: as above.
        let mut info = unsafe { mem::zeroed() };
        c!(self, C_GetSlotInfo, slot, &mut info)?;
        Ok(info)
    }

    pub fn token_info(&self, slot: CK_SLOT_ID) -> Outcome<CK_TOKEN_INFO> {
        // SAFETY: as above.
        let mut info = unsafe { mem::zeroed() };
        c!(self, C_GetTokenInfo, slot, &mut info)?;
        Ok(info)
    }

    pub fn token_flags(&self, slot: CK_SLOT_ID) -> CK_FLAGS {
        self.token_info(slot).unwrap().flags
    }

    pub fn mechanisms(&self, slot: CK_SLOT_ID) -> Outcome<Vec<CK_MECHANISM_TYPE>> {
        let mut count = 0;
        c!(self, C_GetMechanismList, slot, ptr::null_mut(), &mut count)?;
        let mut list = vec![0; count as usize];
        c!(
            self,
            C_GetMechanismList,
            slot,
            list.as_mut_ptr(),
            &mut count
        )?;
        list.truncate(count as usize);
        Ok(list)
    }

    pub fn mechanism_info(
        &self,
        slot: CK_SLOT_ID,
        mechanism: CK_MECHANISM_TYPE,
    ) -> Outcome<CK_MECHANISM_INFO> {
        let mut info = CK_MECHANISM_INFO::default();
        c!(self, C_GetMechanismInfo, slot, mechanism, &mut info)?;
        Ok(info)
    }

    pub fn init_token(&self, slot: CK_SLOT_ID, so_pin: &[u8], label: &str) -> Outcome {
        let mut label = padded(label);
        c!(
            self,
            C_InitToken,
            slot,
            so_pin.as_ptr().cast_mut(),
            so_pin.len() as CK_ULONG,
            label.as_mut_ptr()
        )
    }

    pub fn init_pin(&self, session: CK_SESSION_HANDLE, pin: &[u8]) -> Outcome {
        c!(
            self,
            C_InitPIN,
            session,
            pin.as_ptr().cast_mut(),
            pin.len() as CK_ULONG
        )
    }

    pub fn set_pin(&self, session: CK_SESSION_HANDLE, old: &[u8], new: &[u8]) -> Outcome {
        c!(
            self,
            C_SetPIN,
            session,
            old.as_ptr().cast_mut(),
            old.len() as CK_ULONG,
            new.as_ptr().cast_mut(),
            new.len() as CK_ULONG
        )
    }

    pub fn open(&self, slot: CK_SLOT_ID, flags: CK_FLAGS) -> Outcome<CK_SESSION_HANDLE> {
        let mut session = 0;
        c!(
            self,
            C_OpenSession,
            slot,
            flags,
            ptr::null_mut(),
            None,
            &mut session
        )?;
        Ok(session)
    }

    pub fn open_rw(&self, slot: CK_SLOT_ID) -> Outcome<CK_SESSION_HANDLE> {
        self.open(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION)
    }

    pub fn open_ro(&self, slot: CK_SLOT_ID) -> Outcome<CK_SESSION_HANDLE> {
        self.open(slot, CKF_SERIAL_SESSION)
    }

    pub fn close(&self, session: CK_SESSION_HANDLE) -> Outcome {
        c!(self, C_CloseSession, session)
    }

    pub fn close_all(&self, slot: CK_SLOT_ID) -> Outcome {
        c!(self, C_CloseAllSessions, slot)
    }

    pub fn session_info(&self, session: CK_SESSION_HANDLE) -> Outcome<CK_SESSION_INFO> {
        let mut info = CK_SESSION_INFO::default();
        c!(self, C_GetSessionInfo, session, &mut info)?;
        Ok(info)
    }

    pub fn state(&self, session: CK_SESSION_HANDLE) -> CK_STATE {
        self.session_info(session).unwrap().state
    }

    pub fn login(&self, session: CK_SESSION_HANDLE, user: CK_USER_TYPE, pin: &[u8]) -> Outcome {
        c!(
            self,
            C_Login,
            session,
            user,
            pin.as_ptr().cast_mut(),
            pin.len() as CK_ULONG
        )
    }

    pub fn logout(&self, session: CK_SESSION_HANDLE) -> Outcome {
        c!(self, C_Logout, session)
    }
}

/// A label as C_InitToken wants it: 32 bytes, blank-padded.
pub fn padded(label: &str) -> [u8; 32] {
    let mut bytes = [b' '; 32];
    bytes[..label.len()].copy_from_slice(label.as_bytes());
    bytes
}
