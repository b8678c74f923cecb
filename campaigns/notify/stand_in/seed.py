"""What the stand-in knows when it starts: services, their keys and templates."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from campaigns.notify.recipients import read_email, read_phone
from campaigns.notify.text import placeholders
from campaigns.notify.wordings import reminders
from engage.foundation.errors import InputRefused

DEFAULT_SERVICE = "Engage demonstration"
_EVERYTHING = ("sms", "email", "letter")
LANDLINES = "sms_to_uk_landlines"  # a permission few services have
_LIVE_LIMITS = {"email": 250_000, "sms": 250_000, "letter": 20_000}
_TRIAL_LIMITS = {"email": 50, "sms": 50, "letter": 20_000}
# A seed may give these itself; where it does not, the name it gives a service says what the service is for.
_BY_HANDLE: dict[str, dict[str, Any]] = {
    "archived": {"archived": True},
    "suspended": {"archived": True},  # answered alike
    "intl": {"international": True, "prefix_sms": True},
    "emailonly": {"permissions": ["email"], "contact_link": None},
    "dailylimited": {"daily_limits": dict.fromkeys(_EVERYTHING, 1)},
}


@dataclass(frozen=True, slots=True)
class Key:
    kind: str  # normal, team or test
    secret: str
    revoked: bool


@dataclass(frozen=True, slots=True)
class Template:
    id: str
    name: str
    type: str
    version: int
    content: str
    subject: str | None
    postage: str | None
    archived: bool
    placeholders: tuple[str, ...]


@dataclass(slots=True)
class Service:
    id: str
    name: str
    keys: list[Key]
    restricted: bool
    rate_limit: int
    permissions: frozenset[str]
    international: bool
    archived: bool
    contact_link: str | None
    daily_limits: dict[str, int]
    retention_days: int
    prefix_sms: bool = False  # whether its name stands before each text
    templates: dict[str, list[Template]] = field(default_factory=dict)

    def template(self, template_id: str, version: int = 0) -> Template | None:
        """A version of a template; 0 stands for the latest, as it does at Notify."""
        versions = self.templates.get(template_id.lower(), [])
        if version == 0:
            return versions[-1] if versions else None
        return next((each for each in versions if each.version == version), None)

    def delete(self, template_id: str) -> None:
        """Deleting a template makes a last version of it."""
        versions = self.templates[template_id.lower()]
        versions.append(replace(versions[-1], version=versions[-1].version + 1, archived=True))


@dataclass(frozen=True, slots=True)
class Seed:
    base_url: str
    services: dict[str, Service]  # by id
    reply_to: frozenset[str]
    senders: dict[str, str]  # sender names by id
    permitted: frozenset[str]  # recipients a team key or a trial service may reach
    admin_url: str


def _service(handle: str, raw: Mapping[str, Any]) -> Service:
    said = {"contact_link": "https://www.example.gov.uk/contact"} | _BY_HANDLE.get(handle, {}) | dict(raw)
    restricted = bool(said.get("restricted", False))
    keys = [
        Key("normal" if kind == "revoked" else kind, key[-36:], kind == "revoked")
        for kind, key in raw["api_keys"].items()
    ]
    return Service(
        id=raw["id"],
        name=raw["name"],
        keys=keys,
        restricted=restricted,
        rate_limit=int(said.get("rate_limit", 3000)),
        permissions=frozenset(said.get("permissions", _EVERYTHING)),
        international=bool(said.get("international", False)),
        archived=bool(said.get("archived", False)),
        contact_link=said["contact_link"],
        daily_limits=(_TRIAL_LIMITS if restricted else _LIVE_LIMITS) | said.get("daily_limits", {}),
        retention_days=int(said.get("retention_days", 7)),
        prefix_sms=bool(said.get("prefix_sms", False)),
    )


def _versions(handle: str, raw: Mapping[str, Any]) -> list[Template]:
    archived = bool(raw.get("archived", handle.endswith("_archived")))
    postage = (
        raw.get("postage", "first" if handle.endswith("_first") else "second") if raw["type"] == "letter" else None
    )
    texts = [
        (raw["content"], raw["subject"]),
        *((each["content"], each.get("subject")) for each in raw.get("versions", [])),
    ]
    if handle.endswith("_versioned") and "versions" not in raw:  # edited once, to ask for something more
        texts.append((f"{raw['content']} ((y))", raw["subject"]))
    if archived:
        texts.append(texts[-1])
    return [
        Template(
            id=raw["id"],
            name=raw.get("name", handle),
            type=raw["type"],
            version=number,
            content=content,
            subject=subject,
            postage=postage,
            archived=archived,
            placeholders=placeholders(subject or "", content),
        )
        for number, (content, subject) in enumerate(texts, start=1)
    ]


def _permitted(raw: Mapping[str, Any]) -> frozenset[str]:
    people = [raw.get("team_member", {}), raw.get("guest_list", {})]
    numbers = (read_phone(each["mobile"]).digits for each in people if "mobile" in each)
    return frozenset([*numbers, *(read_email(each["email"]) for each in people if "email" in each)])


def _admin_url(base_url: str) -> str:
    """Notify's own developers run the API on 6011 and its admin pages on 6012."""
    if base_url.endswith(":6011"):
        return base_url.removesuffix("1") + "2"
    return "https://www.notifications.service.gov.uk"


