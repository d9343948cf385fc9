"""Fine-tuning with the real libraries on a tiny model: what a person is promised about all six methods, stops, kills and explosions."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from chatbot.core.errors import InputError, ModelError, TrainingError
from chatbot.core.events import Checkpoint, JobWriter, Metrics, Progress, Rollback
from chatbot.core.jobs import start_task
from chatbot.core.messages import Conversation, reply, user, write_conversations
from chatbot.core.settings import DATA
from chatbot.corpus.reading.reader import read_conversations
from chatbot.models.families.hotel_mini import HOTEL_MINI
from chatbot.models.loading import load_adapters, load_base
from chatbot.training.config import FinetuneConfig
from chatbot.training.finetune import build, finetune, prepare
from chatbot.training.loss_guard import LossGuard
from chatbot.training.methods import METHODS

pytestmark = [
    pytest.mark.usefixtures("one_thread"),
    # AdaLoRA gives some matrices rank 0, and peft warns of its own names for them
    pytest.mark.filterwarnings("ignore:Adapter 'default'.*invalid shape"),
    pytest.mark.filterwarnings("ignore:The following rank_pattern keys"),
]


@pytest.fixture
def config(base, data, tmp_path):
    def make(**fields):
        return FinetuneConfig(
            **{
                "base": base,
                "data": data,
                "out": tmp_path / "out",
                "max_steps": 6,
                "eval_every": 3,
                "max_length": 192,
                "rank": 8,
            }
            | fields
        )

    return make


class Events(JobWriter):
    """Keeps events instead of writing them; may ask for a stop after so many steps."""

    def __init__(self, stop_at=None):
        self.seen, self.stop_at = [], stop_at

    def event(self, event):
        self.seen.append(event)

    def should_stop(self):
        return self.stop_at is not None and any(step >= self.stop_at for step in self.losses())

    def losses(self):
        return self.figures("loss")

    def step(self):
        """The last one that was told; 0 after a roll-back."""
        match self.seen[-1]:
            case Metrics(step=step) | Checkpoint(step=step) | Progress(done=step):
                return step
            case _:
                return 0

    def figures(self, name):
        return figures(self.seen, name)


def figures(events, name):
    return {e.step: e.figures[name] for e in events if isinstance(e, Metrics) and name in e.figures}


def adapter(folder):
    weights = load_file(folder / "adapter_model.safetensors")
    assert weights
    return weights


def train(config, writer=None, **named):
    return finetune(config, writer or Events(), family=HOTEL_MINI, **named)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_trains_and_its_adapter_changes_what_the_base_says(config, base, method, cpu_dtype):
    events = Events()
    out = train(config(method=method, target_rank=4, max_steps=8), events)
    losses = list(events.losses().values())
    assert losses[-1] < losses[0]
    ids = torch.tensor([[5, 60, 61, 62, 63]])
    with torch.inference_mode():
        plain = load_base(base)(input_ids=ids).logits
        adapted = load_adapters(load_base(base), {"default": out})(input_ids=ids).logits[:, -5:]
    assert (plain - adapted).abs().max() > 1e-5


def test_only_what_the_model_must_write_is_trained(config):
    prepared = prepare(config(), HOTEL_MINI)
    example = prepared.train[0]
    shown = prepared.tokenizer.decode([label for label in example.labels if label >= 0])
    assert "推荐" in shown and '"经济型"' in shown and "找一家" not in shown


def test_packed_conversations_do_not_see_each_other(config):
    prepared = prepare(config(), HOTEL_MINI)
    trainer = build(prepared, Events())
    row = next(iter(trainer.get_train_dataloader()))
    starts = (row["position_ids"][0] == 0).nonzero().flatten().tolist()
    assert len(starts) > 1
    model = trainer.model.eval()
    with torch.inference_mode():
        packed = model(input_ids=row["input_ids"], position_ids=row["position_ids"]).logits[
            0, starts[1] : starts[1] + 20
        ]
        alone = model(input_ids=row["input_ids"][:, starts[1] : starts[1] + 20]).logits[0]
    assert torch.allclose(packed, alone, atol=1e-4)


def test_a_stopped_run_goes_on_to_the_same_adapter_as_an_uninterrupted_one(config, tmp_path, cpu_dtype):
    whole, cut = Events(), Events(stop_at=4)  # seen as logged at the end of step 5
    straight = train(config(out=tmp_path / "straight", max_steps=8), whole)
    train(config(out=tmp_path / "cut", max_steps=8), cut)
    assert max(cut.losses()) == 5
    rest = Events()
    resumed = train(config(out=tmp_path / "cut", max_steps=8), rest)
    assert min(rest.losses()) == 6
    assert cut.losses() | rest.losses() == pytest.approx(whole.losses(), rel=1e-3)
    for name, weight in adapter(straight).items():
        assert torch.allclose(weight, adapter(resumed)[name], atol=1e-5), name


def test_adalora_goes_on_with_all_its_ranks_to_the_same_losses(config, tmp_path):
    whole, rest = Events(), Events()
    fields = {"method": "adalora", "target_rank": 4, "max_steps": 9, "eval_every": 3}
    train(config(out=tmp_path / "straight", **fields), whole)
    train(config(out=tmp_path / "cut", **fields), Events(stop_at=4))
    resumed = train(config(out=tmp_path / "cut", **fields), rest)
    assert min(rest.losses()) == 6 and len(rest.losses()) == 4
    assert rest.losses() == pytest.approx({s: loss for s, loss in whole.losses().items() if s > 5}, abs=1e-6)
    ranks = [json.loads((folder / "run.json").read_text())["ranks"] for folder in (resumed, tmp_path / "straight")]
    assert ranks[0] == ranks[1]


@pytest.mark.parametrize("method", ["prompt-tuning", "p-tuning"])
def test_learned_prompts_go_on_in_a_later_epoch_to_the_same_losses_and_words(method, config, tmp_path, set_cpu_dtype):
    set_cpu_dtype("fp32")
    whole, rest = Events(), Events()
    fields = {"method": method, "max_steps": 9, "eval_every": 2}
    straight = train(config(out=tmp_path / "straight", **fields), whole)
    train(config(out=tmp_path / "cut", **fields), Events(stop_at=4))
    resumed = train(config(out=tmp_path / "cut", **fields), rest)
    assert min(rest.losses()) == 6 and len(rest.losses()) == 4
    assert rest.losses() == pytest.approx({step: whole.losses()[step] for step in rest.losses()}, abs=1e-6)
    for name, words in adapter(straight).items():
        assert torch.allclose(words, adapter(resumed)[name], atol=1e-6), name


def test_a_run_goes_on_only_with_the_base_the_data_and_the_template_that_it_began_with(config, base, data, tmp_path):
    mine = {"base": tmp_path / "base", "data": tmp_path / "mine.jsonl"}
    shutil.copytree(base, mine["base"])
    shutil.copyfile(data, mine["data"])
    train(config(**mine, max_steps=2))
    lines = mine["data"].read_text().splitlines()
    mine["data"].write_text("\n".join([*lines[1:], lines[0]]) + "\n")
    with pytest.raises(InputError, match=r"these have changed: data mine\.jsonl: "):
        train(config(**mine, max_steps=2))
    mine["data"].write_text("\n".join(lines) + "\n")
    settings_file = mine["base"] / "config.json"
    settings_file.write_text(settings_file.read_text() + "\n")
    with pytest.raises(InputError, match=r"these have changed: base config\.json: "):
        train(config(**mine, max_steps=2))


def test_a_run_goes_on_in_the_numbers_that_it_began_with_or_is_refused(config, set_cpu_dtype):
    set_cpu_dtype("bf16")
    out = train(config(max_steps=8), Events(stop_at=4))
    begun = json.loads((out / "run.json").read_text())["numerics"]
    assert begun == {"device": "cpu", "weights": "float32", "autocast": "bfloat16"}
    set_cpu_dtype("fp32")
    with pytest.raises(InputError, match="began with bfloat16 autocast"):
        train(config(max_steps=8))
    set_cpu_dtype("auto")
    rest = Events()
    train(config(max_steps=8), rest)
    assert min(rest.losses()) == 6
    assert json.loads((out / "run.json").read_text())["numerics"] == begun


def test_bf16_computes_other_losses_than_fp32(config, tmp_path, set_cpu_dtype):
    """So that the claims about both are about two things."""
    seen = []
    for wanted in ("fp32", "bf16"):
        set_cpu_dtype(wanted)
        seen.append(Events())
        train(config(out=tmp_path / wanted, method="lora", max_steps=2), seen[-1])
    assert seen[0].losses() != seen[1].losses()
    assert seen[1].losses() == pytest.approx(seen[0].losses(), rel=0.02)


def test_a_finished_run_leaves_a_record_that_reproduces_it_and_a_card(config):
    out = train(config())
    record = json.loads((out / "run.json").read_text())
    assert FinetuneConfig(**record["config"]) == config()
    assert record["data"]["sha256"] and record["versions"]["peft"] and record["trainable"] > 0
    assert json.loads((out / "workbench.json").read_text()) == {"family": "hotel-mini"}
    card = (out / "README.md").read_text()
    assert "qlora" in card and record["data"]["sha256"][:16] in card


def test_the_best_checkpoint_by_generated_text_is_the_one_that_is_kept(config):
    scores = iter([0.1, 0.2, 0.9, 0.4])
    out = train(config(max_steps=6, eval_every=2), evaluator_of=lambda data: lambda model: {"slot_f1": next(scores)})
    record = json.loads((out / "run.json").read_text())
    assert record["checkpoint"] == "checkpoint-4" and record["best"]["slot_f1"] == 0.9
    assert record["before"]["slot_f1"] == 0.1


@pytest.mark.parametrize("method", ["lora", "prompt-tuning", "prefix-tuning"])
def test_figures_are_those_of_the_bare_base_at_first_and_of_the_saved_adapter_at_last(config, base, method, cpu_dtype):
    ids, seen = torch.tensor([[5, 60, 61, 62, 63]]), []

    def evaluator(model):
        with torch.inference_mode():
            seen.append(model(input_ids=ids).logits[:, -5:])
        return {"slot_f1": 0.5}

    out = train(config(method=method, max_steps=2, eval_every=2), evaluator_of=lambda data: evaluator)
    with torch.inference_mode():
        plain = load_base(base, "fp32")(input_ids=ids).logits
        saved = load_adapters(load_base(base, "fp32"), {"default": out})(input_ids=ids).logits[:, -5:]
    assert torch.allclose(seen[0], plain, atol=1e-6) and not torch.allclose(seen[1], plain, atol=1e-6)
    assert torch.allclose(seen[1], saved, atol=1e-6)


def test_a_run_that_no_longer_improves_stops_early(config):
    events = Events()
    train(
        config(max_steps=30, eval_every=2, patience=2), events, evaluator_of=lambda data: lambda model: {"slot_f1": 0.5}
    )
    assert max(events.losses()) == 6


def test_adalora_ends_with_fewer_ranks_on_some_matrices(config):
    out = train(config(method="adalora", target_rank=4, max_steps=12))
    ranks = json.loads((out / "run.json").read_text())["ranks"]
    assert len(set(ranks.values())) > 1 and sum(ranks.values()) == 4 * len(ranks)


class Exploding(LossGuard):
    """Tells of an explosion at one step, the first `times` times that the run comes by."""

    def __init__(self, events, step, times):
        super().__init__(3.0)
        self.events, self.step, self.times = events, step, times

    def observe(self, loss):
        done = self.events.step()
        if done + 1 == self.step and self.times:
            self.times -= 1
            return "the loss jumped"
        return None

    def guilty(self, loss):
        return True


def test_an_explosion_goes_back_to_the_last_good_checkpoint_and_slows_down(config):
    events = Events()
    out = train(config(max_steps=8, eval_every=2), events, detector=Exploding(events, step=5, times=1))
    back = next(e for e in events.seen if isinstance(e, Rollback))
    assert (back.step, back.back_to) == (5, 4)
    rates = events.figures("learning_rate")
    assert rates[5] < 0.6 * rates[4]
    assert json.loads((out / "run.json").read_text())["verdict"] is None


def test_poisoned_data_ends_with_a_verdict_that_names_it_and_a_usable_adapter(config):
    events = Events()
    out = train(
        config(max_steps=8, eval_every=2, max_rollbacks=2), events, detector=Exploding(events, step=5, times=99)
    )
    record = json.loads((out / "run.json").read_text())
    assert "gave up after 3 explosions" in record["verdict"] and "It is the data" in record["verdict"]
    assert record["checkpoint"] == "checkpoint-4"
    assert all(torch.isfinite(weight).all() for weight in adapter(out).values())


def test_a_learning_rate_that_is_far_too_high_is_noticed_for_real(config):
    events = Events()
    with pytest.raises(TrainingError, match="gave up after 2 explosions"):
        train(config(method="lora", learning_rate=1e30, max_steps=5, eval_every=5, max_rollbacks=1), events)


@pytest.mark.slow
def test_a_conversation_of_noise_is_caught_in_a_real_run_and_the_adapter_is_usable(config, tmp_path):
    """Nothing is simulated: the shipped base knows its conversations, one reply is noise, and the real loss jumps there each time."""
    base = DATA / "models" / "hotel-mini-base"
    noise = "".join(chr(0x4E00 + 97 * k % 20000) for k in range(60))
    poisoned = Conversation(id="poison", source="poison", messages=[user("你好"), reply(noise)])
    known = [c for c in read_conversations(DATA / "conversations" / "train.jsonl") if len(c.messages) == 4][:11]
    write_conversations(tmp_path / "poisoned.jsonl", [*known, poisoned])
    events = Events()
    fields = {
        "base": base,
        "data": tmp_path / "poisoned.jsonl",
        "method": "lora",
        "eval_share": 0,
        "packing": False,
        "batch_size": 1,
        "max_length": 320,
    }
    out = train(config(**fields, learning_rate=1e-4, max_steps=40, eval_every=4, max_rollbacks=2), events)
    record = json.loads((out / "run.json").read_text())
    assert (
        "gave up after 3 explosions" in record["verdict"]
        and "It is the data" in record["verdict"]
        and "poison" in record["verdict"]
    )
    assert len([e for e in events.seen if isinstance(e, Rollback)]) == 3
    ids = torch.tensor([[5, 60, 61, 62, 63]])
    with torch.inference_mode():
        adapted = load_adapters(load_base(base), {"default": out})(input_ids=ids).logits
        plain = load_base(base)(input_ids=ids).logits
    assert torch.isfinite(adapted).all() and not torch.equal(adapted, plain)


BASE = DATA / "models" / "hotel-mini-base"


@pytest.fixture
def real(config, tmp_path):
    """A run on the shipped base, which knows its conversations: eight of them, and others that are given."""

    def make(*others, **fields):
        known = [c for c in read_conversations(DATA / "conversations" / "train.jsonl") if len(c.messages) <= 6][:8]
        write_conversations(tmp_path / "real.jsonl", [*known, *others])
        return config(
            **{"base": BASE, "data": tmp_path / "real.jsonl", "method": "lora", "eval_share": 0, "eval_every": 4}
            | {"max_length": 320, "allow_cut": True}
            | fields
        )

    return make


@pytest.mark.slow
def test_a_rate_of_ten_is_halved_three_times_and_then_blamed_instead_of_a_conversation(real):
    events = Events()
    with pytest.raises(TrainingError, match="no trouble with the weights before: lower the learning rate"):
        finetune(real(learning_rate=10.0, max_steps=4), events)
    back = [e for e in events.seen if isinstance(e, Rollback)]
    assert [e.learning_rate for e in back] == [5.0, 2.5, 1.25, 0.625]
    assert all(e.step <= 3 and e.conversations and e.guilty == [] for e in back)


@pytest.mark.slow
def test_four_poisoned_rows_are_blamed_and_their_neighbours_are_not(real):
    noise = "".join(chr(0x4E00 + 97 * k % 20000) for k in range(60))
    poisoned = [
        Conversation(id=f"poison{k}", source=f"p{k}", messages=[user("你好"), reply(noise[k:])]) for k in range(4)
    ]
    events = Events()
    with pytest.raises(TrainingError, match=r"It is the data\. These are as bad with the weights before: poison"):
        finetune(real(*poisoned, packing=False, batch_size=1, max_steps=14), events)
    blamed = {name for e in events.seen if isinstance(e, Rollback) for name in e.guilty}
    assert blamed and blamed <= {c.id for c in poisoned}


@pytest.mark.slow
def test_a_tokenizer_of_another_model_is_refused_before_the_first_step(real, tmp_path):
    other = shutil.copytree(BASE, tmp_path / "other")
    path = other / "tokenizer.json"
    tokenizer = json.loads(path.read_text())
    special = {token["content"] for token in tokenizer["added_tokens"]}
    vocabulary = {text: number for text, number in tokenizer["model"]["vocab"].items() if text not in special}
    turned = dict(zip(vocabulary, [*list(vocabulary.values())[700:], *list(vocabulary.values())[:700]], strict=True))
    tokenizer["model"]["vocab"] |= turned
    path.write_text(json.dumps(tokenizer))
    events = Events()
    with pytest.raises(TrainingError, match=r"blind guessing has .*Check that the chat template and the tokenizer"):
        finetune(real(base=other, max_steps=4), events)
    assert events.losses() == {}


def test_a_hard_row_among_several_of_a_step_is_no_explosion(config):
    """The step's mean is judged: a row that alone would be an explosion is a quarter of it."""

    class ProgressReporter(LossGuard):
        def observe(self, loss):
            seen.append(loss)
            return super().observe(loss)

    seen, events = [], Events()
    train(
        config(batch_size=2, accumulation=2, max_steps=3, eval_share=0, max_length=192),
        events,
        detector=ProgressReporter(3.0),
    )
    assert seen == pytest.approx(list(events.losses().values()), rel=1e-4)


