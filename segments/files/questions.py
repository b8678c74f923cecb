"""What only a person can tell to be right: it waits for a yes, on the page or by command, before anything comes in.

Here are the questions that are asked of every file; a format may ask its own (`Reading.questions`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

FEWER = "fewer"
MOST_REJECTED = 0.05  # of the rows of a first import; of a later one the loss of rows is asked about
# A contact that nobody may use (UK GDPR Art 5(2)) is not lost by the way a file was exported.
NEVER_USED = frozenset(("no lawful basis",))
FEW = 10  # rejected rows that are told one by one and can be looked at one by one
# What such reasons are mostly due to, by words in them.
CAUSES = (
    ("column", "a separator, a line break or a quotation mark stands inside cells"),
    ("quotation", "a separator, a line break or a quotation mark stands inside cells"),
    ("twice", "two exports were joined into one file, or it was exported with a row for each of several things"),
    ("UPRN", "the column holds something else, or a spreadsheet changed the numbers"),
    ("date", "dates are written in another order, or a spreadsheet changed them"),
    ("not one of", "the system uses other codes than are known here"),
    ("", "the file was exported with other settings than before, or changed afterwards"),
)


@dataclass(frozen=True)
class Question:
    """A problem of a whole file that waits for a yes. `kind` names it, in small letters and hyphens, once to a report;
    `sentence` says what was found and the likely cause, and shows no content of the file that could be personal; the
    page asks `ask`, is answered by ticking `yes`, and says `confirm` where nobody did."""

    kind: str
    sentence: str
    ask: str = "Is this right?"
    yes: str = "Yes, import it all the same"
    confirm: str = "Confirm that this is right, or do not import the file"


def many_rejected(file: str, rows: int, problems: Mapping[str, int]) -> Question | None:
    """Of a dataset that follows no other: `problems` are the rejected rows by reason, `rows` all that could count."""
    kept = rows - sum(problems.values())
    problems = {reason: count for reason, count in problems.items() if reason not in NEVER_USED}
    lost = sum(problems.values())
    if lost < FEW or lost <= MOST_REJECTED * rows:
        return None
    reason, count = max(problems.items(), key=lambda item: item[1])
    cause = next(cause for word, cause in CAUSES if word.casefold() in reason.casefold())
    return Question(
        "many-rejected",
        f"Of the {rows:,} rows of {file} {lost:,} ({lost / rows:.1%}) are rejected, {count:,} of them for one reason: "
        f"{reason}. No earlier import of the kind tells whether that is usual. Probably {cause}. What those rows say "
        "would be missing from every figure.",
        ask="Is it right to begin with so many rows rejected?",
        yes=f"Yes, {kept:,} of {rows:,} rows are enough to begin with",
        confirm="Confirm that it is right to begin with so many rows rejected",
    )  # fmt: skip


def hidden_rows(file: str, hidden: int) -> Question | None:
    if not hidden:
        return None
    rows = f"{hidden:,} row{'s' if hidden > 1 else ''}"
    return Question(
        "hidden-rows",
        f"{file} has {rows} that the workbook hides, which are read like all others. Probably a filter was on when it "
        "was saved, and they may have been meant to stay out. If so, copy the rows that are seen into a new workbook, "
        "save that and import it.",
        ask="Is it right that hidden rows come in as well?", yes=f"Yes, import the {rows} that are hidden as well",
        confirm="Confirm that it is right that hidden rows come in as well",
    )  # fmt: skip


@dataclass(frozen=True)
class DatesOf:
    """How many dates of a column can only be month first, only day first, and either."""

    column: str
    american: int
    british: int
    either: int


def american_dates(file: str, columns: list[DatesOf]) -> Question | None:
    found = [dates for dates in columns if dates.american]
    if not found:
        return None
    told = "; ".join(
        f"in {dates.column} {dates.american:,} can only be month first, {dates.british:,} only day first, and "
        f"{dates.either:,} could be either" for dates in found
    )  # fmt: skip
    cause = (
        "two files were joined, or a spreadsheet turned some of them round"
        if any(dates.british for dates in found)
        else "it was exported or saved by a program with American settings"
    )
    return Question(
        "american-dates",
        f"{file} has dates as Americans write them, mm/dd/yyyy: {told}. Dates are read day first, so those that could "
        f"be either may be wrong, and those that are month first are not read. Probably {cause}. Export it again with "
        "dates as dd/mm/yyyy or yyyy-mm-dd.",
        ask="Is it right to read these dates day first?", yes="Yes, day first is right where it can be read so",
        confirm="Confirm that it is right to read these dates day first",
    )  # fmt: skip
