"""What a CPU computes does not depend on the processor; training may, where that was measured to pay, and then the run's record says so."""

from types import SimpleNamespace

import pytest
import torch

from chatbot.core.errors import InputError
from chatbot.models.backends import numerics_of
from chatbot.models.local import LocalModel
from chatbot.models.numerics import default_dtype, training_dtype, training_numerics
from tests.tiny_models import tiny_llama

AMX, AVX512, ARM = {"amx_bf16": True, "avx512_bf16": True}, {"avx512_bf16": True}, {"bf16": True, "sve_bf16": True}


@pytest.mark.parametrize(
    ("wanted", "dtype"), [("auto", torch.float32), ("fp32", torch.float32), ("bf16", torch.bfloat16)]
)
def test_a_cpu_answers_in_fp32_unless_the_setting_says_bf16(wanted, dtype):
    assert default_dtype("cpu", wanted) == dtype


def test_weights_are_trained_in_fp32_on_a_cpu_whatever_the_setting(cpu_dtype):
    assert training_dtype("cpu") == torch.float32


@pytest.mark.parametrize(
    ("wanted", "capabilities", "autocast"),
    [
        ("auto", {}, None),
        ("auto", AVX512, None),
        ("auto", ARM, None),
        ("auto", AMX, "bfloat16"),
        ("fp32", AMX, None),
        ("bf16", {}, "bfloat16"),
    ],
)
def test_training_takes_bf16_by_itself_only_where_it_was_measured_to_pay(wanted, capabilities, autocast):
    found = training_numerics(device="cpu", wanted=wanted, capabilities=capabilities)
    assert (found.weights, found.autocast, found.bf16) == ("float32", autocast, autocast is not None)


@pytest.mark.parametrize("begun", [None, "bfloat16"])
@pytest.mark.parametrize("here", [{}, AMX])
def test_a_run_keeps_its_numbers_on_another_processor(begun, here):
    before = {"device": "cpu", "weights": "float32", "autocast": begun}
    assert training_numerics(before, device="cpu", wanted="auto", capabilities=here).autocast == begun


def test_a_setting_that_contradicts_the_run_is_refused_with_the_remedy():
    before = {"device": "cpu", "weights": "float32", "autocast": None}
    with pytest.raises(InputError, match=r"no autocast.*'bf16'.*CHATBOT_CPU_DTYPE"):
        training_numerics(before, device="cpu", wanted="bf16")
    assert training_numerics(before, device="cpu", wanted="fp32").autocast is None


def test_a_run_from_a_gpu_goes_on_on_a_cpu_as_that_computes():
    before = {"device": "cuda", "weights": "bfloat16", "autocast": "bfloat16"}
    assert training_numerics(before, device="cpu", wanted="fp32").autocast is None


def test_a_local_model_tells_what_it_computes_in_and_an_endpoint_nothing(tmp_path, cpu_dtype):
    model = LocalModel.load(tiny_llama(tmp_path), device="cpu")
    fast = {"device": "cpu", "dtype": "float32", "engine": "onnx"}
    plain = {"device": "cpu", "dtype": "bfloat16", "engine": "transformers", "because": "not in fp32"}
    assert numerics_of(model) == {"fp32": fast, "bf16": plain}[cpu_dtype]
    assert numerics_of(SimpleNamespace(name="gpt")) is None