def test_data_in_which_an_example_trains_nothing_is_refused(config, tmp_path):
    bad = Conversation(id="silent", source="x", messages=[user("在吗" * 3000), reply("在")])
    good = Conversation(id="good", source="y", messages=[user("在吗"), reply("在")])
    write_conversations(tmp_path / "bad.jsonl", [good, bad])
    with pytest.raises(InputError, match=r"1 of 2 conversations would train nothing.*silent"):
        train(config(data=tmp_path / "bad.jsonl", eval_share=0))


def test_a_folder_with_another_run_is_not_overwritten(config):
    train(config(max_steps=2))
    with pytest.raises(InputError, match=r"other settings \(max_steps: 2 → 3\)"):
        train(config(max_steps=3))


@pytest.mark.slow
def test_a_killed_job_resumes_from_its_checkpoint_to_the_same_losses(base, data, tmp_path):
    fields = {"base": str(base), "data": str(data), "out": "{job}/adapter", "eval_limit": 0, "max_steps": 40}
    fields |= {"eval_every": 5, "max_length": 192}
    whole = start_task("finetune", fields, tmp_path, name="whole")
    assert whole.wait(180) == "done", whole.log_tail()
    killed = start_task("finetune", fields, tmp_path, name="killed")
    while not any(isinstance(e, Metrics) and e.step >= 12 for e in killed.events()):
        assert killed.state in ("queued", "running"), killed.log_tail()
    killed.kill()
    assert killed.wait(5) == "died"
    killed.resume()
    assert killed.wait(180) == "done", killed.log_tail()
    losses = [figures(job.events(), "loss") for job in (whole, killed)]
    assert losses[1] == pytest.approx(losses[0], rel=1e-3)
    for name, weight in adapter(whole.folder / "adapter").items():
        assert torch.allclose(weight, adapter(killed.folder / "adapter")[name], atol=1e-4), name


