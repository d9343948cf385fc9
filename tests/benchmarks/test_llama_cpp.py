"""Measured: the engine beside llama.cpp, the same weights, alternating in one run, by the processor's own time.

python -m pytest tests/benchmarks/test_llama_cpp.py -m benchmark -s              skipped where llama-cpp-python or gguf is not installed
"""

import ctypes
import shutil

import numpy as np
import pytest
import torch

from chatbot.core.settings import settings
from chatbot.models.conversion.gguf_export import export_gguf
from chatbot.models.local import LocalModel
from tests.benchmarks.test_engine import NEW, PROMPT, prompt_of, seconds, writing
from tests.tiny_models import tiny_llama

pytest.importorskip("gguf", reason="without gguf no file can be written for llama.cpp: pip install gguf")
llama = pytest.importorskip(
    "llama_cpp", reason="llama.cpp is not installed: pip install llama-cpp-python, which compiles it"
)
ROUNDS = 6
FORMS = ("f32", "f16")
"""Of llama.cpp's weights. Ours are fp32, so f32 is like for like; in f16 it reads half the bytes, and computes other numbers."""
QUIET = llama.llama_log_callback(lambda level, text, data: None)


class Peer:
    """llama.cpp over a GGUF file: so many sequences in one context, on as many threads as the engine.

    Keys and values stay in f16, its own default: in f32 it is half as fast. So does each sequence's own part of the context.
    """

    def __init__(self, model, many):
        options = llama.llama_context_default_params()
        options.n_ctx, options.n_seq_max = 256 * many, many  # each sequence has a part of the context
        options.n_batch = options.n_ubatch = PROMPT * many
        options.n_threads = options.n_threads_batch = torch.get_num_threads()
        options.kv_unified = False
        self.context = llama.llama_init_from_model(model, options)
        self.batch = llama.llama_batch_init(PROMPT * many, 0, 1)
        self.size = llama.llama_vocab_n_tokens(llama.llama_model_get_vocab(model))

    def written(self, prompts):
        """The likeliest tokens after each prompt; all are read in one batch and go on in one batch."""
        llama.llama_memory_clear(llama.llama_get_memory(self.context), True)
        out = [[token] for token in self._likeliest(prompts, 0)]
        for at in range(NEW - 1):
            following = self._likeliest([tokens[-1:] for tokens in out], PROMPT + at)
            out = [[*tokens, token] for tokens, token in zip(out, following, strict=True)]
        return out

    def _likeliest(self, new, before):
        """The token after each sequence's new ones, `before` of which were read earlier."""
        at, self.batch.n_tokens = 0, sum(map(len, new))
        for sequence, tokens in enumerate(new):
            for place, token in enumerate(tokens):
                self.batch.token[at], self.batch.pos[at] = token, before + place
                self.batch.n_seq_id[at], self.batch.seq_id[at][0] = 1, sequence
                self.batch.logits[at] = place == len(tokens) - 1
                at += 1
        assert llama.llama_decode(self.context, self.batch) == 0
        ends = np.cumsum([len(tokens) for tokens in new]) - 1
        shape = (self.size,)
        return [
            int(np.ctypeslib.as_array(llama.llama_get_logits_ith(self.context, end), shape).argmax())
            for end in ends.tolist()
        ]

    def close(self):
        llama.llama_batch_free(self.batch)
        llama.llama_free(self.context)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """The shipped model in llama.cpp by the product's own export, with a tokenizer that a GGUF file can hold: only ids are read here."""
    folder = tiny_llama(tmp_path_factory.mktemp("gguf") / "model")
    for name in ("config.json", "model.safetensors"):
        shutil.copy(settings().tuned / name, folder / name)
    llama.llama_log_set(QUIET, ctypes.c_void_p(0))
    llama.llama_backend_init()
    files = {form: export_gguf(folder, folder.with_name(f"{form}.gguf"), form) for form in FORMS}
    options = llama.llama_model_default_params()
    loaded = {form: llama.llama_model_load_from_file(str(file).encode(), options) for form, file in files.items()}
    yield loaded
    for model in loaded.values():
        llama.llama_model_free(model)


@pytest.fixture(scope="module")
def engine():
    return LocalModel.load(settings().tuned, engine="onnx", device="cpu", precision="fp32").engine


@pytest.mark.benchmark
@pytest.mark.parametrize("many", [1, 8])
def test_llama_cpp_writes_the_same_tokens_and_the_table_says_how_fast(models, engine, many):
    peers = {form: Peer(model, many) for form, model in models.items()}
    taken, written = {name: [] for name in (*FORMS, "ours")}, {name: [] for name in (*FORMS, "ours")}
    for round_ in range(ROUNDS):
        seeds = [1000 * round_ + 100 * many + at for at in range(many)]
        work = {form: lambda p=peer, s=seeds: p.written([prompt_of(x) for x in s]) for form, peer in peers.items()}
        work["ours"] = lambda s=seeds: engine.all([writing(seed) for seed in s])
        for name in sorted(work, reverse=round_ % 2 == 0):
            taken[name].append(seconds(lambda n=name, w=work: written[n].extend(w[n]())) / many)
    for peer in peers.values():
        peer.close()
    rate = {name: NEW / min(found[1:]) for name, found in taken.items()}  # the first round warms up
    same = {form: sum(a == b for a, b in zip(written[form], written["ours"], strict=True)) for form in FORMS}
    print(
        f"\n| {PROMPT} tokens read, {NEW} written, {many} at a time | tokens a second | ours | ratio | the same text |"
    )
    print("|---|---|---|---|---|")
    for form in FORMS:
        figures = f"{rate[form]:.0f} | {rate['ours']:.0f} | {rate['ours'] / rate[form]:.2f}"
        print(f"| llama.cpp, {form} | {figures} | {same[form]} of {len(written[form])} |")
    assert same["f32"] >= 0.75 * len(written["f32"])  # random words leave some choices close
