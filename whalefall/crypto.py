"""Secrets: the ring of credential keys, keys derived from it, password hashes, token digests."""

import asyncio
import base64
import binascii
import functools
import hashlib
import hmac
import os
import re
import secrets
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from whalefall.errors import Code, Problem, said
from whalefall.settings import SettingsError

KEY_BYTES = 32
NONCE_BYTES = 12
KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")
MASK = "~"  # begins a masked secret; no other token holds it
API_TOKEN_PREFIX = "wf_"  # noqa: S105 (a mark, so that a token is known when one leaks)
REFRESH_TOKEN_PREFIX = "wfr_"  # noqa: S105 (likewise)
LEGIBLE = "abcdefghjkmnpqrstuvwxyz23456789"  # neither i, l and 1 nor o and 0
HASHER = PasswordHasher()  # argon2id with the parameters of RFC 9106, low memory
_THREADS = ThreadPoolExecutor(2, thread_name_prefix="argon2")  # each hash takes 64 MiB


@dataclass(frozen=True)
class KeyRing:
    """Keys by id. The first encrypts and is derived from; each decrypts what it encrypted."""

    keys: dict[str, bytes] = field(repr=False)

    @classmethod
    def from_text(cls, text: str) -> "KeyRing":
        """Read "id:base64key,id:base64key", the current key first. Raises SettingsError."""
        keys: dict[str, bytes] = {}
        for number, part in enumerate(filter(None, map(str.strip, text.split(","))), 1):
            key_id, separator, encoded = part.partition(":")
            if not separator or not KEY_ID.fullmatch(key_id):
                raise SettingsError(f"WHALEFALL_SECRET_KEYS: entry {number} is not id:key")
            if key_id in keys:
                raise SettingsError(f"WHALEFALL_SECRET_KEYS names the key {key_id} twice")
            keys[key_id] = _key(encoded, key_id)
        if not keys:
            raise SettingsError("WHALEFALL_SECRET_KEYS is not set: there is no key to keep secrets")
        return cls(keys)

    @property
    def current_id(self) -> str:
        return next(iter(self.keys))

    def encrypt(self, plaintext: str, row_id: int) -> tuple[str, bytes]:
        """The current key's id and nonce + AES-256-GCM ciphertext, bound to the row."""
        key_id, nonce = self.current_id, os.urandom(NONCE_BYTES)
        sealed = AESGCM(self.keys[key_id]).encrypt(nonce, plaintext.encode(), _bound(row_id))
        return key_id, nonce + sealed

    def decrypt(self, key_id: str, ciphertext: bytes, row_id: int) -> str:
        """The plaintext of this very row. Raises CREDENTIAL_DECRYPT_FAILED, never returns ""."""
        key = self.keys.get(key_id)
        if key is None:
            raise _undecryptable(
                said("The key it was encrypted with is not in WHALEFALL_SECRET_KEYS.")
            )
        nonce, sealed = ciphertext[:NONCE_BYTES], ciphertext[NONCE_BYTES:]
        try:
            plaintext = AESGCM(key).decrypt(nonce, sealed, _bound(row_id)).decode()
        except (InvalidTag, ValueError) as error:
            raise _undecryptable(said("Key, ciphertext and row do not belong together.")) from error
        if not plaintext:
            raise _undecryptable(said("What is stored is empty."))
        return plaintext

    def derive(self, purpose: str, length: int = KEY_BYTES, *, key_id: str | None = None) -> bytes:
        """A key of its own for each purpose, from the current key or the named one (HKDF-SHA256).

        Raises KeyError when the ring has no such key.
        """
        return _derive(self.keys[self.current_id if key_id is None else key_id], purpose, length)

    def sign(self, purpose: str, text: str) -> str:
        """A short, URL-safe HMAC of a text."""
        mac = hmac.digest(self.derive(purpose), text.encode(), "sha256")
        return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()


def generate_key_line() -> str:
    """A new key as WHALEFALL_SECRET_KEYS wants it: random id, colon, base64."""
    key = base64.urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).decode()
    return f"k{secrets.token_hex(4)}:{key}"


def load_or_create_key_file(path: Path) -> str:
    """The keys in a file that only its owner may read; made at the first call, once."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _create(path, generate_key_line() + "\n")
    if path.stat().st_mode & 0o077:
        raise SettingsError(f"others may read {path}; set its mode to 600")
    text = path.read_text().strip()
    KeyRing.from_text(text)
    return text


def new_token() -> str:
    """A secret of 256 bits that fits into a header."""
    return secrets.token_urlsafe(KEY_BYTES)


def new_password() -> str:
    """A password for somebody to type once: 99 bits, without signs that look alike."""
    groups = ("".join(secrets.choice(LEGIBLE) for _ in range(5)) for _ in range(4))
    return "-".join(groups)


def token_digest(token: str) -> bytes:
    """What is stored of a token. Tokens are long and random: a plain hash is enough."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def same_text(one: str, other: str) -> bool:
    """Compare secrets without telling by time where they differ."""
    return hmac.compare_digest(
        one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass")
    )


def masked(secret: str) -> str:
    """A secret written differently each time, so that no packed page tells it by its length."""
    if not secret:
        return ""
    text = secret.encode()
    mask = secrets.token_bytes(len(text))
    return MASK + base64.urlsafe_b64encode(mask + _xor(mask, text)).decode()


def unmasked(text: str) -> str:
    """The secret behind a mask, or a text that wears none as it is; "" for what cannot be read."""
    if not text.startswith(MASK):
        return text
    try:
        worn = base64.b64decode(text.removeprefix(MASK), b"-_", validate=True)
        half = len(worn) // 2
        return _xor(worn[:half], worn[half:]).decode()
    except ValueError:
        return ""


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


async def hash_password(password: str) -> str:
    """argon2id, in a thread."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_THREADS, HASHER.hash, _typed(password))


async def check_password(stored: str | None, password: str) -> bool:
    """Whether the password fits the hash. Without one it takes as long, and does not fit."""
    return await asyncio.get_running_loop().run_in_executor(_THREADS, _fits, stored, password)


def _fits(stored: str | None, password: str) -> bool:
    try:
        fits = HASHER.verify(_nobodys_hash(HASHER) if stored is None else stored, _typed(password))
    except (VerificationError, InvalidHashError):
        return False
    return fits and stored is not None


def _typed(password: str) -> bytes:
    """The same bytes whichever keyboard composed the accents."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


@functools.cache
def _nobodys_hash(hasher: PasswordHasher) -> str:
    """As costly as a real one of the same hasher."""
    return hasher.hash(new_token())


@functools.lru_cache(maxsize=64)
def _derive(key: bytes, purpose: str, length: int) -> bytes:
    info = f"whalefall/{purpose}".encode()
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=info).derive(key)


def _key(encoded: str, key_id: str) -> bytes:
    try:
        key = base64.b64decode(encoded.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise SettingsError(f"WHALEFALL_SECRET_KEYS: key {key_id} is not base64") from error
    if len(key) != KEY_BYTES:
        raise SettingsError(f"WHALEFALL_SECRET_KEYS: key {key_id} is not {KEY_BYTES} bytes long")
    return key


def _bound(row_id: int) -> bytes:
    return f"whalefall/credential/{row_id}".encode()


def _undecryptable(hint: str) -> Problem:
    return Problem(
        "The stored password cannot be decrypted.", code=Code.CREDENTIAL_DECRYPT_FAILED, hint=hint
    )


def _create(path: Path, text: str) -> None:
    """Whole or not at all, and never over a file that somebody else made meanwhile."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink(missing_ok=True)
