"""The local GOV.UK Notify by command: its seed, and how to point Engage at it."""

import json
from pathlib import Path
from typing import Any

from campaigns.notify.stand_in import default_seed, serve
from campaigns.notify.stand_in.seed import load_seed
from engage.foundation.errors import InputRefused

stand_in = serve


def write_seed(path: Path, rate_limit: int) -> str:
    """One service with a key and the reminders in English and Welsh; what to set and what plans call them."""
    if path.exists():
        msg = f"{path} exists already. Name a new file, so that no seed is lost."
        raise InputRefused(msg)
    seed = default_seed()
    for service in seed["services"].values():
        service["rate_limit"] = rate_limit
    path.write_text(json.dumps(seed, indent=1, ensure_ascii=False), encoding="utf-8")
    return "\n".join((f"Written to {path}", *_listed(seed)))


def _listed(seed: dict[str, Any]) -> list[str]:
    keys = [f"key: {service['api_keys']['normal']}" for service in seed["services"].values()]
    templates = (named for handles in seed["templates"].values() for named in handles.items())
    return keys + [f"template {handle}: {template['id']}" for handle, template in templates]


def welcome(port: int, seed: Path | None) -> str:
    services = load_seed(seed).services.values()
    keys = [f"{key.kind}-{service.id}-{key.secret}" for service in services for key in service.keys if not key.revoked]
    return "\n".join(
        (
            f"GOV.UK Notify's stand-in: ENGAGE_NOTIFY_BASE_URL=http://127.0.0.1:{port}, ENGAGE_NOTIFY_API_KEY one of",
            *keys,
        )
    )
