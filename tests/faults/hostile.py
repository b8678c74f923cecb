"""Requests as nobody means them, made by lot: each route in each wrong way, with the fields it really has.

`benchmarks/hostile.py` sends a hundred thousand of them, `test_hostile.py` a few of each kind.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote, urlencode

PROJECT = Path(__file__).parents[2]
CALLBACK_TOKEN = "a-token-of-the-tests"
METHODS = ("GET", "POST", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW", "get", "")
FORM, JSON, MULTIPART = "application/x-www-form-urlencoded", "application/json", "multipart/form-data; boundary=x"
TYPES = (
    "", FORM, JSON, MULTIPART, "multipart/form-data", "multipart/form-data; boundary=", "text/plain", "a/b/c", ";",
    f"{FORM}; charset=utf-16", f"{JSON}; charset=utf-7", "application/x-msgpack", "application/json; charset=no-such",
    "multipart/form-data; boundary=" + "y" * 300, "multipart/mixed; boundary=x", "application/xml", "\xff",
)  # fmt: skip
NUMBERS = (
    "-1", "0", "1", "2", "2147483647", "2147483648", "9223372036854775807", "9223372036854775808", "-9223372036854775809",
    "1" * 30, "9" * 400, "7" * 5000, "1e5", "1e999", "0x10", "1_000", "１２", "٣", "²", "NaN", "Infinity", "-inf", "1.5",
    " 1 ", "+1", "1,000", "00001", "--1", "",
)  # fmt: skip
DAYS = (
    "0001-01-01", "9999-12-31", "0000-00-00", "2026-02-30", "2026-13-01", "10000-01-01", "2026-06-01", "2026-W01-1",
    "20260601", "-2026-06-01", "2026-06-01T00:00", "٢٠٢٦-٠٦-٠١", "2026-06-01\n",
)  # fmt: skip
TEXTS = (
    "", " ", "\0", "a\0b", "\ud800", "a\udfffb", "\ufffe", "\u202e", "e\u0301" * 50, "\U0001f600" * 20, "\r\nSet-Cookie: a=b",
    "'", '"', "\\", "%", "%00", "%s%n", "{{7*7}}", "${7}", "<b>", "../../etc", "..\\..", "/", "//example.com", "=1+1",
    "x" * 300, "x" * 5000, "None", "null", "undefined", "[]", "{}", "true", "__proto__", "constructor", "\x7f\x80",
)  # fmt: skip
PLAUSIBLE = (
    "1", "2", "3", "email", "sms", "letter", "yes", "no", "home", "contact", "save", "add", "register", "gazetteer",
    "contacts", "en", "cy", "all", "exactly", "at least", "electors", "gap", "ward", "arm", "stop", "help", "registered",
    "moved", "cannot", "undo", "name@example.com", "07700 900123", "2026", "6", "30", "import", "discard", "again",
    "submit", "approve", "reject", "launch", "pause", "resume", "renew", "letters-again", "letters-given-up", "edit",
    "name", "segment", "waves", "finish", "wards", "street", "off", "A home", "Summer reminder", "EX1 1AA", "deceased",
)  # fmt: skip
HEADERS = {
    "accept": ("", "*/*", "application/json", "text/html;q=nan", "a", "application/vnd.apache.parquet;q=9", "image/*" * 99),
    "accept-encoding": ("gzip", "gzip;q=0", "br", "*;q=nan", "\xff", "identity"),
    "accept-language": ("cy", "\xff", "en;q=999"),
    "if-none-match": ("*", '"a"', "\xff", 'W/"', '"' * 500),
    "if-modified-since": ("never", "Thu, 01 Jan 0001 00:00:00 GMT", "9" * 50),
    "range": ("bytes=0-", "bytes=5-1", "bytes=-1", "bytes=a-b", "lines=1", "bytes=" + "0-1," * 500, f"bytes={'9' * 40}-"),
    "content-length": ("0", "-1", "abc", "9" * 40, "1.5", ""),
    "content-encoding": ("gzip", "br", "no-such"),
    "transfer-encoding": ("chunked", "gzip"),
    "hx-request": ("true", "false"),
    "hx-current-url": ("http://[", "\xff"),
    "x-forwarded-for": ("::1", "999.1.1.1", "a, b, , c", "\xff", "1" * 5000),
    "x-forwarded-proto": ("https", "\xff"),
    "x-http-method-override": ("DELETE",),
    "authorization": ("", "Bearer", f"Bearer {CALLBACK_TOKEN}", "Bearer \xff", "Basic =", "Bearer " + "x" * 9000),
    "expect": ("100-continue",),
    "origin": ("null", "https://example.com", "http://[", "\xff"),
    "sec-fetch-site": ("cross-site", "none", "\xff"),
    "host": ("example.com", "", "[::1", "a:b:c", "\xff", "x" * 5000, "127.0.0.1:99999999"),
    "cookie": (
        "engage=", "engage=" + "x" * 5000, "engage=\xff", "engage=\0", "=", ";;;", 'engage="', "a=b; " * 500,
        "engage_form=x", "engage_browser=.", "engage_browser=\xff.", "__Host-engage=x", "engage=a; engage=b",
    ),
}  # fmt: skip
NAMED = re.compile(r"""form\.(?:text|all|day|secret|require|require_day|optional_day|file)\(\s*f?["']([^"'{]+)["']""")
TEMPLATE_NAMES = re.compile(r"""name(?:="|": ")([a-z][\w-]*)""")


@dataclass(frozen=True)
class Made:
    """One request, as ASGI has it."""

    kind: str
    route: str
    method: str
    path: str  # as sent, in percent encoding
    query: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    @property
    def shown(self) -> str:
        return f"{self.method} {self.path[:120]}?{self.query[:80]!r} {self.body[:700]!r}"

    def expects(self, status: int) -> bool:
        """`/health` says by 503 that no worker runs."""
        return self.path == "/health" and status == 503


async def ask(app: Any, made: Made) -> int:
    return (await answered(app, made))[0]


async def answered(app: Any, made: Made) -> tuple[int, list[tuple[str, str]], bytes]:
    """Status, headers and body; a server would answer 500 for what the application lets out."""
    said: list[Any] = []
    bodies = [{"type": "http.request", "body": made.body, "more_body": False}]

    async def receive() -> Any:
        return bodies.pop() if bodies else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        said.append(message)

    await app(_scope(made), receive, send)
    headers = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in said[0]["headers"]]
    return said[0]["status"], headers, b"".join(message.get("body", b"") for message in said[1:])


