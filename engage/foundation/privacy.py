"""Personal data at rest: contacts encrypted, persons and protected addresses as keyed hashes, masks for screens."""

import base64
import hmac
import re
import unicodedata
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from engage.foundation import data_keys
from engage.foundation.data_keys import HASHING, OWN, MasterKeys, Sealer
from engage.foundation.database import Database
from engage.foundation.errors import EngageError, SettingsInvalid
from engage.foundation.settings import Settings

INSIDE = re.compile(r"(flat|apartment|apt|unit|room|studio|floor)\b", re.IGNORECASE)  # of a building
REMEMBERED = 256  # data keys kept unwrapped in memory


class Keys:
    """The keys of a deployment: master keys, newest first, and the data keys of its database that they wrap.

    The hashing key is the database's own; a database that has none yet gets the one that the oldest master key derives,
    as every version did."""

    def __init__(self, fernet_keys: list[str], database: Database | None = None, file: Path | None = None) -> None:
        self.masters = MasterKeys(fernet_keys, file)
        self._database = database
        self._sealers: dict[str, Sealer] = {}
        row = data_keys.read(database, HASHING)
        self.hashing_key = self.masters.unwrap(row) if row else derived(self.masters.keys[-1])
        if row and database:
            data_keys.demand_of_snapshots(database, self.fingerprint)

    @cached_property
    def fingerprint(self) -> str:
        """Of the hashing key."""
        return data_keys.fingerprint(self.hashing_key)

    def new_sealer(self) -> Sealer:
        """To encrypt with now, and to be kept (`data_keys.keep`) with what it encrypted."""
        return self.remember(Sealer.new())

    def remember(self, sealer: Sealer) -> Sealer:
        if len(self._sealers) >= REMEMBERED:
            self._sealers.clear()
        self._sealers[sealer.id] = sealer
        return sealer

    def forget(self, sealer_id: str) -> None:
        self._sealers.pop(sealer_id, None)

    def _sealer(self, sealer_id: str) -> Sealer:
        if found := self._sealers.get(sealer_id):
            return found
        row = data_keys.demand_standing(data_keys.read(self._database, sealer_id))
        return self.remember(Sealer(row.id, self.masters.unwrap(row)))

    @cached_property
    def _own(self) -> Sealer | None:
        return self._sealer(OWN) if data_keys.read(self._database, OWN) else None

    def encrypt(self, value: str) -> str:
        """For what the database keeps and that has no end of its own; else by a sealer, whose key can be destroyed."""
        if self._own:
            return self._own.seal(value)
        return Fernet(self.masters.keys[0]).encrypt(value.encode()).decode()

    def decrypt(self, token: str) -> str:
        sealer_id, sealed, _ = token.partition(":")
        if sealed:
            return self._sealer(sealer_id).open(token)
        return MultiFernet([Fernet(key) for key in self.masters.keys]).decrypt(token).decode()

    def sealed_anew(self, tokens: list[str], to: Sealer) -> list[str]:
        """Under another data key; those of a snapshot are all under one."""
        one = tokens[0].partition(":")[0] if tokens else ""
        if one and all(token.startswith(f"{one}:") for token in tokens):
            return self._sealer(one).sealed_anew(tokens, to)
        return [to.seal(self.decrypt(token)) for token in tokens]

    def readable(self, token: str) -> bool:
        try:
            self.decrypt(token)
        except (InvalidToken, InvalidTag, EngageError, ValueError):
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


def derived(master: str) -> str:
    """The hashing key of a master key: in hexadecimal, as Polars takes a key as text; its 64 letters are one block of
    SHA-256."""
    return HKDF(hashes.SHA256(), 32, None, b"engage keyed hashes").derive(base64.urlsafe_b64decode(master)).hex()


def load_keys(settings: Settings, database: Database | None = None) -> Keys:
    """SettingsInvalid where they are not the keys that the data here was made with."""
    masters = standing(settings)
    if masters is None:
        _demand_no_data(settings, database)
        data_keys.write_key_file(settings.home / "keys", [Fernet.generate_key().decode()])
        masters = standing(settings)
    assert masters
    return Keys(masters.keys, database, masters.file)


def standing(settings: Settings) -> MasterKeys | None:
    """Those of the settings, else of the key file; None where there are neither."""
    if given := [key.get_secret_value() for key in settings.secret_keys]:
        return MasterKeys(given)
    file = settings.home / "keys"
    return MasterKeys(file.read_text().split(), file) if file.exists() else None


def _demand_no_data(settings: Settings, database: Database | None) -> None:
    if database is None or not data_keys.holds_data(database):
        return
    row = data_keys.read(database, HASHING)
    meant = f"the key {row.wrapped_by}" if row else "a key of its own"
    raise SettingsInvalid(
        f"No key is set and there is no file {settings.home / 'keys'}, but there is data here, made with {meant}. Put "
        "the key file back, or set ENGAGE_SECRET_KEYS. A new key would open nothing, so none was made."
    )


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
