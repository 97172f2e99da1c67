"""python-pkcs11: the high-level interface."""

import hashlib
import os

import pkcs11
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass
from pkcs11.util.ec import encode_named_curve_parameters

from checks import CURVES, ED25519, check, ecdsa_is_valid, ed25519_is_valid, refused, unwrap

LABEL, PIN, SO_PIN = os.environ["LABEL"], os.environ["PIN"], os.environ["SO_PIN"]
MESSAGE = b"a message from Python"
DIGEST = hashlib.sha256(MESSAGE).digest()

lib = pkcs11.lib(os.environ["CHAINHSM_SO"])
check("slots", len(lib.get_slots()) >= 2)
token = lib.get_token(token_label=LABEL)
check("token", token.label == LABEL)
check("mechanisms", Mechanism.ECDSA in token.slot.get_mechanisms())
refused("no such token", pkcs11.NoSuchToken, lib.get_token, token_label="nobody")
refused("a wrong PIN", pkcs11.PinIncorrect, token.open, user_pin="wrong-0000")

with token.open(rw=True, user_pin=PIN) as session:
    for name, (curve, params) in CURVES.items():
        check(f"{name}: parameters", encode_named_curve_parameters(name) == params)
        domain = session.create_domain_parameters(KeyType.EC, {Attribute.EC_PARAMS: params}, local=True)
        public, private = domain.generate_keypair(
            mechanism=Mechanism.EC_KEY_PAIR_GEN, store=True, label=name, id=name.encode()
        )
        point = unwrap(public[Attribute.EC_POINT])
        for mechanism, data in ((Mechanism.ECDSA, DIGEST), (Mechanism.ECDSA_SHA256, MESSAGE)):
            signature = private.sign(data, mechanism=mechanism)
            check(f"{name}: OpenSSL verifies", ecdsa_is_valid(curve, point, signature, MESSAGE))
            check(f"{name}: verify", public.verify(data, signature, mechanism=mechanism))
            check(f"{name}: refuse", not public.verify(data, b"\1" * len(signature), mechanism=mechanism))
        parts = [MESSAGE[:5], MESSAGE[5:]]
        signature = private.sign(parts, mechanism=Mechanism.ECDSA_SHA256)
        check(f"{name}: sign in parts", ecdsa_is_valid(curve, point, signature, MESSAGE))
        refused(f"{name}: the value stays inside", pkcs11.AttributeSensitive, lambda: private[Attribute.VALUE])

    domain = session.create_domain_parameters(KeyType.EC_EDWARDS, {Attribute.EC_PARAMS: ED25519}, local=True)
    public, private = domain.generate_keypair(
        mechanism=Mechanism.EC_EDWARDS_KEY_PAIR_GEN, store=True, label="ed25519"
    )
    signature = private.sign(MESSAGE, mechanism=Mechanism.EDDSA)
    point = unwrap(public[Attribute.EC_POINT])
    check("ed25519: OpenSSL verifies", ed25519_is_valid(point, signature, MESSAGE))
    check("ed25519: verify", public.verify(MESSAGE, signature, mechanism=Mechanism.EDDSA))

    check("digest", session.digest(MESSAGE, mechanism=Mechanism.SHA256) == DIGEST)
    check("random", len(session.generate_random(256)) == 32)
    key = session.generate_key(KeyType.AES, 256, store=True, label="aes")
    check("secret key", key.key_length == 256)
    data = session.create_object(
        {Attribute.CLASS: ObjectClass.DATA, Attribute.TOKEN: True, Attribute.LABEL: "d", Attribute.VALUE: MESSAGE}
    )
    check("data", data[Attribute.VALUE] == MESSAGE)
    data.destroy()

with token.open(user_pin=PIN) as session:
    private = session.get_key(object_class=ObjectClass.PRIVATE_KEY, label="secp256k1")
    check("a read-only session signs", len(private.sign(DIGEST, mechanism=Mechanism.ECDSA)) == 64)
    refused("but creates nothing", pkcs11.exceptions.SessionReadOnly, private.copy, {Attribute.LABEL: "x"})

with token.open() as session:
    check(
        "no private key without login",
        not list(session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY})),
    )
    public = session.get_key(object_class=ObjectClass.PUBLIC_KEY, label="secp256k1")
    check("public keys without login", public.key_type == KeyType.EC)
