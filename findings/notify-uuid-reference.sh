#!/usr/bin/env bash
# GOV.UK Notify's client stops after the first page when the messages asked for share a reference that is a UUID.
#
# Guessed: get_all_notifications_iterator(reference=...) goes through all pages, whatever the reference looks like.
# Happens: the client finds where the next page begins by the first UUID in the link to it. Where the reference is a
#   UUID and stands first in that link, the client asks for what is older than the reference. Nothing is, so the list
#   ends there: no error, and a count that looks complete. With any other reference all pages come.
# Seen: 2026-11-30, notifications-python-client 13.0.0. The service is played here by a few lines: two messages a
#   page, and a link made of the question with `older_than` added, as in the real service's published source.
# In Engage: a message whose fate is unknown is looked up by its reference, and its number of copies counts. Engage
#   turns pages by itself, by the id of the last message on each.
set -euo pipefail
PYTHON=${PYTHON:-python3}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$PYTHON" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet notifications-python-client==13.0.0 requests==2.34.2 ||
    { echo "The packages could not be installed." >&2; exit 2; }

no_proxy=127.0.0.1 "$folder/venv/bin/python" - <<'SCRIPT'
import json
import sys
import threading
import uuid
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version
from urllib.parse import parse_qsl, urlencode, urlsplit

from notifications_python_client import NotificationsAPIClient

print("notifications-python-client", version("notifications-python-client"))
MESSAGES = [str(uuid.UUID(int=number)) for number in range(6, 0, -1)]
asked = []


class Service(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        question = dict(parse_qsl(urlsplit(self.path).query))
        asked.append(question.get("older_than"))
        since = asked[-1]
        left = MESSAGES if since is None else MESSAGES[MESSAGES.index(since) + 1 :] if since in MESSAGES else []
        page = left[:2]
        links = {"next": f"/v2/notifications?{urlencode(question | {'older_than': page[-1]})}"} if page else {}
        body = json.dumps({"notifications": [{"id": message} for message in page], "links": links}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


server = HTTPServer(("127.0.0.1", 0), Service)
threading.Thread(target=server.serve_forever, daemon=True).start()
key = f"example-{uuid.UUID(int=1)}-{uuid.UUID(int=2)}"
client = NotificationsAPIClient(key, base_url=f"http://127.0.0.1:{server.server_port}")


def find(reference: str) -> int:
    asked.clear()
    found = len(list(client.get_all_notifications_iterator(reference=reference)))
    print(f"reference {reference}: {found} of {len(MESSAGES)} messages; asked for what is older than {asked[1]}")
    return found


plain = find("autumn-reminder-1")
reference = "0f3c2b1a-5d4e-4c3b-9a29-1807f6e5d4c3"
by_uuid = find(reference)
server.shutdown()
if (plain, by_uuid, asked[1]) != (6, 2, reference):
    sys.exit("CHANGED: the client turns pages otherwise now.")
print("As found: of six messages under a reference that is a UUID, the client lists two.")
SCRIPT
