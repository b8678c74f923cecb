"""`engage notify-stand-in`: the local GOV.UK Notify, its seed, and how to point Engage at it."""

import json
from pathlib import Path
from typing import Any

import click

from campaigns.notify.stand_in import default_seed, serve
from campaigns.notify.stand_in.seed import load_seed
from engage.foundation.errors import InputRefused
from engage.foundation.office import Office


@click.command(name="notify-stand-in")
@click.option("--port", default=6011, show_default=True, help="On 127.0.0.1.")
@click.option("--seed", type=click.Path(path_type=Path), help="Services, keys and templates as JSON.")
@click.option("--journal", type=click.Path(path_type=Path), help="Keep the messages in this file over a restart.")
@click.option("--receipts-url", metavar="URL", help="Post delivery receipts there: BASE_URL/notify/receipts.")
@click.option("--receipts-token", metavar="TOKEN", help="Bearer token of the receipts.")
@click.option("--write-seed", type=click.Path(path_type=Path), help="Write a seed to change, and stop.")
@click.option("--rate-limit", default=3000, show_default=True, help="Messages a minute in the seed written.")
def notify_stand_in(
    port: int,
    seed: Path | None,
    journal: Path | None,
    receipts_url: str | None,
    receipts_token: str | None,
    write_seed: Path | None,
    rate_limit: int,
) -> None:
    """The local GOV.UK Notify, for rehearsals and tests. Messages stay on this machine."""
    if write_seed is not None:
        click.echo(_write_seed(write_seed, rate_limit))
        return
    click.echo(_welcome(port, seed))
    serve(port, seed, journal=journal, receipts_url=receipts_url, receipts_token=receipts_token, clock=Office().clock)


def _write_seed(path: Path, rate_limit: int) -> str:
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


def _welcome(port: int, seed: Path | None) -> str:
    services = load_seed(seed).services.values()
    keys = [f"{key.kind}-{service.id}-{key.secret}" for service in services for key in service.keys if not key.revoked]
    return "\n".join(
        (
            f"GOV.UK Notify's stand-in: ENGAGE_NOTIFY_BASE_URL=http://127.0.0.1:{port}, ENGAGE_NOTIFY_API_KEY one of",
            *keys,
        )
    )
