"""What is sent is limited by route, by fields and by authority before anything holds it, and refused in kind words."""

import pytest

from engage.foundation.identity import Role
from engage.foundation.office import Office
from engage.foundation.web import bodies
from tests.website import Enter, Visitor

CSV = "text/csv"


def test_a_form_is_small_and_has_few_fields(visitor: Visitor) -> None:
    token = visitor.token()
    form = {"content-type": "application/x-www-form-urlencoded"}
    large = visitor.client.post("/sign-in", content=b"a=" + b"b" * bodies.FORM, headers=form)
    assert (large.status_code, "It is larger than 1,024 kB." in large.text) == (413, True)
    assert "Nothing was changed." in large.text
    assert large.headers["connection"] == "close"
    many = visitor.client.post("/sign-in", content=b"&".join(b"a%d=" % n for n in range(1001)), headers=form)
    assert (many.status_code, "more than 1,000 fields" in many.text) == (413, True)
    unannounced = visitor.client.post("/sign-in", content=(b"a" * 65_536 for _ in range(20)), headers=form)
    assert unannounced.status_code == 413
    assert visitor.client.post("/sign-in", data={"_csrf_token": token}).status_code == 422, "and a real one is read"


@pytest.mark.parametrize(
    "path", ["/notify/receipts", "/notify/received-texts", "/notify/returned-letters", "/r/x/stop"]
)
def test_a_callback_is_smaller(visitor: Visitor, path: str) -> None:
    answer = visitor.client.post(path, content=b" " * (bodies.CALLBACK + 1))
    assert answer.status_code == 413


def test_nobody_sends_a_file_who_may_not_import(enter: Enter, visitor: Visitor, office: Office) -> None:
    file = {"file": ("r.csv", b"a" * 2 * bodies.MEGABYTE, CSV)}
    asked = visitor.client.post("/data", files=file, follow_redirects=False)
    assert (asked.status_code, asked.headers["location"]) == (303, "/sign-in")
    assert enter(Role.auditor).client.post("/data", files=file).status_code == 403


def test_a_file_goes_to_the_disk_and_keeps_to_its_councils_room(
    enter: Enter, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    officer = enter(Role.officer)
    sent = b"a,b\n" + b"1,2\n" * 500_000
    fields = {"_csrf_token": officer.token(), "kind": "register", "as_at-day": "31", "as_at-month": "5"}
    kept = officer.client.post("/data", data=fields, files={"file": ("r.csv", sent, CSV)})
    assert (kept.status_code, "must be a real date" in kept.text) == (422, True)
    lying = list((office.lake.root / "staging" / "uploads").rglob("*.csv"))
    assert [(path.read_bytes(), path.stat().st_mode & 0o777) for path in lying] == [(sent, 0o600)]
    office.settings.upload_quota = 3
    full = officer.client.post("/data", data=fields, files={"file": ("r.csv", sent, CSV)})
    assert (full.status_code, "There is no room for this file" in full.text) == (413, True)
    office.settings.upload_quota = 2000
    words = officer.client.post("/data", data=fields | {"note": "x" * 2 * bodies.FORM}, files={"file": ("r", b"", CSV)})
    assert words.status_code == 413
    monkeypatch.setattr(bodies, "FILE", bodies.MEGABYTE)
    large = officer.client.post("/data", data=fields, files={"file": ("r.csv", sent, CSV)})
    assert "The selected file must be smaller than 250MB" in large.text
    broken = {"content-type": "multipart/form-data; boundary=x"}
    assert officer.client.post("/data", content=b"--x\r\nContent-Dis", headers=broken).status_code == 400