def _scope(made: Made) -> dict[str, Any]:
    """As Granian makes it: it refuses a path that is not UTF-8 by itself, so such bytes arrive replaced."""
    raw = made.path.encode()
    path = re.sub(b"%([0-9a-fA-F]{2})", lambda found: bytes.fromhex(found[1].decode()), raw).decode(errors="replace")
    return {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": made.method,
        "scheme": "http", "path": path, "raw_path": raw, "query_string": made.query, "root_path": "",
        "headers": [(name.encode(), value.encode("latin-1", "replace")) for name, value in made.headers],
        "client": ("127.0.0.1", 40000), "server": ("127.0.0.1", 8000), "state": {}, "extensions": {},
    }  # fmt: skip


TOKEN = re.compile(rb'name="_csrf_token" value="([^"]+)"')


@dataclass
class Browser:
    """A visitor's cookies and the token of its forms; of a role, once it has signed in."""

    host: str
    cookies: dict[str, str] = field(default_factory=dict)
    token: str = ""

    async def look(self, app: Any) -> "Browser":
        page = await self._go(app, Made("", "", "GET", "/sign-in" if not self.token else "/cookies"))
        self.token = found[1].decode() if (found := TOKEN.search(page)) else self.token
        return self

    async def sign_in(self, app: Any, email: str, password: str) -> "Browser":
        await self.look(app)
        fields = urlencode({"_csrf_token": self.token, "email": email, "password": password}).encode()
        await self._go(app, Made("", "", "POST", "/sign-in", headers=(("content-type", FORM),), body=fields))
        return await self.look(app)

    @property
    def entered(self) -> bool:
        return any(name.endswith("engage") for name in self.cookies)

    async def _go(self, app: Any, made: Made) -> bytes:
        headers = (*made.headers, *self.headers)
        _, answers, body = await answered(
            app, Made(made.kind, made.route, made.method, made.path, b"", headers, made.body)
        )
        for name, value in answers:
            if name == "set-cookie":
                key, _, rest = value.partition("=")
                self.cookies[key] = rest.partition(";")[0]
        return body

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return (("host", self.host), *((("cookie", cookies),) if cookies else ()))


