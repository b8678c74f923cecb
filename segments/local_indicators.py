"""The indicators that only this council has: what it declared itself, and shares of Census tables without a name here.

Their names and labels come with the imported file, so they are asked of the newest imports, not of a list in code.
"""

from engage.foundation.office import Office
from segments import areas, rules


def columns(office: Office, authority: str) -> dict[str, rules.Column]:
    """What rules may ask of beside `rules.COLUMNS`, by label."""
    with office.database.reading() as session:
        figures = [snapshot.report.get("figures", {}) for snapshot in areas.indicators(session, authority).values()]
    found: dict[str, rules.Column] = {}
    for figure in figures:
        if said := figure.get("indicator"):
            found[said["column"]] = rules.own_column(
                said["column"], said["name"], said["label_cy"], said["unit"], said["column"]
            )
        for name, label in figure.get("shares", {}).items():
            found[name] = rules.own_column(name, label, label, "share", name)
    return dict(sorted(found.items(), key=lambda item: item[1].label))
