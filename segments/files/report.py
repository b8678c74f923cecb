"""What an import found, in one shape for the page, the command and JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import date
from typing import Any, Self

from engage.foundation.errors import InputRefused
from engage.foundation.words import plural
from segments.files.comparison import Comparison
from segments.files.questions import FEWER, Question

# Words of figures that their names do not say well enough; the rest are their names with blanks.
WORDS = {
    "with_uprn": "With a UPRN",
    "attainers": "Attainers, who come of age later",
    "linked_by_uprn": "UPRN is that of a current home",
    "linked_by_uprn_share": "Share linked by UPRN",
    "to_link_by_address": "To be linked by address",
    "uprns_unknown": "UPRN is not in the gazetteer",
    "uprns_no_home": "UPRN is historic or no home",
    "postcode_differs": "Postcode is not that of the UPRN",
    "no_postcode": "No postcode",
    "strangers": "Postcode lies in another area",
    "known_share": "Share whose UPRN the gazetteer knows",
    "repeated_rows": "Rows that repeat another",
    "output_areas": "Output areas",
    "lsoas": "LSOAs",
    "msoas": "MSOAs",
    "new_uprns": "New UPRNs",
    "uprns_gone": "UPRNs gone",
}
SHARE = "_share"  # what ends so is a share from 0 to 1


@dataclass(frozen=True)
class Count:
    """One figure, in the order in which people ask for them. A name that ends in `_share` is from 0 to 1."""

    name: str
    words: str
    value: float


@dataclass(frozen=True)
class RowProblem:
    """One rejected row: its line in the file, and the value where it may be seen."""

    line: int
    column: str
    reason: str
    value: str


@dataclass(frozen=True)
class ColumnProblem:
    """Many rows rejected for one reason; the first of their lines, none where they were only counted."""

    column: str
    reason: str
    rows: int
    lines: list[int]


@dataclass(frozen=True)
class Rows:
    """Every row of a file is one of three, by these words on every page, in every file and by command: read = accepted
    + left out on purpose + rejected. Left out is what every such file holds, rejected what is wrong with this one."""

    read: int
    accepted: int
    left_out: int
    rejected: int

    @classmethod
    def of(cls, report: "Mapping[str, Any] | ImportReport") -> "Rows":
        """Of a report, or of what was stored of one by this version or an earlier one, which kept both together."""
        stored = report.as_dict() if isinstance(report, ImportReport) else report
        reasons, expected = stored.get("rejected") or {}, stored.get("expected") or ()
        left_out = sum(count for reason, count in reasons.items() if reason in expected)
        return cls(stored["rows_read"], stored["accepted"], left_out, sum(reasons.values()) - left_out)

    @property
    def others(self) -> str:
        """What those that did not come in are called."""
        both = (("left out on purpose", self.left_out), ("rejected", self.rejected))
        return " and ".join(words for words, count in both if count)

    @property
    def sentence(self) -> str:
        return (
            f"{plural(self.read, 'row')} read: {self.accepted:,} accepted, {self.left_out:,} left out on purpose, "
            f"{self.rejected:,} rejected"
        )


@dataclass(frozen=True)
class ImportReport:
    """`rows_read = accepted + sum(rejected)`; of these, those of `expected` reasons are left out on purpose: `Rows`
    tells the two apart.

    The outcome is 'good', or 'usable' with problems that somebody has to say yes to. A file that cannot be used has
    no report: InputRefused says why. `preview` holds rows to be seen only while somebody decides, and is not stored.
    """

    kind: str
    format: str
    file: str
    as_at: date
    rows_read: int
    accepted: int
    rejected: dict[str, int]
    rejects_file: str
    warnings: list[str]
    figures: dict[str, Any]
    snapshot_id: int | None
    outcome: str
    blake3: str = ""  # of the file, unpacked; earlier versions kept its SHA-256
    unchanged: bool = False
    expected: list[str] = field(default_factory=list)
    records: str = ""  # what later changes of a gazetteer apply to, in the lake
    cross_references: str = ""  # of a gazetteer's properties, in the lake
    applied_to: int | None = None  # the snapshot that the changes of this file were applied to
    counts: list[Count] = field(default_factory=list)
    problems_by_column: list[ColumnProblem] = field(default_factory=list)
    problems_by_row: list[RowProblem] = field(default_factory=list)
    comparison: Comparison | None = None
    questions: list[Question] = field(default_factory=list)  # each waits for a yes
    preview: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # worth saying and no problem

    @property
    def shrinks(self) -> str:
        """The sentence of the shrink guard, empty where it has nothing to say."""
        return next((question.sentence for question in self.questions if question.kind == FEWER), "")

    @property
    def left_out(self) -> dict[str, int]:
        return {reason: count for reason, count in self.rejected.items() if reason in self.expected}

    @property
    def problems(self) -> dict[str, int]:
        return {reason: count for reason, count in self.rejected.items() if reason not in self.expected}

    def as_dict(self, *, preview: bool = False) -> dict[str, Any]:
        """As JSON takes it. The preview is for the eyes of who decides: with it, it must not be kept."""
        whole = asdict(self) | {"as_at": self.as_at.isoformat(), "shrinks": self.shrinks}
        whole["rows"] = asdict(Rows.of(whole))
        if self.comparison:
            whole["comparison"]["as_at"] = self.comparison.as_at.isoformat()
        if not preview:
            del whole["preview"]
        return whole

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "ImportReport":
        """What `as_dict` made, by this version or an earlier one."""
        known = {part.name for part in fields(cls)}
        given = {name: value for name, value in stored.items() if name in known}
        given["as_at"] = date.fromisoformat(given["as_at"])
        if sentence := stored.get("shrinks"):  # earlier versions asked nothing else
            given.setdefault("questions", [{"kind": FEWER, "sentence": sentence}])
        made = {
            "counts": Count, "problems_by_column": ColumnProblem, "problems_by_row": RowProblem, "questions": Question,
        }  # fmt: skip
        given |= {name: [kind(**item) for item in given.get(name, [])] for name, kind in made.items()}
        if compared := given.get("comparison"):
            given["comparison"] = Comparison(**compared | {"as_at": date.fromisoformat(compared["as_at"])})
        return cls(**given)


class AnswerNeeded(InputRefused):
    """The report asks what nobody said yes to. Nothing was changed."""

    def __init__(self, report: ImportReport, unanswered: Sequence[Question]) -> None:
        super().__init__(" ".join([*(question.sentence for question in unanswered), "Nothing was changed."]))
        self.report, self.unanswered = report, unanswered


class Stage(str):
    """What an import is doing, in words, and how much of the work lies behind it, from 0 to 1."""

    __slots__ = ("fraction",)
    fraction: float

    def __new__(cls, words: str, fraction: float) -> Self:
        stage = super().__new__(cls, words)
        stage.fraction = fraction
        return stage


def count(name: str, value: float) -> Count:
    plain = name.replace("_", " ")
    return Count(name, WORDS.get(name, plain[:1].upper() + plain[1:]), value)
