"""`merge`: make a checkpoint that any engine serves without adapters; `extract-adapter`: the way back."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel, ConfigDict, Field

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


def merge(
    *,
    base: Annotated[Path, typer.Option("--base", help="folder of the base model")],
    adapter: Annotated[Path, typer.Option("--adapter", help="folder of a lora, qlora or adalora adapter")],
    out: Annotated[Path, typer.Option("--out", help="a new folder for the merged model")],
    precision: Annotated[str, typer.Option("--precision", help="auto, fp32, bf16 or fp16")] = "auto",
    against_nf4: Annotated[
        bool, typer.Option("--against-nf4", help="also compare with the adapter on the 4-bit base")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print the whole report as JSON")] = False,
) -> None:
    """Fold an adapter into its unquantised base, save it as safetensors and compare the outputs."""
    config = MergeConfig(base=base, adapter=adapter, out=out, precision=precision, against_nf4=against_nf4)
    report = execute(MERGE, config, Console())
    if as_json:
        print(json.dumps(report, ensure_ascii=False))
        return
    for pair in ("merged_vs_unmerged", "merged_vs_nf4"):
        if found := report.get(pair):
            print(
                f"{pair}: max logit difference {found['max_logit_difference']:.2g}, greedy agreement {found['greedy_agreement']:.1%}"
            )
    print(f"saved: {out}")


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
    app.command()(merge)
    app.command("extract-adapter")(extract_adapter)
