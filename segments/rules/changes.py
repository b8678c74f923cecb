"""What one version of a rule changed of the one before, as sentences."""

from segments.rules.tree import Condition, Group, Member, Node, Not, Rule


def changes(before: Rule, after: Rule) -> list[str]:
    """In English; empty where both say the same."""
    if before.sentence() == after.sentence():
        return []
    old, new = _parts(before.where), _parts(after.where)
    removed = [part for said, part in old.items() if said not in new]
    added = [part for said, part in new.items() if said not in old]
    found = [_meeting(before.where, after.where)]
    for part in removed:
        twin = next((other for other in added if _about(other) and _about(other) == _about(part)), None)
        if twin:
            added.remove(twin)
            found.append(f"Changed: {twin.sentence()}. Before: {part.sentence()}.")
        else:
            found.append(f"Removed: {part.sentence()}.")
    return [*filter(None, found), *(f"Added: {part.sentence()}." for part in added)] or [f"Now: {after.sentence()}"]


def _meeting(before: Node, after: Node) -> str:
    if not (isinstance(before, Group) and isinstance(after, Group)) or before.every == after.every:
        return ""
    return f"Homes now have to meet {'every one' if after.every else 'at least one'} of the conditions."


def _parts(where: Node) -> dict[str, Node]:
    parts = where.parts if isinstance(where, Group) else (where,)
    return {part.sentence(): part for part in parts}


def _about(part: Node) -> str:
    """The column of a condition, or the name of a segment; empty for a group."""
    inner = part.part if isinstance(part, Not) else part
    if isinstance(inner, Member):
        return f"segment {inner.name}"
    return inner.column if isinstance(inner, Condition) else ""
