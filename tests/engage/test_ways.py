"""Every way in, gone with every role, by a token, without signing in and with another council's numbers: only what the
table of rights says. Pages, forms and calls here; commands and the dashboard's callbacks at the end."""

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import click
import httpx
import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from litestar import Litestar
from litestar.testing import TestClient
from pydantic import SecretStr
from sqlmodel import Session, SQLModel

from docs.tables import Way, every_command, right_of, ways
from engage.deployment import systems
from engage.foundation.access.rights import OF_SYSTEMS
from engage.foundation.clock import SteppedClock
from engage.foundation.identity import RIGHTS, Account, Authority, Right, Role, fingerprint
from engage.foundation.office import Actor, Office
from engage.foundation.settings import Settings
from engage.foundation.web.askers import bearers
from engage.foundation.web.handlers import HasRight
from engage.pages.provider import FromProvider
from segments.importing.intake import OF_PLACES, right_to_see
from segments.sources.catalogue import FORMATS
from tests.website import HASH, Visitor

OURS, THEIRS = "E07000193", "E07000194"
SECRET = {OURS: "ours" * 8, THEIRS: "theirs" * 6}
NUMBER, WORD = "999999", "unknown" * 4
DAY = date(2026, 6, 1)
NOT_THERE = {"/data/intake/{token}/rejects.csv"}  # its file has gone
OPEN = ("anybody", "whoever has the link", FromProvider.who)
READS = ("GET", "HEAD")
Things = dict[str, str]  # what a parameter of a path stands for, by the first part of the path that has it


@dataclass
class Home:
    office: Office
    app: Litestar
    ours: Things
    theirs: Things


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """Two councils with one of each thing, and the application, made once."""
    from engage.app import create_app
    from tests.campaigns.council import START

    office = Office(
        Settings(home=tmp_path_factory.mktemp("two") / "home", notify_callback_token=SecretStr("theirs")),
        SteppedClock(START),
    )
    app = create_app(office)
    SQLModel.metadata.create_all(office.database.engine)
    with office.database.session() as session:
        session.add_all([Authority(code=OURS, name="Ours"), Authority(code=THEIRS, name="Theirs")])
    ours, theirs = (_furnished(office, code, tmp_path_factory.mktemp(code)) for code in (OURS, THEIRS))
    yield Home(office, app, ours, theirs)
    office.close()


