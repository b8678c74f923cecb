"""`engage demo`: the whole story on a made-up borough."""

from pathlib import Path

import click

from engage.demo.story import play_demo


@click.command()
@click.option("--once", is_flag=True, help="Play the story, print one JSON object and stop.")
@click.option("--dir", "folder", type=click.Path(path_type=Path), help="Keep the demo's files here.")
@click.option("--port", default=8000, show_default=True)
def demo(once: bool, folder: Path | None, port: int) -> None:
    """The whole story on a made-up borough; then serves it."""
    play_demo(once=once, folder=folder, port=port)
