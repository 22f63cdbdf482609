"""What the lab kernel's own ciphers can do, with no network around them: by AF_ALG sockets in a router."""

from __future__ import annotations

import json
import shlex

from citynet.levels.bench import Bench

MACSEC_128 = {"name": "gcm(aes)", "key": 16, "auth": 0, "iv": 12, "tag": 16}
MACSEC_256 = {"name": "gcm(aes)", "key": 32, "auth": 0, "iv": 12, "tag": 16}
ESP_AES = {"name": "authenc(hmac(sha512),cbc(aes))", "key": 32, "auth": 64, "iv": 16, "tag": 32}
ESP_SM4 = {"name": "authenc(hmac(sm3),cbc(sm4))", "key": 16, "auth": 32, "iv": 16, "tag": 32}
SECONDS = 1.5
BLOCK = 32768
"""Bytes at once, so that the cost of asking the kernel does not show; a packet's own set-up is left out as well."""

_PROGRAM = """
import json, os, socket, struct, sys, time
told = json.loads(sys.argv[1])
ASSOCIATED = 16
key = os.urandom(told["key"])
if told["auth"]:
    key = struct.pack("=HH", 8, 1) + struct.pack("!I", told["key"]) + os.urandom(told["auth"]) + key
plain, iv = os.urandom(told["block"]), os.urandom(told["iv"])
with socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET, 0) as cipher:
    cipher.bind(("aead", told["name"]))
    cipher.setsockopt(socket.SOL_ALG, socket.ALG_SET_KEY, key)
    cipher.setsockopt(socket.SOL_ALG, socket.ALG_SET_AEAD_AUTHSIZE, None, told["tag"])
    def run(what, data, out):
        operation, _ = cipher.accept()
        with operation:
            operation.sendmsg_afalg([bytes(ASSOCIATED) + data], op=what, iv=iv, assoclen=ASSOCIATED)
            return operation.recv(ASSOCIATED + out)[ASSOCIATED:]
    sealed = run(socket.ALG_OP_ENCRYPT, plain, len(plain) + told["tag"])
    def rate(what, data, out):
        done, start = 0, time.monotonic()
        while time.monotonic() - start < told["seconds"]:
            run(what, data, out)
            done += len(plain)
        return done * 8 / (time.monotonic() - start) / 1e6
    encrypt = rate(socket.ALG_OP_ENCRYPT, plain, len(plain) + told["tag"])
    decrypt = rate(socket.ALG_OP_DECRYPT, sealed, len(plain))
print(json.dumps([encrypt, decrypt]))
"""


def there_and_back_mbps(bench: Bench, node: str, suite: dict[str, str | int]) -> float:
    """The rate at which one processor encrypts and decrypts the same data, in Mbit/s: both ends of a lab's line."""
    told = json.dumps({**suite, "seconds": SECONDS, "block": BLOCK})
    encrypt, decrypt = json.loads(bench.access.run(node, f"python3 -c {shlex.quote(_PROGRAM)} {shlex.quote(told)}", 30))
    return 1 / (1 / encrypt + 1 / decrypt)
