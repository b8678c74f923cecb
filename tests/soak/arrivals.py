"""What arrives between planning and sending: a STOP, a list of protected addresses, a newer register."""

from collections.abc import Iterable
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa

from campaigns.records.models import MESSAGES, MessageState
from campaigns.replies import received_texts
from segments.safeguards.suppression import suppress_household
from tests.campaigns.council import COUNCIL
from tests.soak.stage import TEXTS, Stage, uprns

of = MESSAGES.c
DAY = date(2026, 6, 1)


class Arrivals:
    """Each gives the UPRNs to which nothing may go any more."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.office = stage, stage.office
        self._register = 0

    def first_register(self) -> int:
        """A register, and the gazetteer its electors are linked to; nobody is on it."""
        none = {"uprn": pa.array([], pa.int64()), "residential": pa.array([], pa.bool_())}
        self._gazetteer = self._snapshot("gazetteer", pa.table(none))
        self._register = self._registered([])
        return self._register

    def stop(self, many: int) -> list[int]:
        """STOP by text: the sender may have used the number for one home only."""
        for n in range(many):
            received_texts.receive(
                self.office, {"source_number": f"447700900{TEXTS[n]:03}", "message": "Stop"}
            )  # as the callback does
        return uprns(25 * n for n in range(many))

    def protect(self, many: int) -> list[int]:
        homes = uprns(102 + 10 * n for n in range(many))
        keys = [self.office.keys.uprn(home) for home in homes]
        self._snapshot("protected", pa.table({"address": keys, "added_on": [DAY] * many, "review_on": [DAY] * many}))
        return homes

    def join_register(self, many: int) -> list[int]:
        return self.register([201 + 10 * n for n in range(many)])

    def register(self, numbers: list[int]) -> list[int]:
        """A newer register, with somebody in the homes of those numbers."""
        homes = uprns(numbers)
        self._registered(homes)
        return homes

    def stop_waiting(self, many: int) -> list[int]:
        """On their own page, while others are being sent to."""
        with self.office.database.session() as session:
            waiting = sa.select(of.uprn).where(of.state == MessageState.planned.value).order_by(of.id.desc())
            homes = list(session.execute(waiting.limit(many)).scalars())
            for home in homes:
                suppress_household(session, self.office, COUNCIL, home, "asked to stop", "resident")
        return homes

    def reached(self, homes: Iterable[int]) -> list[int]:
        """Those of the homes to which something has gone."""
        with self.office.database.reading() as session:
            theirs = session.execute(sa.select(of.reference, of.uprn).where(of.uprn.in_(list(homes)))).all()
        arrived = self.stage.post.arrived()
        return [uprn for reference, uprn in theirs if reference in arrived]

    def _registered(self, homes: list[int]) -> int:
        register = self._snapshot("register", pa.table({"uprn": homes}))
        electors = {
            "person": pa.array([f"person {home}" for home in homes], pa.string()), "uprn": pa.array(homes, pa.int64()),
            "attainment": pa.array([None] * len(homes), pa.date32()), "how": pa.array(["uprn"] * len(homes), pa.string()),
        }  # fmt: skip
        source = f"register {register} gazetteer {self._gazetteer}"
        self._snapshot("electors", pa.table(electors), name=str(register), source=source)
        return register

    def _snapshot(self, kind: str, table: pa.Table, **named: str) -> int:
        staged = self.office.lake.stage()
        pq.write_table(table, staged)
        with self.office.database.session() as session:
            made = self.office.lake.commit(
                session, staged, authority=COUNCIL, kind=kind, as_at=DAY, made_at=self.office.clock.now(),
                made_by="soak", rows=table.num_rows, **named,
            )  # fmt: skip
            return made.id or 0
