"""What passes between Engage and GOV.UK Notify, as values. None of them shows personal data in its repr."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Protocol, Self

Channel = Literal["email", "sms", "letter"]
RETENTION = timedelta(days=6)  # Notify keeps messages for 7 days unless the service chose otherwise, and at least 3

FINAL = frozenset(
    {
        "delivered",
        "received",
        "permanent-failure",
        "temporary-failure",
        "technical-failure",
        "validation-failed",
        "virus-scan-failed",
        "cancelled",
    }
)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to one recipient.

    `recipient` is an e-mail address or a number, and None for letters, whose address stands in
    `personalisation` as address_line_1 to address_line_7. `reference` is opaque and names one message.
    """

    channel: Channel
    template_id: str
    reference: str
    personalisation: Mapping[str, object] = field(default_factory=dict, repr=False)
    recipient: str | None = field(default=None, repr=False)
    one_click_unsubscribe_url: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Accepted:
    notification_id: str
    reference: str | None
    template_version: int
    body: str | None = field(default=None, repr=False)  # the words of a text or email, as Notify has them

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> Self:
        words = (body.get("content") or {}).get("body")
        return cls(str(body["id"]), body["reference"], int(body["template"]["version"]), words)


def moment_of(text: str) -> datetime:
    """ValueError for what is no moment, and for one that Notify cannot mean: its first day was in 2016."""
    moment = datetime.fromisoformat(text)
    if not 2016 <= moment.year < 2200:
        raise ValueError(f"the year {moment.year} is not one of GOV.UK Notify's")
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _moment(text: str | None) -> datetime | None:
    return moment_of(text) if text else None


@dataclass(frozen=True, slots=True)
class Status:
    """What Notify says became of a message. `cost` is in pounds before tax, None until Notify knows it; `parts` are
    those it bills for a text."""

    notification_id: str
    reference: str | None
    channel: Channel
    status: str
    template_id: str
    template_version: int
    created_at: datetime
    sent_at: datetime | None
    completed_at: datetime | None
    cost: float | None
    parts: int | None = None

    @property
    def is_final(self) -> bool:
        return self.status in FINAL or (self.status == "sent" and self.completed_at is not None)

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> Self:
        return cls(
            notification_id=body["id"],
            reference=body["reference"],
            channel=body["type"],
            status=body["status"],
            template_id=body["template"]["id"],
            template_version=body["template"]["version"],
            created_at=moment_of(body["created_at"]),
            sent_at=_moment(body["sent_at"]),
            completed_at=_moment(body["completed_at"]),
            cost=body.get("cost_in_pounds"),
            parts=(body.get("cost_details") or {}).get("billable_sms_fragments"),
        )


@dataclass(frozen=True, slots=True)
class Template:
    """A template as officers made it at Notify; `placeholders` in alphabetical order."""

    template_id: str
    name: str
    channel: Channel
    version: int
    subject: str | None
    body: str
    placeholders: tuple[str, ...]
    postage: str | None = None  # of a letter: first, second, economy

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> Self:
        return cls(
            template_id=body["id"],
            name=body["name"],
            channel=body["type"],
            version=body["version"],
            subject=body["subject"],
            body=body["body"],
            placeholders=tuple(sorted(body["personalisation"])),
            postage=body.get("postage"),
        )


@dataclass(frozen=True, slots=True)
class Preview:
    """A filled template; `html` only for e-mail."""

    subject: str | None = field(repr=False)
    body: str = field(repr=False)
    html: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class ReceivedText:
    """A text a resident sent back. `number` begins with the country code."""

    text_id: str
    received_at: datetime
    number: str = field(repr=False)
    message: str = field(repr=False)


class Notify(Protocol):
    """What Engage needs of GOV.UK Notify. Sends raise a SendFault; questions raise Unavailable or NotFound."""

    def send(self, message: Outgoing) -> Accepted:
        """Send once. Ambiguous means nobody knows: find the reference at least 60 seconds later."""
        ...

    def find(self, reference: str) -> list[Status]:
        """Every message with this reference made with the same type of key, newest first."""
        ...

    def status(self, notification_id: str) -> Status: ...

    def sweep(self, since: datetime, statuses: Sequence[str] = ()) -> Iterator[Status]:
        """Messages created at or after `since`, newest first, 250 to a request."""
        ...

    def templates(self) -> list[Template]: ...

    def preview(self, template_id: str, personalisation: Mapping[str, object]) -> Preview: ...

    def received_texts(self) -> Iterator[ReceivedText]:
        """Texts of the last seven days, newest first."""
        ...