@cache
def fields() -> tuple[str, ...]:
    """The names of all fields of all forms, as the code reads them and the pages have them."""
    rooms = [
        path for room in ("engage", "segments", "campaigns", "dashboards") for path in (PROJECT / room).rglob("*.py")
    ]
    read = {name for path in rooms for name in NAMED.findall(path.read_text())}
    shown = {
        name for path in (PROJECT / "templates").rglob("*.html") for name in TEMPLATE_NAMES.findall(path.read_text())
    }
    days = {
        f"{name}-{part}" for name in ("start", "as_at", "send_on", "until", "on") for part in ("day", "month", "year")
    }
    return tuple(sorted(read | shown | days | {"c0-column", "c0-is", "c0-value", "g1-c0-column", "need"}))


class Asker:
    """Makes requests to an application's own routes."""

    def __init__(self, app: Any) -> None:
        self._routes = sorted(
            (route.path_format if hasattr(route, "path_format") else route.path, method)
            for route in app.routes for method in getattr(route, "methods", ())
        )  # fmt: skip
        self._routes = [each for each in self._routes if each[0] not in LEFT_OUT]

    def make(self, chance: Random, browser: Browser, kind: str = "") -> Made:
        kind = kind or chance.choice(list(KINDS))
        route, method = chance.choice(self._routes)
        return KINDS[kind](_Draw(chance, browser, kind, route, method))


LEFT_OUT = ("/report.pdf",)  # which starts a browser


class _Draw:
    """What one request is drawn from."""

    def __init__(self, chance: Random, browser: Browser, kind: str, route: str, method: str) -> None:
        self.chance, self.browser, self.kind, self.route, self.method = chance, browser, kind, route, method

    def of(self, *pools: Sequence[str]) -> str:
        return self.chance.choice(self.chance.choice(pools))

    def value(self) -> str:
        return self.of(PLAUSIBLE, PLAUSIBLE, NUMBERS, DAYS, TEXTS)

    def path(self, *pools: Sequence[str]) -> str:
        """The route with something in each of its places: a number where one is asked for, more often than not."""
        pools = pools or (PLAUSIBLE,)

        def fill(found: re.Match[str]) -> str:
            numeric = found[0].endswith(":int}") and self.chance.random() < 0.7
            return _quoted(self.of(("1", "2", "3")) if numeric and pools == (PLAUSIBLE,) else self.of(*pools))

        return re.sub(r"\{[^}]+\}", fill, self.route)

    def made(self, path: str = "", *, body: bytes = b"", query: bytes = b"", method: str = "", **headers: str) -> Made:
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        base = [(name, value) for name, value in self.browser.headers if name not in told]
        if self.route.startswith("/notify/"):
            base.append(("authorization", f"Bearer {CALLBACK_TOKEN}"))
        if self.browser.token:
            base.append(("x-csrftoken", self.browser.token))
        return Made(
            self.kind, self.route, method or self.method, path or self.path(), query, (*base, *told.items()), body
        )  # fmt: skip

    def form(self, *, most: int = 12) -> list[tuple[str, str]]:
        names = self.chance.choices(fields(), k=self.chance.randint(1, most))
        return [("_csrf_token", self.browser.token), *[(name, self.value()) for name in names]]

    def json(self, depth: int = 0) -> Any:
        whole = self.chance.choice(NUMBERS[:10]) or "0"
        made: list[Callable[[], Any]] = [
            self.value, lambda: int(whole), lambda: None, lambda: True, lambda: 1.5, lambda: float("nan"), lambda: 1e308,
        ]  # fmt: skip
        if depth < 3:
            made += [lambda: [self.json(depth + 1) for _ in range(3)], lambda: self.object(depth + 1)] * 2
        return self.chance.choice(made)()

    def object(self, depth: int = 0) -> dict[str, Any]:
        return {self.chance.choice((*KEYS, *TEXTS)): self.json(depth) for _ in range(self.chance.randint(0, 6))}


KEYS = (
    "id", "reference", "to", "status", "created_at", "completed_at", "sent_at", "notification_type", "template_id",
    "source_number", "destination_number", "message", "date_received", "version", "name", "purpose", "segment", "start",
    "outcome_window", "end", "poll_date", "templates", "seed", "arms", "waves", "email", "note", "digest", "state",
    "where", "all", "any", "not", "column", "is", "value", "notification_id", "date_sent", "service_id", "uploaded_at",
)  # fmt: skip


def _quoted(text: str) -> str:
    return quote(text.encode(errors="surrogatepass"), safe="") or "%20"


