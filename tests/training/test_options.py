"""Options beside the method, each shown by what it changes: peft's configuration, the optimiser's groups, the rates, the loss."""

import json
import math

import pytest
import torch

from chatbot.core.errors import InputError
from chatbot.core.events import JobWriter, Metrics
from chatbot.models.families.hotel_mini import HOTEL_MINI
from chatbot.models.render import IGNORED
from chatbot.training.config import FinetuneConfig
from chatbot.training.estimate import estimate
from chatbot.training.finetune import build, finetune
from chatbot.training.loss_guard import LossGuard
from chatbot.training.options.call_weight import call_weights
from chatbot.training.prepared import prepare

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def config(base, data, tmp_path):
    def make(**fields):
        usual = {"max_steps": 6, "eval_every": 3, "max_length": 192, "rank": 4, "method": "lora", "eval_limit": 0}
        return FinetuneConfig(**{"base": base, "data": data, "out": tmp_path / "out"} | usual | fields)

    return make


class Quiet(JobWriter):
    """Keeps events instead of writing them."""

    def __init__(self):
        self.seen = []

    def event(self, event):
        self.seen.append(event)

    def should_stop(self):
        return False

    def losses(self):
        return {e.step: e.figures["loss"] for e in self.seen if isinstance(e, Metrics) and "loss" in e.figures}


def built(config, **named):
    return build(prepare(config, HOTEL_MINI), Quiet(), **named)


def train(config, reporter=None, **named):
    return finetune(config, reporter or Quiet(), family=HOTEL_MINI, **named)


def test_what_is_scored_at_a_checkpoint_grows_with_the_steps_since_the_last_one_to_all_that_is_held_out(config):
    wide = {"eval_share": 0.5, "packing": False, "batch_size": 1, "max_steps": 40}
    assert [len(built(config(eval_every=every, **wide)).eval_dataset) for every in (1, 32)] == [8, 12]


def test_rslora_divides_alpha_by_the_root_of_the_rank_and_dora_learns_a_length_a_column(config):
    model = built(config(rslora=True, dora=True, rank=4, alpha=32)).model
    asked = model.peft_config["default"]
    assert asked.use_rslora and asked.use_dora
    layer = model.base_model.model.model.layers[0].self_attn.q_proj
    assert layer.scaling["default"] == 32 / math.sqrt(4)
    assert layer.lora_magnitude_vector["default"].weight.requires_grad


def test_a_dora_run_leaves_an_adapter_that_says_so_and_the_estimate_counts_its_lengths(config):
    plain, lengths = (estimate(config(dora=dora), HOTEL_MINI, measure=False).trainable for dora in (False, True))
    assert lengths > plain
    out = train(config(dora=True, rslora=True, max_steps=2))
    saved = json.loads((out / "adapter_config.json").read_text())
    assert saved["use_dora"] and saved["use_rslora"]


def rates(trainer):
    return {
        name.split(".")[-3]: group["initial_lr" if "initial_lr" in group else "lr"]
        for group in trainer.optimizer.param_groups
        for name, weight in trainer.model.named_parameters()
        if any(weight is other for other in group["params"])
    }


def test_loraplus_gives_the_second_matrix_a_rate_of_its_own_and_a_rollback_lowers_both(config):
    trainer = built(config(loraplus=16, learning_rate=1e-3, weight_decay=0.1))
    trainer.create_optimizer()
    assert rates(trainer) == pytest.approx({"lora_A": 1e-3, "lora_B": 16e-3})
    assert {group["weight_decay"] for group in trainer.optimizer.param_groups} == {0.1}
    trainer.slow_down(0.5)
    trainer.create_optimizer()
    assert rates(trainer) == pytest.approx({"lora_A": 5e-4, "lora_B": 8e-3})


def test_loraplus_holds_on_after_a_resume_that_goes_more_slowly(config, tmp_path):
    out = train(config(loraplus=16, learning_rate=1e-3, max_steps=6))
    trainer = built(config(loraplus=16, learning_rate=1e-3, max_steps=6))
    trainer.slow_down(0.5)
    trainer.create_optimizer_and_scheduler(6)
    trainer._load_optimizer_and_scheduler(str(out / "checkpoints" / "checkpoint-3"))
    assert rates(trainer) == pytest.approx({"lora_A": 5e-4, "lora_B": 8e-3})


