"""Files as they arrive after something went wrong with them: any sample, damaged in the ways real files are."""

from dataclasses import dataclass

from hypothesis import strategies as st

MARKS = b",;\t\"'\0\r\n \xa0\xff\x00=|("
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16-le", "utf-16", "windows-1252", "latin-1")


@dataclass(frozen=True)
class Damage:
    """One thing that happened to a text, at a place between its beginning (0) and its end (1)."""

    how: str
    where: float
    mark: bytes = b""

    def to(self, raw: bytes) -> bytes:
        at = int(self.where * len(raw))
        line, end = raw.rfind(b"\n", 0, at) + 1, raw.find(b"\n", at) + 1 or len(raw)
        whole = raw[line:end]
        done = {
            "byte": raw[:at] + self.mark + raw[at + len(self.mark) :],
            "stray": raw[:at] + self.mark + raw[at:],
            "cut": raw[:at],
            "cut line": raw[:at] + b"\r\n" + raw[end:],
            "lost line": raw[:line] + raw[end:],
            "double": raw[:end] + whole + raw[end:],
            "blank": raw[:line] + b"\r\n" + raw[line:],
            "joined": raw[: end - 2] + raw[end:],
            "wider": raw[: end - 2] + b",x" + raw[end - 2 :],
            "header again": raw[:line] + raw[: raw.find(b"\n") + 1] + raw[line:],
            "other delimiter": raw[:line] + whole.replace(b",", b";") + raw[end:],
            "mark": raw[:at] + b"\xef\xbb\xbf" + raw[at:],
            "return": raw[:line] + whole.replace(b"\n", b"") + raw[end:],
            "returns": raw.replace(b"\r\n", b"\r"),
            "feeds": raw.replace(b"\r\n", b"\n"),
            "long": raw[:at] + b"x" * 300_000 + raw[at:] if self.mark == b'"' else raw,
        }
        return done[self.how]


HOW = (
    "byte", "stray", "cut", "cut line", "lost line", "double", "blank", "joined", "wider", "header again",
    "other delimiter", "mark", "return", "returns", "feeds", "long",
)  # fmt: skip
_marks = st.integers(0, len(MARKS) - 1).map(lambda n: MARKS[n : n + 1])
_damages = st.lists(st.builds(Damage, st.sampled_from(HOW), st.floats(0, 1), _marks), min_size=1, max_size=4)


@st.composite
def damaged(draw: st.DrawFn, text: str) -> bytes:
    """`text` (lines ending in CR LF), damaged in one to four ways and perhaps written in another encoding."""
    raw = text.encode()
    for damage in draw(_damages):
        raw = damage.to(raw)
    encoding = draw(st.sampled_from(ENCODINGS))
    return raw if encoding == "utf-8" else raw.decode("utf-8", "replace").encode(encoding, "replace")