def _form_encoded(pairs: Sequence[tuple[str, str]]) -> bytes:
    return urlencode(pairs, errors="surrogatepass").encode()


def _plain(draw: _Draw) -> Made:
    """As the page sends it, with fields by lot."""
    if draw.method in ("GET", "HEAD"):
        return draw.made(query=_form_encoded(draw.form(most=4)[1:]))
    if draw.route.startswith(("/api/", "/notify/")):
        return draw.made(body=json.dumps(draw.object()).encode(), content_type=JSON)
    return draw.made(body=_form_encoded(draw.form()), content_type=FORM)


def _path(draw: _Draw) -> Made:
    path = draw.path(NUMBERS, DAYS, TEXTS)
    if draw.chance.random() < 0.3:
        path += draw.of(
            ("/", "//", "/..", "/.", ";a=b", "/%2e%2e/", "/%00", "/\xe9".encode().decode("latin-1"), "%", "?", "%ff")
        )
    return draw.made(quote(path, safe="/%?;=."), body=_form_encoded(draw.form(most=3)), content_type=FORM)


def _query(draw: _Draw) -> Made:
    names = (
        "page",
        "n",
        "campaign",
        "register",
        "by",
        "lang",
        "next",
        "kind",
        "show",
        "owner",
        "meaning",
        "still",
        "seen",
    )
    pairs = [(draw.of(names), draw.of(NUMBERS, DAYS, TEXTS)) for _ in range(draw.chance.randint(1, 4))]
    query = _form_encoded(pairs) + draw.chance.choice(
        (b"", b"", b"&", b"&%ff=%fe", b"&=", b"&a[b][c]=1", b"%", b"\xff", b";")
    )
    return draw.made(query=query, method="GET")


def _method(draw: _Draw) -> Made:
    return draw.made(method=draw.of(METHODS), body=_form_encoded(draw.form(most=3)), content_type=FORM)


def _content_type(draw: _Draw) -> Made:
    bodies = (
        _form_encoded(draw.form(most=5)), json.dumps(draw.object()).encode(), b"", b"\xff\xfe", b"{", b"null", b"[1]",
        _multipart(draw.form(most=3)),
    )  # fmt: skip
    return draw.made(body=draw.chance.choice(bodies), content_type=draw.of(TYPES), method=draw.of(("POST", "PUT")))


def _encoding(draw: _Draw) -> Made:
    raw = (
        b"%ff%fe=%00",
        b"name=\xff\xfe",
        b"%",
        b"a=%zz",
        b"=",
        b"&&&",
        b"name=%ed%a0%80",
        b"a=%00",
        b"_csrf_token=%ff",
    )
    body = _form_encoded(draw.form(most=5)) + b"&" + draw.chance.choice(raw)
    return draw.made(body=body, content_type=FORM)


def _duplicates(draw: _Draw) -> Made:
    pairs = draw.form(most=4)
    many = [(name, value) for name, value in pairs for _ in range(draw.chance.choice((1, 2, 40)))]
    nested = [(f"{name}[{draw.of(NUMBERS)}][]", value) for name, value in pairs]
    return draw.made(body=_form_encoded(draw.chance.choice((many, many + nested, pairs * 2))), content_type=FORM)


def _numbers(draw: _Draw) -> Made:
    pairs = [
        ("_csrf_token", draw.browser.token),
        *[(name, draw.of(NUMBERS)) for name in draw.chance.choices(fields(), k=15)],
    ]
    return draw.made(draw.path(NUMBERS[:8]), body=_form_encoded(pairs), content_type=FORM)


def _json(draw: _Draw) -> Made:
    depth = draw.chance.choice((20, 300, 1200, 30_000))
    whole = json.dumps(draw.object()).encode()
    bodies = (
        whole, whole, b"[" * depth + b"]" * depth, b'{"a":' * depth + b"1" + b"}" * depth, b"9" * 5000, b'{"id": 1e999}',
        b'{"id": NaN}', b'{"reference": "\\u0000", "id": "\\ud800", "status": "delivered"}', b'"\\ud800"', b"\xef\xbb\xbf{}",
        b'{"id": 1, "id": 2}', whole[:-1], b'{"id": ' + b"9" * 5000 + b"}", b'{"where": ' + b'{"not": ' * depth,
    )  # fmt: skip
    method = draw.method if draw.method in ("PUT", "POST") else "POST"
    return draw.made(body=draw.chance.choice(bodies), content_type=JSON, method=method)


