"""Builds an EIP-1559 transaction, and checks its signature with eth-account.

build DIR: reads DIR/public.der, writes DIR/hash (32 bytes).
check DIR: reads DIR/signature (r and s, 64 bytes) too; writes DIR/verified when all is well.
"""

import sys
from pathlib import Path

from eth_account import Account
from eth_account.typed_transactions import TypedTransaction
from eth_keys import keys

TRANSACTION = {
    "type": 2,
    "chainId": 1,
    "nonce": 7,
    "maxPriorityFeePerGas": 2_000_000_000,
    "maxFeePerGas": 40_000_000_000,
    "gas": 21_000,
    "to": "0x000000000000000000000000000000000000dEaD",
    "value": 10**15,
    "data": "0x",
    "accessList": [],
}
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def address(directory):
    """The Ethereum address of the public key: its point ends the DER structure."""
    der = (directory / "public.der").read_bytes()
    point = der[-65:]
    if point[0] != 4:
        sys.exit("the public key is not an uncompressed point")
    return keys.PublicKey(point[1:]).to_checksum_address()


def build(directory):
    digest = bytes(TypedTransaction.from_dict(TRANSACTION).hash())
    (directory / "hash").write_bytes(digest)
    print(f"from   {address(directory)} (the address of our key)")
    print(f"to     {TRANSACTION['to']}, value 0.001 ether")
    print(f"hash   0x{digest.hex()}")


def check(directory):
    signature = (directory / "signature").read_bytes()
    if len(signature) != 64:
        sys.exit(f"the signature has {len(signature)} bytes, not 64")
    r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
    if s > ORDER // 2:
        sys.exit("s is in the upper half: Ethereum refuses such signatures (EIP-2)")
    expected = address(directory)
    # The signature itself does not say which of two points is meant: one parity fits.
    for parity in (0, 1):
        signed = TypedTransaction.from_dict(TRANSACTION | {"v": parity, "r": r, "s": s})
        raw = bytes(signed.encode())
        if Account.recover_transaction(raw) == expected:
            break
    else:
        sys.exit(f"no parity recovers {expected}")
    print(f"r      0x{r:064x}")
    print(f"s      0x{s:064x} (lower half, as EIP-2 wants)")
    print(f"parity {parity}")
    print(f"raw    0x{raw.hex()}")
    print(f"sender {expected} recovered: the same address")
    (directory / "verified").touch()


if __name__ == "__main__":
    {"build": build, "check": check}[sys.argv[1]](Path(sys.argv[2]))
