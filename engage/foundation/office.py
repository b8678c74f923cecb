"""The office: settings, database, lake, clock and keys in one place, handed to every function that needs them."""

from dataclasses import dataclass
from functools import cached_property

from engage.foundation.background import Background
from engage.foundation.clock import Clock, ShiftedClock, SystemClock
from engage.foundation.data_keys import MasterKeys
from engage.foundation.database import Database
from engage.foundation.lake import Lake
from engage.foundation.privacy import Keys, load_keys, standing
from engage.foundation.settings import Settings, load


@dataclass(frozen=True)
class Actor:
    """Who does a thing, for guards and the audit log: an account's label, the worker, or by a command the user of the
    operating system who acts for an account."""

    authority: str
    label: str
    account_id: int | None = None
    by_command: bool = False


class Office:
    def __init__(self, settings: Settings | None = None, clock: Clock | None = None) -> None:
        self.settings = settings or load()
        self.clock = clock or _clock(self.settings)

    @cached_property
    def database(self) -> Database:
        return Database(self.settings.database, {"keys": lambda: self.keys})

    @cached_property
    def lake(self) -> Lake:
        return Lake(self.settings.home / "lake", lambda: self.keys.fingerprint, self.database)

    @cached_property
    def keys(self) -> Keys:
        return load_keys(self.settings, self.database)

    def master_keys(self) -> MasterKeys | None:
        """As they stand, held against nothing; None where there are none yet."""
        return standing(self.settings)

    def open_keys(self) -> None:
        """SettingsInvalid where they are not those that the data here was made with."""
        self.__dict__.pop("keys", None)
        _ = self.keys

    @cached_property
    def background(self) -> Background:
        return Background()

    def close(self) -> None:
        """End what goes on in the background and let go of the database; whoever uses the office again opens both."""
        if "background" in self.__dict__:
            self.background.close()
            del self.__dict__["background"]
        if "database" in self.__dict__:
            self.database.close()


def _clock(settings: Settings) -> Clock:
    return ShiftedClock(settings.rehearsal_time) if settings.rehearsal_time else SystemClock()
