"""A training on preferences: the kept feedback and held-out conversations are measured before and after."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatbot.core.errors import InputError
from chatbot.core.events import Progress, Reporter
from chatbot.core.settings import Settings
from chatbot.corpus.reading.reader import read_conversations
from chatbot.corpus.review.feedback import FILE, read_feedback
from chatbot.evaluation.predictions import Prediction, read_predictions, write_predictions
from chatbot.evaluation.reporting.compare import compare
from chatbot.hotels.store import HotelStore
from chatbot.models.catalog import DEFAULT, base_of
from chatbot.training.preferences.config import PreferConfig
from chatbot.training.preferences.pairs import Preferences, encoded, held_out, preferences, rows

if TYPE_CHECKING:
    from chatbot.training.preferences.dpo import Learner

RESULT, BEFORE = "preferences.json", "before.jsonl"


def places(model: str, settings: Settings) -> tuple[Path, Path | None]:
    """The base and the adapter that a model's id names; no adapter where it is a whole model.

    Raises:
        InputError: it has no weights that could learn.
    """
    folder = settings.tuned if model == DEFAULT else Path(model.removeprefix("adapter:"))
    if not folder.is_dir():
        raise InputError("training.preference_model", value=model)
    return (base_of(folder, settings), folder) if (folder / "adapter_config.json").is_file() else (folder, None)


def prefer(config: PreferConfig, settings: Settings, reporter: Reporter) -> dict[str, Any]:
    """Train, measure and publish; gives what `preferences.json` holds.

    Raises:
        InputError: nothing was said that tells two answers apart, or the model is no LoRA.
    """
    from chatbot.training.preferences.dpo import open_learner, save, train

    store = HotelStore.load(config.hotels or settings.hotels)
    folder = config.workspace or settings.workspace
    said = preferences(read_feedback(folder), store)
    reporter.event(Progress(done=0, total=0, what="load"))
    learner = open_learner(*places(config.model, settings), config.rank, config.seed)
    aside = held_out([pair.source for pair in said.pairs], config.held_share, config.seed)
    parts = {
        name: list(
            rows(
                [p for p in said.pairs if (p.source in aside) == held], learner.family, learner.tokenizer, learner.most
            )
        )
        for name, held in (("trained", False), ("kept", True))
    }
    if not parts["trained"]:
        raise InputError("training.no_preferences", value=folder / FILE, pairs=len(said.pairs), waiting=said.waiting)
    config.out.mkdir(parents=True, exist_ok=True)
    before = _before(config, learner, said, parts, store, reporter)
    train(config, learner, parts["trained"], reporter)
    if reporter.should_stop():
        return {}
    answered = _answers(config, learner, store, reporter)
    after = _measured(learner, said, parts)
    earlier = read_predictions(config.out / BEFORE)
    result = {
        "model": config.model,
        "trained": len(parts["trained"]),
        "kept": len(parts["kept"]),
        "liked": len(said.liked),
        "waiting": said.waiting,
        "left_out": len(said.pairs) - sum(map(len, parts.values())),
        "before": before,
        "after": after,
        "dialogues": len({row.id for row in answered}),
        "held_out": compare(earlier, answered) if answered else {},
    }
    save(config, learner, result)
    (config.out / RESULT).write_text(json.dumps(result, ensure_ascii=False, indent=1), encoding="utf-8")
    return result


def _before(
    config: PreferConfig,
    learner: "Learner",
    said: Preferences,
    parts: dict[str, list[dict[str, list[int]]]],
    store: HotelStore,
    reporter: Reporter,
) -> dict[str, float]:
    """What the model did before, measured once: a run that goes on finds it in its folder."""
    kept = config.out / "before.json"
    if not kept.is_file():
        write_predictions(config.out / BEFORE, _answers(config, learner, store, reporter))
        kept.write_text(json.dumps(_measured(learner, said, parts)), encoding="utf-8")
    found: dict[str, float] = json.loads(kept.read_text(encoding="utf-8"))
    return found


def _answers(config: PreferConfig, learner: "Learner", store: HotelStore, reporter: Reporter) -> list[Prediction]:
    """What the model alone says in the held-out conversations."""
    from chatbot.core.kinds import progress_callback
    from chatbot.evaluation.runner import run_evaluation
    from chatbot.models.local import LocalModel

    conversations = read_conversations(config.data)[: config.eval_limit] if config.eval_limit else []
    if not conversations:
        return []
    model = LocalModel("learner", learner.model.eval(), learner.tokenizer, learner.family)
    tell = progress_callback(reporter)
    found: list[Prediction] = run_evaluation(
        conversations, model, store, lambda done, total: tell(done, total, "evaluate")
    )["predictions"]
    return found


def _measured(learner: "Learner", said: Preferences, parts: dict[str, list[dict[str, list[int]]]]) -> dict[str, float]:
    """Shares of the pairs whose right answer is the likelier one, and how likely what was liked is (nats a token)."""
    from chatbot.training.preferences.dpo import log_probability

    def likelier(row: dict[str, list[int]]) -> bool:
        good, bad = (log_probability(learner, row["prompt_ids"], row[name]) for name in ("chosen_ids", "rejected_ids"))
        return bool(good > bad)

    out = {
        f"preferred_{name}": _mean([float(likelier(row)) for row in found]) for name, found in parts.items() if found
    }
    liked = [encoded(context, answer, learner.family, learner.tokenizer) for _, context, answer in said.liked]
    sure = [
        log_probability(learner, *one) / len(one[1])
        for one in liked
        if one and len(one[0]) + len(one[1]) <= learner.most
    ]
    return out | ({"liked": _mean(sure)} if sure else {})


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
