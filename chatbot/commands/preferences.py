"""`prefer`: a model learns from likes, dislikes and corrections; what the Fine-tune tab starts as a job."""

import json
from typing import Annotated, Any

import typer

from chatbot.commands.training import with_options
from chatbot.core.events import JobWriter, Reporter
from chatbot.core.kinds import Console, Kind, execute
from chatbot.training.config import RESOURCE
from chatbot.training.preferences.config import PreferConfig


def run_prefer(config: PreferConfig, reporter: Reporter) -> dict[str, Any]:
    """Train on preferences, with figures from before and after."""
    from chatbot.core.settings import settings
    from chatbot.evaluation.preferences import prefer as work

    return work(config, settings(), reporter)


PREFER = Kind("prefer", PreferConfig, run_prefer, resource=RESOURCE)
KINDS = (PREFER,)


def prefer(
    config: PreferConfig, *, as_json: Annotated[bool, typer.Option("--json", help="one JSON object")] = False
) -> None:
    """Let a model learn what people liked, disliked and corrected in Chat (DPO), and tell what it brought."""
    from chatbot.core.jobs import claim
    from chatbot.core.settings import settings

    config.out.mkdir(parents=True, exist_ok=True)
    with claim(settings().folder("jobs"), RESOURCE):
        found = execute(PREFER, config, Console(JobWriter(config.out)))
    if as_json or not found:
        return typer.echo(json.dumps(found, ensure_ascii=False))
    typer.echo(
        f"{found['trained']} pairs trained, {found['kept']} kept aside, {found['waiting']} without a right answer"
    )
    for name, value in found["after"].items():
        typer.echo(f"{name:18} {found['before'][name]:8.3f} -> {value:8.3f}")
    for name, change in found["held_out"].items():
        low, high = change["interval"]
        typer.echo(f"{name:18} {change['difference']:+8.3f}  [{low:+.3f}, {high:+.3f}]  p = {change['p']:.3f}")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(with_options(PreferConfig, prefer))
