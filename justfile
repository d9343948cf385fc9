# Short names for what one does often; `just` lists them. Each is one command that can be typed without `just`.

default:
    @just --list

# style, types and tests, the same as .ci/run on a machine that has what it needs; arguments go to pytest
check *arguments:
    tests/check.sh {{arguments}}

# the page on http://127.0.0.1:7860
serve *arguments:
    python app.py {{arguments}}

# docs/commands.md and the module map of docs/architecture.md, made anew from the code
pages:
    python -m tests.written_pages

# requirements.lock, made anew from requirements.txt (pip install uv)
lock:
    uv pip compile requirements.txt --generate-hashes --universal --python-version 3.11 --no-header --upgrade --quiet --output-file requirements.lock.part
    (echo "# Every package that requirements.txt brings, pinned with its hashes: pip install --require-hashes -r requirements.lock" && echo "# Made by \`just lock\`; torch is the build of the package index, which on Linux brings CUDA." && cat requirements.lock.part) > requirements.lock
    rm requirements.lock.part

# style and types before each commit (pip install pre-commit)
hooks:
    pre-commit install
