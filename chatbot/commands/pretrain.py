"""`pretrain` and `recipe`: hotel-mini (or GPT-2 small) from scratch, and the data that it is trained on."""

from itertools import chain
from pathlib import Path
from typing import Annotated, Any

import typer

from chatbot.core.console import Console
from chatbot.core.events import Reporter
from chatbot.core.kinds import Kind, execute
from chatbot.training.config import RESOURCE, PretrainConfig


def run(config: PretrainConfig, reporter: Reporter) -> dict[str, Any]:
    """Train a model from scratch."""
    from chatbot.training.pretrain import pretrain as train

    return {"model": str(train(config, reporter))}


PRETRAIN = Kind("pretrain", PretrainConfig, run, resource=RESOURCE)
KINDS = (PRETRAIN,)


def pretrain(
    data: Annotated[list[Path], typer.Option(help="conversations, JSONL; may be given several times")],
    out: Annotated[Path, typer.Option(help="folder of the model; a run that was cut off there goes on")],
    preset: Annotated[str, typer.Option(help="hotel-mini, hotel-mini-glm or gpt2-small")] = "hotel-mini",
    max_steps: Annotated[int, typer.Option(min=1)] = 2000,
    batch_tokens: Annotated[int, typer.Option(min=64, help="tokens of a batch, padding included")] = 3072,
    learning_rate: Annotated[float, typer.Option(min=0)] = 2e-3,
    start: Annotated[Path | None, typer.Option(help="go on from this model instead of random weights")] = None,
    replies_only: Annotated[bool, typer.Option(help="loss on calls and replies only")] = False,
    linear_only: Annotated[
        bool, typer.Option(help="train the linear layers alone; `extract-adapter` then writes the difference as LoRA")
    ] = False,
    seed: Annotated[int, typer.Option()] = 0,
) -> None:
    """Train a tokenizer and a small causal language model from scratch; runs as it is under `accelerate launch`."""
    config = PretrainConfig(
        data=tuple(data), out=out, preset=preset, max_steps=max_steps, batch_tokens=batch_tokens, learning_rate=learning_rate, seed=seed, start=start,
        replies_only=replies_only, linear_only=linear_only,
    )  # fmt: skip
    print(execute(PRETRAIN, config, Console())["model"])


def recipe(
    hotels: Annotated[Path, typer.Option(help="a file in CrossWOZ's hotel_db.json form")],
    out: Annotated[Path, typer.Option(help="conversations, JSONL")],
    n: Annotated[int, typer.Option(min=1, help="self-play conversations")] = 20_000,
    colloquial: Annotated[
        float,
        typer.Option("--colloquial", "--spoken", min=0, max=1, help="share of colloquial users; 0 for the base's data"),
    ] = 0.85,
    first_only: Annotated[
        float, typer.Option(min=0, max=1, help="share of conversations that end with the first call")
    ] = 0.5,
    templates: Annotated[Path | None, typer.Option(help="ConvLab-2's user_utterance_templates.json")] = None,
    dialogues: Annotated[Path | None, typer.Option(help="demo-hotel's hotel_dialogues.json")] = None,
    repeat: Annotated[
        int, typer.Option(min=1, help="times that the human dialogues are taken, each time carried on and worded anew")
    ] = 1,
    seed: Annotated[int, typer.Option()] = 0,
) -> None:
    """Write the training data of hotel-mini: self-play over scrambled databases, with people's words where the files are given."""
    from chatbot.core.messages import write_conversations
    from chatbot.corpus.selfplay.human_wording import HumanWording
    from chatbot.corpus.selfplay.recipe import human_data, selfplay_data
    from chatbot.hotels.store import HotelStore

    store = HotelStore.load(hotels)
    human = HumanWording.load(templates) if templates else None
    played = selfplay_data(list(store.hotels), n, seed, colloquial=colloquial, human=human, first_only=first_only)
    people = (
        [human_data(dialogues, store, f"{seed}-{k}", colloquial=colloquial > 0, human=human) for k in range(repeat)]
        if dialogues
        else []
    )
    print(write_conversations(out, chain(played, *people)))


def hotel_mini(
    out: Annotated[Path, typer.Option(help="the run's folder; run again, it goes on; the weights lie in its `model`")],
    seconds: Annotated[float, typer.Option(help="how long to train in all, earlier runs counted")] = 5400,
    canonical: Annotated[
        bool, typer.Option("--canonical", help="the base: facilities by their own names, nothing spoken")
    ] = False,
    start: Annotated[Path | None, typer.Option(help="a finished model to go on from instead of random weights")] = None,
    hotels: Annotated[
        list[Path] | None, typer.Option(help="hotel files whose names and places occur [default: the shipped one]")
    ] = None,
    templates: Annotated[Path | None, typer.Option(help="ConvLab-2's user_utterance_templates.json")] = None,
    dialogues: Annotated[Path | None, typer.Option(help="demo-hotel's hotel_dialogues.json")] = None,
    learning_rate: Annotated[
        float, typer.Option(min=0, help="peak rate; lower when a finished model goes on")
    ] = 1.5e-3,
    decay_share: Annotated[
        float, typer.Option(min=0.01, max=1, help="last share of the time in which it falls")
    ] = 0.35,
    start_share: Annotated[
        float,
        typer.Option(
            min=0, max=1, help="share of the start's weights in what is saved; what is new costs less of what was known"
        ),
    ] = 0,
    layers: Annotated[
        int | None, typer.Option(min=1, help="layers of the model; a start with fewer is grown [default: as it is]")
    ] = None,
    inner: Annotated[
        int | None, typer.Option(min=1, help="columns of the inner layers, for a start to grow to [default: as it is]")
    ] = None,
    compiled: Annotated[
        bool, typer.Option("--compile", help="fuse small operations: a fifth less time, needs a C++ compiler")
    ] = False,
    seed: Annotated[int, typer.Option()] = 1,
) -> None:
    """Train hotel-mini on the phrase bank: understanding as act lines, on a CPU, for as long as there is time."""
    from chatbot.core.settings import settings
    from chatbot.corpus.phrasebank.bank import read_bank
    from chatbot.corpus.phrasebank.stream import canonical_bank, names_of, training_turns
    from chatbot.hotels.records import read_hotels
    from chatbot.training.hotel_mini import ActTrainer, ActTrainingConfig, bank_tokenizer

    names = names_of([hotel for path in hotels or [settings().hotels] for hotel in read_hotels(path)])
    bank = read_bank(part="train")
    config = ActTrainingConfig(
        seconds=seconds,
        learning_rate=learning_rate,
        decay_share=decay_share,
        start_share=start_share,
        layers=layers,
        inner=inner,
        compiled=compiled,
        seed=seed,
    )
    trainer = ActTrainer(out, bank_tokenizer(out, bank, names), config, start)
    used = canonical_bank(bank) if canonical else bank
    at = f"{seed}-{trainer.progress.step}"
    trainer.run(training_turns(used, names, at, templates=templates, dialogues=dialogues))
    print(f"{trainer.progress.examples:,} examples, {trainer.progress.tokens:,} tokens: {out / 'model'}")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(pretrain)
    app.command("hotel-mini")(hotel_mini)
    app.command()(recipe)
