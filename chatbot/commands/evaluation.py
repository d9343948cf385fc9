"""`evaluate`, `simulate`, `measure-understanding`, `study`, `report` and `promote`: the Evaluate tab by commands."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from chatbot.core.console import Console
from chatbot.core.errors import InputError
from chatbot.core.events import JobWriter, Reporter
from chatbot.core.kinds import Kind, execute, progress_callback
from chatbot.core.settings import settings
from chatbot.evaluation.config import MARGIN, EvaluateConfig, SimulateConfig, StudyConfig, write_config

HOTELS = Annotated[
    Path | None, typer.Option("--hotels", help="hotel database in CrossWOZ's form [default: the shipped one]")
]
MODEL = Annotated[
    str, typer.Option("--model", help="hotel-mini, hotel-mini-base, rules, a folder, adapter:FOLDER or openai:NAME")
]

VERIFIER = Annotated[
    str, typer.Option("--verifier", help="what looks at the model's drafts: rules, or none for the model alone")
]


def run_evaluate(config: EvaluateConfig, reporter: Reporter) -> dict[str, Any]:
    """Measure one model on one file."""
    from chatbot.evaluation.evaluate import evaluate_file

    asked = config.model_dump()
    verify = asked.pop("verifier")
    return {
        "summary": evaluate_file(**asked, verify=verify, progress=progress_callback(reporter)),
        "out": str(config.out),
    }


def run_simulate(config: SimulateConfig, reporter: Reporter) -> dict[str, Any]:
    """Let a simulated user talk to one chatbot."""
    from chatbot.evaluation.simulation.simulator import simulate_model

    asked = config.model_dump()
    verify = asked.pop("verifier")
    return simulate_model(**asked, verify=verify, progress=progress_callback(reporter))


def run_study_task(config: StudyConfig, reporter: Reporter) -> dict[str, Any]:
    """Measure up to three models on one data set."""
    from chatbot.dialogue.agent import Agent
    from chatbot.evaluation.study import run_job
    from chatbot.models.catalog import open_model
    from chatbot.understanding.call_verifier import verifier

    looks = verifier(config.verifier)
    return run_job(config, reporter, open_model, lambda opened, store: Agent(opened, store, looks))


EVALUATE = Kind("evaluate", EvaluateConfig, run_evaluate, resource="evaluation")
SIMULATE = Kind("simulate", SimulateConfig, run_simulate, resource="evaluation")
STUDY = Kind("study", StudyConfig, run_study_task, resource="evaluation")
KINDS = (EVALUATE, SIMULATE, STUDY)


def evaluate(
    *,
    data: Annotated[Path, typer.Option("--data", help="conversations in any form of docs/data-format.md")],
    out: Annotated[Path, typer.Option("--out", help="where the figures go, as JSON")],
    hotels: HOTELS = None,
    model: MODEL = "hotel-mini",
    predictions: Annotated[Path | None, typer.Option("--predictions", help="also write one line a scored turn")] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="only the first conversations")] = None,
    verifier: VERIFIER = "rules",
) -> None:
    """Measure the chatbot on held-out conversations: slots, calls, states, replies, groundedness, with 95% intervals."""
    config = EvaluateConfig(
        data=data, out=out, hotels=hotels, model=model, predictions=predictions, limit=limit, verifier=verifier
    )
    print(execute(EVALUATE, config, Console())["summary"])


def simulate(
    *,
    model: MODEL = "hotel-mini",
    n: Annotated[int, typer.Option("--n", min=1, help="how many goals")] = 200,
    seeds: Annotated[int, typer.Option("--seeds", min=1, max=16, help="how many wordings of each goal")] = 4,
    hotels: HOTELS = None,
    transcripts: Annotated[
        Path | None, typer.Option("--transcripts", help="also write every dialogue, as JSONL")
    ] = None,
    verifier: VERIFIER = "rules",
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Let a simulated user talk to the chatbot: task finish, pass^k, whose fault failures are, what was understood."""
    config = SimulateConfig(model=model, n=n, seeds=seeds, hotels=hotels, transcripts=transcripts, verifier=verifier)
    figures = execute(SIMULATE, config, Console())
    print(
        json.dumps(figures, ensure_ascii=False)
        if as_json
        else "\n".join(f"{name:16} {value}" for name, value in _flat(figures))
    )


