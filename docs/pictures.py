"""Takes the pictures of docs/officers anew, from a council's first campaign as the tests play it: `make pictures`."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs/images/officers"
PICTURED = {
    "files": "keys-officer-02-the-council-s-files",
    "decision": "keys-officer-03-usable-with-problems",
    "missing": "keys-officer-04-who-is-missing",
    "segment": "keys-officer-06-make-a-segment",
    "tasks": "keys-officer-08-set-up-a-campaign",
    "dates": "keys-officer-12-choose-dates",
    "approve": "keys-approver-03-approve-this-campaign",
    "launch": "keys-officer-17-launch-this-campaign",
    "sent": "keys-officer-19-first-reminder",
    "result": "keys-officer-22-first-reminder",
}
JOURNEY = ("tests/browser/test_first_day_to_result.py", "-k", "keys")


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        played = [sys.executable, "-m", "pytest", "-q", "-n", "0", *JOURNEY]
        environment = os.environ | {"ENGAGE_PICTURES": folder}
        subprocess.run(played, cwd=ROOT, env=environment, check=True)  # noqa: S603  # words of our own
        for name, step in PICTURED.items():
            shutil.copy(Path(folder) / f"{step}.png", PICTURES / f"{name}.png")


if __name__ == "__main__":
    main()