def _headers(draw: _Draw) -> Made:
    names = draw.chance.choices(list(HEADERS), k=draw.chance.randint(1, 3))
    body = _form_encoded(draw.form(most=3)) if draw.method == "POST" else b""
    chosen = {name: draw.chance.choice(HEADERS[name]) for name in names}
    return draw.made(body=body, **({"content_type": FORM} if body else {}), **chosen)


def _multipart(pairs: Sequence[tuple[str, str]]) -> bytes:
    parts = [
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode(errors="replace")
        + value.encode(errors="surrogatepass") + b"\r\n" for name, value in pairs
    ]  # fmt: skip
    return b"".join(parts) + b"--x--\r\n"


def _multiparts(draw: _Draw) -> Made:
    whole = _multipart(draw.form(most=4))
    lead = b"--x\r\nContent-Disposition: form-data; "
    odd = (
        whole, whole[:-5], whole.replace(b"\r\n", b"\n"), b"--x--", b"--x\r\n\r\n\r\n--x--", b"--x\r\nContent-Disposition:\r\n\r\n",
        lead + b'name="file"; filename="\x00.csv"\r\n\r\na,b\r\n1,2\r\n--x--\r\n', lead + b'filename="a.csv"\r\n\r\n\r\n--x--\r\n',
        lead + b'name="file"; filename="../../a.xlsx"\r\nContent-Type: \xff\r\n\r\nPK\x03\x04\r\n--x--\r\n',
        lead + b'name="\xff"\r\nContent-Transfer-Encoding: base64\r\n\r\n!!\r\n--x--\r\n', lead + b"name*=utf-8''a\r\n\r\nb\r\n--x--\r\n",
        lead + b'name="file"; filename="a.csv"\r\nContent-Length: 99999999999\r\n\r\n\r\n--x--\r\n', b"\x00" * 100,
        lead + b'name="a"\r\nContent-Type: text/plain; charset=no-such\r\n\r\nb\r\n--x--\r\n', b"",
        lead + b'name="' + b"n" * 9000 + b'"\r\n\r\n\r\n--x--\r\n',
    )  # fmt: skip
    return draw.made(body=draw.chance.choice(odd), content_type=MULTIPART, method="POST")


UPDATE = "/dashboard/_dash-update-component"
DASH = (
    "/dashboard", "/dashboard/", "/dashboard/_dash-layout", "/dashboard/_dash-dependencies", "/dashboard/_reload-hash",
    "/dashboard/_favicon.ico", "/dashboard/_dash-component-suites/dash/deps/react@16.min.js",
    "/dashboard/_dash-component-suites/%s/%s", "/dashboard/_dash-component-suites/%s", "/dashboard/_dash-component-suites/",
    "/dashboard/assets/%s", "/dashboard/%s", "/dashboard/_dash-component-suites/dash/%s",
    "/dashboard/_dash-component-suites/plotly/%s", "/dashboard/_dash-ws-callback", "/dashboard/docs", "/dashboard/openapi.json",
)  # fmt: skip
OUTPUT = "..changed.children...finding.children...complete.children.."


def _dash_body(draw: _Draw) -> bytes:
    """The callback that is really there, with a key left out, changed or twisted."""
    whole: dict[str, Any] = {
        "output": OUTPUT, "changedPropIds": ["place.search"],
        "outputs": [{"id": name, "property": "children"} for name in ("changed", "finding", "complete")],
        "inputs": [{"id": "place", "property": "search", "value": f"?campaign={draw.value()}&by={draw.value()}"}],
    }  # fmt: skip
    for _ in range(draw.chance.randint(0, 2)):
        key = draw.chance.choice(
            [*whole, "state", "parsedChangedPropsIds", "long", "cancelJob", "job", "sets_progress"]
        )
        if draw.chance.random() < 0.4:
            whole.pop(key, None)
        else:
            whole[key] = draw.json()
    if draw.chance.random() < 0.3 and isinstance(whole.get("inputs"), list):
        whole["inputs"] = draw.chance.choice(
            [[], [[]], [{}], [{"id": {"a": 1}}], [{"id": "place", "value": draw.json()}]]
        )
    deep = b'{"output":' * 3000
    return draw.chance.choice(
        (json.dumps(whole).encode(), json.dumps(whole).encode(), deep, b"", b"[]", b"null", b"\xff")
    )


