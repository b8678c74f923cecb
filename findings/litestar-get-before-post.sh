#!/usr/bin/env bash
# A page that is shown by GET and taken by POST breaks, depending on which of the two handlers stands first.
#
# Guessed: the handlers of one path can be listed in any order, as each stands alone.
# Happens: a synchronous GET handler that runs in a thread (sync_to_thread=True) and gives a Response is answered with
#   status 500 once the POST of its path stands after it in the list of the application. Litestar registers the GET
#   again together with the POST and puts its thread into a second thread, so that what comes out is a coroutine. With
#   the POST first, without threads, or with both in one Router, the same GET answers 200. A handler that gives a plain
#   text is spared, so a first trial shows nothing.
# Seen: 2026-11-30, litestar 2.25.0.
# In Engage: each form is a GET and a POST of one path, in that order, and every page is made in a thread. The
#   application therefore puts one router around all of its handlers.
set -euo pipefail
PYTHON=${PYTHON:-python3}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$PYTHON" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet litestar==2.25.0 httpx==0.28.1 ||
    { echo "The packages could not be installed." >&2; exit 2; }

"$folder/venv/bin/python" -W ignore - <<'SCRIPT'
import logging
import sys
from importlib.metadata import version

from litestar import Litestar, Response, Router, get, post
from litestar.testing import TestClient

logging.disable(logging.CRITICAL)
print("litestar", version("litestar"))


def form(answer: type, *, threaded: bool = True) -> list:
    @get("/wards", sync_to_thread=threaded)
    def show() -> answer:
        return answer("wards")

    @post("/wards", sync_to_thread=threaded)
    def take() -> str:
        return "taken"

    return [show, take]


page, text, unthreaded = form(Response[str]), form(str), form(Response[str], threaded=False)
cases = {
    "page: GET alone": (page[:1], 200),
    "page: GET, then POST": (page, 500),
    "page: POST, then GET": (page[::-1], 200),
    "page: GET, then POST, in one router": ([Router("/", route_handlers=page)], 200),
    "page without threads: GET, then POST": (unthreaded, 200),
    "text: GET, then POST": (text, 200),
}
changed = False
for name, (handlers, expected) in cases.items():
    with TestClient(Litestar(handlers), raise_server_exceptions=False) as client:
        status = client.get("/wards").status_code
    print(f"{name:<37} GET answers {status}")
    changed |= status != expected
if changed:
    sys.exit("CHANGED: the GET no longer depends on the order in this way.")
print("As found: a threaded GET of a page answers 500 when its POST is registered after it.")
SCRIPT
