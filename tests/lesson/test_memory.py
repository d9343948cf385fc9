"""The memory bars add up from peft's counts and from what NF4 costs a weight."""

import pytest

from chatbot.core.settings import settings
from chatbot.lesson.memory import PARTS, WAYS, config_of, parts, shape_of
from chatbot.lesson.quantise import MATRICES
from chatbot.models.local import LocalModel
from chatbot.training.estimate import NF4_CONSTANTS


@pytest.fixture(scope="module")
def shape():
    return shape_of(config_of("hotel-mini", {"hotel-mini": settings().tuned}), 8)


def test_the_counts_are_those_of_the_loaded_model_and_of_peft(shape):
    from peft import LoraConfig, get_peft_model

    model = LocalModel.load(settings().tuned, precision="fp32", device="cpu").model
    assert shape.total == model.num_parameters()
    assert shape.linear == sum(p.numel() for n, p in model.named_parameters() if n.split(".")[-2] in MATRICES)
    adapted = get_peft_model(model, LoraConfig(r=8, target_modules=list(MATRICES)))
    assert shape.adapter == adapted.get_nb_trainable_parameters()[0]


def test_each_way_needs_less_than_the_one_before_and_double_quantisation_saves_its_share(shape):
    found = {way: parts(shape, way) for way in WAYS}
    assert all(set(one) == set(PARTS) for one in found.values())
    sums = [sum(one.values()) for one in found.values()]
    assert sums == sorted(sums, reverse=True)
    assert found["qlora-double"]["constants"] == pytest.approx(shape.linear * NF4_CONSTANTS, abs=1)
    assert found["full"]["optimiser"] == 8 * shape.total


def test_the_published_shapes_have_the_published_sizes():
    assert shape_of(config_of("llama-2-7b", {}), 8).total == 6_738_415_616
    assert shape_of(config_of("chatglm3-6b", {}), 8).total == 6_243_584_000