def read_seed(raw: Mapping[str, Any]) -> Seed:
    """The seed from its JSON form; services and templates are named by handles of the seed's own choosing."""
    services: dict[str, Service] = {}
    for handle, said in raw["services"].items():
        service = services[said["id"]] = _service(handle, said)
        for name, template in raw.get("templates", {}).get(handle, {}).items():
            service.templates[template["id"]] = _versions(name, template)
    return Seed(
        base_url=raw.get("base_url", ""),
        services=services,
        reply_to=frozenset(raw.get("email_reply_to_ids", {}).values()),
        senders={sender_id: name for name, sender_id in raw.get("sms_sender_ids", {}).items()},
        permitted=_permitted(raw),
        admin_url=_admin_url(raw.get("base_url", "")),
    )


def load_seed(path: Path | None) -> Seed:
    """The seed in a file, or the default one."""
    if path is None:
        return read_seed(default_seed())
    try:
        return read_seed(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise InputRefused(f"The seed {path} cannot be read: {error.strerror}.") from error
    except json.JSONDecodeError as error:
        raise InputRefused(f"The seed {path} is not JSON: line {error.lineno}, column {error.colno}.") from error
    except (KeyError, TypeError, AttributeError) as error:
        raise InputRefused(
            f"The seed {path} lacks or misuses {error}: expected services with id, name and api_keys, and templates "
            "with id, type, content and subject."
        ) from error


def _id(*parts: str) -> str:
    return str(uuid5(NAMESPACE_URL, "https://engage.example.org/stand-in/" + "/".join(parts)))


def default_seed(service_name: str = DEFAULT_SERVICE) -> dict[str, Any]:
    """One live service with the reminders of the demonstration.

    The same name always gives the same ids and keys: `["services"]["demo"]["api_keys"]["normal"]` is a key, and
    `["templates"]["demo"]["email_reminder_en"]["id"]` a template id; others are sms_, letter_ and _cy for Welsh.
    """
    service_id = _id(service_name)
    keys = {kind: f"engage_{kind}-{service_id}-{_id(service_name, 'key', kind)}" for kind in ("normal", "team", "test")}
    templates = {
        handle: {
            "id": _id(service_name, handle),
            "type": each.channel,
            "content": each.body,
            "subject": each.subject,
        }
        for handle, each in reminders()
    }
    return {
        "services": {
            "demo": {
                "id": service_id,
                "name": service_name,
                "api_keys": keys,
                "restricted": False,
                "rate_limit": 3000,
            }
        },
        "templates": {"demo": templates},
        "team_member": {"email": "team.member@example.org", "mobile": "07700900999"},
        "guest_list": {"email": "guest@example.org", "mobile": "07700900888"},
    }
