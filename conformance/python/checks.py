"""Checks shared by both programs: counting, and an independent judge of signatures."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils

CURVES = {
    "secp256k1": (ec.SECP256K1(), bytes.fromhex("06052b8104000a")),
    "secp256r1": (ec.SECP256R1(), bytes.fromhex("06082a8648ce3d030107")),
    "secp384r1": (ec.SECP384R1(), bytes.fromhex("06052b81040022")),
    "secp521r1": (ec.SECP521R1(), bytes.fromhex("06052b81040023")),
}
ED25519 = bytes.fromhex("06032b6570")


def check(name, good):
    print("ok   " if good else "FAIL ", name, flush=True)


def refused(name, error, call, *arguments, **named):
    """The call must raise `error`."""
    try:
        call(*arguments, **named)
    except error:
        check(name, True)
    else:
        check(name, False)


def unwrap(octet_string):
    """The content of a DER OCTET STRING of less than 256 bytes."""
    assert octet_string[0] == 4
    start = 3 if octet_string[1] == 0x81 else 2
    assert octet_string[start - 1] == len(octet_string) - start
    return octet_string[start:]


def ecdsa_is_valid(curve, point, signature, message):
    """True when `signature` (r and s, raw) is one of SHA-256 of `message`."""
    half = len(signature) // 2
    r, s = (int.from_bytes(part, "big") for part in (signature[:half], signature[half:]))
    key = ec.EllipticCurvePublicKey.from_encoded_point(curve, point)
    try:
        key.verify(utils.encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def ed25519_is_valid(point, signature, message):
    try:
        ed25519.Ed25519PublicKey.from_public_bytes(point).verify(signature, message)
    except InvalidSignature:
        return False
    return True
