"""A table of a randomised trial, one row per home or person, read from any CSV file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np
import pandas as pd

from dashboards.statistics.labels import Spelling, spellings, together
from engage.foundation.errors import InputRefused

FEW = 10
DEALT = ("arm", "cluster", "block")
"""The roles whose labels people type."""
COVARIATE = "covariate "
NUMBER = "a number, or yes or no"
ANSWERS = {"yes": 1.0, "y": 1.0, "true": 1.0, "t": 1.0, "no": 0.0, "n": 0.0, "false": 0.0, "f": 0.0}
MISSING = {
    "", "na", "n/a", "#n/a", "nan", "null", "none", ".", "-", "--", "\u2013", "\u2014", "missing", "unknown",
    "not known",
}  # fmt: skip
CONTROL_NAMES = {
    "control", "comparison", "0", "0.0", "no", "none", "false", "holdout", "later", "untreated", "waiting",
}  # fmt: skip


def read_table(
    path: Path | str,
    *,
    arm: str,
    outcome: str,
    cluster: str | None = None,
    block: str | None = None,
    weight: str | None = None,
    contact: str | None = None,
    covariates: Sequence[str] = (),
) -> pd.DataFrame:
    """The named columns of a CSV file (which may be gzipped), under the names asked for.

    Labels lose the blanks around them. Outcome, contact and covariates are numbers, yes/no or true/false; a blank or
    NA is a missing value, and refused of a contact. Raises InputRefused naming file, line, column and value.
    """
    asked = [name for name in (arm, outcome, cluster, block, weight, contact, *covariates) if name]
    text = _text(Path(path), asked)
    file = Path(path).name
    table = pd.DataFrame(index=text.index)
    for name in dict.fromkeys((arm, cluster, block)):
        if name:
            table[name] = _labels(text[name], file)
    for name in dict.fromkeys((outcome, contact, *covariates)):
        if name:
            table[name] = _numbers(text[name], file, NUMBER)
    if table[outcome].isna().all():
        lines = f"{file}, lines {text.index[0]} to {text.index[-1]}"
        raise InputRefused(
            f"{lines}, column {outcome!r}: the value is missing on all {len(text):,} rows; expected {NUMBER}."
        )
    if contact:
        _refuse_first(text[contact], table[contact].isna(), file, "yes or no on every row")
    if weight:
        table[weight] = _weights(text[weight], file)
    return table


def control_arm(labels: list[str], control: str | None, column: str = "arm") -> str:
    """The label of the comparison arm: the one named, else the only one whose name says it is."""
    if control is None:
        found = [label for label in labels if label.casefold() in CONTROL_NAMES]
    else:
        found = [label for label in labels if _same(label, control)]
    if len(found) == 1:
        return found[0]
    held = ", ".join(repr(label) for label in labels[:8])
    asked = "no single arm is plainly the comparison" if control is None else f"no arm is called {control!r}"
    raise InputRefused(f"Column {column!r}: {asked}. Its arms are {held}. Name one of them with --control.")


def rows(table: pd.DataFrame, *, covariates: Sequence[str] = (), **columns: str | None) -> pd.DataFrame:
    """The table under the names of the parts its columns play (arm, outcome, cluster, block, weight, contact, ward);
    labels that differ by capitals or blanks alone are one, and clusters and blocks become whole numbers from 0.
    Covariates keep their order under COVARIATE and a number; one that is not known is taken as the mean of those that
    are, which is as unrelated to the arm.
    """
    columns |= {f"{COVARIATE}{place}": name for place, name in enumerate(covariates)}
    for role, name in columns.items():
        if name is not None and name not in table.columns:
            known = ", ".join(repr(str(column)) for column in table.columns[:20])
            raise InputRefused(f"There is no column {name!r} for the {role}. The columns are {known}.")
    held = pd.DataFrame({role: table[name].to_numpy() for role, name in columns.items() if name is not None})
    held["arm"] = held["arm"].astype(str)
    for role in DEALT:
        if role in held:
            held[role] = together(held[role], spellings(held[role], role))
    for role in {"cluster", "block"} & set(held.columns):
        held[role] = pd.factorize(held[role])[0]
    for role in {"outcome", "contact", "weight"} & set(held.columns):
        held[role] = pd.to_numeric(held[role]).astype(float)
    for role in [role for role in held.columns if role.startswith(COVARIATE)]:
        number = pd.to_numeric(held[role]).astype(float)
        held[role] = number.fillna(number.mean()).fillna(0.0)
    return held


def spelt(table: pd.DataFrame, *names: str | None) -> list[Spelling]:
    """Which labels of these columns `rows` takes together."""
    return [found for name in dict.fromkeys(names) if name for found in spellings(table[name], name)]


@dataclass(frozen=True)
class Rate:
    """An arm's mean outcome: over `n` rows in so many clusters, worth `effective` independent rows of equal weight.

    `few` says that fewer than ten were a yes, or fewer than ten a no: too few for the normal approximation. `blur` is
    the variance of the mean that rounding before publication added.
    """

    mean: float
    n: int
    effective: float
    clusters: int = 0
    binary: bool = True
    few: bool = True
    contact: float | None = None
    blur: float = 0.0

    @property
    def pair(self) -> tuple[float, float]:
        return self.mean, self.effective


def rate(part: pd.DataFrame) -> Rate:
    """What `rows` of one arm come to; all nought where there are none."""
    if part.empty:
        return Rate(0.0, 0, 0.0)
    outcome = part["outcome"].to_numpy(float)
    weight = part["weight"].to_numpy(float) if "weight" in part else np.ones(len(part))
    clusters = int(part["cluster"].nunique()) if "cluster" in part else len(part)
    binary = bool(np.isin(outcome, (0.0, 1.0)).all())
    return Rate(
        mean=float(np.average(outcome, weights=weight)),
        n=len(part),
        effective=min(float(weight.sum() ** 2 / (weight**2).sum()), clusters),
        clusters=clusters,
        binary=binary,
        few=binary and bool(min(outcome.sum(), (1 - outcome).sum()) < FEW),
        contact=float(np.average(part["contact"], weights=weight)) if "contact" in part else None,
    )


def _same(label: str, asked: str) -> bool:
    if label.casefold() == asked.strip().casefold():
        return True
    try:
        return float(label) == float(asked)
    except ValueError:
        return False


def _text(path: Path, asked: list[str]) -> pd.DataFrame:
    """The asked columns as text, indexed by their line in the file; blank lines are left out."""
    frame = _parsed(path)
    frame.columns = pd.Index([str(name).strip() for name in frame.columns])
    missing = [name for name in asked if name not in frame.columns]
    if missing:
        held = ", ".join(repr(name) for name in frame.columns[:20])
        raise InputRefused(f"{path.name}, line 1: there is no column {missing[0]!r}. The columns are {held}.")
    frame.index = frame.index + 2
    blank = (frame.fillna("") == "").all(axis=1)
    chosen = frame.loc[~blank, list(dict.fromkeys(asked))].fillna("")
    if chosen.columns.has_duplicates:
        raise InputRefused(f"{path.name}, line 1: a column asked for appears twice in the heading.")
    if chosen.empty:
        raise InputRefused(f"{path.name}: the file holds a heading but no rows.")
    return pd.DataFrame({name: chosen[name].str.strip() for name in chosen.columns})


def _parsed(path: Path) -> pd.DataFrame:
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return pd.read_csv(
                path,
                dtype=str,
                keep_default_na=False,
                skip_blank_lines=False,
                index_col=False,
                encoding=encoding,
            )
        except UnicodeDecodeError:
            continue
        except FileNotFoundError:
            raise InputRefused(f"{path.name}: there is no such file.") from None
        except pd.errors.EmptyDataError:
            raise InputRefused(f"{path.name}: the file is empty; a heading and rows were expected.") from None
        except (pd.errors.ParserError, pd.errors.ParserWarning, OSError, EOFError) as error:
            raise InputRefused(f"{path.name}: not readable as a CSV file: {error}") from None
    raise InputRefused(f"{path.name}: not a text file; a CSV file in UTF-8 was expected.")


def _refuse_first(text: pd.Series, bad: pd.Series, file: str, expected: str) -> None:
    if bad.any():
        place = int(bad.to_numpy().argmax())
        _refuse(file, text.index[place], str(text.name), str(text.iloc[place]), expected)


def _refuse(file: str, line: object, column: str, value: str, expected: str) -> NoReturn:
    shown = repr(value) if value else "empty"
    raise InputRefused(f"{file}, line {line}, column {column!r}: the value is {shown}; expected {expected}.")


def _labels(text: pd.Series, file: str) -> pd.Series:
    _refuse_first(text, text.str.casefold().isin({"", "na", "nan"}), file, "a label on every row")
    return text


def _numbers(text: pd.Series, file: str, expected: str) -> pd.Series:
    lower = text.str.casefold()
    number = pd.to_numeric(lower, errors="coerce").fillna(lower.map(ANSWERS)).astype(float)
    _refuse_first(text, ~(number.abs() < np.inf) & ~lower.isin(MISSING), file, expected)
    return number


def _weights(text: pd.Series, file: str) -> pd.Series:
    number = _numbers(text, file, "a weight greater than 0")
    _refuse_first(text, ~(number > 0), file, "a weight greater than 0")
    return number
