"""Everything a member can fetch of the demo, attacked by an onlooker who knows the rules and one home.

    python benchmarks/disclosure.py [--homes N] [--worlds N] [--folder DIR]

1. One look: the counts of every ward, arm and group are whole unknowns, what is published bounds their sums, and an
   integer programme looks for a count from 1 to 9 that has one value left.
2. Two looks: the next register differs in one home. Every page, file, picture, the API and the dashboard's layout are
   fetched with and without that home; a byte that differs tells of it. The same for a register undone and imported
   again, and for a home that is moved to another ward.
3. Made-up worlds of two campaigns at one time that share most homes: the same programme, whose unknowns are the homes
   that only one of them has.

What it does not hold is printed as well: how many homes are told to somebody who knows the outcome of every other home.
Exit code 1 when anything else is told. `--folder` attacks a demo that was played already, on a copy.
"""

import argparse
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from litestar.testing import TestClient
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_matrix
from sqlmodel import Session, col, select

from campaigns.records.models import Campaign
from dashboards.pages import publication
from dashboards.published import exports
from dashboards.published.completeness import Ward
from dashboards.published.disclosure import RULE
from dashboards.published.figures import Figures, Trial
from dashboards.published.findings import Cell, publish
from dashboards.published.groups import DIVISIONS, homes_in_groups
from dashboards.published.overlaps import near
from engage.app import create_app
from engage.demo.story import MARK, PEOPLE, password, playing
from engage.foundation.identity import Role
from engage.foundation.lake import Snapshot, current
from engage.foundation.office import Actor, Office
from engage.foundation.settings import Settings
from tests.website import token_in

SMALL = range(1, 10)
MOST = 100_000
SEED = 2026
ARMS = ("now", "later")
CHANGED = (
    "/api/wards", "/wards", "/wards.csv", "/wards/changed.csv?by=channel", "/wards/pictures/changed.svg", "/report",
    "/dashboard/_dash-layout",
)  # fmt: skip
"""Where a campaign is shown."""
Answers = dict[str, str]


class Onlooker:
    """Whole unknowns at least 0, and what is known of their sums."""

    def __init__(self, unknowns: int) -> None:
        self.unknowns = unknowns
        self.known: list[tuple[Sequence[int], Sequence[float], float, float]] = []

    def knows(self, places: Sequence[int], least: float, most: float, weights: Sequence[float] = ()) -> None:
        self.known.append((places, weights or [1.0] * len(places), least, most))

    def reads(self, places: Sequence[int], said: object) -> None:
        """The words alone: the bounds are worked out again from the rule that is public."""
        if said != "not shown":
            self.knows(places, *band(said))

    def range_of(self, places: Sequence[int]) -> tuple[int, int]:
        """The least and the most that a sum can be. Relative gap 0: the solver would stop at 1e-4 short of either."""
        if not self.known:
            return 0, MOST
        rows = np.repeat(np.arange(len(self.known)), [len(places) for places, *_ in self.known])
        columns = np.concatenate([np.asarray(places, int) for places, *_ in self.known])
        values = np.concatenate([np.asarray(weights, float) for _, weights, *_ in self.known])
        matrix = csr_matrix((values, (rows, columns)), shape=(len(self.known), self.unknowns))
        limits = LinearConstraint(matrix, [row[2] for row in self.known], [row[3] for row in self.known])
        asked = np.zeros(self.unknowns)
        asked[list(places)] = 1
        return self._end(asked, limits, 1), self._end(asked, limits, -1)

    def _end(self, asked: Any, limits: LinearConstraint, sign: int) -> int:
        found = milp(
            sign * asked, constraints=limits, integrality=np.ones(self.unknowns), bounds=Bounds(0, MOST),
            options={"mip_rel_gap": 0},
        )  # fmt: skip
        if found.x is None:
            raise ValueError(f"What is published contradicts itself: {found.message}")
        return round(sign * found.fun)


def band(said: object) -> tuple[int, int]:
    """The counts that are shown as this."""
    if said == "fewer than 10":
        return 1, 9
    value = int(float(str(said).replace(",", "")))
    return (0, 0) if value == 0 else (max(10, value - 2), value + 2)


# One look


