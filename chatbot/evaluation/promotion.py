"""The record of promotions: what the gate said and who signed; the last line is the chat's default."""

import time
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field

from chatbot.core.errors import InputError
from chatbot.core.locks import append_whole, read_whole
from chatbot.core.settings import Settings
from chatbot.evaluation.config import MARGIN
from chatbot.evaluation.gate import Ruling, rule
from chatbot.evaluation.reporting.labels import model_name, model_names
from chatbot.evaluation.study import RESULT, Study
from chatbot.models.catalog import DEFAULT, PROMOTIONS, default_model, same_model
from chatbot.training.run_record import read_record


class Promotion(BaseModel):
    """A model that became the default.

    Attributes:
        before: the default until then.
        by: who did it, and who signed where the gate was not passed.
        reason: why it was done although the gate was not passed; "" where it was.
        passed, checks: what the gate said.
        back: whether it was the way back from `before`.
    """

    time: float = Field(default_factory=time.time)
    model: str
    before: str
    by: str = ""
    reason: str = ""
    study: str = ""
    passed: bool = False
    checks: list[dict[str, Any]] = []
    back: bool = False


def promotions(workspace: Path) -> list[Promotion]:
    """All of them, the oldest first; a line torn by a kill is left out."""
    return read_whole(workspace / PROMOTIONS, Promotion)


def ruling(study: Study, model: str, settings: Settings, margin: float = MARGIN) -> Ruling:
    """What the gate says of a model that a study measured beside the present default.

    Raises:
        InputError: the study lacks one of the two, or the model has changed since, or was trained on its data.
    """
    measured = [figure["model"] for figure in study.result["models"]]
    present = default_model(settings)
    places = [
        next((at for at, name in enumerate(measured) if same_model(name, wanted)), None) for wanted in (present, model)
    ]
    first, second = places
    if second is None:
        raise InputError("evaluation.not_in_study", value=model_name(model), choices=model_names(measured))
    if first is None:
        raise InputError("evaluation.default_not_in_study", value=model_name(present))
    if first == second:
        raise InputError("evaluation.already_default", value=model_name(model))
    _refuse_stale(study, model)
    return rule((study.rows(first), study.rows(second)), (study.simulated(first), study.simulated(second)), margin)


def _refuse_stale(study: Study, model: str) -> None:
    folder = Path(model.removeprefix("adapter:"))
    weights = [path.stat().st_mtime for path in folder.glob("*.safetensors")]
    if weights and max(weights) > (study.folder / RESULT).stat().st_mtime:
        raise InputError("evaluation.changed_since", value=model_name(model))
    trained = (read_record(folder).get("data") or {}).get("sha256")
    if trained and trained == study.result["data"]["sha256"]:
        raise InputError("evaluation.trained_on", value=study.result["data"]["file"])


def refusals(found: Ruling) -> list[str]:
    """The figures that keep a model back, a line each: call_exact -12.5 (worse)."""
    return [
        check.name + ("" if check.difference is None else f" {100 * check.difference:+.1f}") + f" ({check.outcome})"
        for check in found.failed
    ]


def promote(
    study: Study, model: str, settings: Settings, *, by: str = "", reason: str = "", margin: float = MARGIN
) -> Promotion:
    """Make a model the chat's default, through the gate or with a signature.

    Raises:
        InputError: as `ruling`; or the gate is not passed and nobody signed with a reason.
    """
    found = ruling(study, model, settings, margin)
    by, reason = by.strip(), reason.strip()
    if not found.passed and not (by and reason):
        worse = sum(check.outcome == "worse" for check in found.failed)
        raise InputError("evaluation.gate", value=model_name(model), worse=worse, unsure=len(found.failed) - worse)
    return _append(
        settings,
        Promotion(
            model=model,
            before=default_model(settings),
            by=by,
            reason="" if found.passed else reason,
            study=study.folder.name,
            passed=found.passed,
            checks=found.plain(),
        ),
    )


def go_back(settings: Settings, *, by: str = "") -> Promotion:
    """Make the model the default that was it before the last promotion that still stands.

    Raises:
        InputError: nothing was promoted.
    """
    standing: list[Promotion] = []
    for one in promotions(settings.workspace):
        if one.back:
            standing = standing[:-1]
        else:
            standing.append(one)
    if not standing:
        raise InputError("evaluation.nothing_promoted", value=DEFAULT)
    last = standing[-1]
    return _append(settings, Promotion(model=last.before, before=last.model, by=by, back=True))


def _append(settings: Settings, one: Promotion) -> Promotion:
    append_whole(settings.workspace / PROMOTIONS, one.model_dump_json())
    return one
