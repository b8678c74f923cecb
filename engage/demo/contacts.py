"""How the made-up council may reach its homes, whom it must not contact, and whose address nobody may see.

Addresses are at example.com, .org or .net; numbers are those Ofcom keeps for drama (07700 900000 to 900999).
"""

import unicodedata
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from engage.demo.people import BROAD_TENURE
from engage.demo.table import write_table
from engage.demo.words import words

CONTACTS = words("uprn source lawful_basis agreement_reference collected_on email mobile unsubscribed objection_on")
REACHABLE = np.array([0.55, 0.62, 0.52, 0.44, 0.0])  # share of homes, by broad tenure
DOMAINS = ("example.com", "example.org", "example.net", "mail.example.com", "post.example.org")
CONSENTLESS = "UK GDPR Art 6(1)(e); DPA 2018 s.8(e)"
SOURCES = (
    ("Council tax e-billing", CONSENTLESS, "DSA-CT-2025-02"),
    ("Canvass 2025 response", "UK GDPR Art 6(1)(c)", "ERO-CANVASS-2025"),
    ("Garden waste subscription", CONSENTLESS, "DSA-GW-2024-11"),
    ("Housing services", CONSENTLESS, "DSA-HS-2025-01"),
)
NO_BASIS = ("Leisure centre members", "", "")
# GOV.UK Notify never delivers to the first three, and fails the others for a test key.
SIMULATED = {0, 111, 222}
FAILING = (2, 3)


def contacts(homes: pd.DataFrame, people: pd.DataFrame, as_at: date, rng: np.random.Generator) -> pd.DataFrame:
    """The rows of contacts.csv. About half the homes have an e-mail address, a mobile number or both."""
    lived_in = homes["occupied"].to_numpy() & (rng.uniform(size=len(homes)) < REACHABLE[BROAD_TENURE[homes["tenure"]]])
    adults = people[people["resident"] & (people["age"] >= 18)].drop_duplicates("home").set_index("home")
    reached = [home for home in np.flatnonzero(lived_in).tolist() if home in adults.index]
    numbers = dict(zip(rng.permutation(reached).tolist(), _numbers(len(reached) // 6, rng), strict=False))
    rows = []
    for place, home in enumerate(reached):
        mobile = numbers.get(home, "")
        person = adults.loc[home]
        email = _email(str(person["forename"]), str(person["surname"]), place, rng)
        if mobile and rng.uniform() < 0.5:
            email = ""
        rows.append(_row(int(homes["uprn"].iloc[home]), email, mobile, as_at, rng))
        if rng.uniform() < 0.02:  # a second source knows the home by another address
            email = _email(str(person["forename"])[0], str(person["surname"]), 50_000 + place, rng)
            rows.append(_row(int(homes["uprn"].iloc[home]), email, "", as_at, rng))
    return pd.DataFrame(rows, columns=CONTACTS)


def _numbers(count: int, rng: np.random.Generator) -> list[str]:
    """A mobile number of its own for each home, for as long as there are any."""
    free = [number for number in range(4, 1000) if number not in SIMULATED]
    chosen = [*FAILING, *rng.permutation(free).tolist()][:count]
    return [f"07700{' ' * (rng.uniform() < 0.5)}900{number:03d}" for number in chosen]


def _email(forename: str, surname: str, place: int, rng: np.random.Generator) -> str:
    name = unicodedata.normalize("NFKD", f"{forename}.{surname}").encode("ascii", "ignore").decode()
    name = name.replace("'", "").lower()
    return f"{name}{place + 1}@{rng.choice(DOMAINS)}"


def _row(uprn: int, email: str, mobile: str, as_at: date, rng: np.random.Generator) -> list[str]:
    source = NO_BASIS if rng.uniform() < 0.01 else SOURCES[int(rng.choice(4, p=[0.45, 0.3, 0.17, 0.08]))]
    collected = as_at - timedelta(days=int(rng.integers(20, 1000)))
    unsubscribed = "Y" if rng.uniform() < 0.015 else ""
    objected = (as_at - timedelta(days=int(rng.integers(1, 20)))).isoformat() if rng.uniform() < 0.003 else ""
    return [str(uprn), *source, collected.isoformat(), email, mobile, unsubscribed, objected]


def write_contacts(path: Path, rows: pd.DataFrame) -> None:
    write_table(path, CONTACTS, rows.to_numpy().tolist())


def write_suppressions(path: Path, rows: pd.DataFrame, as_at: date, rng: np.random.Generator) -> int:
    """One reachable home in fifty has asked not to be contacted, or its messages bounce. Returns the number of rows."""
    added = (as_at - timedelta(days=60)).isoformat()
    lines = []
    for row in rows[rng.uniform(size=len(rows)) < 0.02].to_dict("records"):
        kind = "email" if row["email"] else "mobile"
        reason = rng.choice(["unsubscribed", "hard_bounce", "objection"], p=[0.6, 0.25, 0.15])
        lines.append([kind, row["email"] or row["mobile"], reason, added])
    objecting = rows["uprn"].drop_duplicates().sample(max(1, len(rows) // 800), random_state=rng)
    lines += [["uprn", uprn, "objection", added] for uprn in objecting]
    write_table(path, ["type", "value", "reason", "added_on"], lines)
    return len(lines)


def write_protected(path: Path, homes: pd.DataFrame, protected: Sequence[int], as_at: date) -> None:
    """`protected` are rows of homes."""
    added, review = as_at - timedelta(days=137), as_at + timedelta(days=228)
    lines = [[homes["uprn"].iloc[home], added.isoformat(), review.isoformat()] for home in protected]
    write_table(path, ["uprn", "added_on", "review_on"], lines)