@dataclass(frozen=True)
class Joint:
    """The unknowns of one measure: the homes of a ward, an arm and a group of each division."""

    cells: Sequence[tuple[str, ...]]  # ward, arm, then a group of each division
    divisions: Sequence[str]

    def of(self, arm: str, ward: str = "", division: str = "", group: str = "", wards: Iterable[str] = ()) -> list[int]:
        among, place = set(wards), self.divisions.index(division) + 2 if division else 0
        return [
            n
            for n, cell in enumerate(self.cells)
            if cell[1] == arm and ward in ("", cell[0]) and (not among or cell[0] in among)
            and (not division or cell[place] == group)
        ]  # fmt: skip


def watched(campaign: dict[str, Any], joint: Joint, sides: dict[str, str], measure: str) -> Onlooker:
    """What the API says of one campaign; `sides` says which arm is reminded, and which the comparison."""
    eye = Onlooker(len(joint.cells))
    shown = {one["ward"] for one in campaign["wards"] if one["reminded"]["homes"] != "not shown"}
    for side, arm in sides.items():
        parts = [one for one in campaign["wards"] if one["ward"] in shown]
        for one in parts:
            eye.reads(joint.of(arm, one["ward"]), one[side][measure])
        inside = shown if _all_shown(campaign, side, parts) else {cell[0] for cell in joint.cells}
        whole = campaign["whole"][side][measure]
        if whole != "not shown":
            eye.knows(
                joint.of(arm, wards=inside),
                *_total(whole, [band(one[side][measure]) for one in parts], inside == shown),
            )
        for division, groups in campaign["groups"].items():
            for one in groups:
                eye.reads(joint.of(arm, "", division, one["group"], inside), one[side][measure])
    return eye


def _all_shown(campaign: dict[str, Any], side: str, parts: Sequence[dict[str, Any]]) -> bool:
    """Hidden wards count in the totals only where they are 100 homes together, which the homes of the total show."""
    whole = campaign["whole"][side]["homes"]
    return whole == "not shown" or int(float(whole)) <= sum(band(one[side]["homes"])[1] for one in parts) + 2


def _total(said: object, parts: Sequence[tuple[int, int]], exactly: bool) -> tuple[float, float]:
    """The totals shown as this beside these parts. Without all parts, one step more for its neighbours."""
    if not exactly:
        least, most = band(said)
        return max(0, least - 1), most + 1
    bands = RULE._bands(sum(least for least, _ in parts), sum(most for _, most in parts))  # noqa: SLF001  # it is public
    held = [one for one in bands if str(RULE._shown(*one)).replace(",", "") == str(said)]  # noqa: SLF001
    return (held[0][0], held[-1][1]) if held else (0, MOST)


def pinned(campaign: dict[str, Any], cells: pd.DataFrame, divisions: Sequence[str], sides: dict[str, str]) -> list[str]:
    """Counts from 1 to 9 that the onlooker is sure of. `cells`: ward, arm, a column a division, homes, registered."""
    joint = Joint(
        [tuple(map(str, row)) for row in cells[["ward", "arm", *divisions]].itertuples(index=False)], divisions
    )
    told = []
    for measure in ("homes", "registered"):
        eye, truth = watched(campaign, joint, sides, measure), cells[measure].to_numpy()
        for arm, ward in product(sides.values(), sorted(set(cells["ward"]))):
            places = joint.of(arm, ward)
            if truth[places].sum() in SMALL and len(set(eye.range_of(places))) == 1:
                told.append(f"{measure} of {arm} in {ward}")
        for arm, (division, groups) in product(sides.values(), campaign["groups"].items()):
            for one in groups:
                places = joint.of(arm, "", division, one["group"])
                if truth[places].sum() in SMALL and len(set(eye.range_of(places))) == 1:
                    told.append(f"{measure} of {arm}, {one['group']}")
    return told


# Two looks


@contextmanager
def member(office: Office) -> Iterator[TestClient[Any]]:
    with TestClient(create_app(office), base_url="http://127.0.0.1") as client:
        sent = {"email": PEOPLE[Role.member][0], "password": password(Role.member)}
        token = token_in(client.get("/sign-in").text)
        if client.post("/sign-in", data=sent | {"_csrf_token": token}, follow_redirects=False).status_code != 303:
            sys.exit("The member could not sign in.")
        yield client


