//! Extended keys as text: the Base58Check form of BIP-32, which is defined for secp256k1 alone.

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{
    bip32::Node,
    ec::{self, PublicKey},
    hd::{Curve, ExtendedPrivateKey, ExtendedPublicKey, Place},
};
use crate::{
    error::{Error, Result},
    pkcs11::*,
    secret::SecretBytes,
};

/// The network that version bytes name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Network {
    /// xpub, xprv.
    #[default]
    Main,
    /// tpub, tprv.
    Test,
}

/// Bytes before the text encoding, without checksum.
const PAYLOAD_LEN: usize = 78;
/// Bytes of checksum.
const CHECKSUM_LEN: usize = 4;
/// Longest text in bytes.
pub const TEXT_LEN_MAX: usize = 112;

impl Network {
    /// The version bytes of a public (`CKO_PUBLIC_KEY`) or a private key.
    #[must_use]
    pub const fn version(self, class: CK_OBJECT_CLASS) -> [u8; 4] {
        match (self, class) {
            (Self::Main, CKO_PUBLIC_KEY) => MAIN_PUBLIC,
            (Self::Main, _) => MAIN_PRIVATE,
            (Self::Test, CKO_PUBLIC_KEY) => TEST_PUBLIC,
            (Self::Test, _) => TEST_PRIVATE,
        }
    }

    /// The network of version bytes; `None` where they are unknown or those of the other class.
    #[must_use]
    pub fn of(version: &[u8], class: CK_OBJECT_CLASS) -> Option<Self> {
        [Self::Main, Self::Test]
            .into_iter()
            .find(|network| network.version(class) == version)
    }
}

const MAIN_PUBLIC: [u8; 4] = [0x04, 0x88, 0xB2, 0x1E];
const MAIN_PRIVATE: [u8; 4] = [0x04, 0x88, 0xAD, 0xE4];
const TEST_PUBLIC: [u8; 4] = [0x04, 0x35, 0x87, 0xCF];
const TEST_PRIVATE: [u8; 4] = [0x04, 0x35, 0x83, 0x94];

/// The text of a key.
///
/// # Errors
/// `CKR_KEY_NOT_WRAPPABLE` for a curve that has no such form.
pub fn encode(node: &Node, network: Network) -> Result<SecretBytes> {
    if node.curve() != Curve::Secp256k1 {
        return Err(Error::KeyNotWrappable);
    }
    let place = node.place();
    let mut payload = Zeroizing::new(Vec::with_capacity(PAYLOAD_LEN + CHECKSUM_LEN));
    payload.extend(network.version(node.class()));
    payload.push(place.depth);
    payload.extend(place.parent_fingerprint);
    payload.extend(place.index.to_be_bytes());
    payload.extend(node.chain_code());
    match node {
        Node::Private(key) => {
            payload.push(0);
            key.secret.expose(|secret| payload.extend(secret));
        }
        Node::Public(key) => payload.extend(key.point),
    }
    let checksum = checksum(&payload);
    payload.extend(checksum);
    let mut text = Zeroizing::new([0; TEXT_LEN_MAX]);
    let len = bs58::encode(&*payload)
        .onto(text.as_mut_slice())
        .map_err(|_| Error::General("the text of a key is too long".into()))?;
    Ok(SecretBytes::copy_from(text.get(..len).unwrap_or_default()))
}

/// The key of a text, and its network. `None` unless BIP-32 calls it valid.
#[must_use]
pub fn decode(text: &[u8]) -> Option<(Node, Network)> {
    if text.len() > TEXT_LEN_MAX {
        return None;
    }
    let mut bytes = Zeroizing::new([0; TEXT_LEN_MAX]);
    let len = bs58::decode(text).onto(bytes.as_mut_slice()).ok()?;
    let (payload, sum) = bytes.get(..len)?.split_at_checked(PAYLOAD_LEN)?;
    if sum != checksum(payload) {
        return None;
    }
    let (version, rest) = payload.split_first_chunk::<4>()?;
    let ([depth], rest) = rest.split_first_chunk::<1>()?;
    let (parent_fingerprint, rest) = rest.split_first_chunk::<4>()?;
    let (index, rest) = rest.split_first_chunk::<4>()?;
    let (chain_code, key) = rest.split_first_chunk::<32>()?;
    let place = Place {
        depth: *depth,
        index: u32::from_be_bytes(*index),
        parent_fingerprint: *parent_fingerprint,
    };
    if place.depth == 0 && place != Place::default() {
        return None;
    }
    let curve = Curve::Secp256k1;
    if let Some(network) = Network::of(version, CKO_PUBLIC_KEY) {
        PublicKey::from_point(ec::Curve::Secp256k1, key)?;
        let key = ExtendedPublicKey {
            curve,
            point: key.try_into().ok()?,
            chain_code: *chain_code,
            place,
        };
        return Some((Node::Public(key), network));
    }
    let network = Network::of(version, CKO_PRIVATE_KEY)?;
    let ([0], secret) = key.split_first_chunk::<1>()? else {
        return None;
    };
    let key = ExtendedPrivateKey {
        curve,
        secret: curve
            .is_valid(secret)
            .then(|| SecretBytes::copy_from(secret))?,
        chain_code: *chain_code,
        place,
    };
    Some((Node::Private(key), network))
}