def _furnished(office: Office, code: str, folder: Path) -> Things:
    from campaigns.approval import control, decisions, drafts, submission
    from campaigns.records.models import Message, Outline, Wave
    from campaigns.records.reply import Reply, ReplyKind
    from campaigns.records.visits import CanvassList
    from campaigns.sharing.lots import PosterLot
    from engage.home.pins import Pin
    from segments.audiences import segments
    from segments.crosswalk import arrivals, deliveries
    from segments.crosswalk.arrivals import Arrival
    from segments.crosswalk.deliveries import Wanted
    from segments.importing.imports import import_file
    from segments.importing.intake import Intake, IntakeState
    from segments.safeguards import addresses
    from segments.safeguards.suppression import suppress_contact
    from tests.campaigns.council import RULE, audience_file, plan
    from tests.segments.sources import papers

    staff, made = _hired(office, code), dict[str, int | None]()
    officer, approver = staff[Role.officer], staff[Role.approver]
    uprn = 3410000001 + (code == THEIRS)
    homes = papers.gazetteer(*papers.street(1, "MILL LANE"), papers.blpu(uprn), papers.lpi(uprn, sn=1))
    roll = papers.register(papers.elector(1))
    for kind, text in (("gazetteer", homes), ("register", roll)):
        made[kind] = import_file(office, officer, kind, papers.write(folder, f"{kind}.csv", text), DAY).snapshot_id
    segment = segments.save(office, officer, "Nobody", RULE)
    listed = papers.write(folder, "bins.csv", f"ref,address\n1,1 Mill Lane {code}\n")
    (linked,) = deliveries.link(office, officer, [Wanted(listed, "Permits")])
    with listed.open("rb") as sent:
        arrival = arrivals.bring(office, officer, "Bins", sent, "bins.csv", DAY, look_again=False)
    assert isinstance(arrival, Arrival)
    draft = drafts.create(office, officer, plan())
    submission.adopt(office, officer, draft, audience_file(office, 12), register_snapshot=None)
    decisions.approve(office, approver, draft.id or 0)
    control.launch(office, officer, draft.id or 0)
    now = office.clock.now()
    with office.database.session() as session:
        wave = session.exec(sa.select(Wave).where(Wave.campaign_id == draft.id)).scalars().first()  # type: ignore[call-overload]
        outline = Outline(authority=code, begun_by="officer", changed_at=now)
        reply = Reply(
            authority=code, kind=ReplyKind.letter, source=code, received_at=now, sender=office.keys.encrypt(""),
            words=office.keys.encrypt(""),
        )  # fmt: skip
        waits = Intake(
            token=f"{code}upload", authority=code, name="g.csv", kind="gazetteer", as_at=DAY,
            state=IntakeState.refused, arrived_at=now, arrived_by="officer", changed_at=now,
        )  # fmt: skip
        sent = Message(
            authority=code, campaign_id=draft.id, wave_id=wave.id, uprn=100000000000, ward="", channel="letter",
            template="t", reference=f"r{code}", token=fingerprint(SECRET[code]), state="accepted", sent_at=now,
        )  # fmt: skip
        spare = Account(
            authority=code, email=f"spare@{code}.example.com", name="Spare", role=Role.member, password=HASH
        )
        walk = CanvassList(
            authority=code, code={OURS: "BCDFGD", THEIRS: "CCDFGF"}[code], name="Walk", source="a segment", reason="a try",
            given_to=staff[Role.canvasser].account_id, made_by="officer", made_at=now, expires_on=DAY + timedelta(90),
        )  # fmt: skip
        lot = PosterLot(
            authority=code, name="Spring", wards={"E05000001": "Abbey"}, drawn=["E05000001"], seed=1, starts=DAY,
            ends=DAY + timedelta(30), register_snapshot=made["register"], homes_snapshot=made["gazetteer"],
            drawn_at=now, drawn_by="officer",
        )  # fmt: skip
        pin = Pin(account_id=officer.account_id or 0, path="/gaps", title="Who is missing", place=1)
        session.add_all([outline, reply, waits, sent, spare, lot, walk, pin])
        session.flush()
        closed = suppress_contact(session, office, code, "sms", "a" * 64, "asked by phone", "officer")
        return {
            "/homes": addresses.by_uprn(office, code, uprn).key, "/suppressions": str(closed.id),
            "/data/intake": waits.token, "/data": str(made["gazetteer"]), "register": str(made["register"]), "/segments": str(segment.id),
            "/api/segments": str(segment.id), "/campaigns/plans": str(outline.id), "/campaigns": str(draft.id),
            "/api/campaigns": str(draft.id), "/council": str(draft.id), "/replies": str(reply.id),
            "/r": SECRET[code], "/colleagues": str(spare.id), "/posters/lots": str(lot.id),
            "/canvass": str(walk.id), "/lists": walk.code,
            "/pins": str(pin.id), "/data/systems": str(linked.system_id), "/data/systems/lists": arrival.token,
        }  # fmt: skip


def address(role: Role, code: str = OURS) -> str:
    return f"{role.name}@{code}.example.com".lower()


def _hired(office: Office, code: str) -> dict[Role, Actor]:
    with office.database.session() as session:
        made = {
            role: Account(authority=code, email=address(role, code), name=role, role=role, password=HASH)
            for role in Role
        }
        session.add_all(made.values())
        session.flush()
        return {role: Actor(code, account.label, account.id) for role, account in made.items()}


