//! Message digests (PKCS#11 v3.1 sections 6.20 to 6.31).

use super::{Digest, Mechanism, Ops, Params, Shape};
use crate::{
    error::{Error, Result},
    pkcs11::*,
};

/// The rows of the family.
pub const TABLE: &[Mechanism] = &[
    digest::<sha1::Sha1>(CKM_SHA_1),
    digest::<sha2::Sha224>(CKM_SHA224),
    digest::<sha2::Sha256>(CKM_SHA256),
    digest::<sha2::Sha384>(CKM_SHA384),
    digest::<sha2::Sha512>(CKM_SHA512),
    digest::<sha2::Sha512_224>(CKM_SHA512_224),
    digest::<sha2::Sha512_256>(CKM_SHA512_256),
    digest::<sha3::Sha3_224>(CKM_SHA3_224),
    digest::<sha3::Sha3_256>(CKM_SHA3_256),
    digest::<sha3::Sha3_384>(CKM_SHA3_384),
    digest::<sha3::Sha3_512>(CKM_SHA3_512),
];

/// The row of a digest without a parameter.
pub(super) const fn digest<D: sha2::Digest + Send + 'static>(id: CK_MECHANISM_TYPE) -> Mechanism {
    Mechanism {
        id,
        keys: &[],
        size: (0, 0),
        param: Shape::None,
        flags: 0,
        ops: Ops {
            digest: Some(start::<D>),
            ..Ops::NONE
        },
    }
}

fn start<D: sha2::Digest + Send + 'static>(_: &Params) -> Result<Box<dyn Digest>> {
    Ok(Box::new(Running(D::new())))
}

struct Running<D>(D);

impl<D: sha2::Digest + Send> Digest for Running<D> {
    fn digest_len(&self) -> usize {
        <D as sha2::Digest>::output_size()
    }

    fn update(&mut self, data: &[u8]) -> Result<()> {
        self.0.update(data);
        Ok(())
    }

    fn finish(self: Box<Self>, out: &mut [u8]) -> Result<usize> {
        let needed = self.digest_len();
        out.get_mut(..needed)
            .ok_or(Error::BufferTooSmall { needed })?
            .copy_from_slice(&self.0.finalize());
        Ok(needed)
    }
}
