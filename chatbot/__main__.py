"""`python -m chatbot`: every command of the workbench; errors are one line with a remedy, never a traceback."""

import importlib
import pkgutil
import sys
import warnings
from typing import Annotated

import typer

from chatbot import commands
from chatbot.core.errors import WorkbenchError
from chatbot.core.jobs import note_error
from chatbot.core.settings import CpuDtype, override_settings
from chatbot.core.storage.trouble import trouble

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="酒店对话机器人工作台 hotel chatbot workbench",
)


@app.callback()
def options(
    cpu_dtype: Annotated[
        CpuDtype | None,
        typer.Option(
            "--cpu-dtype",
            help="numbers in which a CPU computes, for any command (default: CHATBOT_CPU_DTYPE, else auto); "
            "auto: answers in fp32, training in bf16 where that was measured to pay",
        ),
    ] = None,
) -> None:
    """Settings that hold for every command; they stand before its name."""
    if cpu_dtype:
        override_settings(cpu_dtype=cpu_dtype)


for module in pkgutil.iter_modules(commands.__path__):
    importlib.import_module(f"chatbot.commands.{module.name}").register(app)


def main() -> None:
    """Run the command line; a known error prints its message and exits with 2."""
    # peft asks transformers for it in the old way: nothing that whoever reads it could do.
    warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is deprecated", FutureWarning)
    try:
        app()
    except Exception as error:
        known = error if isinstance(error, WorkbenchError) else trouble(error)
        if known is None:
            raise
        print(f"error: {known}", file=sys.stderr)
        note_error(known)
        sys.exit(2)


if __name__ == "__main__":
    main()
