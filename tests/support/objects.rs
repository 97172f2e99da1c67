//! Objects and keys.

use std::ptr;

use super::*;

impl Module {
    pub fn create(&self, session: CK_SESSION_HANDLE, t: &Template) -> Outcome<CK_OBJECT_HANDLE> {
        let mut raw = t.raw();
        let mut object = 0;
        let n = raw.len() as CK_ULONG;
        c!(
            self,
            C_CreateObject,
            session,
            raw.as_mut_ptr(),
            n,
            &mut object
        )?;
        Ok(object)
    }

    pub fn copy(
        &self,
        session: CK_SESSION_HANDLE,
        object: CK_OBJECT_HANDLE,
        t: &Template,
    ) -> Outcome<CK_OBJECT_HANDLE> {
        let mut raw = t.raw();
        let mut copy = 0;
        let n = raw.len() as CK_ULONG;
        c!(
            self,
            C_CopyObject,
            session,
            object,
            raw.as_mut_ptr(),
            n,
            &mut copy
        )?;
        Ok(copy)
    }

    pub fn destroy(&self, session: CK_SESSION_HANDLE, object: CK_OBJECT_HANDLE) -> Outcome {
        c!(self, C_DestroyObject, session, object)
    }

    /// One attribute, by a length query and a second call.
    pub fn get(
        &self,
        session: CK_SESSION_HANDLE,
        object: CK_OBJECT_HANDLE,
        attribute: CK_ATTRIBUTE_TYPE,
    ) -> Outcome<Vec<u8>> {
        let mut raw = CK_ATTRIBUTE {
            type_: attribute,
            pValue: ptr::null_mut(),
            ulValueLen: 0,
        };
        c!(self, C_GetAttributeValue, session, object, &mut raw, 1)?;
        let mut value = vec![0; raw.ulValueLen as usize];
        raw.pValue = value.as_mut_ptr().cast();
        c!(self, C_GetAttributeValue, session, object, &mut raw, 1)?;
        value.truncate(raw.ulValueLen as usize);
        Ok(value)
    }

    pub fn get_bool(
        &self,
        s: CK_SESSION_HANDLE,
        o: CK_OBJECT_HANDLE,
        a: CK_ATTRIBUTE_TYPE,
    ) -> bool {
        let value = self.get(s, o, a).unwrap();
        assert!(value == [CK_TRUE] || value == [CK_FALSE], "{value:?}");
        value == [CK_TRUE]
    }

    pub fn get_ulong(
        &self,
        s: CK_SESSION_HANDLE,
        o: CK_OBJECT_HANDLE,
        a: CK_ATTRIBUTE_TYPE,
    ) -> CK_ULONG {
        CK_ULONG::from_ne_bytes(self.get(s, o, a).unwrap().try_into().unwrap())
    }

    pub fn set(
        &self,
        session: CK_SESSION_HANDLE,
        object: CK_OBJECT_HANDLE,
        t: &Template,
    ) -> Outcome {
        let mut raw = t.raw();
        let n = raw.len() as CK_ULONG;
        c!(
            self,
            C_SetAttributeValue,
            session,
            object,
            raw.as_mut_ptr(),
            n
        )
    }

    pub fn find_init(&self, session: CK_SESSION_HANDLE, t: &Template) -> Outcome {
        let mut raw = t.raw();
        let n = raw.len() as CK_ULONG;
        c!(self, C_FindObjectsInit, session, raw.as_mut_ptr(), n)
    }

    pub fn find_next(
        &self,
        session: CK_SESSION_HANDLE,
        max: usize,
    ) -> Outcome<Vec<CK_OBJECT_HANDLE>> {
        let mut found = vec![0; max];
        let mut count = 0;
        c!(
            self,
            C_FindObjects,
            session,
            found.as_mut_ptr(),
            max as CK_ULONG,
            &mut count
        )?;
        assert!(count as usize <= max);
        found.truncate(count as usize);
        Ok(found)
    }

    pub fn find_final(&self, session: CK_SESSION_HANDLE) -> Outcome {
        c!(self, C_FindObjectsFinal, session)
    }

    /// A whole search, in small steps.
    pub fn find(&self, session: CK_SESSION_HANDLE, t: &Template) -> Outcome<Vec<CK_OBJECT_HANDLE>> {
        self.find_init(session, t)?;
        let mut all = Vec::new();
        loop {
            let some = self.find_next(session, 7)?;
            if some.is_empty() {
                break;
            }
            all.extend(some);
        }
        self.find_final(session)?;
        all.sort_unstable();
        Ok(all)
    }

    /// The one object that a search finds.
    #[track_caller]
    pub fn find_one(&self, session: CK_SESSION_HANDLE, t: &Template) -> CK_OBJECT_HANDLE {
        let found = self.find(session, t).unwrap();
        assert_eq!(found.len(), 1, "objects found");
        found[0]
    }

    /// C_GenerateKeyPair: (public, private).
    pub fn pair<'m>(
        &self,
        session: CK_SESSION_HANDLE,
        mechanism: impl Into<Mech<'m>>,
        public: &Template,
        private: &Template,
    ) -> Outcome<(CK_OBJECT_HANDLE, CK_OBJECT_HANDLE)> {
        let (mut raw_public, mut raw_private) = (public.raw(), private.raw());
        let (mut k_public, mut k_private) = (0, 0);
        c!(
            self,
            C_GenerateKeyPair,
            session,
            mechanism.into().as_ptr(),
            raw_public.as_mut_ptr(),
            raw_public.len() as CK_ULONG,
            raw_private.as_mut_ptr(),
            raw_private.len() as CK_ULONG,
            &mut k_public,
            &mut k_private
        )?;
        Ok((k_public, k_private))
    }

    pub fn generate<'m>(
        &self,
        session: CK_SESSION_HANDLE,
        mechanism: impl Into<Mech<'m>>,
        t: &Template,
    ) -> Outcome<CK_OBJECT_HANDLE> {
        let mut raw = t.raw();
        let n = raw.len() as CK_ULONG;
        let mut key = 0;
        c!(
            self,
            C_GenerateKey,
            session,
            mechanism.into().as_ptr(),
            raw.as_mut_ptr(),
            n,
            &mut key
        )?;
        Ok(key)
    }

    pub fn derive<'m>(
        &self,
        session: CK_SESSION_HANDLE,
        mechanism: impl Into<Mech<'m>>,
        base: CK_OBJECT_HANDLE,
        t: &Template,
    ) -> Outcome<CK_OBJECT_HANDLE> {
        let mut raw = t.raw();
        let n = raw.len() as CK_ULONG;
        let mut key = 0;
        c!(
            self,
            C_DeriveKey,
            session,
            mechanism.into().as_ptr(),
            base,
            raw.as_mut_ptr(),
            n,
            &mut key
        )?;
        Ok(key)
    }
}
