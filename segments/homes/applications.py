"""Homes whose open applications cover everybody who is missing there: they are not reminded while that is so."""

from __future__ import annotations

from datetime import date, timedelta

from engage.foundation.calendar import in_force, law
from engage.foundation.lake import current
from engage.foundation.libraries import duckdb
from engage.foundation.office import Actor, Office
from segments.homes import registrations

# Of a home without a figure of its own, one is missing as far as anybody knows.
COVERED = """
with applied as (
    select l.uprn, count(*) as applications
    from read_parquet(?) l join read_parquet(?) a using (person) where a.applied_on > ? group by l.uprn)
select uprn from applied left join (select uprn, gap from read_parquet(?)) h using (uprn)
where applications >= greatest(round(coalesce(gap, 1)), 1) order by uprn
"""


def covered(office: Office, authority: str, day: date) -> frozenset[int]:
    """UPRNs. An application counts until the newest list does not have it, and no longer than the council's policy
    says: a list that nobody brings up to date must not silence a home for good."""
    with office.database.session() as session:
        listed, homes = current(session, authority, "applications"), current(session, authority, "households")
    if listed is None or homes is None:
        return frozenset()
    tied = registrations.link(office, Actor(authority, "engage"), listed)
    days = in_force(law(office.settings.home).open_application, day).days
    files = [str(office.lake.file(each)) for each in (tied, listed)]
    with duckdb.connect() as lake:
        found = lake.execute(COVERED, [*files, day - timedelta(days=days), str(office.lake.file(homes))]).fetchall()
    return frozenset(uprn for (uprn,) in found)
