"""Measured: how much faster a merged checkpoint decodes than its adapter on the unquantised and on the 4-bit base.

python -m pytest tests/benchmarks/test_merged_speed.py -m benchmark -s
"""

import time

import pytest
import torch

from chatbot.models.conversion.merge import merge
from chatbot.models.loading import load_adapters, load_base
from chatbot.models.numerics import default_device
from tests.tiny_models import tiny_adapter, tiny_llama

PROMPT, NEW = 32, 32


def tokens_per_second(model):
    """Greedy decoding of one sequence, the best of three runs after a warm-up; on the CPU of one thread's own time, so that other work does not count."""
    clock = time.perf_counter if model.device.type == "cuda" else time.process_time
    ids = torch.randint(50, 400, (1, PROMPT), generator=torch.Generator().manual_seed(0)).to(model.device)
    options = {"attention_mask": torch.ones_like(ids), "do_sample": False, "pad_token_id": 0}
    seconds = []
    with torch.inference_mode():
        model.generate(input_ids=ids, max_new_tokens=8, **options)
        for _ in range(3):
            begin = clock()
            model.generate(input_ids=ids, min_new_tokens=NEW, max_new_tokens=NEW, **options)
            seconds.append(clock() - begin)
    return NEW / min(seconds)


@pytest.mark.benchmark
def test_a_merged_model_decodes_faster_than_its_adapter_beside_the_base(tmp_path):
    base = tiny_llama(tmp_path / "base", hidden=256, layers=6)
    adapter = tiny_adapter(base, tmp_path / "adapter", size=0.02)
    report = merge(base, adapter, tmp_path / "merged", against_nf4=True)
    speeds = {
        "merged": tokens_per_second(load_base(tmp_path / "merged")),
        "adapter on the unquantised base": tokens_per_second(load_adapters(load_base(base), {"a": adapter})),
        "adapter on the NF4 base": tokens_per_second(load_adapters(load_base(base, "nf4"), {"a": adapter})),
    }
    for name, speed in speeds.items():
        print(
            f"{default_device()} {report['dtype']} {name}: {speed:.0f} tokens/s, merged is {speeds['merged'] / speed:.2f}x"
        )
    assert speeds["merged"] > speeds["adapter on the unquantised base"]
    assert speeds["merged"] > 1.2 * speeds["adapter on the NF4 base"]