/// The start of the double SHA-256.
fn checksum(payload: &[u8]) -> [u8; CHECKSUM_LEN] {
    let [a, b, c, d, ..] = <[u8; 32]>::from(Sha256::digest(Sha256::digest(payload)));
    [a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// BIP-32, test vector 1, chain m.
    const XPRV: &str = "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi";
    const XPUB: &str = "xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2gZ29ESFjqJoCu1Rupje8YtGqsefD265TMg7usUDFdp6W1EGMcet8";

    #[test]
    fn texts_are_read_and_written() {
        for text in [XPRV, XPUB] {
            let (node, network) = decode(text.as_bytes()).unwrap();
            assert_eq!(network, Network::Main);
            let again = encode(&node, network).unwrap();
            again.expose(|bytes| assert_eq!(bytes, text.as_bytes()));
            let testnet = encode(&node, Network::Test).unwrap();
            testnet.expose(|bytes| assert!(bytes.starts_with(b"tp")));
        }
    }

    /// BIP-32, test vector 5: all are invalid.
    #[test]
    fn invalid_texts_are_refused() {
        for text in [
            "xpub661MyMwAqRbcEYS8w7XLSVeEsBXy79zSzH1J8vCdxAZningWLdN3zgtU6LBpB85b3D2yc8sfvZU521AAwdZafEz7mnzBBsz4wKY5fTtTQBm",
            "xprv9s21ZrQH143K24Mfq5zL5MhWK9hUhhGbd45hLXo2Pq2oqzMMo63oStZzFGTQQD3dC4H2D5GBj7vWvSQaaBv5cxi9gafk7NF3pnBju6dwKvH",
            "xpub661MyMwAqRbcEYS8w7XLSVeEsBXy79zSzH1J8vCdxAZningWLdN3zgtU6Txnt3siSujt9RCVYsx4qHZGc62TG4McvMGcAUjeuwZdduYEvFn",
            "xprv9s21ZrQH143K24Mfq5zL5MhWK9hUhhGbd45hLXo2Pq2oqzMMo63oStZzFGpWnsj83BHtEy5Zt8CcDr1UiRXuWCmTQLxEK9vbz5gPstX92JQ",
            "xpub661MyMwAqRbcEYS8w7XLSVeEsBXy79zSzH1J8vCdxAZningWLdN3zgtU6N8ZMMXctdiCjxTNq964yKkwrkBJJwpzZS4HS2fxvyYUA4q2Xe4",
            "xprv9s21ZrQH143K24Mfq5zL5MhWK9hUhhGbd45hLXo2Pq2oqzMMo63oStZzFAzHGBP2UuGCqWLTAPLcMtD9y5gkZ6Eq3Rjuahrv17fEQ3Qen6J",
            "xprv9s2SPatNQ9Vc6GTbVMFPFo7jsaZySyzk7L8n2uqKXJen3KUmvQNTuLh3fhZMBoG3G4ZW1N2kZuHEPY53qmbZzCHshoQnNf4GvELZfqTUrcv",
            "xpub661no6RGEX3uJkY4bNnPcw4URcQTrSibUZ4NqJEw5eBkv7ovTwgiT91XX27VbEXGENhYRCf7hyEbWrR3FewATdCEebj6znwMfQkhRYHRLpJ",
            "xprv9s21ZrQH4r4TsiLvyLXqM9P7k1K3EYhA1kkD6xuquB5i39AU8KF42acDyL3qsDbU9NmZn6MsGSUYZEsuoePmjzsB3eFKSUEh3Gu1N3cqVUN",
            "xpub661MyMwAuDcm6CRQ5N4qiHKrJ39Xe1R1NyfouMKTTWcguwVcfrZJaNvhpebzGerh7gucBvzEQWRugZDuDXjNDRmXzSZe4c7mnTK97pTvGS8",
            "DMwo58pR1QLEFihHiXPVykYB6fJmsTeHvyTp7hRThAtCX8CvYzgPcn8XnmdfHGMQzT7ayAmfo4z3gY5KfbrZWZ6St24UVf2Qgo6oujFktLHdHY4",
            "DMwo58pR1QLEFihHiXPVykYB6fJmsTeHvyTp7hRThAtCX8CvYzgPcn8XnmdfHPmHJiEDXkTiJTVV9rHEBUem2mwVbbNfvT2MTcAqj3nesx8uBf9",
            "xprv9s21ZrQH143K24Mfq5zL5MhWK9hUhhGbd45hLXo2Pq2oqzMMo63oStZzF93Y5wvzdUayhgkkFoicQZcP3y52uPPxFnfoLZB21Teqt1VvEHx",
            "xprv9s21ZrQH143K24Mfq5zL5MhWK9hUhhGbd45hLXo2Pq2oqzMMo63oStZzFAzHGBP2UuGCqWLTAPLcMtD5SDKr24z3aiUvKr9bJpdrcLg1y3G",
            "xpub661MyMwAqRbcEYS8w7XLSVeEsBXy79zSzH1J8vCdxAZningWLdN3zgtU6Q5JXayek4PRsn35jii4veMimro1xefsM58PgBMrvdYre8QyULY",
            "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHL",
            "",
            "0OIl",
        ] {
            assert!(decode(text.as_bytes()).is_none(), "{text}");
        }
    }
}