def test_neftune_adds_noise_while_training_alone_and_leaves_none_behind(config):
    trainer = built(config(neftune=5.0, max_steps=2))
    words = trainer.model.get_base_model().get_input_embeddings()
    ids, seen = torch.tensor([[5, 6, 7]]), []
    words.register_forward_hook(lambda module, given, out: seen.append((module.training, len(module._forward_hooks))))
    trainer.train()
    assert (True, 2) in seen  # ours, and the noise
    assert torch.equal(words(ids), words(ids)) and not hasattr(words, "neftune_noise_alpha")


class ExplodesOnce(LossGuard):
    """Takes one loss, the third, for an explosion."""

    def __init__(self):
        super().__init__(3.0)
        self.count = 0

    def observe(self, loss):
        self.count += 1
        return "a bad batch" if self.count == 3 else None


def test_the_noise_is_not_doubled_after_a_rollback(config):
    trainer = built(config(neftune=5.0), detector=ExplodesOnce())
    words, hooks = trainer.model.get_base_model().get_input_embeddings(), []
    words.register_forward_hook(lambda module, given, out: hooks.append(len(module._forward_hooks)))
    with pytest.raises(Exception, match="a bad batch"):
        trainer.train()
    trainer.slow_down(0.5)
    trainer.train()
    assert max(hooks) == 2


def test_chosen_modules_alone_are_adapted_and_an_unknown_one_is_refused_with_the_choices(config):
    def adapted(**fields):
        found = {n.split(".lora_A")[0] for n, p in built(config(**fields)).model.named_parameters() if "lora_A" in n}
        return {name.rsplit(".", 1)[-1] for name in found}

    assert adapted(modules="q_proj, v_proj") == {"q_proj", "v_proj"}
    assert {"q_proj", "down_proj"} <= adapted(modules="all-linear") and "lm_head" not in adapted(modules="all-linear")
    with pytest.raises(InputError, match=r"w_pack.*all-linear.*q_proj"):
        built(config(modules="w_pack"))


def curve(config, steps=20):
    trainer = built(config)
    trainer.create_optimizer_and_scheduler(steps)
    out = []
    for _ in range(steps):
        trainer.optimizer.step()
        trainer.lr_scheduler.step()
        out.append(trainer.lr_scheduler.get_last_lr()[0])
    return out


SHAPES = {
    "cosine": lambda r: r[5] > r[10] > r[-1] and r[-1] < 1e-5,
    "linear": lambda r: r[4] - r[9] == pytest.approx(r[9] - r[14]),
    "constant": lambda r: len(set(r)) == 1,
    "restarts": lambda r: r[8] < r[10],
    "polynomial": lambda r: r[4] > r[9] > r[14],
    "inverse-sqrt": lambda r: r[-1] > 0 and r[4] > r[-1],
    "wsd": lambda r: r[0] == r[14] > r[17] > r[-1],
}


@pytest.mark.parametrize("name", SHAPES)
def test_each_schedule_has_its_own_shape(config, name):
    assert SHAPES[name](curve(config(scheduler=name, max_steps=20, warmup=0, learning_rate=1e-3)))


def test_a_calls_tokens_weigh_more_and_a_trained_token_weighs_one_on_average(config):
    prepared = prepare(config(), HOTEL_MINI)
    weights = call_weights(prepared.train, HOTEL_MINI, prepared.tokenizer, 4.0)
    for example in prepared.train:
        mine = weights[tuple(example.ids)]
        call, *_, end = [w for w, label in zip(mine, example.labels, strict=True) if label != IGNORED]
        assert call == pytest.approx(4 * end)
    every = [
        w for e in prepared.train for w, label in zip(weights[tuple(e.ids)], e.labels, strict=True) if label != IGNORED
    ]
    assert sum(every) / len(every) == pytest.approx(1)