UNKNOWN = {
    "/data/intake": WORD, "/data": NUMBER, "/segments": NUMBER, "/api/segments": NUMBER, "/campaigns/plans": NUMBER,
    "/campaigns": NUMBER, "/api/campaigns": NUMBER, "/council": NUMBER, "/replies": NUMBER, "/r": WORD,
    "/colleagues": NUMBER, "/posters/lots": NUMBER, "/homes": WORD, "/suppressions": NUMBER, "/canvass": NUMBER,
    "/lists": WORD, "/pins": NUMBER, "/data/systems": NUMBER, "/data/systems/lists": WORD,
}  # fmt: skip
REST = {
    "line": "BCDF",
    "uprn": NUMBER,
    "key": "people",
    "name": "register.csv",
    "rest": "_dash-layout",
    "path": "none",
    "secret": WORD,
    "what": "stop",
    "poster": WORD,
}


def filled(way: Way, things: Things) -> str:
    """The path with numbers and secrets of these things."""
    before = way.path.partition("/{")[0]
    own = {"number": things.get(before, NUMBER), "token": things.get(before, WORD)}
    return re.sub(r"\{(\w+)\}", lambda found: own.get(found[1]) or REST[found[1]], way.path)


def owned(way: Way) -> bool:
    return way.path.partition("/{")[0] in UNKNOWN and "{" in way.path and way.path != "/data/formats/{name}"


class Guest:
    """Somebody at the application; forms are sent empty, with the token that belongs to them."""

    def __init__(self, client: TestClient[Litestar], role: Role | None = None) -> None:
        self.client = client
        client.cookies.clear()
        visitor = Visitor(client)
        visitor.token()
        if role:
            assert visitor.sign_in(address(role)).status_code == 200
        self.form = visitor.token()
        self.cookies = dict(client.cookies)

    def go(self, method: str, path: str, body: object = None) -> httpx.Response:
        self.client.cookies.clear()
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {"Cookie": cookies, "x-csrftoken": self.form}
        sent = body or {} if path.startswith(("/api/", "/notify/", "/dashboard/")) and method not in READS else None
        return self.client.request(method, path, headers=headers, follow_redirects=False, json=sent)

    def send(self, path: str, fields: dict[str, str]) -> httpx.Response:
        """A form, filled in."""
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {"Cookie": cookies, "x-csrftoken": self.form}
        self.client.cookies.clear()
        return self.client.post(path, data=fields, headers=headers, follow_redirects=False)


@pytest.fixture(scope="module")
def client(home: Home) -> Iterator[TestClient[Litestar]]:
    with TestClient(home.app, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="module")
def guests(client: TestClient[Litestar]) -> dict[Role | None, Guest]:
    """One of each role, and nobody."""
    return {role: Guest(client, role) for role in (*Role, None)}


def met(answer: httpx.Response) -> str:
    """In which of four ways a request was answered."""
    if answer.status_code == 401 or answer.headers.get("location", "").startswith("/sign-in"):
        return "asked who it is"
    if answer.status_code == 403 and re.search(r"(Your account|This token) .*cannot ", answer.text):
        return "refused"
    return "broken" if answer.status_code == 500 else "let in"


def expected(way: Way, role: Role | None) -> str:
    if way.door.who in OPEN:
        return "let in"
    half_way = way.door.who == "whoever gave a password"  # which these guests have behind them
    if role is None or half_way or way.path.startswith(("/notify/", "/metrics")):
        return "asked who it is"
    return "let in" if way.admits(role) else "refused"


def callbacks(value: str = "") -> list[dict[str, Any]]:
    """What the dashboard's page sends to each of its callbacks, with this in every input."""
    from dashboards.pages.dash_app import dashboard

    return [
        {
            "output": name,
            "outputs": [dict(zip(("id", "property"), part.rsplit(".", 1), strict=True)) for part in name.strip(".").split("...")],
            "inputs": [{**one, "value": value} for one in held["inputs"]],
            "changedPropIds": [f"{one['id']}.{one['property']}" for one in held["inputs"]],
        }
        for name, held in dashboard().callback_map.items()
    ]  # fmt: skip


def body_of(way: Way) -> object:
    return callbacks()[0] if way.path.startswith("/dashboard/") else None


