"""`promote`: which model the chat takes by default, through a gate, with a way back."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from chatbot.core.errors import InputError
from chatbot.core.settings import settings
from chatbot.evaluation.config import MARGIN


def promote(
    study: Annotated[
        Path | None, typer.Argument(help="a finished study that measured the model beside the present default")
    ] = None,
    *,
    model: Annotated[str, typer.Option("--model", help="which of its models; its last where not given")] = "",
    sign: Annotated[str, typer.Option("--sign", help="your name, to promote a model that the gate refuses")] = "",
    reason: Annotated[str, typer.Option("--reason", help="why, for the record; goes with --sign")] = "",
    margin: Annotated[
        float, typer.Option("--margin", min=0, max=1, help="how much a figure may have fallen, for all that is shown")
    ] = MARGIN,
    back: Annotated[bool, typer.Option("--back", help="go back to the default before")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object")] = False,
) -> None:
    """Make a model the chat's default where it is not worse than the present one; without a study, tell which it is."""
    from chatbot.evaluation import promotion as record
    from chatbot.evaluation.study import Study
    from chatbot.models.catalog import default_model

    current = settings()
    if back:
        _tell(record.go_back(current, by=sign).model_dump(), as_json)
    elif study is None:
        _tell({"model": default_model(current), "history": _history(current.workspace)}, as_json)
    else:
        found = Study.load(study)
        chosen = model or str(found.result["models"][-1]["model"])
        if bool(sign) != bool(reason):
            raise InputError("evaluation.half_signed", value=sign or reason)
        _tell(record.promote(found, chosen, current, by=sign, reason=reason, margin=margin).model_dump(), as_json)


def _history(workspace: Path) -> list[dict[str, Any]]:
    from chatbot.evaluation.promotion import promotions

    return [one.model_dump(exclude={"checks"}) for one in promotions(workspace)]


def _tell(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    typer.echo(f"default: {found['model']}")
    for one in found.get("history", ()):
        how = "back" if one["back"] else "passed" if one["passed"] else f"signed by {one['by']}: {one['reason']}"
        typer.echo(f"  {one['before']} -> {one['model']}  {how}")
    for check in found.get("checks", ()):
        told = "—" if check["difference"] is None else f"{100 * check['difference']:+6.1f} points"
        typer.echo(f"  {check['suite']:10} {check['name']:22} {told:16} n = {check['n']:<5} {check['outcome']}")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(promote)
