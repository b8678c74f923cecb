"""`engage papers`: the papers of data protection as files."""

from pathlib import Path

import click

from engage.commands.caller import Caller, with_right
from engage.deployment import papers as written
from engage.foundation.access.rights import Right
from engage.foundation.folders import own_folder
from engage.foundation.web.templating import environment


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@with_right(Right.audit, results=False)
def papers(caller: Caller, folder: Path) -> None:
    """Write the papers of data protection of today to FOLDER: impact assessment, record of processing, data flow."""
    found = written.facts(caller.office, caller.actor.authority)
    own_folder(folder)
    page = environment().get_template("engage/pages/papers/file.html")
    for paper in written.PAPERS:
        target = folder / f"{paper.name.replace('_', '-')}-{found.day.isoformat()}.html"
        target.write_text(page.render(paper=paper, f=found, lang="en"), encoding="utf-8")
        target.chmod(0o600)
        click.echo(f"{paper.title}: {target}")
