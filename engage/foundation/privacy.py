"""Personal data at rest: contacts encrypted, persons and protected addresses as keyed hashes, masks for screens."""

import base64
import hmac
import os
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from engage.foundation.errors import SettingsInvalid
from engage.foundation.folders import own_folder
from engage.foundation.settings import Settings

INSIDE = re.compile(r"(flat|apartment|apt|unit|room|studio|floor)\b", re.IGNORECASE)  # of a building


class Keys:
    """Fernet keys, newest first: the newest encrypts, all decrypt. The oldest also derives the hashing key,
    so that a rotation leaves the keyed hashes of persons, contacts and addresses as they were."""

    def __init__(self, fernet_keys: list[str]) -> None:
        try:
            self._fernet = MultiFernet([Fernet(key) for key in fernet_keys])
        except ValueError:
            msg = "ENGAGE_SECRET_KEYS is (hidden): each key must be 32 bytes in URL-safe base64, as Fernet makes them."
            raise SettingsInvalid(msg) from None
        oldest = base64.urlsafe_b64decode(fernet_keys[-1])
        # In hexadecimal, as Polars takes a key as text; its 64 letters are one block of SHA-256.
        self.hashing_key = HKDF(hashes.SHA256(), 32, None, b"engage keyed hashes").derive(oldest).hex()

    def encrypt(self, value: str) -> str:
        return self._fernet.encrypt(value.encode()).decode()

    def decrypt(self, token: str) -> str:
        return self._fernet.decrypt(token).decode()

    def readable(self, token: str) -> bool:
        try:
            self._fernet.decrypt(token)
        except InvalidToken:
            return False
        return True

    def hash(self, purpose: str, *parts: str) -> str:
        """HMAC-SHA256 in hex of `purpose` and `parts`."""
        return hmac.digest(self.hashing_key.encode(), "\x1f".join((purpose, *parts)).encode(), "sha256").hex()

    def hash_sql(self, expression: str) -> str:
        """The same HMAC as a DuckDB expression over a text expression that already joins its parts by chr(31)."""
        inner = _blob(bytes(b ^ 0x36 for b in self.hashing_key.encode()))
        outer = _blob(bytes(b ^ 0x5C for b in self.hashing_key.encode()))
        return f"sha256({outer} || unhex(sha256({inner} || encode({expression}))))"

    def uprn(self, uprn: int | str) -> str:
        return self.hash("uprn", str(int(uprn)))

    def contact(self, channel: str, value: str) -> str:
        return self.hash("contact", channel, value)

    def person(
        self, *, elector_id: str = "", name: str = "", uprn: int | None = None, address: str = "", postcode: str = ""
    ) -> str:  # fmt: skip
        """By the EMS elector id, else by the words of the name, in any order, at the property: its UPRN, else its
        address and postcode. Elector numbers change each December, so they are no key."""
        if elector_id:
            return self.hash("elector", elector_id)
        words = " ".join(sorted(normalised(name).split()))
        if uprn or not (address or postcode):
            return self.hash("name", words, str(uprn or ""))
        return self.hash("name", words, "", normalised(f"{address} {postcode}"))


def _blob(raw: bytes) -> str:
    return "'" + "".join(f"\\x{byte:02X}" for byte in raw) + "'::BLOB"


def load_keys(settings: Settings) -> Keys:
    keys = [key.get_secret_value() for key in settings.secret_keys]
    return Keys(keys or _key_file(settings.home / "keys"))


def _key_file(path: Path) -> list[str]:
    if not path.exists():
        own_folder(path.parent)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(Fernet.generate_key() + b"\n")
    return path.read_text().split()


def normalised(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().casefold()
    return re.sub(r"[^a-z0-9]+", " ", plain).strip()


def mask_email(address: str) -> str:
    local, _, domain = address.partition("@")
    return f"{local[:1]}•••@{domain[:1]}•••"


def mask_phone(number: str) -> str:
    return f"••••• ••• {number[-3:]}"


def mask_address(lines: Sequence[str]) -> str:
    """`12 A••••• Road, DE14 1••` of an address whose last line is its postcode: how homes look, not which they are."""
    *parts, postcode = lines or [""]
    named = [part for part in parts if not INSIDE.match(part)] or parts or [""]
    line = next((part for part in named if part[:1].isdigit()), named[0])
    words = line.split()
    number = words.pop(0) if line[:1].isdigit() else ""
    street = [words[0][0] + "•••••", *words[-1:]][: len(words)] if words else []
    place = " ".join(filter(None, [number, *street]))
    return ", ".join(filter(None, [place, f"{postcode[:-2]}••" if postcode else ""]))