@pytest.fixture(scope="module")
def all_ways(home: Home) -> list[Way]:
    """What is read first, as what is sent may end what it is sent to; to sign out comes last."""
    found = [way for way in ways(home.app) if way.path != "/sign-out"]
    assert len(found) > 130
    numbered = [way for way in found if re.search(r"\{(number|token)\}", way.path)]
    assert {way.path for way in numbered if not owned(way)} == set(), (
        "make one of it for both councils, in `_furnished`"
    )
    return sorted(found, key=lambda way: way.method not in READS)


def contents(office: Office, code: str) -> dict[str, str]:
    """Everything of a council that the database holds, by table."""
    with office.database.reading() as session:
        return {table.name: _digest(session, table, code) for table in SQLModel.metadata.sorted_tables}


def _digest(session: Session, table: sa.Table, code: str) -> str:
    query = table.select().order_by(*table.primary_key)
    rows = session.execute(query.where(table.c.authority == code) if "authority" in table.c else query.limit(0)).all()
    return hashlib.sha256(repr(rows).encode()).hexdigest()


@pytest.fixture(scope="module", autouse=True)
def no_browser(home: Home) -> Iterator[None]:
    """The report is printed elsewhere."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dashboards.pages.report.browser", lambda: None)
        yield


def test_the_custodian_sees_and_imports_nothing_of_electors(home: Home, guests: dict[Role | None, Guest]) -> None:
    custodian, register = guests[Role.custodian], home.ours["register"]
    page = custodian.go("GET", "/data").text
    main = page.partition("<main")[2].partition("</main")[0]  # the footer leads to the contact page
    assert "Gazetteer of addresses" in page
    assert not re.search("Electoral register|Electors|contact|applications", main, re.IGNORECASE)
    assert {kind["kind"] for kind in custodian.go("GET", "/api/data").json()} == {"gazetteer"}
    for path in ("", "/rejects.csv", "/undo"):
        assert custodian.go("GET", f"/data/{register}{path}").status_code == 404
    assert 'value="register"' not in custodian.go("GET", "/data/new").text
    assert "register" not in str(custodian.go("GET", "/api/gazetteer-health").json()["files"])
    sent = custodian.send("/data", {"kind": "register"})
    assert (sent.status_code, met(sent)) == (403, "refused")
    assert {right_to_see(kind) for form in FORMATS if form.kind in OF_PLACES for kind in [form.makes]} == {
        Right.see_gazetteer
    }  # fmt: skip


def test_no_link_leads_a_role_to_a_refusal(guests: dict[Role | None, Guest]) -> None:
    for role in set(Role) - {Role.administrator, Role.officer}:
        seen, waiting = set[str](), {"/"}
        for _ in range(4):
            pages = {path: guests[role].go("GET", path) for path in waiting}
            assert {path: met(page) for path, page in pages.items() if met(page) != "let in"} == {}, role
            seen |= waiting
            waiting = {link for page in pages.values() for link in links(page)} - seen


def links(page: httpx.Response) -> set[str]:
    """To other pages of the service; of a redirect, where it leads."""
    if "location" in page.headers:
        return {page.headers["location"]}
    inside = {link.partition("#")[0].partition("?")[0] for link in re.findall(r'href="(/[^"]*)"', page.text)}
    return {link for link in inside if link and not link.startswith(("/assets/", "/sign-"))}


def test_every_way_opens_to_those_of_the_table_and_to_no_others(
    home: Home, guests: dict[Role | None, Guest], all_ways: list[Way]
) -> None:
    seen = {
        (way.method, way.path, role): (way, guest.go(way.method, filled(way, home.ours), body_of(way)))
        for way in all_ways
        for role, guest in guests.items()
        if role is None or way.door.who not in OPEN
    }
    told = {key: (expected(way, key[-1]), met(answer)) for key, (way, answer) in seen.items()}
    assert {key: pair for key, pair in told.items() if pair[0] != pair[1]} == {}
    there = [
        (way, answer)
        for (method, _, role), (way, answer) in seen.items()
        if method == "GET" and role == Role.administrator
    ]
    assert {way.path for way, answer in there if owned(way) and answer.status_code == 404} == NOT_THERE


def test_what_is_anothers_is_not_there(home: Home, guests: dict[Role | None, Guest], all_ways: list[Way]) -> None:
    """The same answer as for what never was, to the letter; and nothing of theirs is changed. Each way by one of the
    roles that it opens to, in turn."""
    before, told = contents(home.office, THEIRS), {}
    for turn, way in enumerate(way for way in all_ways if owned(way) and way.door.who not in OPEN):
        roles = [role for role in Role if way.admits(role)]
        guest = guests[roles[turn % len(roles)]]
        theirs, unknown = (guest.go(way.method, filled(way, things)) for things in (home.theirs, UNKNOWN))
        never = unknown.text.replace(place(UNKNOWN, way), place(home.theirs, way))
        told[way.method, way.path] = (theirs.status_code, plain(theirs.text) == plain(never))
    assert {way: answer for way, answer in told.items() if answer not in ((404, True), (422, True))} == {}
    unasked = {(method, path.rpartition("/")[2]) for (method, path), (status, _) in told.items() if status == 422}
    assert unasked == {("POST", "reject"), ("POST", "stop"), ("PUT", "{number}")}, "refused for the words that lack"
    assert len(told) > 60
    assert contents(home.office, THEIRS) == before


def place(things: Things, way: Way) -> str:
    return things[way.path.partition("/{")[0]]


def plain(page: str) -> str:
    """Without the token of a form, which is another in each answer."""
    return re.sub(r'name="_csrf_token" value="[^"]+"', "", page)


def test_a_token_opens_of_the_api_what_its_rights_say_and_nothing_else(
    home: Home, client: TestClient[Litestar], all_ways: list[Way]
) -> None:
    administrator = Actor(OURS, "administrator 1", 1)
    _, secret = systems.give(home.office, administrator, "All", sorted(OF_SYSTEMS), DAY + timedelta(days=9))

    def go(method: str, path: str) -> httpx.Response:
        client.cookies.clear()
        return client.request(method, path, headers={"Authorization": f"Bearer {secret}"}, follow_redirects=False)

    told = {
        (way.method, way.path): go(way.method, filled(way, home.ours)) for way in all_ways if way.door.who not in OPEN
    }
    opens = {
        way.path for way in all_ways if way.path.startswith(bearers.PLACES) and way.method == "GET"
        and (not isinstance(way.door, HasRight) or way.door.right in OF_SYSTEMS)
    }  # fmt: skip
    let_in = {way for way, answer in told.items() if met(answer) == "let in" and answer.status_code != 403}
    assert let_in == {("GET", path) for path in opens} | {("POST", path) for path in bearers.READ_BY_POST}
    for way in all_ways:
        if way.method == "GET" and way.path.startswith("/api/") and owned(way):
            assert go("GET", filled(way, home.theirs)).status_code == 404


def test_the_menu_offers_what_opens_and_begins_where_the_role_does(
    guests: dict[Role | None, Guest], all_ways: list[Way]
) -> None:
    begins = {Role.member: "/wards", Role.custodian: "/data/gazetteer", Role.data_protection: "/person",
              Role.canvasser: "/lists"}  # fmt: skip
    pages = {way.path: way for way in all_ways if way.method == "GET"}
    for role in Role:
        menu = re.findall(
            r'class="govuk-service-navigation__link" href="([^"]+)"', guests[role].go("GET", "/cookies").text
        )
        assert menu, role
        assert all(pages[path.rstrip("/") or "/"].admits(role) for path in menu), role
        assert guests[role].go("GET", "/").headers.get("location") == begins.get(role)
        assert begins.get(role, "/") in {*menu, "/data/gazetteer"}


def test_a_callback_of_the_dashboard_with_anothers_values_says_what_it_says_of_none(
    home: Home, guests: dict[Role | None, Guest]
) -> None:
    for role in [role for role in Role if Right.see_figures in RIGHTS[role]]:
        said = [
            [guests[role].go("POST", "/dashboard/_dash-update-component", body).text for body in callbacks(f"?campaign={n}")]
            for n in (home.theirs["/campaigns"], NUMBER)
        ]  # fmt: skip
        assert said[0] == said[1] != []


def test_no_series_tells_of_one_opt_out(
    home: Home, client: TestClient[Litestar], guests: dict[Role | None, Guest]
) -> None:
    actor = Actor(THEIRS, "administrator 1", 1)
    made = systems.give(home.office, actor, "Watcher", ["read metrics"], DAY + timedelta(days=9))

    def measured() -> str:
        return client.get("/metrics", headers={"Authorization": f"Bearer {made[1]}"}).text

    before = measured()
    assert 'route="/campaigns/{number}"' in before
    assert re.search(r'engage_answers_total\{method="GET",route="/data",status="200"\} \d', before)
    assert "suppress" not in before
    client.cookies.clear()
    assert client.post(f"/r/{SECRET[THEIRS]}/stop").status_code == 200
    form = {"scope": "email", "value": "resident@example.com", "reason": "asked by phone"}
    assert guests[Role.data_protection].send("/suppressions", form).status_code == 303
    text = {"id": "a1", "source_number": "07700900123", "destination_number": "07700900000", "message": "STOP",
            "date_received": "2026-06-03T09:00:00.000000Z"}  # fmt: skip
    client.cookies.clear()
    heard = client.post("/notify/received-texts", json=text, headers={"Authorization": "Bearer theirs"})
    assert heard.status_code == 204
    assert measured() == before


# Commands

OPERATORS = {
    "init", "serve", "worker", "check", "purge", "keys list", "keys new", "keys rotate", "backup create",
    "backup verify", "backup restore", "notify-stand-in", "demo", "wording list", "wording copy", "wording check",
}  # fmt: skip


DAYS = ("as_at", "since", "until")


class LetIn(Exception):
    """In place of what a command does."""


@pytest.fixture
def run(home: Home, monkeypatch: pytest.MonkeyPatch) -> Callable[[click.Context, str], str]:
    """A command with what it needs, as an account: whether it is refused, and in which words."""
    from engage.commands import caller
    from engage.foundation import identity

    def demand(account: Account, right: Right) -> None:
        identity_demand(account, right)
        raise LetIn(right.value)

    identity_demand = identity.demand
    monkeypatch.setattr(caller, "Office", lambda: home.office)
    monkeypatch.setattr(caller, "demand_database", lambda _office: None)
    monkeypatch.setattr(identity, "demand", demand)

    def called(at: click.Context, email: str) -> str:
        words = [
            word for one in at.command.params if one.required or isinstance(one, click.Argument) for word in _given(one)
        ]
        result = CliRunner().invoke(at.command, [*words, "--authority", OURS, "--as", email])
        return str(result.exception) if isinstance(result.exception, Exception) else result.output

    return called


def _given(parameter: click.Parameter) -> list[str]:
    choices = getattr(parameter.type, "choices", None)
    word = str(choices[0]) if choices else "2026-06-01" if parameter.name in DAYS else "1"
    return [parameter.opts[0], word] if isinstance(parameter, click.Option) and not parameter.is_flag else (
        [parameter.opts[0]] if isinstance(parameter, click.Option) else [word]
    )  # fmt: skip


def test_every_command_is_for_those_of_the_table(run: Callable[[click.Context, str], str]) -> None:
    commands = {at.command_path.removeprefix("engage "): at for at in every_command()}
    assert {name for name, at in commands.items() if right_of(at.command) is None} == OPERATORS
    asking = {name: at for name, at in commands.items() if name not in OPERATORS}
    assert len(asking) > 35
    for name, at in asking.items():
        right = right_of(at.command)
        assert right
        for role in Role:
            told = run(at, address(role))
            wanted = right.value if right in RIGHTS[role] else f"Your account ({role.value}) cannot {right.value}"
            assert told.startswith(wanted), (name, role)


def test_a_command_as_a_colleague_of_another_council_is_as_one_of_nobody(
    run: Callable[[click.Context, str], str],
) -> None:
    at = next(at for at in every_command() if at.command_path == "engage gap")
    theirs, nobody = (run(at, email) for email in (address(Role.administrator, THEIRS), "nobody@example.com"))
    assert theirs == nobody
    assert f"There is no account with that email address in {OURS}" in theirs
