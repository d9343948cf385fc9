"""`worth`, `doubt`, `prefer`: what reviewed data is worth, which cards a model doubts, and learning from judgements."""

import json
from typing import Annotated, Any

import typer

from chatbot.commands.training import with_options
from chatbot.core.console import Console
from chatbot.core.events import JobWriter, Reporter
from chatbot.core.kinds import Kind, execute
from chatbot.core.settings import settings
from chatbot.evaluation.review.config import DOUBT, WORTH, DoubtConfig, WorthConfig
from chatbot.training.config import RESOURCE
from chatbot.training.preferences.config import PreferConfig


def run_worth(config: WorthConfig, reporter: Reporter) -> dict[str, Any]:
    """Measure what a slice is worth; the same configuration goes on where it was cut off."""
    from chatbot.evaluation.review import worth as room

    return room.run_worth(config, reporter)


def run_doubt(config: DoubtConfig, reporter: Reporter) -> dict[str, Any]:
    """Read the cards that wait."""
    from chatbot.evaluation.review import doubt as room

    return room.run_doubt(config, reporter)


def run_prefer(config: PreferConfig, reporter: Reporter) -> dict[str, Any]:
    """Train on preferences, with figures from before and after."""
    from chatbot.evaluation.preferences import prefer as work

    return work(config, settings(), reporter)


WORTHS = Kind(WORTH, WorthConfig, run_worth, resource=RESOURCE)
DOUBTS = Kind(DOUBT, DoubtConfig, run_doubt)
PREFER = Kind("prefer", PreferConfig, run_prefer, resource=RESOURCE)
KINDS = (WORTHS, DOUBTS, PREFER)


def worth(config: WorthConfig) -> None:
    """Say what a slice of the review is worth: small trainings with 0 to 100 % of it, on wordings that none has seen."""
    from chatbot.core.jobs import claim

    chosen = config.model_copy(update={"workspace": settings().folder()})
    chosen.folder.mkdir(parents=True, exist_ok=True)
    with claim(settings().folder("jobs"), RESOURCE):
        _print(execute(WORTHS, chosen, Console(JobWriter(chosen.folder))))


def doubt(
    *,
    model: Annotated[str, typer.Option("--model", help=DoubtConfig.model_fields["model"].description)] = "hotel-mini",
) -> None:
    """Read the review's cards with a model, and keep how unsure it is of each one's calls."""
    _print(execute(DOUBTS, DoubtConfig(workspace=settings().folder(), model=model), Console()))


def prefer(
    config: PreferConfig, *, as_json: Annotated[bool, typer.Option("--json", help="one JSON object")] = False
) -> None:
    """Let a model learn what people liked, disliked and corrected in Chat (DPO), and tell what it brought."""
    from chatbot.core.jobs import claim

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


def _print(result: dict[str, Any]) -> None:
    typer.echo(json.dumps(result, ensure_ascii=False, indent=2))


def register(app: typer.Typer) -> None:
    """Add the commands of this topic."""
    app.command("worth")(with_options(WorthConfig, worth, without=("workspace",)))
    app.command("doubt")(doubt)
    app.command("prefer")(with_options(PreferConfig, prefer))