def everything(client: TestClient[Any]) -> Answers:
    """By address, all that a member may fetch, without what is of one session."""
    held = client.get("/api/wards").json()
    views = [f"?campaign={one['campaign']}" for one in held["campaigns"]]
    views += [f"?register={one['as_at']}" for one in held["completeness"]["registers"]]
    views += [f"?by={by}" for by in ("channel", "kind", "before", "arm")]
    wards = [one["ward"] for one in held["completeness"]["wards"]]
    paths = ["/api/wards", "/wards/over-time.csv", "/dashboard/", "/dashboard/_dash-layout"]
    shown = ["/wards", "/report", "/wards.csv", "/wards/changed.csv", f"/wards/{wards[0]}"]
    drawn = [f"/wards/pictures/{name}.svg" for name in ("changed", "complete", "over-time")]
    paths += [f"{path}{view}" for path in (*shown, *drawn) for view in ("", *views)]
    paths += [f"/wards/{ward}{ending}" for ward in wards for ending in ("", ".csv")]
    return fetched(client, paths)


def fetched(client: TestClient[Any], paths: Iterable[str]) -> Answers:
    return {path: _lasting(client.get(path)) for path in paths}


def _lasting(answer: Any) -> str:
    if answer.status_code != 200:
        raise ValueError(f"{answer.url} answers {answer.status_code}")
    return re.sub(r'name="_csrf_token" value="[^"]*"|nonce[-=]"?[\w+/=-]+|"end_id":"[^"]*"', "", answer.text)


@dataclass
class Council:
    """The demo, with the next register and others taken back again."""

    office: Office
    authority: str
    made: list[int] = field(default_factory=list)

    def newest(self, session: Session, kind: str, name: str | None = None) -> Snapshot:
        found = current(session, self.authority, kind, name)
        if found is None:
            raise ValueError(f"The demo has no {kind}")
        return found

    def keep(
        self,
        session: Session,
        like: Snapshot,
        as_at: date,
        change: Callable[[pd.DataFrame], pd.DataFrame],
        **other: Any,
    ) -> int:
        """A snapshot like another, of another day and with another content."""
        staged = self.office.lake.stage()
        change(pd.read_parquet(self.office.lake.file(like))).to_parquet(staged, index=False)
        what = {"name": like.name, "source": like.source, "report": like.report} | other
        kept = self.office.lake.commit(
            session, staged, authority=self.authority, kind=like.kind, as_at=as_at, rows=like.rows,
            made_at=self.office.clock.now(), made_by="benchmark", **what,
        )  # fmt: skip
        return kept.id or 0

    @contextmanager
    def instead(self) -> Iterator[Session]:
        """What is done inside never was, nor what was published of it: looks of other worlds tell nothing here."""
        with self.office.database.session() as session:
            last = max(session.exec(select(Snapshot.id)).all(), default=0) or 0
            undone = set(session.exec(select(Snapshot.id).where(col(Snapshot.undone_at).is_not(None))))
        with self.office.database.session() as session:
            yield session
        with self.office.database.session() as session:
            for one in session.exec(select(Snapshot)).all():
                if (one.id or 0) > last:
                    one.kind = f"not {one.kind}"  # a number that was given again would be taken for what is known
                elif one.id not in undone:
                    one.undone_at = None


def next_register(council: Council, client: TestClient[Any], change: Callable[[pd.DataFrame], pd.DataFrame]) -> Answers:
    """What is shown once the register of the next month has come."""
    with council.instead() as session:
        newest = council.newest(session, "households")
        month = (newest.as_at.replace(day=1) + timedelta(32)).replace(day=1)
        council.keep(session, newest, month, change)
        session.commit()
        return everything(client)


def put_right(council: Council, client: TestClient[Any], uprn: int | None) -> Answers:
    """What is shown once the register of a closed campaign was undone and imported again, with one home more."""
    with council.instead() as session:
        register, homes = (council.newest(session, kind) for kind in ("register", "households"))
        electors = council.newest(session, "electors", str(register.id))
        same = council.keep(session, register, register.as_at, lambda held: held)
        source = electors.source.replace(f"register {register.id} ", f"register {same} ")
        council.keep(session, electors, register.as_at, lambda held: _with(held, uprn), name=str(same), source=source)
        council.keep(session, homes, homes.as_at, lambda held: held, report=homes.report | {"register": same})
        for one in (register, homes):
            one.undone_at = council.office.clock.now()
        session.commit()
        return fetched(client, CHANGED)


def _with(electors: pd.DataFrame, uprn: int | None) -> pd.DataFrame:
    if uprn is None:
        return electors
    more = electors.head(1).assign(person="somebody new", uprn=uprn)
    return pd.concat([electors, more.astype(electors.dtypes.to_dict())])


