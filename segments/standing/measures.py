"""The measures of the improvement schedule, counted from what Engage holds: how many of how many are right.

Each `wrong` is a query of `uprn, record, expected` over `live` (approved and not ended), and gives the properties to
mend. Where a gazetteer's format does not say what is asked, or a list is not there, that is told in words, never as a
figure. The list of protected addresses is not read, so that no figure tells whether there are any.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import duckdb
from sqlmodel import Session

from engage.foundation.clock import london, today
from engage.foundation.lake import Snapshot, current
from engage.foundation.office import Actor, Office
from segments.crosswalk import systems
from segments.engine import imported
from segments.files.reading import literal
from segments.gazetteer import health
from segments.gazetteer.issues import ENDED
from segments.sources.gazetteer_versions import since
from segments.sources.transfer_file import DTF

WEEKS = 4  # of which the days with an update are counted
HOME, ALL, BUSINESS = "class like 'R%'", "true", "class like 'C%'"
# How record 23 calls the lists of the Valuation Office Agency.
COUNCIL_TAX, BUSINESS_RATES = ("CT", "7666VC"), ("NDR", "7666VN")
NO_RECORDS = f"Engage keeps this only of a gazetteer in {DTF}."
NO_REFERENCES = "The gazetteer holds no cross references (record 23) of this list."
NO_SYSTEM = "No linked system has this name. Link its list under Linked systems."
LIVE = f"""
create view live as select uprn, class, usrn, coalesce(address, '') as address from property
where logical_status = 1 and coalesce(state, 2) in (1, 2, 3) and not {ENDED}
"""


@dataclass(frozen=True)
class Measure:
    """`among` is which live properties it is about, `wrong` which of them are not right."""

    key: str
    title: str
    noun: str
    advice: str
    among: str = ALL
    wrong: str = ""


def _untied(sources: tuple[str, ...], what: str) -> str:
    return (
        f"select uprn, 'no cross reference of {what}' as record, 'the reference of its {what} account' as expected "
        f"from live anti join (select uprn from reference where source in {sources} and ended is null) using (uprn)"
    )


MEASURES = (
    Measure("updates", "Weekdays with an update taken in", "weekdays of the last four weeks",
            "Import the day’s changes each day. When an update was sent to the hub, Engage does not know."),
    Measure("health", "Properties without an error of the health check", "live properties",
            "Put right what Gazetteer health lists.",
            wrong="select distinct uprn, 'listed by the health check' as record, "
            "'nothing to put right: see the custodian’s file' as expected from issue"),
    Measure("council_tax", "Homes tied to council tax", "live residential properties",
            "Add the cross reference of the council tax account.", HOME, _untied(COUNCIL_TAX, "council tax")),
    Measure("council_tax_accounts", "Council tax accounts tied to a property", "rows of the list",
            "Answer what is to review under Linked systems."),
    Measure("business_rates", "Business properties tied to business rates", "live commercial properties",
            "Add the cross reference of the business rates account.", BUSINESS,
            _untied(BUSINESS_RATES, "business rates")),
    Measure("business_rates_accounts", "Business rates accounts tied to a property", "rows of the list",
            "Answer what is to review under Linked systems."),
    Measure("point", "Homes with a point on the building", "live residential properties",
            "Move the point to the building and give it the representative point code 1 or 2.", HOME,
            "select uprn, concat('representative point code ', coalesce(rpc, 'blank')) as record, '1 or 2' as expected "
            "from code where coalesce(rpc, '') not in ('1', '2')"),
    Measure("class", "Properties classified in full", "live properties",
            "Give the class to its third level, such as RD04. Parent shells (P) and dual use (X) have fewer.",
            wrong="select uprn, concat('class ', coalesce(class, 'blank')) as record, "
            "'a class of three levels, such as RD04' as expected from live "
            "where class is null or class like 'U%' or length(class) < 4 and class[1] not in ('P', 'X')"),
    Measure("street", "Properties on a live street", "live properties",
            "Tie the address to a street that is open.",
            wrong="select uprn, coalesce('street ' || usrn || ', not among the open streets', 'no street') as record, "
            "'a street record that is not closed or ended' as expected "
            "from live left join (select distinct usrn as open from road) on open = usrn where open is null"),
    Measure("postal", "Properties tied to a postal address", "live properties",
            "Match the gazetteer with Royal Mail’s Postcode Address File in your gazetteer software."),
)  # fmt: skip
BY_KEY = {measure.key: measure for measure in MEASURES}
LISTED = tuple(measure for measure in MEASURES if measure.wrong)


@dataclass(frozen=True)
class Measured:
    """`unknown` says why there is no figure; `by` which list it was counted by."""

    key: str
    good: int = 0
    of: int = 0
    unknown: str = ""
    by: str = ""

    @property
    def measure(self) -> Measure:
        return BY_KEY[self.key]

    @property
    def wrong(self) -> int:
        return self.of - self.good

    @property
    def percent(self) -> float | None:
        return 100 * self.good / self.of if self.of else None


def count(office: Office, actor: Actor) -> list[Measured]:
    """Every measure of the newest gazetteer; InputRefused says that there is none yet."""
    with _opened(office, actor) as (con, session, unknown):
        known = {"updates": _updates(office, session, actor.authority)} | _accounts(office, session, actor.authority)
        return [known.get(measure.key) or _counted(con, measure, unknown) for measure in MEASURES]


def to_mend(office: Office, actor: Actor, keys: tuple[str, ...]) -> list[tuple[int, str, str, str, str]]:
    """`uprn`, address, measure, what is wrong, what is right: measure by measure, in the order of UPRNs."""
    with _opened(office, actor) as (con, _, unknown):
        return [
            (uprn, address, measure.title, record, expected)
            for measure in LISTED
            if measure.key in keys and measure.key not in unknown
            for uprn, address, record, expected in con.execute(f"{_wrong(measure)} order by uprn").fetchall()
        ]


@contextmanager
def _opened(office: Office, actor: Actor) -> Iterator[tuple[duckdb.DuckDBPyConnection, Session, dict[str, str]]]:
    issues = health.listed(office, actor)
    with office.database.session() as session, duckdb.connect() as con:
        gazetteer = imported.needed(current(session, actor.authority, "gazetteer"), "gazetteer")
        con.execute(f"create view issue as from read_parquet({literal(str(issues))})")
        yield con, session, _read(con, office, gazetteer)


def _read(con: duckdb.DuckDBPyConnection, office: Office, gazetteer: Snapshot) -> dict[str, str]:
    """Make `live` and what the queries stand on; what cannot be told, by the key of its measure."""
    unknown = {"postal": "Engage keeps no match with the Postcode Address File."}
    con.execute(f"create view property as from read_parquet({literal(str(office.lake.file(gazetteer)))})")
    con.execute(LIVE)
    if not (references := gazetteer.report.get("cross_references")):
        return unknown | _records(con, office, gazetteer) | dict.fromkeys(
            ("council_tax", "business_rates"), NO_REFERENCES
        )  # fmt: skip
    con.execute(f"create view reference as from read_parquet({literal(str(office.lake.at(references)))})")
    for key, sources in (("council_tax", COUNCIL_TAX), ("business_rates", BUSINESS_RATES)):
        if not con.execute(f"select 1 from reference where source in {sources} limit 1").fetchone():
            unknown[key] = NO_REFERENCES
    return unknown | _records(con, office, gazetteer)


def _records(con: duckdb.DuckDBPyConnection, office: Office, gazetteer: Snapshot) -> dict[str, str]:
    """`code` (representative point codes) and `road` (open streets), of the records that changes apply to."""
    records = gazetteer.report.get("records")
    if not records or not str(gazetteer.report.get("format", "")).startswith(DTF):
        return dict.fromkeys(("point", "street"), NO_RECORDS)
    con.execute(f"create view record as from read_parquet({literal(str(office.lake.at(records)))})")
    con.execute(
        "create view code as select try_cast(c4 as bigint) as uprn, trim(c12) as rpc from record where record = '21'"
    )
    con.execute(
        "create view road as select try_cast(c4 as bigint) as usrn from record where record = '11' "
        "and coalesce(trim(c7), '') <> '4' and coalesce(trim(c15), '') = ''"
    )
    return {}


def _wrong(measure: Measure) -> str:
    return (
        f"select distinct on (uprn) uprn, address, record, expected from ({measure.wrong}) w "
        f"join (select uprn, address from live where {measure.among}) l using (uprn)"
    )


def _counted(con: duckdb.DuckDBPyConnection, measure: Measure, unknown: dict[str, str]) -> Measured:
    if measure.key in unknown:
        return Measured(measure.key, unknown=unknown[measure.key])
    of, wrong = con.execute(
        f"select (select count(*) from live where {measure.among}), (select count(*) from ({_wrong(measure)}))"
    ).fetchall()[0]
    return Measured(measure.key, of - wrong, of, "" if of else f"There are no {measure.noun}.")


def _updates(office: Office, session: Session, authority: str) -> Measured:
    """Bank holidays count as weekdays, as the hub takes updates on them."""
    now = today(office.clock)
    days = [now - timedelta(days) for days in range(7 * WEEKS)]
    taken = {london(version.at).date() for version in since(session, authority, days[-1])}
    weekdays = [day for day in days if day.weekday() < 5]
    return Measured("updates", sum(day in taken for day in weekdays), len(weekdays))


def _accounts(office: Office, session: Session, authority: str) -> dict[str, Measured]:
    """By the name of a linked system. No list of them: a crosswalk leaves protected addresses out."""
    listed = list(systems.of_authority(session, authority))
    return {
        key: _tied(office, key, next((each for each in listed if each.crosswalk and is_it(each.system.name)), None))
        for key, is_it in ACCOUNTS.items()
    }


def _tied(office: Office, key: str, standing: systems.Standing | None) -> Measured:
    if not standing or not standing.crosswalk:
        return Measured(key, unknown=NO_SYSTEM)
    path = literal(str(office.lake.file(standing.crosswalk)))
    good, of = duckdb.execute(f"select count(uprn), count(*) from read_parquet({path})").fetchall()[0]
    return Measured(key, good, of, by=standing.system.name)


def _named(*words: str) -> Callable[[str], bool]:
    return lambda name: any(word in name.lower().replace("-", " ").replace("_", " ") for word in words)


ACCOUNTS: dict[str, Callable[[str], bool]] = {
    "council_tax_accounts": _named("council tax"),
    "business_rates_accounts": _named("business rates", "non domestic", "ndr"),
}


def as_dict(measured: Measured) -> dict[str, Any]:
    """Homes are told about, as health tells them: see `health.about`."""
    about = health.about if measured.measure.among == HOME else int
    percent = measured.percent
    return {
        "measure": measured.key, "title": measured.measure.title, "of": about(measured.of),
        "noun": measured.measure.noun, "to_mend": measured.wrong,
        "percent": None if percent is None else round(percent, 1), "unknown": measured.unknown, "by": measured.by,
    }  # fmt: skip
