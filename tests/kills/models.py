"""What takes long: fine-tuning, pretraining, evaluation, conversion. Each must go on to the end that it has without a kill."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from transformers import LlamaConfig

import chatbot.commands.run  # noqa: F401  imported before anything is forked
from chatbot.__main__ import main
from chatbot.core.locks import write_json
from chatbot.core.messages import write_conversations
from chatbot.core.settings import override_settings
from chatbot.corpus.selfplay.generate import selfplay
from chatbot.hotels.store import HotelStore
from chatbot.models.conversion.chatglm3 import convert
from chatbot.training import pretrain as pretraining
from chatbot.training.config import PretrainConfig
from tests.chatglm_original import train_sentencepiece, write_original
from tests.conftest import HOTELS, write_hotels
from tests.tiny_models import tiny_llama

torch.set_num_threads(1)
pretraining.PRESETS["tiny"] = lambda v: LlamaConfig(
    vocab_size=v, hidden_size=32, num_hidden_layers=1, intermediate_size=64, num_attention_heads=2,
    num_key_value_heads=1, max_position_embeddings=1024, tie_word_embeddings=True,
)  # fmt: skip


class Job:
    """A job's folder and `python -m chatbot run`, as the page starts it."""

    def open(self, home: Path) -> None:
        """Nothing stays."""

    def close(self) -> None:
        """Nothing stayed."""

    def begin(self, home: Path) -> None:
        """Data, a hotel file and the job's configuration."""
        write_conversations(home / "data.jsonl", selfplay(HotelStore(HOTELS), 40, seed=3))
        write_hotels(home / "hotels.json")
        write_json(home / "config.json", self.config(home))

    def config(self, home: Path) -> dict[str, Any]:
        """What is asked for."""
        raise NotImplementedError

    def work(self, home: Path) -> None:
        """Run it, or go on."""
        import sys

        override_settings(workspace=str(home / "workspace"), cpu_dtype="fp32")
        sys.argv = ["chatbot", "run", str(home)]
        try:
            main()
        except SystemExit as ended:
            if ended.code:
                raise

    def check(self, home: Path) -> list[str]:
        """Whatever looks finished is whole."""
        return []

    def end(self, home: Path, whole: Path) -> list[str]:
        """What came out is what comes out without a kill."""
        raise NotImplementedError


class Finetune(Job):
    """LoRA on a small random model."""

    def config(self, home: Path) -> dict[str, Any]:
        """Eight steps, a checkpoint after each second one."""
        tiny_llama(home / "base")
        paths = {"base": str(home / "base"), "data": str(home / "data.jsonl"), "out": str(home / "adapter")}
        how = {"method": "lora", "max_steps": 8, "eval_every": 2, "eval_limit": 0, "max_length": 256}
        return {"kind": "finetune", **paths, **how, "allow_cut": True}

    def check(self, home: Path) -> list[str]:
        """An adapter with its configuration has its weights."""
        found = home / "adapter" / "adapter_config.json"
        return [] if not found.exists() else readable(home / "adapter" / "adapter_model.safetensors")

    def end(self, home: Path, whole: Path) -> list[str]:
        """The same weights, and every step's loss once as it counts."""
        wrong = self.check(home) + same(home, whole, "adapter/adapter_model.safetensors")
        steps = [line.get("step") for line in events(home) if line.get("kind") == "metrics" and "loss" in str(line)]
        return wrong + ([] if max(steps) == 8 else [f"steps {steps}"])


class Pretrain(Job):
    """A model of a few thousand weights from nothing."""

    def config(self, home: Path) -> dict[str, Any]:
        """Twelve steps, a checkpoint after each third one."""
        return {}

    def work(self, home: Path) -> None:
        """The function behind `pretrain`."""
        override_settings(cpu_dtype="fp32")
        how: dict[str, Any] = {"max_steps": 12, "save_steps": 3, "batch_tokens": 512, "warmup_steps": 2}
        pretraining.pretrain(PretrainConfig(data=(home / "data.jsonl",), out=home / "model", preset="tiny", **how))

    def check(self, home: Path) -> list[str]:
        """A model with its configuration has its weights."""
        found = home / "model" / "config.json"
        return [] if not found.exists() else readable(home / "model" / "model.safetensors")

    def end(self, home: Path, whole: Path) -> list[str]:
        """The same weights."""
        return self.check(home) + same(home, whole, "model/model.safetensors")


