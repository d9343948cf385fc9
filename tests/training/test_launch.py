"""One training by several processes: the command that runs it, and what is refused before it runs."""

import pytest

from chatbot.core.errors import InputError
from chatbot.core.settings import Settings
from chatbot.training.options.launch import SHIPPED, Launch, launch_files


def shipped(name, **more):
    return Launch(SHIPPED / f"{name}.yaml", **more)


def refusal(*arguments, launch):
    with pytest.raises(InputError) as refused:
        launch.refuse_unfit(*arguments)
    return refused.value.code


def test_the_words_say_the_file_and_what_differs_from_it():
    file = str(SHIPPED / "several-gpus.yaml")
    assert shipped("several-gpus").words() == ["accelerate.commands.launch", "--config_file", file, "-m"]
    assert shipped("several-gpus", processes=2).words()[3:] == ["--num_processes", "2", "-m"]
    two = shipped("two-hosts", address="gpu-1.example")
    assert two.words(rank=1)[3:] == ["--machine_rank", "1", "--main_process_ip", "gpu-1.example", "-m"]


def test_every_shipped_configuration_can_be_read_and_counts_the_processes_of_one_host():
    found = {name: Launch(path) for name, path in launch_files(Settings(workspace=SHIPPED / "none")).items()}
    assert len(found) == len(list(SHIPPED.glob("*.yaml"))) > 5
    assert (found["two-hosts"].hosts, found["two-hosts"].processes_here) == (2, 4)
    assert (found["fsdp"].hosts, found["fsdp"].processes_here) == (1, 4)


def test_a_team_adds_configurations_of_its_own_and_one_of_the_same_name_wins(tmp_path):
    (tmp_path / "accelerate").mkdir()
    for name in ("ours", "fsdp"):
        (tmp_path / "accelerate" / f"{name}.yaml").write_text("distributed_type: MULTI_CPU\nnum_processes: 3\n")
    found = launch_files(Settings(workspace=tmp_path))
    assert Launch(found["ours"]).processes_here == Launch(found["fsdp"]).processes_here == 3


def test_a_machine_with_too_few_gpus_is_told_so_and_fewer_processes_fit():
    assert refusal("lora", 1, launch=shipped("several-gpus")) == "training.launch_gpus"
    shipped("several-gpus", processes=1).refuse_unfit("lora", 1)
    shipped("two-hosts", processes=4).refuse_unfit("qlora", 2)
    shipped("two-cpu-processes").refuse_unfit("qlora", 0)


def test_a_method_whose_base_must_be_whole_is_not_spread():
    assert refusal("qlora", 4, launch=shipped("fsdp")) == "training.launch_method"
    shipped("fsdp").refuse_unfit("lora", 4)


def test_deepspeed_is_asked_for_before_the_start(monkeypatch):
    monkeypatch.setattr("chatbot.training.options.launch.find_spec", lambda name: None)
    assert refusal("lora", 4, launch=shipped("deepspeed-zero2")) == "training.launch_package"
    monkeypatch.setattr("chatbot.training.options.launch.find_spec", lambda name: object())
    assert refusal("qlora", 4, launch=shipped("deepspeed-zero3")) == "training.launch_method"
    shipped("deepspeed-zero2").refuse_unfit("qlora", 4)


@pytest.mark.parametrize("text", ["", "- 1", "num_processes: many", "a: [", "\x00"])
def test_what_is_no_configuration_is_refused_by_its_name(tmp_path, text):
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(InputError, match=r"x\.yaml"):
        Launch(tmp_path / "x.yaml")


@pytest.mark.parametrize("address", ["-rf", "a b", "$(id)", "a;b", "x" * 300])
def test_what_can_be_no_address_never_reaches_a_command(address):
    with pytest.raises(InputError) as refused:
        shipped("two-hosts", address=address)
    assert refused.value.code == "training.launch_address"
