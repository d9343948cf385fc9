"""`convert-chatglm`, `merge`, `export-gguf` and `extract-adapter`: checkpoints and adapters from one form to another."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel, ConfigDict, Field

from chatbot.commands.training import with_options
from chatbot.core.console import Console
from chatbot.core.events import Progress, Reporter
from chatbot.core.kinds import Kind, execute, progress_callback
from chatbot.core.settings import DATA


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


class GgufConfig(BaseModel):
    """A model that becomes a GGUF file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: Path = Field(description="folder of a merged model")
    out: Path = Field(description="a new file, ending in .gguf")
    form: str = Field("f16", description="f32, f16, bf16, q8_0, q4_0; by llama-quantize q4_k_m, q5_k_m, q6_k")
    check: int = Field(50, ge=0, description="calls that the file must make as the folder does; 0 means none")
    data: Path = Field(DATA / "conversations" / "test.jsonl", description="conversations whose calls are asked for")


def run_gguf(config: GgufConfig, reporter: Reporter) -> dict[str, Any]:
    """Write the file, and compare its calls with the folder's."""
    from chatbot.models.conversion.gguf_export import export_gguf

    def tell(what: str) -> Callable[[int, int], None]:
        report = progress_callback(reporter)
        return lambda done, total: report(done, total, what)

    reporter.event(Progress(done=0, total=0, what="write"))
    out = export_gguf(config.model, config.out, config.form, tell("write"))
    told: dict[str, Any] = {"file": str(out), "mib": out.stat().st_size >> 20}
    if not config.check:
        return told
    from chatbot.corpus.reading.reader import read_conversations
    from chatbot.models.conversion.gguf_check import call_contexts, compare_calls

    reporter.event(Progress(done=0, total=0, what="load"))
    contexts = call_contexts(read_conversations(config.data), config.check)
    return told | asdict(compare_calls(config.model, out, contexts, tell("check")))


GGUF = Kind("export-gguf", GgufConfig, run_gguf)
KINDS = (MERGE, GGUF)


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


def export_gguf(
    config: GgufConfig,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object")] = False,
) -> None:
    """Write a merged model as a GGUF file for llama.cpp, Ollama and LM Studio, and check that it makes the same calls."""
    told = execute(GGUF, config, Console())
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
        return
    print(f"saved: {told['file']}, {told['mib']:,} MiB")
    if "asked" in told:
        print(
            f"the same answer to {told['same']} of {told['asked']} questions; of {told['calls']} calls {told['same_calls']} are the same"
        )


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
    app.command("export-gguf")(with_options(GgufConfig, export_gguf))
    app.command("extract-adapter")(extract_adapter)
