"""Settings: the environment and the command line's option reach every reader, and a wrong value names itself and its remedy."""

import pytest
from typer.testing import CliRunner

from chatbot.__main__ import app
from chatbot.core.errors import InputError
from chatbot.core.settings import Settings, settings


@pytest.fixture
def workspace(tmp_path, monkeypatch, set_cpu_dtype):
    """An empty one, on a machine whose environment says fp32."""
    monkeypatch.setenv("CHATBOT_WORKSPACE", str(tmp_path))
    set_cpu_dtype("fp32")


def test_the_option_before_any_command_wins_over_the_environment(workspace):
    assert settings().cpu_dtype == "fp32"
    assert CliRunner().invoke(app, ["--cpu-dtype", "bf16", "users", "list"], catch_exceptions=False).exit_code == 0
    assert settings().cpu_dtype == "bf16"


def test_without_the_option_the_environment_holds(workspace):
    CliRunner().invoke(app, ["users", "list"], catch_exceptions=False)
    assert settings().cpu_dtype == "fp32"


def test_a_line_of_the_env_file_is_read(tmp_path, monkeypatch):
    monkeypatch.delenv("CHATBOT_CPU_DTYPE", raising=False)
    (tmp_path / ".env").write_text("CHATBOT_CPU_DTYPE=bf16\n")
    assert Settings(_env_file=tmp_path / ".env").cpu_dtype == "bf16"


def test_a_value_that_is_none_names_the_variable_and_the_choices(set_cpu_dtype):
    set_cpu_dtype("fp8")
    with pytest.raises(InputError, match=r"CHATBOT_CPU_DTYPE.*'auto', 'fp32' or 'bf16'.*fp8.*\.env"):
        settings()
