"""What a reader must know of a trial's rows: which are missing, add nothing, were mixed, or were spelt in two ways."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from dashboards.statistics.labels import Spelling
from engage.foundation.errors import InputRefused

FEW_CLUSTERS = 10


@dataclass(frozen=True)
class Missing:
    """The rows of one arm without an outcome, of so many."""

    arm: str
    rows: int
    of: int

    @property
    def text(self) -> str:
        share = f" ({self.rows / self.of:.1%})" if self.of else ""
        return f"{self.rows:,} of {self.of:,} of {self.arm!r}{share}"


@dataclass(frozen=True)
class Alone:
    """Rows in blocks that hold one arm only: within them there is nothing to compare, so they are in no figure."""

    rows: int = 0
    blocks: int = 0
    arms: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Mixed:
    """Clusters that hold more than one arm, of so many, with their rows; and those that lie in more than one block."""

    clusters: int = 0
    of: int = 0
    rows: int = 0
    across: int = 0


@dataclass(frozen=True)
class Caveats:
    missing: tuple[Missing, ...] = ()
    alone: Alone = field(default_factory=Alone)
    mixed: Mixed = field(default_factory=Mixed)
    spellings: tuple[Spelling, ...] = ()
    small_blocks: bool = False
    yes_or_no: bool = True

    @property
    def left_out(self) -> int:
        return sum(one.rows for one in self.missing)

    @property
    def notes(self) -> tuple[str, ...]:
        """In whole sentences, in the order in which the rows were read."""
        said = [*map(_spelt, self.spellings), *_missing(self.missing), *_alone(self.alone), *_mixed(self.mixed)]
        if self.small_blocks:
            said.append(
                "Blocks hold few clusters, such as a pair, so the standard error goes by how the clusters of a block "
                "differ from each other (CR2)."
            )
        if not self.yes_or_no:
            said.append("The outcome is no share: figures under “points” are hundredths of its unit.")
        return tuple(said)

    def as_dict(self) -> dict[str, Any]:
        told: dict[str, Any] = {"left_out": self.left_out}
        if self.left_out:
            told["missing"] = {one.arm: {"rows": one.rows, "of": one.of} for one in self.missing}
        if self.alone.rows:
            told["adds_nothing"] = {
                "rows": self.alone.rows, "blocks": self.alone.blocks, "arms": dict(self.alone.arms)
            }  # fmt: skip
        if self.mixed.clusters or self.mixed.across:
            told["mixed_clusters"] = vars(self.mixed)
        if self.spellings:
            told["spellings"] = [vars(one) for one in self.spellings]
        return told


def usable(rows: pd.DataFrame, base: str, names: tuple[str, str]) -> pd.DataFrame:
    """The rows that a comparison within blocks can use. `names` are the columns of arm and outcome, for what is
    refused: an outcome that is known of nobody, or of nobody in the control or in every other arm."""
    arm, outcome = names
    known = rows.dropna(subset=["outcome"])
    if known.empty:
        raise InputRefused(
            f"Column {outcome!r}: the value is missing on all {len(rows):,} rows; expected a number, or yes or no."
        )
    _refuse_without(known, rows, base, f"Column {outcome!r}: the value is missing on every row")
    if "block" not in known:
        return known
    kept = known[~_lonely(known)]
    _refuse_without(kept, rows, base, f"Column {arm!r}: No block holds both an arm and the control; none is left")
    return kept


def _refuse_without(kept: pd.DataFrame, rows: pd.DataFrame, base: str, what: str) -> None:
    held, named = set(kept["arm"]), sorted(set(rows["arm"]))
    lost = [label for label in named if label not in held]
    if base not in held or not held - {base}:
        of = " and ".join(f"{label!r} ({int((rows['arm'] == label).sum()):,} rows)" for label in lost)
        raise InputRefused(f"{what} of {of}. Nothing can be compared; expected known rows of two arms or more.")


def caveats(rows: pd.DataFrame, spellings: Sequence[Spelling], *, small_blocks: bool) -> Caveats:
    """Of `rows` as they were read, with and without an outcome."""
    known = rows.dropna(subset=["outcome"])
    lonely = known[_lonely(known)] if "block" in known else known.iloc[:0]
    by_arm = rows.groupby("arm")["outcome"]
    return Caveats(
        missing=tuple(Missing(str(arm), int(part.isna().sum()), len(part)) for arm, part in by_arm),
        alone=Alone(
            len(lonely), int(lonely["block"].nunique()) if len(lonely) else 0,
            tuple((str(arm), int(n)) for arm, n in lonely["arm"].value_counts().sort_index().items()),
        ),
        mixed=_mixing(known.drop(lonely.index)) if "cluster" in known else Mixed(),
        spellings=tuple(spellings), small_blocks=small_blocks,
        yes_or_no=bool(known["outcome"].isin([0.0, 1.0]).all()),
    )  # fmt: skip


def _lonely(known: pd.DataFrame) -> pd.Series:
    lonely: pd.Series = known.groupby("block")["arm"].transform("nunique") < 2
    return lonely


def _mixing(known: pd.DataFrame) -> Mixed:
    arms = known.groupby("cluster")["arm"].transform("nunique") > 1
    across = known.groupby("cluster")["block"].nunique() > 1 if "block" in known else pd.Series(dtype=bool)
    clusters = known["cluster"]
    return Mixed(int(clusters[arms].nunique()), int(clusters.nunique()), int(arms.sum()), int(across.sum()))


def _spelt(one: Spelling) -> str:
    return (
        f"Column {one.column!r}: {one.label!r} ({_rows(one.rows)}) is taken as {one.meant!r} "
        f"({_rows(one.meant_rows)}): "
        "only capitals, blanks, marks around it or the way of writing a number differ."
    )


def _missing(missing: Sequence[Missing]) -> list[str]:
    left_out = sum(one.rows for one in missing)
    if not left_out:
        return []
    whole = sum(one.of for one in missing)
    by_arm = ", ".join(one.text for one in missing)
    said = [f"The outcome is missing on {left_out:,} of {_rows(whole)}, which are left out: {by_arm}."]
    said += [f"Nothing is known of {one.arm!r}, so nothing is said of it." for one in missing if one.rows == one.of]
    shares = [one.rows / one.of for one in missing]
    if max(shares) - min(shares) >= 0.01:
        said.append(
            "More are missing in one arm than in another, so those that are left may no longer be alike. The intervals "
            "do not allow for that; “worst case” does, where the outcome is yes or no."
        )
    return said


def _alone(alone: Alone) -> list[str]:
    if not alone.rows:
        return []
    arms = ", ".join(f"{n:,} of {arm!r}" for arm, n in alone.arms)
    places = "1 block that holds" if alone.blocks == 1 else f"{alone.blocks:,} blocks that hold"
    nothing = "nothing to a comparison within blocks, and so are in no figure"
    return [f"{_rows(alone.rows)} in {places} one arm only add {nothing}: {arms}."]


def _mixed(mixed: Mixed) -> list[str]:
    said = []
    if mixed.clusters:
        hold = "holds" if mixed.clusters == 1 else "hold"
        said.append(
            f"{mixed.clusters:,} of {mixed.of:,} clusters {hold} more than one arm ({_rows(mixed.rows)}). Where whole "
            "clusters were dealt, some of these rows are in the wrong arm; where rows were dealt within each, name "
            "that column with --block. The lot cannot be drawn again."
        )
    if mixed.across:
        lie = "lies" if mixed.across == 1 else "lie"
        said.append(
            f"{mixed.across:,} of {mixed.of:,} clusters {lie} in more than one block. "
            "Where their names begin anew in each block, give every cluster a name of its own."
        )
    if 0 < mixed.of < FEW_CLUSTERS:
        said.append(f"There are only {mixed.of} clusters: intervals rest on the little they say of chance.")
    return said


def _rows(number: int) -> str:
    return "1 row" if number == 1 else f"{number:,} rows"
