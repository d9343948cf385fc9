#!/usr/bin/env bash
# Style, types, then tests, stopping at the first that fails: what `.ci/run` and `just check` both call. Arguments go to pytest.
set -euo pipefail
cd "$(dirname "$0")/.."

python -m ruff check .
python -m ruff format --check .
python -m mypy
exec python -m pytest "$@"