@pytest.mark.parametrize("packing", [True, False])
def test_the_loss_is_the_weighed_mean_while_training_and_the_plain_one_on_held_out_data(config, packing, set_cpu_dtype):
    set_cpu_dtype("fp32")
    trainer = built(config(call_weight=4.0, packing=packing))
    differ = [_weighed_apart(trainer, batch) for batch in trainer.get_train_dataloader()]
    assert max(differ) > 1e-3


def _weighed_apart(trainer, batch):
    """How far apart the two losses of a batch are, after the trainer's own were found to be just these."""
    plain = trainer.model(**{k: v for k, v in batch.items() if k != "labels"}).logits[:, :-1]
    labels = batch["labels"][:, 1:]
    losses = torch.nn.functional.cross_entropy(plain.transpose(1, 2), labels, reduction="none")
    weights = torch.ones_like(losses)
    for row, (starts, ids) in enumerate(zip(trainer._starts(batch), batch["input_ids"], strict=True)):
        for begin, end in zip(starts, [*starts[1:], len(ids)], strict=True):
            kept = ids[begin:end].tolist()
            kept = kept[: int(batch["attention_mask"][row].sum())] if "attention_mask" in batch else kept
            found = torch.tensor(trainer.weights[tuple(kept)])
            place = weights[row, max(0, begin - 1) : begin - 1 + len(kept)]
            place.copy_(found[1:] if begin == 0 else found)
    asked = torch.tensor(int((labels != IGNORED).sum()))
    weighed, mean = ((losses * weights).sum() / asked).item(), (losses.sum() / asked).item()
    trainer.model.train()
    got = trainer.compute_loss(trainer.model, dict(batch), num_items_in_batch=asked)
    assert got.item() == pytest.approx(weighed, rel=1e-5)
    trainer.model.eval()
    assert trainer.compute_loss(trainer.model, dict(batch)).item() == pytest.approx(mean, rel=1e-4)
    return abs(weighed - mean)


def test_weighed_calls_train_with_learnt_prompts_too(config):
    reporter = Quiet()
    train(config(method="prompt-tuning", call_weight=2.0, max_steps=2, virtual_tokens=4), reporter)
    assert len(reporter.losses()) == 2


@pytest.mark.parametrize(
    "fields",
    [
        {"method": "adalora", "dora": True},
        {"method": "p-tuning", "loraplus": 2},
        {"method": "prefix-tuning", "modules": "q_proj"},
    ],
)
def test_an_option_that_the_method_has_not_is_refused_with_the_methods_that_have_it(config, fields):
    option = next(name for name in fields if name != "method")
    with pytest.raises(InputError, match=rf"--{option} is no option of {fields['method']}.*qlora"):
        prepare(config(**fields), HOTEL_MINI)


def test_a_run_goes_on_from_any_checkpoint_of_another_to_the_losses_that_it_had(config, tmp_path):
    whole, rest = Quiet(), Quiet()
    train(config(out=tmp_path / "whole", max_steps=9), whole)
    start = tmp_path / "whole" / "checkpoints" / "checkpoint-3"
    out = train(config(out=tmp_path / "on", max_steps=9, start=start), rest)
    assert min(rest.losses()) == 4
    assert rest.losses() == pytest.approx({s: x for s, x in whole.losses().items() if s > 3}, rel=1e-3)
    record = json.loads((out / "run.json").read_text())
    assert record["steps"] == 9 and record["guard"]["start"] == pytest.approx(
        json.loads((tmp_path / "whole" / "run.json").read_text())["guard"]["start"]
    )


def test_going_on_needs_a_whole_checkpoint_the_same_adapter_and_steps_that_are_left(config, tmp_path):
    train(config(out=tmp_path / "whole", max_steps=3))
    start = tmp_path / "whole" / "checkpoints" / "checkpoint-3"
    with pytest.raises(InputError, match="no whole checkpoint"):
        train(config(start=start.with_name("checkpoint-9")))
    with pytest.raises(InputError, match="rank: 4 → 8"):
        train(config(start=start, rank=8))
    with pytest.raises(InputError, match="nothing is left"):
        train(config(start=start, max_steps=3))


def test_adalora_needs_ranks_to_give_up(config):
    with pytest.raises(InputError, match=r"must be smaller than at the start \(8\)"):
        prepare(config(method="adalora", rank=8, target_rank=8))
