//! Signing, verifying, digesting.

use super::*;

/// More than any result of the module.
const ROOM: usize = 1024;

impl Module {
    pub fn sign_init<'m>(
        &self,
        session: CK_SESSION_HANDLE,
        mechanism: impl Into<Mech<'m>>,
        key: CK_OBJECT_HANDLE,
    ) -> Outcome {
        c!(self, C_SignInit, session, mechanism.into().as_ptr(), key)
    }

    /// C_Sign into a large buffer.
    pub fn sign_end(&self, session: CK_SESSION_HANDLE, data: &[u8]) -> Outcome<Vec<u8>> {
        let mut out = vec![0; ROOM];
        let mut len = ROOM as CK_ULONG;
        c!(
            self,
            C_Sign,
            session,
            data.as_ptr().cast_mut(),
            data.len() as CK_ULONG,
            out.as_mut_ptr(),
            &mut len
        )?;
        out.truncate(len as usize);
        Ok(out)
    }

    /// Init and end.
    pub fn sign<'m>(
        &self,
        session: CK_SESSION_HANDLE,
        mechanism: impl Into<Mech<'m>>,
        key: CK_OBJECT_HANDLE,
        data: &[u8],
    ) -> Outcome<Vec<u8>> {
        self.sign_init(session, mechanism, key)?;
        self.sign_end(session, data)
    }

    pub fn sign_update(&self, session: CK_SESSION_HANDLE, part: &[u8]) -> Outcome {
        c!(
            self,
            C_SignUpdate,
            session,
            part.as_ptr().cast_mut(),
            part.len() as CK_ULONG
        )
    }

    pub fn sign_final(&self, session: CK_SESSION_HANDLE) -> Outcome<Vec<u8>> {
        let mut out = vec![0; ROOM];
        let mut len = ROOM as CK_ULONG;
        c!(self, C_SignFinal, session, out.as_mut_ptr(), &mut len)?;
        out.truncate(len as usize);
        Ok(out)
    }

    pub fn verify_init<'m>(
        &self,
        session: CK_SESSION_HANDLE,
        mechanism: impl Into<Mech<'m>>,
        key: CK_OBJECT_HANDLE,
    ) -> Outcome {
        c!(self, C_VerifyInit, session, mechanism.into().as_ptr(), key)
    }

    pub fn verify_end(&self, session: CK_SESSION_HANDLE, data: &[u8], signature: &[u8]) -> Outcome {
        c!(
            self,
            C_Verify,
            session,
            data.as_ptr().cast_mut(),
            data.len() as CK_ULONG,
            signature.as_ptr().cast_mut(),
            signature.len() as CK_ULONG
        )
    }

    /// Init and end.
    pub fn verify<'m>(
        &self,
        session: CK_SESSION_HANDLE,
        mechanism: impl Into<Mech<'m>>,
        key: CK_OBJECT_HANDLE,
        data: &[u8],
        signature: &[u8],
    ) -> Outcome {
        self.verify_init(session, mechanism, key)?;
        self.verify_end(session, data, signature)
    }

    pub fn verify_update(&self, session: CK_SESSION_HANDLE, part: &[u8]) -> Outcome {
        c!(
            self,
            C_VerifyUpdate,
            session,
            part.as_ptr().cast_mut(),
            part.len() as CK_ULONG
        )
    }

    pub fn verify_final(&self, session: CK_SESSION_HANDLE, signature: &[u8]) -> Outcome {
        c!(
            self,
            C_VerifyFinal,
            session,
            signature.as_ptr().cast_mut(),
            signature.len() as CK_ULONG
        )
    }

    pub fn digest_init<'m>(
        &self,
        session: CK_SESSION_HANDLE,
        mechanism: impl Into<Mech<'m>>,
    ) -> Outcome {
        c!(self, C_DigestInit, session, mechanism.into().as_ptr())
    }

    pub fn digest_end(&self, session: CK_SESSION_HANDLE, data: &[u8]) -> Outcome<Vec<u8>> {
        let mut out = vec![0; ROOM];
        let mut len = ROOM as CK_ULONG;
        c!(
            self,
            C_Digest,
            session,
            data.as_ptr().cast_mut(),
            data.len() as CK_ULONG,
            out.as_mut_ptr(),
            &mut len
        )?;
        out.truncate(len as usize);
        Ok(out)
    }

    pub fn digest_update(&self, session: CK_SESSION_HANDLE, part: &[u8]) -> Outcome {
        c!(
            self,
            C_DigestUpdate,
            session,
            part.as_ptr().cast_mut(),
            part.len() as CK_ULONG
        )
    }

    pub fn digest_final(&self, session: CK_SESSION_HANDLE) -> Outcome<Vec<u8>> {
        let mut out = vec![0; ROOM];
        let mut len = ROOM as CK_ULONG;
        c!(self, C_DigestFinal, session, out.as_mut_ptr(), &mut len)?;
        out.truncate(len as usize);
        Ok(out)
    }

    pub fn random(&self, session: CK_SESSION_HANDLE, len: usize) -> Outcome<Vec<u8>> {
        let mut out = vec![0; len];
        c!(
            self,
            C_GenerateRandom,
            session,
            out.as_mut_ptr(),
            len as CK_ULONG
        )?;
        Ok(out)
    }
}