def _dash(draw: _Draw) -> Made:
    draw.route = draw.chance.choice((UPDATE, UPDATE, *DASH))
    if draw.route == UPDATE:
        kind = draw.chance.choice((JSON, JSON, JSON, "", "text/plain", FORM))
        query = draw.chance.choice((b"", b"", b"?cacheKey=x", b"job=1&cacheKey=%00", b"job=" + b"x" * 500, b"oldJob=a"))
        return draw.made(UPDATE, method="POST", body=_dash_body(draw), query=query, content_type=kind)
    path = draw.route
    while "%s" in path:
        path = path.replace(
            "%s", _quoted(draw.of(TEXTS, ("dcc", "html", "dash", "plotly", "dash_renderer.py", "__init__.py"))), 1
        )
    pairs = [(draw.of(("campaign", "register", "by", "v", "m")), draw.value()) for _ in range(2)]
    return draw.made(path, method=draw.of(("GET", "GET", "POST", "HEAD", "PUT")), query=_form_encoded(pairs))


def _tokens(draw: _Draw) -> Made:
    """Secrets in an address: too long, empty, of other letters."""
    draw.route = draw.of(
        ("/r/%s", "/r/%s/stop", "/r/%s/help", "/r/%s/undo", "/welcome/%s", "/data/intake/%s", "/r/%s/%s")
    )
    path = draw.route
    while "%s" in path:
        path = path.replace("%s", _quoted(draw.of(TEXTS, NUMBERS, ("A" * 43, "-_" * 22, "x" * 20_000))), 1)
    query = _form_encoded([("lang", draw.of(("en", "cy"), TEXTS))]) if draw.chance.random() < 0.3 else b""
    return draw.made(
        path, query=query, method=draw.of(("GET", "POST", "HEAD")), body=_form_encoded(draw.form()), content_type=FORM
    )  # fmt: skip


def _callbacks(draw: _Draw) -> Made:
    draw.route = draw.of(("/notify/receipts", "/notify/received-texts", "/notify/returned-letters"))
    whole = {key: draw.value() for key in KEYS[:13]} | {
        "reference": draw.of(("e-1-1-email-abc", "x"), TEXTS), "status": draw.of(("delivered", "permanent-failure"), TEXTS),
        "id": draw.of(("740e5834-3a29-46b4-9a6f-16142fde533a",), TEXTS), "completed_at": draw.of(("2026-06-03T10:00:00.0Z",), DAYS),
        "source_number": draw.of(("447700900123",), NUMBERS, TEXTS), "message": draw.of(("STOP", "help"), TEXTS),
        "date_received": draw.of(("2026-06-03T10:00:00.0Z",), DAYS, TEXTS), "created_at": draw.of(DAYS),
    }  # fmt: skip
    for key in draw.chance.sample(sorted(whole), draw.chance.randint(0, 4)):
        whole[key] = draw.json()
    body = json.dumps(draw.chance.choice((whole, whole, whole, draw.json()))).encode()
    return draw.made(draw.route, method="POST", body=body, content_type=JSON)


def _plans(draw: _Draw) -> Made:
    """A plan as the interface takes it, twisted in one or two places."""
    plan: dict[str, Any] = {
        "name": draw.value(), "purpose": draw.value(), "segment": "Homes with fewer electors than adults", "start": draw.of(DAYS),
        "outcome_window": {"start": draw.of(DAYS), "end": draw.of(DAYS)}, "poll_date": draw.of(DAYS), "seed": draw.json(),
        "templates": draw.object(),
    }  # fmt: skip
    plan |= {key: draw.json() for key in draw.chance.sample(sorted(plan), draw.chance.randint(0, 2))} | draw.object()
    draw.route, method = draw.chance.choice(
        (("/api/campaigns", "POST"), ("/api/campaigns/1", "PUT"), ("/api/campaigns/1/test", "POST"))
    )
    return draw.made(draw.route, method=method, body=json.dumps(plan).encode(), content_type=JSON)


KINDS: dict[str, Callable[[_Draw], Made]] = {
    "plain": _plain, "path": _path, "query": _query, "method": _method, "content type": _content_type,
    "encoding": _encoding, "duplicates": _duplicates, "numbers": _numbers, "json": _json, "headers": _headers,
    "multipart": _multiparts, "dash": _dash, "tokens": _tokens, "callbacks": _callbacks, "plans": _plans,
}  # fmt: skip
