"""What goes wrong, in words an officer can act on.

EngageError
├── SettingsInvalid     a setting stops the start
├── InputRefused        a file, rule, plan or form cannot be used; nothing was changed
│   └── NotFound        there is no such authority, snapshot, segment or campaign here
│       └── Forgotten   what was kept encrypted can be read no more, as its key was destroyed
├── NotAllowed          this account may not do that
├── TokenUnknown        the token of a system opens nothing
├── SendBlocked         a message or launch would break a rule
├── LakeDamaged         a file of the lake is not what was written to it
├── NotifyUnavailable   GOV.UK Notify cannot be reached or refuses our key
└── ProviderUnavailable the council's own sign-in does not answer
"""


class EngageError(Exception):
    """`str(error)` is the sentence shown to an officer; it never holds personal data. `by_command` is added for whoever
    works by commands: no page tells an officer to run one."""

    status = 400

    def __init__(self, *words: object, by_command: str = "") -> None:
        super().__init__(*words)
        self.by_command = by_command


class SettingsInvalid(EngageError):
    status = 500


class InputRefused(EngageError):
    status = 422


class NotFound(InputRefused):
    status = 404


class Forgotten(NotFound):
    pass


class NotAllowed(EngageError):
    status = 403


class TokenUnknown(EngageError):
    status = 401


class SendBlocked(EngageError):
    status = 409


class LakeDamaged(EngageError):
    """By the file's path below the lake."""

    status = 503

    def __init__(self, relative: str) -> None:
        super().__init__(
            f"The file {relative} of the lake is not as it was written: its checksum is another than the database "
            "has. The disk may have damaged it, or somebody changed it. Nothing of it was used, and nothing was "
            "changed. Put it back from a backup, or import it again.",
            by_command="engage check --deep names every such file.",
        )
        self.relative = relative


class NotifyUnavailable(EngageError):
    status = 503


class ProviderUnavailable(EngageError):
    status = 503