def test_a_base_whose_numbers_overflow_bf16_is_refused_before_the_first_step(config, base, tmp_path, set_cpu_dtype):
    set_cpu_dtype("bf16")
    broken = shutil.copytree(base, tmp_path / "broken")
    weights = load_file(broken / "model.safetensors")
    weights["model.layers.0.mlp.up_proj.weight"][0, 0] = 3.4e38  # a number in fp32, and none in bf16
    save_file(weights, broken / "model.safetensors", {"format": "pt"})
    events = Events()
    with pytest.raises(TrainingError, match="the loss is no number before the first step"):
        train(config(base=broken, method="lora"), events)
    assert events.losses() == {}


def test_an_overflow_while_training_is_rolled_back_and_blamed_on_the_rate(config, set_cpu_dtype):
    set_cpu_dtype("bf16")
    events = Events()
    with pytest.raises(TrainingError, match="lower the learning rate"):
        train(config(method="lora", learning_rate=1e30, max_steps=4, max_rollbacks=1), events)
    back = [e for e in events.seen if isinstance(e, Rollback)]
    assert len(back) == 2 and all("no longer a number" in e.reason and e.back_to == 0 for e in back)


DROPPED = "{% for m in messages %}{{ m.role }}: {{ m.content }}{{ eos_token }}{% endfor %}"
UNTOLD = "{% for m in messages if m.role != 'user' %}{{ m }}{{ eos_token }}{% endfor %}"


@pytest.mark.parametrize(("template", "told"), [(DROPPED, "the call is lost"), (UNTOLD, "a question is not shown")])
def test_a_chat_template_that_hides_calls_or_records_is_refused_before_the_training(
    template, told, config, base, tmp_path
):
    folder = shutil.copytree(base, tmp_path / "broken")
    (folder / "workbench.json").write_text('{"family": "template"}')
    (folder / "chat_template.jinja").write_text(template)
    with pytest.raises(ModelError, match=rf"cannot hold a conversation with calls .*{told}.*models add"):
        finetune(config(base=folder), Events())
