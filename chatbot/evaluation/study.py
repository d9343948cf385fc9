"""A study: several models measured on one data set and by one simulated user, kept in a folder that can be stopped, resumed and read again."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from chatbot.core.errors import InputError
from chatbot.core.events import Reporter
from chatbot.core.kinds import progress_callback
from chatbot.core.messages import Conversation, write_conversations
from chatbot.corpus.reading.reader import read_conversations
from chatbot.evaluation.config import StudyConfig
from chatbot.evaluation.evaluate import provenance
from chatbot.evaluation.predictions import Prediction, read_predictions
from chatbot.evaluation.reporting.compare import best, comparisons
from chatbot.evaluation.reporting.labels import model_names
from chatbot.evaluation.runner import MessageMaker, Progress, predict, scored
from chatbot.evaluation.simulation.outcome import summarise
from chatbot.evaluation.simulation.simulator import Chatbot, simulate
from chatbot.hotels.store import HotelStore
from chatbot.models.backends import ChatModel, numerics_of

RESULT, DATA = "result.json", "data.jsonl"
TURNS_A_DIALOGUE = 6
"""About how many turns a simulated dialogue has: what it weighs in the progress."""
Tell = Callable[[int, int, str], None]


class FullChatbot(Chatbot, MessageMaker, Protocol):
    """A chatbot that can be talked to and asked for single messages: `dialogue.agent.Agent`, or a fake."""


def run_study(
    config: StudyConfig,
    folder: Path,
    open_model: Callable[[str], ChatModel],
    open_agent: Callable[[ChatModel, HotelStore], FullChatbot],
    tell: Tell = lambda done, total, what: None,
) -> dict[str, Any]:
    """Measure every model and write `result.json`; what the folder already holds is not asked again.

    Args:
        tell: told (turns done, turns in all, which model); may raise Stopped.

    Raises:
        WorkbenchError: data, database or a model cannot be used.
    """
    store, conversations = HotelStore.load(config.hotels), read_conversations(config.data)[: config.limit]
    folder.mkdir(parents=True, exist_ok=True)
    write_conversations(folder / DATA, conversations)
    run = _Run(config, folder, store, conversations, tell)
    figures = []
    for position, name in enumerate(config.models):
        done = folder / f"figures-{position}.json"
        if not done.exists():
            model = open_model(name)
            told = {"model": name, "numerics": numerics_of(model)}
            _write(done, told | run.measure(position, model, open_agent(model, store)))
        figures.append(json.loads(done.read_text(encoding="utf-8")))
    rows = [_rows(folder, position, conversations) for position in range(len(figures))]
    result = {
        "models": figures,
        **_compared(figures, rows),
        "bare": None,
        "rules": None,
        **provenance(config.data, config.hotels),
    }
    if not config.bare:
        result["bare"] = _compared(
            [figure["bare"] for figure in figures], [[row.bare for row in mine] for mine in rows]
        )
    _write(folder / RESULT, result)
    return result


def _compared(figures: list[dict[str, Any]], rows: list[list[Prediction]]) -> dict[str, Any]:
    """Every pair of models, and which is the best in what."""
    pairs = comparisons(rows)
    return {"pairs": pairs, "best": best(figures, pairs)}


@dataclass(frozen=True)
class _Run:
    """What all models of a study share; progress is counted in turns of a conversation."""

    config: StudyConfig
    folder: Path
    store: HotelStore
    conversations: list[Conversation]
    tell: Tell

    def measure(self, position: int, model: ChatModel, agent: FullChatbot) -> dict[str, Any]:
        """One model on the data and with the simulated user: its figures, with `seconds` and `simulation` (None where left out)."""
        config, folder, started = self.config, self.folder, time.monotonic()
        kept, checked = folder / f"predictions-{position}.jsonl", None if config.bare else agent
        rows = predict(self.conversations, model, self.store, self._progress(position, 0), kept=kept, agent=checked)
        figures = {**scored(rows), "seconds": round(time.monotonic() - started, 1), "simulation": None}
        if config.goals:
            told = self._progress(position, len(rows), TURNS_A_DIALOGUE)
            outcomes = simulate(
                agent,
                self.store,
                config.goals,
                config.seeds,
                progress=told,
                kept=folder / f"simulated-{position}.jsonl",
            )
            figures["simulation"] = summarise(outcomes)
        return figures

    def _progress(self, position: int, before: int, weight: int = 1) -> Progress:
        """The progress of a step that starts after `before` turns of a model, each unit of it worth `weight` turns."""
        turns = sum(m.role == "assistant" for c in self.conversations for m in c.messages)
        each = turns + self.config.goals * self.config.seeds * TURNS_A_DIALOGUE
        models = self.config.models
        return lambda done, total: self.tell(
            position * each + before + done * weight, each * len(models), models[position]
        )


def run_job(
    config: StudyConfig,
    reporter: Reporter,
    open_model: Callable[[str], ChatModel],
    open_agent: Callable[[ChatModel, HotelStore], FullChatbot],
) -> dict[str, Any]:
    """A study as a task: it reports its progress, and ends where it is asked to; returns what it was best in.

    Raises:
        Stopped: somebody asked for it; what is done is kept.
        WorkbenchError: as `run_study`.
    """
    result = run_study(config, config.out, open_model, open_agent, progress_callback(reporter))
    return {"models": config.models, "best": result["best"]}


def _write(path: Path, value: object) -> None:
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(value, ensure_ascii=False, indent=1), encoding="utf-8")
    part.replace(path)


def _rows(folder: Path, position: int, conversations: Sequence[Conversation]) -> list[Prediction]:
    """What a model answered, in the order of the data."""
    order = {conversation.id: number for number, conversation in enumerate(conversations)}
    return sorted(read_predictions(folder / f"predictions-{position}.jsonl"), key=lambda row: (order[row.id], row.turn))


@dataclass(frozen=True)
class Study:
    """A finished study, read from its folder."""

    folder: Path
    result: dict[str, Any] = field(repr=False)

    @classmethod
    def load(cls, folder: Path) -> "Study":
        """Read a study's folder.

        Raises:
            InputError: it holds no finished study.
        """
        try:
            return cls(folder, json.loads((folder / RESULT).read_text(encoding="utf-8")))
        except (OSError, ValueError) as error:
            raise InputError("evaluation.unfinished_study", value=error, folder=folder) from error

    @property
    def models(self) -> list[str]:
        """Names of the models for people, in order."""
        return model_names([figure["model"] for figure in self.result["models"]])

    @property
    def figures(self) -> list[dict[str, Any]]:
        """Figures of the models, named for people."""
        return [figure | {"model": name} for figure, name in zip(self.result["models"], self.models, strict=True)]

    @property
    def bare(self) -> dict[str, Any] | None:
        """Where whole chatbots were measured: `figures`, `pairs` and `best` of their models alone."""
        found = self.result.get("bare")
        return found and {**found, "figures": [figure["bare"] | {"model": figure["model"]} for figure in self.figures]}

    @cached_property
    def conversations(self) -> list[Conversation]:
        """The data as it was measured on."""
        return read_conversations(self.folder / DATA)

    def rows(self, position: int) -> list[Prediction]:
        """What the model at a position answered, in the order of the data."""
        return _rows(self.folder, position, self.conversations)

    def simulated(self, position: int) -> list[Conversation]:
        """The dialogues of the simulated user with the model at a position, their outcome in `meta`; [] where there were none."""
        path = self.folder / f"simulated-{position}.jsonl"
        return read_conversations(path) if path.exists() else []