class Evaluate(Job):
    """A study of the rules and of a model, with a simulated user."""

    def config(self, home: Path) -> dict[str, Any]:
        """Small enough for seconds."""
        paths = {"data": str(home / "data.jsonl"), "hotels": str(home / "hotels.json"), "out": str(home)}
        return {"kind": "study", "models": ["rules"], **paths, "goals": 6, "seeds": 1}

    def check(self, home: Path) -> list[str]:
        """Each turn was kept once."""
        kept = home / "predictions-0.jsonl"
        content = kept.read_bytes() if kept.exists() else b""
        rows = [json.loads(line) for line in content[: content.rfind(b"\n") + 1].splitlines()]
        turns = [(row["id"], row["turn"]) for row in rows]
        return [] if len(turns) == len(set(turns)) else ["a turn was asked twice"]

    def end(self, home: Path, whole: Path) -> list[str]:
        """The same figures."""
        found = [_figures(folder) for folder in (home, whole)]
        return self.check(home) + ([] if found[0] == found[1] else [f"other figures: {found}"])


def _figures(folder: Path) -> dict[str, Any]:
    model = json.loads((folder / "result.json").read_text())["models"][0]
    return {name: value for name, value in model.items() if name != "seconds"}


@cache
def _sentencepiece() -> bytes:
    return train_sentencepiece()


class Convert(Job):
    """ChatGLM3, shard by shard."""

    def begin(self, home: Path) -> None:
        """An original of five shards."""
        write_original(home, _sentencepiece(), shards=5)

    def work(self, home: Path) -> None:
        """The function behind `convert-chatglm`."""
        convert(home, home / "native")

    def check(self, home: Path) -> list[str]:
        """A folder with a config.json has all the weights."""
        if not (home / "native" / "config.json").exists():
            return []
        return [w for n in range(1, 6) for w in readable(home / "native" / f"model-{n:05d}-of-00005.safetensors")]

    def end(self, home: Path, whole: Path) -> list[str]:
        """The same files, byte by byte, but for the order of a shard's header and for what names the source."""
        names = sorted(path.name for path in (whole / "native").iterdir())
        now = sorted(path.name for path in (home / "native").iterdir())
        if [name for name in now if not name.endswith(".part")] != names:
            return [f"files {now} instead of {names}"]
        plain = [name for name in names if name != "conversion.json" and not name.endswith(".safetensors")]
        wrong = [n for n in plain if (home / "native" / n).read_bytes() != (whole / "native" / n).read_bytes()]
        return wrong + [w for n in names if n.endswith(".safetensors") for w in same(home, whole, f"native/{n}")]


def events(home: Path) -> list[dict[str, Any]]:
    """The whole lines of a run's events."""
    content = (home / "events.jsonl").read_bytes()
    return [json.loads(line) for line in content[: content.rfind(b"\n") + 1].splitlines()]


def readable(path: Path) -> list[str]:
    """Whether a file of weights is whole."""
    try:
        load_file(path)
    except Exception as error:
        return [f"{path.name} is half: {error}"]
    return []


def same(home: Path, whole: Path, name: str) -> list[str]:
    """Whether weights are those of the run without a kill, but for the order of sums."""
    now, then = load_file(home / name), load_file(whole / name)
    other = [key for key in then if key not in now or (now[key].float() - then[key].float()).abs().max() > 1e-4]
    return [f"other weights: {other[:3]}"] if other or len(now) != len(then) else []


SCENES = {"finetune": Finetune, "pretrain": Pretrain, "evaluate": Evaluate, "convert": Convert}