def moved(council: Council, client: TestClient[Any], uprn: int | None, ward: str) -> dict[str, list[str]]:
    """People registered by ward, after a home was moved to another ward. Who may register moves with the home, and is
    of places."""
    with council.instead() as session:
        newest = council.newest(session, "geography")
        council.keep(
            session, newest, newest.as_at, lambda held: held.assign(ward=held["ward"].mask(held["uprn"] == uprn, ward))
        )
        session.commit()
        held = client.get("/api/wards").json()["completeness"]["registers"]
        return {one["as_at"]: [str(ward["registered"]) for ward in one["wards"]] for one in held}


def one_more(uprn: int) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda held: held.assign(electors=held["electors"] + (held["uprn"] == uprn))


def two_looks(council: Council, client: TestClient[Any], told: list[str]) -> None:
    """In each ward one home joins: as the registers count them all homes of a ward are alike."""
    first = everything(client)
    with council.office.database.session() as session:
        homes = pd.read_parquet(council.office.lake.file(council.newest(session, "households")))
    homes = homes[homes["ward"].notna() & (homes["electors"] > 0)]
    same = next_register(council, client, lambda held: held)
    placed = moved(council, client, None, "")
    counts = {"the next register": 0, "a home moved": 0}
    wards = sorted(homes["ward"].unique())
    for place, ward in enumerate(wards):
        mine = homes[homes["ward"] == ward]
        uprn = int(mine["uprn"].iloc[0])
        differ = _differ(same, next_register(council, client, one_more(uprn)))
        counts["the next register"] += len(mine) if differ else 0
        counts["a home moved"] += len(mine) if moved(council, client, uprn, wards[place - 1]) != placed else 0
    print(f"Two looks: {len(first)} addresses fetched; of {len(homes):,} homes told by " + _listed(counts))
    told += [f"{many} homes by {how}" for how, many in counts.items() if many]


def corrected(council: Council, client: TestClient[Any], homes: pd.DataFrame, told: list[str]) -> None:
    same = put_right(council, client, None)
    many = 0
    for _, part in homes[homes["registered"] == 0].groupby(["ward", "arm"]):
        many += len(part) if _differ(same, put_right(council, client, int(part["uprn"].iloc[0]))) else 0
    print(f"A register put right by one home: {many:,} of {len(homes):,} homes of the campaign told")
    told += [f"{many} homes by a register put right"] if many else []


def _differ(one: Answers, other: Answers) -> list[str]:
    return [path for path in one if one[path] != other.get(path)]


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{how} {many:,}" for how, many in counts.items())


# Two campaigns at one time


