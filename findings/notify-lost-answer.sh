#!/usr/bin/env bash
# GOV.UK Notify's client calls a lost answer a 503, the one status it says may be tried again, though the message left.
#
# Guessed: a status code in an error of the client is one the service sent, and a 503 means that nothing was taken in.
# Happens: when the connection breaks, or the time is up, after the service has taken the message, the client raises
#   HTTP503Error with status 503: the same class and number as for a service that refused, and the class that it keeps
#   for telling whether a request should be retried. Who retries sends the message twice. Only the `response` tells
#   them apart: it is None where no answer came.
# Seen: 2026-11-30, notifications-python-client 13.0.0, requests 2.34.2. The service is played here by a few lines that
#   take a message and answer, break off, or are too slow.
# In Engage: each reminder is sent once. An error without an answer makes a message "unknown", which is looked up by its
#   reference later and never sent again by itself.
set -euo pipefail
PYTHON=${PYTHON:-python3}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$PYTHON" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet notifications-python-client==13.0.0 requests==2.34.2 ||
    { echo "The packages could not be installed." >&2; exit 2; }

no_proxy=127.0.0.1 "$folder/venv/bin/python" - <<'SCRIPT'
import json
import logging
import sys
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version

from notifications_python_client import NotificationsAPIClient
from notifications_python_client.errors import APIError

logging.disable(logging.CRITICAL)
print(*(f"{name} {version(name)}" for name in ("notifications-python-client", "requests")))
taken = []


class Service(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        how = message["reference"]
        if how == "refused":
            self.send_response(503)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        taken.append(how)
        if how == "too slow":
            time.sleep(2)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Quiet."""


server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
threading.Thread(target=server.serve_forever, daemon=True).start()
key = f"example-{uuid.UUID(int=1)}-{uuid.UUID(int=2)}"
client = NotificationsAPIClient(key, base_url=f"http://127.0.0.1:{server.server_port}", timeout=1)
seen = {}
for how in ("refused", "broken off", "too slow"):
    try:
        client.send_sms_notification("07700 900123", str(uuid.UUID(int=3)), reference=how)
    except APIError as error:
        seen[how] = name, status, silent = type(error).__name__, error.status_code, error.response is None
        print(f"{how:<11}{name}, status {status}, message taken: {how in taken}, no response: {silent}")
server.shutdown()
alike = {told[:2] for told in seen.values()} == {("HTTP503Error", 503)}
if not alike or taken != ["broken off", "too slow"] or [told[2] for told in seen.values()] != [False, True, True]:
    sys.exit("CHANGED: the client tells these faults apart otherwise now.")
print("As found: an answer lost after the message was taken is the same HTTP503Error as a refusal.")
SCRIPT
