"""What a file is, told from its first rows; a file of another kind or of none is refused in words that help."""

from engage.foundation.errors import InputRefused
from segments.files.reading import Head
from segments.files.refusals import refuse_forbidden, refuse_foreign
from segments.importing.seen import seen
from segments.sources.catalogue import FORMATS
from segments.sources.format import Format

LABELS = {
    "register": "an electoral register", "register-update": "an update of the register", "gazetteer": "a gazetteer",
    "geography": "a table of the areas each UPRN lies in", "indicator": "a table of indicators by area",
    "population": "population estimates", "boundaries": "ward boundaries", "contacts": "contact details",
    "suppressions": "a list of people not to contact", "protected": "a list of protected addresses",
    "applications": "a list of applications in progress",
}  # fmt: skip


class WrongKind(InputRefused):
    """A file that is known here, but not as what it was said to be. `kind` is what it is."""

    def __init__(self, words: str, kind: str) -> None:
        super().__init__(words)
        self.kind = kind


def recognise(head: Head, kind: str, file: str) -> tuple[Format, int]:
    """The format of that kind and the row of its header; InputRefused says what the file is instead."""
    found = _candidates(head, file)
    for form, at in found:
        if form.kind == kind:
            return form, at
    if found:
        form = found[0][0]
        raise WrongKind(
            f"{file} is {_label(form.kind)} ({form.name}), not {_label(kind)}. "
            f"Import it as kind {form.kind!r}. Nothing was changed.",
            form.kind,
        )
    expected = "; ".join(f"{form.name} with {', '.join(form.columns)}" for form in FORMATS if form.kind == kind)
    raise InputRefused(f"{file} is no format of {_label(kind)} that is known here. {seen(head)} Expected: {expected}.")


def kind_of(head: Head, file: str) -> str:
    """The one kind that it is by its content; InputRefused where it is none, or may be several."""
    found = _candidates(head, file)
    certain = [(form, at) for form, at in found if form.certain(head, at)]
    kinds = list(dict.fromkeys(form.kind for form, _ in certain or found))
    if len(kinds) == 1:
        return kinds[0]
    if kinds:
        raise WrongKind(f"{file} may be {' or '.join(map(_label, kinds))}. Say which it is.", kinds[0])
    raise InputRefused(f"{file} is no file that is known here. {seen(head)}")


def _candidates(head: Head, file: str) -> list[tuple[Format, int]]:
    found = [(form, at) for form in FORMATS if (at := form.locate(head)) is not None]
    # Without a known format any of the first rows may be the header; a format without header (-1) has none to look at.
    refuse_forbidden([head.rows[at] for _, at in found if at >= 0] if found else head.rows[:4], file)
    refuse_foreign(head, file)
    return found


def _label(kind: str) -> str:
    return LABELS.get(kind, f"a file of kind {kind!r}")
