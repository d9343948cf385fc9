"""`convert-chatglm`, `merge` and `extract-adapter`: checkpoints and adapters from one form to another."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel, ConfigDict, Field

from chatbot.commands.training import with_options
from chatbot.core.events import Reporter
from chatbot.core.kinds import Console, Kind, execute


class MergeConfig(BaseModel):
    """An adapter and the base that it is folded into."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base: Path = Field(description="folder of the base model")
    adapter: Path = Field(description="folder of a lora, qlora or adalora adapter")
    out: Path = Field(description="a new folder for the merged model")
    precision: str = Field("auto", description="auto, fp32, bf16 or fp16")
    against_nf4: bool = Field(False, description="also compare with the adapter on the 4-bit base")


def run(config: MergeConfig, reporter: Reporter) -> dict[str, Any]:
    """Fold an adapter into its base, and compare the outputs."""
    from chatbot.models.conversion.merge import merge as fold

    return fold(**config.model_dump())


MERGE = Kind("merge", MergeConfig, run)
KINDS = (MERGE,)


def convert_chatglm(
    source: Annotated[
        Path, typer.Argument(metavar="SRC", help="an original ChatGLM3 folder: config.json, weights, tokenizer.model")
    ],
    target: Annotated[Path, typer.Argument(metavar="DST", help="a new folder; an interrupted conversion goes on")],
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object at the end")] = False,
) -> None:
    """Convert an original ChatGLM3 checkpoint to one that plain transformers, PEFT and vLLM load."""
    from chatbot.models.conversion.chatglm3 import convert

    def progress(done: int, total: int, name: str) -> None:
        typer.echo(f"{done}/{total} {name}".rstrip(), err=True)

    notes = convert(source, target, progress)
    for note in notes:
        typer.echo(f"note: {note}", err=True)
    typer.echo(
        json.dumps({"model": str(target), "notes": notes}, ensure_ascii=False) if as_json else f"converted: {target}"
    )


def merge(
    config: MergeConfig,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="print the whole report as JSON")] = False,
) -> None:
    """Fold an adapter into its unquantised base, save it as safetensors and compare the outputs."""
    report = execute(MERGE, config, Console())
    if as_json:
        print(json.dumps(report, ensure_ascii=False))
        return
    for pair in ("merged_vs_unmerged", "merged_vs_nf4"):
        if found := report.get(pair):
            print(
                f"{pair}: max logit difference {found['max_logit_difference']:.2g}, greedy agreement {found['greedy_agreement']:.1%}"
            )
    print(f"saved: {config.out}")


def extract_adapter(
    *,
    base: Annotated[Path, typer.Option("--base", help="folder of the base model")],
    tuned: Annotated[
        Path, typer.Option("--tuned", help="folder of the same model after full fine-tuning of its linear layers")
    ],
    out: Annotated[Path, typer.Option("--out", help="folder of the adapter")],
    rank: Annotated[
        int, typer.Option("--rank", min=1, help="LoRA's rank; the smaller side of a layer loses nothing")
    ] = 128,
) -> None:
    """Write the difference between two models as a LoRA adapter."""
    from chatbot.models.conversion.extract_adapter import extract_adapter as run

    print(json.dumps(run(base, tuned, out, rank)))


def register(app: typer.Typer) -> None:
    """Add the commands of this topic."""
    app.command("convert-chatglm")(convert_chatglm)
    app.command("merge")(with_options(MergeConfig, merge))
    app.command("extract-adapter")(extract_adapter)