def world(seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Homes of a first campaign, and of a second that has nearly those of some wards' reminded arm. Its lot is the
    worst there can be: all who register fall into one arm."""
    rng = np.random.default_rng([SEED, seed])
    wards = np.repeat([f"W{n}" for n in range(3)], rng.integers(430, 600, 3))
    homes = pd.DataFrame({"uprn": np.arange(wards.size), "ward": wards})
    homes["arm"] = rng.permutation(np.resize(ARMS, wards.size))
    homes["registered"] = (rng.random(wards.size) < rng.choice([0.04, 0.08, 0.2])).astype(int)
    shared = homes[homes["arm"].eq("now") & homes["ward"].ne("W2")]
    left = [rng.permutation(part.index)[rng.integers(0, 3) :] for _, part in shared.groupby("ward")]
    again = homes.loc[[*np.concatenate(left), *homes.index[homes["ward"].eq("W2")]]]
    order = again.groupby("ward")["registered"].rank(method="first", pct=True)
    return homes, again.assign(arm=np.where(order > 0.5, *ARMS))


def counted(homes: pd.DataFrame, hidden: Iterable[str] = ()) -> dict[str, Any]:
    """A campaign as the API shows it."""
    cells = [
        Cell(str(ward), str(arm), int(part.size), int(part.sum()))
        for (ward, arm), part in homes[~homes["ward"].isin(set(hidden))].groupby(["ward", "arm"])["registered"]
    ]
    found = publish(cells, reminded="now", comparison="later", arms=ARMS)
    wards = tuple(Ward(ward, ward) for ward in sorted(homes["ward"].unique()))
    held = Figures("E", "Exampleton", wards, trials=(Trial("1", "Spring", date(2026, 7, 1), finding=found),))
    campaign: dict[str, Any] = exports.as_json(held)["campaigns"][0]
    return campaign


def told_apart(first: pd.DataFrame, second: pd.DataFrame, *, held: bool) -> int:
    """Homes in groups of fewer than ten that the arms of both cut out of a ward, of whom it is known what they did.

    How many registered of each such part is unknown; how many homes it has, and which, the onlooker knows.
    """
    hidden = (
        {ward for ward, _ in near(second[["uprn", "ward", "arm"]], first[["uprn", "ward", "arm"]])} if held else set()
    )
    both = first.merge(second[["uprn", "arm"]], on="uprn", how="left", suffixes=("", "_then")).fillna({"arm_then": ""})
    parts = both.groupby(["ward", "arm", "arm_then"], as_index=False)["registered"].agg(["size", "sum"])
    eye = Onlooker(len(parts))
    for n, size in enumerate(parts["size"]):
        eye.knows([n], 0, size)
    for campaign, column in ((counted(first), "arm"), (counted(second, hidden), "arm_then")):
        for one, (side, arm) in product(campaign["wards"], (("reminded", "now"), ("comparison", "later"))):
            eye.reads(list(parts.index[parts["ward"].eq(one["ward"]) & parts[column].eq(arm)]), one[side]["registered"])
    few = parts[parts["size"].lt(10)]
    return sum(int(size) for n, size in few["size"].items() if len(set(eye.range_of([n]))) == 1)


def campaigns_at_one_time(worlds: int, told: list[str]) -> None:
    made = [world(seed) for seed in range(worlds)]
    plain, held = (sum(told_apart(*one, held=rule) for one in made) for rule in (False, True))
    print(f"Two campaigns at one time, {worlds} worlds: homes told {held}; without the rule {plain}")
    told += [f"{held} homes by two campaigns at one time"] if held else []


# What it does not hold


def known_but_one(homes: pd.DataFrame, sides: Sequence[str]) -> int:
    """Homes whose outcome would change a ward's published count, to somebody who knows that of every other home in the
    ward and arm."""
    found = 0
    for _, part in homes[homes["arm"].isin(sides)].groupby(["ward", "arm"]):
        n = int(part["registered"].sum())
        up, down = (str(RULE.count(max(0, n + step))) != str(RULE.count(n)) for step in (1, -1))
        found += int((part["registered"].eq(0) & up | part["registered"].eq(1) & down).sum())
    return found


def one_look(client: TestClient[Any], homes: pd.DataFrame, sides: dict[str, str], told: list[str]) -> None:
    (campaign,) = client.get("/api/wards").json()["campaigns"]
    by = ["ward", "arm", *DIVISIONS]
    cells = homes.groupby(by, as_index=False)["registered"].agg(homes="size", registered="sum")
    found = pinned(campaign, cells, list(DIVISIONS), sides)
    print(f"One look: of {len(cells)} cells no count from 1 to 9 may be known; known: {found or 'none'}")
    told += found


def attack(office: Office, authority: str) -> list[str]:
    told: list[str] = []
    with office.database.session() as session:
        campaign = session.exec(select(Campaign).where(Campaign.authority == authority)).one()
        comparison = campaign.plan["comparison"]
        sides = {"reminded": next(arm for arm in campaign.plan["arms"] if arm != comparison), "comparison": comparison}
    homes = homes_in_groups(office, Actor(authority, "benchmark"), campaign.id or 0)
    council = Council(office, authority)
    with member(office) as client:
        one_look(client, homes, sides, told)
        two_looks(council, client, told)
        corrected(council, client, homes, told)
    known = known_but_one(homes, list(sides.values()))
    print(f"Not held: {known:,} of {len(homes):,} homes to somebody who knows every other home of the ward and arm")
    return told


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--homes", type=int, default=12_000)
    parser.add_argument("--worlds", type=int, default=40)
    parser.add_argument("--folder", type=Path, help="of a demo that was played")
    asked = parser.parse_args()
    publication.PATIENCE = 60.0  # seconds, as each look is at what the change before it published
    told: list[str] = []
    campaigns_at_one_time(asked.worlds, told)
    with tempfile.TemporaryDirectory() as folder:
        told += of_folder(asked.folder, Path(folder)) if asked.folder else of_new(Path(folder), asked.homes)
    print(f"MISSED: {told}" if told else "Nothing is told")
    return 1 if told else 0


def of_new(folder: Path, homes: int) -> list[str]:
    with playing(folder, homes=homes) as story:
        return attack(story.office, story.authority)


def of_folder(played: Path, folder: Path) -> list[str]:
    shutil.copytree(played / "home", folder / "home")
    authority = json.loads((played / MARK).read_text())["authority"]
    with closing(Office(Settings(home=folder / "home", demo=True, log_level="warning"))) as office:
        return attack(office, authority)


if __name__ == "__main__":
    sys.exit(main())
