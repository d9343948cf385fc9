"""The recipes for running the page fit each other and the code: not root, nothing written outside the workspace, time enough to stop."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "docs" / "deploy"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
SERVICES = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))["services"]
UNIT = (DEPLOY / "chatbot.service").read_text(encoding="utf-8")
NGINX = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
CADDY = (DEPLOY / "Caddyfile").read_text(encoding="utf-8")
KNOWN = {
    "FROM",
    "ARG",
    "ENV",
    "WORKDIR",
    "COPY",
    "RUN",
    "VOLUME",
    "USER",
    "EXPOSE",
    "STOPSIGNAL",
    "HEALTHCHECK",
    "ENTRYPOINT",
    "CMD",
}


def instructions() -> list[tuple[str, str]]:
    whole = re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.M).replace("\\\n", " ")
    return [tuple(line.split(maxsplit=1)) for line in whole.splitlines() if line.strip()]


def values(key: str) -> list[str]:
    return [value for name, value in instructions() if name == key]


def setting(name: str) -> str:
    return re.findall(rf"^{name}=(.*)$", UNIT, re.M)[-1]


def seconds(text: str) -> int:
    return int(text.removesuffix("s"))


def test_the_image_has_known_instructions_pins_its_base_and_is_not_root():
    assert {name for name, _ in instructions()} <= KNOWN
    assert values("FROM") and all(re.fullmatch(r"\S+:\d+\.\d+-\S+", base) for base in values("FROM"))
    assert int(values("USER")[-1].split(":")[0]) >= 10_000
    names = [name for name, _ in instructions()]
    assert names.index("USER") > max(at for at, name in enumerate(names) if name in ("RUN", "COPY"))
    assert (
        "ADD" not in names
        and "sudo" not in DOCKERFILE
        and "latest" not in DOCKERFILE
        and "http://" not in "".join(values("RUN"))
    )


def test_the_image_copies_what_is_there_and_brings_the_driver_that_the_tests_ran_with():
    sources = [source for line in values("COPY") for source in line.split()[:-1]]
    assert sources and [source for source in sources if not (ROOT / source).exists()] == []
    allowed = {
        line[1:] for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines() if line.startswith("!")
    }
    assert allowed == set(sources)
    assert re.findall(r"psycopg\S*?==[\d.]+", DOCKERFILE) == re.findall(
        r"psycopg\S*?==[\d.]+", (ROOT / "tests" / "requirements.txt").read_text()
    )


def test_its_health_is_asked_where_the_page_answers():
    from chatbot.ui.operation import watch

    assert "/healthz" in values("HEALTHCHECK")[0] and '"/healthz"' in Path(watch.__file__).read_text(encoding="utf-8")
    port = re.search(r'"--port", "(\d+)"', values("CMD")[0])[1]
    assert values("EXPOSE") == [port] and f":{port}/" in values("HEALTHCHECK")[0]


@pytest.mark.parametrize("name", SERVICES)
def test_no_service_is_root_writes_its_root_or_gains_rights(name):
    service = SERVICES[name]
    assert service["read_only"] is True and service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"] and service["user"].split(":")[0] not in (
        "",
        "0",
        "root",
    )
    assert not service.get("privileged") and service["volumes"] and service["mem_limit"]
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    written = " ".join(re.sub(r"\$\{[^}]*\}", "$", str(value)) for value in service["environment"].values())
    assert "$" in written and not re.search(r"password=|:[^@$/]+@", written, re.IGNORECASE)


def test_what_stops_the_page_waits_longer_than_its_answers_take():
    from chatbot.ui.operation.health import GRACE

    assert (
        seconds(SERVICES["app"]["stop_grace_period"]) > 1.1 * GRACE + 5
        and int(setting("TimeoutStopSec")) > 1.1 * GRACE + 5
    )
    assert setting("KillMode") == "process" and values("STOPSIGNAL") == ["SIGTERM"] and SERVICES["app"]["init"] is True


def test_every_setting_that_a_recipe_names_is_one():
    from chatbot.core.settings import Settings

    named = set(
        re.findall(r"CHATBOT_([A-Z_]+)=|CHATBOT_([A-Z_]+):", DOCKERFILE + UNIT + (DEPLOY / "compose.yaml").read_text())
    )
    known = {name.upper() for name in Settings.model_fields} | {"ALLOWED_HOSTS"}
    assert {a or b for a, b in named} <= known


def test_the_unit_is_one_that_systemd_takes(tmp_path):
    for name, wanted in {
        "User": "chatbot",
        "ProtectSystem": "strict",
        "NoNewPrivileges": "yes",
        "CapabilityBoundingSet": "",
    }.items():
        assert setting(name) == wanted
    if not shutil.which("systemd-analyze"):
        pytest.skip("there is no systemd-analyze")
    own = (
        UNIT.replace("/srv/chatbot/.venv/bin/python", "/bin/sh")
        .replace("/srv/chatbot", "/")
        .replace("=chatbot\nGroup=chatbot", "=root\nGroup=root")
    )
    (tmp_path / "chatbot.service").write_text(own)
    done = subprocess.run(
        ["systemd-analyze", "verify", tmp_path / "chatbot.service"], capture_output=True, text=True, check=False
    )
    assert "chatbot.service:" not in done.stderr, done.stderr


def test_both_proxies_pass_words_on_at_once_and_keep_what_is_not_for_visitors():
    from chatbot.ui.shell.server import UPLOAD_LIMIT

    assert NGINX.count("{") == NGINX.count("}") and CADDY.count("{") == CADDY.count("}")
    assert "proxy_buffering off" in NGINX and "flush_interval -1" in CADDY
    assert all(path in NGINX and path in CADDY for path in ("/metrics", "/readyz"))
    assert "X-Request-ID" in NGINX and "X-Request-ID" in CADDY and "X-Forwarded-For" in NGINX
    for text in (NGINX, CADDY):
        assert int(re.search(r"(?:max_body_size|max_size) (\d+)", text)[1]) * 1_000_000 >= UPLOAD_LIMIT


def test_the_service_owns_the_folder_that_its_workspace_lies_in_so_that_a_restore_can_put_the_old_one_aside():
    (workspace,) = re.findall(r"CHATBOT_WORKSPACE=(\S+)", UNIT)
    assert str(Path(workspace).parent) == f"/var/lib/{setting('StateDirectory')}"
    guide = (ROOT / "docs" / "running.md").read_text(encoding="utf-8")
    assert set(re.findall(r"CHATBOT_WORKSPACE=(\S+)", guide)) == {workspace}
    assert f"git clone URL {setting('WorkingDirectory')} " in guide