def _flat(figures: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The figures with those of each phenomenon on a line of its own."""
    for name, value in figures.items():
        if name != "phenomena":
            yield name, value
    for name, found in figures["phenomena"].items():
        low, high = found["interval"]
        yield name, f"{found['share']:.3f} [{low:.3f}, {high:.3f}] n = {found['n']}"


def measure_understanding(
    *,
    model: MODEL = "hotel-mini",
    n: Annotated[
        int, typer.Option("--n", min=1, help="how many turns are made, beside those of whole dialogues")
    ] = 400,
    hotels: HOTELS = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Measure understanding on lines of the phrase bank that no training has seen: model alone, rules alone, both."""
    from chatbot.evaluation.understanding import as_table, measure_model

    figures = measure_model(model, hotels, n, progress_callback(Console()))
    print(json.dumps(figures, ensure_ascii=False) if as_json else as_table(figures))


def study(
    folder: Annotated[Path, typer.Argument(help="where everything about the study is kept; run again to go on")],
    *,
    model: Annotated[
        list[str] | None, typer.Option("--model", help="may be given up to three times; the first is the baseline")
    ] = None,
    data: Annotated[
        Path | None, typer.Option("--data", help="conversations in any form of docs/data-format.md")
    ] = None,
    hotels: HOTELS = None,
    goals: Annotated[int, typer.Option("--goals", min=0, help="goals of the simulated user")] = 0,
    seeds: Annotated[int, typer.Option("--seeds", min=1, max=16, help="wordings of each goal")] = 4,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="only the first conversations")] = None,
    verifier: VERIFIER = "rules",
) -> None:
    """Measure up to three models on one data set; without --model and --data go on with what the folder was started with."""
    if model and data:
        write_config(folder, model, data, hotels, goals=goals, seeds=seeds, limit=limit, verifier=verifier)
    execute(STUDY, StudyConfig.read(folder), JobWriter(folder))
    print(f"{folder}: python -m chatbot report {folder} --out report.html; python -m chatbot promote {folder}")


def report(
    folder: Annotated[Path, typer.Argument(help="a finished study")],
    out: Annotated[Path, typer.Option("--out", help="the HTML file; the Markdown goes beside it")] = Path(
        "report.html"
    ),
) -> None:
    """Make one self-contained HTML file (and Markdown) out of a study."""
    from chatbot.corpus.review.feedback import feedback_counts
    from chatbot.corpus.review.kept import VOTES
    from chatbot.evaluation.reporting.report import write_reports
    from chatbot.evaluation.reporting.votes import read_votes, standings
    from chatbot.evaluation.study import Study

    votes = standings(read_votes(settings().workspace / VOTES))
    for path in write_reports(Study.load(folder), out, votes, feedback_counts(settings().workspace)):
        print(path)


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
        _tell_default(record.go_back(current, by=sign).model_dump(), as_json)
    elif study is None:
        _tell_default({"model": default_model(current), "history": _history(current.workspace)}, as_json)
    else:
        found = Study.load(study)
        chosen = model or str(found.result["models"][-1]["model"])
        if bool(sign) != bool(reason):
            raise InputError("evaluation.half_signed", value=sign or reason)
        try:
            promoted = record.promote(found, chosen, current, by=sign, reason=reason, margin=margin)
        except InputError as error:
            if error.code == "evaluation.gate":
                lines = record.refusals(record.ruling(found, chosen, current, margin))
                typer.echo("\n".join(f"  {line}" for line in lines), err=True)
            raise
        _tell_default(promoted.model_dump(), as_json)


def _history(workspace: Path) -> list[dict[str, Any]]:
    from chatbot.evaluation.promotion import promotions

    return [one.model_dump(exclude={"checks"}) for one in promotions(workspace)]


def _tell_default(found: dict[str, Any], as_json: bool) -> None:
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
    """Add the commands of this topic."""
    app.command()(evaluate)
    app.command()(simulate)
    app.command("measure-understanding")(measure_understanding)
    app.command()(study)
    app.command()(report)
    app.command()(promote)
