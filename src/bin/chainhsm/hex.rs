//! Hexadecimal text.

use chainhsm::secret::SecretBytes;

/// Lower-case digits.
pub(crate) fn encode(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes of an even number of digits, `0x` in front allowed; `None` for anything else.
pub(crate) fn decode(text: &[u8]) -> Option<SecretBytes> {
    let digits = text.strip_prefix(b"0x").unwrap_or(text);
    let (pairs, rest) = digits.as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    let digit = |ascii: u8| char::from(ascii).to_digit(16);
    SecretBytes::new_with(pairs.len(), |out| {
        for (byte, [high, low]) in out.iter_mut().zip(pairs) {
            let value = digit(*high).zip(digit(*low)).map(|(h, l)| h << 4 | l);
            *byte = value.and_then(|v| u8::try_from(v).ok()).ok_or(())?;
        }
        Ok::<(), ()>(())
    })
    .ok()
}

/// Parses an option that is hexadecimal and no secret.
pub(crate) fn parse(text: &str) -> Result<Hex, String> {
    let bytes = decode(text.as_bytes()).ok_or("must be an even number of hexadecimal digits")?;
    Ok(Hex(bytes.expose(<[u8]>::to_vec)))
}

/// Bytes given in hexadecimal.
#[derive(Debug, Clone)]
pub(crate) struct Hex(pub(crate) Vec<u8>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_both_ways() {
        assert_eq!(encode(&[0, 0x7f, 0xff]), "007fff");
        assert_eq!(parse("0x007FfF").unwrap().0, [0, 0x7f, 0xff]);
        assert!(parse("").unwrap().0.is_empty());
        for bad in ["0", "0g", "x0", "+1", "00 00"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
