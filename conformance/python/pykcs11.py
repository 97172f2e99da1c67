"""PyKCS11: the low-level interface."""

import hashlib
import os

from PyKCS11 import PyKCS11 as P

from checks import CURVES, ED25519, check, ecdsa_is_valid, ed25519_is_valid, refused, unwrap

LABEL, PIN = os.environ["LABEL"], os.environ["PIN"]
MESSAGE = b"a message from Python"

lib = P.PyKCS11Lib()
lib.load(os.environ["CHAINHSM_SO"])
check("info", lib.getInfo().libraryDescription.strip() != "")
slots = [s for s in lib.getSlotList(tokenPresent=True) if lib.getTokenInfo(s).label.strip() == LABEL]
check("slot by label", len(slots) == 1)
slot = slots[0]
check("mechanisms", "CKM_ECDSA" in lib.getMechanismList(slot))
check("mechanism info", lib.getMechanismInfo(slot, "CKM_ECDSA").flags & P.CKF_SIGN != 0)

session = lib.openSession(slot, P.CKF_SERIAL_SESSION | P.CKF_RW_SESSION)
refused("a wrong PIN", P.PyKCS11Error, session.login, "wrong-0000")
session.login(PIN)
check("state", session.getSessionInfo().state == P.CKS_RW_USER_FUNCTIONS)
refused("login twice", P.PyKCS11Error, session.login, PIN)


def pair(mechanism, params, name, private=()):
    identity = os.urandom(8)
    public = [
        (P.CKA_TOKEN, True),
        (P.CKA_LABEL, name),
        (P.CKA_ID, identity),
        (P.CKA_VERIFY, True),
        (P.CKA_EC_PARAMS, params),
    ]
    private = [
        (P.CKA_TOKEN, True),
        (P.CKA_PRIVATE, True),
        (P.CKA_LABEL, name),
        (P.CKA_ID, identity),
        (P.CKA_SIGN, True),
        *private,
    ]
    return session.generateKeyPair(public, private, P.Mechanism(mechanism))


def read(key, attribute):
    return bytes(session.getAttributeValue(key, [attribute])[0])


for name, (curve, params) in CURVES.items():
    public, private = pair(P.CKM_EC_KEY_PAIR_GEN, params, name)
    point = unwrap(read(public, P.CKA_EC_POINT))
    check(f"{name}: parameters", read(public, P.CKA_EC_PARAMS) == params)
    digest = hashlib.sha256(MESSAGE).digest()
    for mechanism, data in ((P.CKM_ECDSA, digest), (P.CKM_ECDSA_SHA256, MESSAGE)):
        mechanism = P.Mechanism(mechanism)
        signature = bytes(session.sign(private, data, mechanism))
        check(f"{name}: OpenSSL verifies", ecdsa_is_valid(curve, point, signature, MESSAGE))
        check(f"{name}: verify", session.verify(public, data, signature, mechanism))
        wrong = bytes([signature[0] ^ 1]) + signature[1:]
        check(f"{name}: refuse", not session.verify(public, data, wrong, mechanism))
    value = session.getAttributeValue(private, [P.CKA_VALUE])[0]
    check(f"{name}: the value stays inside", value is None)
    found = session.findObjects([(P.CKA_LABEL, name), (P.CKA_CLASS, P.CKO_PRIVATE_KEY)])
    check(f"{name}: find", len(found) == 1)
    session.setAttributeValue(private, [(P.CKA_LABEL, "renamed")])
    check(f"{name}: rename", session.getAttributeValue(private, [P.CKA_LABEL])[0] == "renamed")
    session.destroyObject(private)
    refused(f"{name}: gone", P.PyKCS11Error, session.sign, private, digest, P.Mechanism(P.CKM_ECDSA))
    session.destroyObject(public)

public, private = pair(P.CKM_EC_EDWARDS_KEY_PAIR_GEN, ED25519, "ed25519")
mechanism = P.Mechanism(P.CKM_EDDSA)
signature = bytes(session.sign(private, MESSAGE, mechanism))
point = unwrap(read(public, P.CKA_EC_POINT))
check("ed25519: OpenSSL verifies", ed25519_is_valid(point, signature, MESSAGE))
check("ed25519: verify", session.verify(public, MESSAGE, signature, mechanism))
check("ed25519: refuse", not session.verify(public, MESSAGE + b"!", signature, mechanism))

digest = bytes(session.digest(MESSAGE, P.Mechanism(P.CKM_SHA256)))
check("digest", digest == hashlib.sha256(MESSAGE).digest())
check("random", len(session.generateRandom(32)) == 32)
data = session.createObject(
    [(P.CKA_CLASS, P.CKO_DATA), (P.CKA_TOKEN, True), (P.CKA_LABEL, "d"), (P.CKA_VALUE, MESSAGE)]
)
check("data", read(data, P.CKA_VALUE) == MESSAGE)
session.logout()
refused("logout twice", P.PyKCS11Error, session.logout)
check("no private key without login", not session.findObjects([(P.CKA_CLASS, P.CKO_PRIVATE_KEY)]))
session.closeSession()
lib.closeAllSessions(slot)
