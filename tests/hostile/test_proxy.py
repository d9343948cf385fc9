"""The recipe for nginx, run as it stands: TLS, a path of its own, the team's log-in behind it; nothing that is for the machine itself gets out."""

import re
import shutil
import ssl
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.hostile.conftest import PASSWORDS, PROXY_PATH
from tests.servers import free_port

RECIPE = Path(__file__).resolve().parents[2] / "docs" / "deploy" / "nginx.conf"
MAIN = """daemon off; pid {home}/pid; error_log {home}/error.log; worker_processes 1; {user}
events {{ worker_connections 64; }}
http {{
  access_log off; client_body_temp_path {home}/a; proxy_temp_path {home}/b; fastcgi_temp_path {home}/c; uwsgi_temp_path {home}/d; scgi_temp_path {home}/e;
  include {home}/site.conf;
}}
"""
NAME = "bots.example.org"


def below(recipe: str, path: str) -> str:
    """The recipe changed as its comment says."""
    for old in ("location = /metrics", "location = /readyz", "location / "):
        assert old in recipe
        recipe = recipe.replace(old, old.replace(" /", f" {path}/"))
    return recipe.replace("127.0.0.1:7860;", "127.0.0.1:7860/;")


@pytest.fixture(scope="module")
def proxy(servers, tmp_path_factory):
    """A client of the team's server that comes by nginx, and the port of plain HTTP."""
    if not (nginx := shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")):
        pytest.skip("needs nginx: apt-get install nginx-light")
    home, plain, secure = tmp_path_factory.mktemp("nginx"), free_port(), free_port()
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={NAME}"]
    made += ["-addext", f"subjectAltName=DNS:{NAME}", "-keyout", f"{home}/key.pem", "-out", f"{home}/cert.pem"]
    subprocess.run(made, check=True, capture_output=True)
    site = below(RECIPE.read_text(encoding="utf-8"), PROXY_PATH).replace("chat.example.com;", f"{NAME};")
    site = re.sub(r"ssl_certificate (\S+);", f"ssl_certificate {home}/cert.pem;", site)
    site = re.sub(r"ssl_certificate_key (\S+);", f"ssl_certificate_key {home}/key.pem;", site)
    site = site.replace("listen 80;", f"listen 127.0.0.1:{plain};").replace("listen 443", f"listen 127.0.0.1:{secure}")
    site = site.replace("http://127.0.0.1:7860", servers["team"].address)
    (home / "site.conf").write_text(site, encoding="utf-8")
    (home / "main.conf").write_text(MAIN.format(home=home, user="user root;"), encoding="utf-8")
    process = subprocess.Popen([nginx, "-p", str(home), "-c", str(home / "main.conf")], stderr=subprocess.PIPE)
    trusted = ssl.create_default_context(cafile=f"{home}/cert.pem")
    with httpx.Client(base_url=f"https://127.0.0.1:{secure}", verify=trusted, trust_env=False, timeout=60) as client:
        client.headers["host"] = NAME
        for _ in range(300):
            with suppress(httpx.TransportError):
                ask(client, "GET", "/healthz")
                break
            assert process.poll() is None, process.stderr.read().decode()
            time.sleep(0.1)
        yield client, plain
    process.terminate()
    process.communicate()


def ask(client, method, path, **more):
    """A request for a place below the path, by the name in the certificate."""
    return client.request(method, f"{PROXY_PATH}{path}", extensions={"sni_hostname": NAME}, **more)


def logged_in(client):
    """The cookie of somebody who has logged in, as a browser sends it, and the answer to the log-in."""
    form = {"username": "anna", "password": PASSWORDS["anna"]}
    return ask(client, "POST", "/login", data=form, headers={"origin": f"https://{NAME}"})


def test_plain_http_leads_to_tls(proxy):
    answer = httpx.get(f"http://127.0.0.1:{proxy[1]}{PROXY_PATH}/", headers={"host": NAME}, trust_env=False)
    assert answer.status_code == 308 and answer.headers["location"] == f"https://{NAME}{PROXY_PATH}/"


def test_what_is_for_the_machine_itself_does_not_get_out(proxy):
    assert [ask(proxy[0], "GET", path).status_code for path in ("/metrics", "/readyz", "/healthz")] == [404, 404, 200]


def test_a_stranger_meets_the_form_and_its_styles_below_the_path(proxy):
    page = ask(proxy[0], "GET", "/")
    assert page.status_code == 200 and "password" in page.text
    assert page.headers["strict-transport-security"]
    assert ask(proxy[0], "GET", "/config").status_code in (401, 403)


def test_who_logs_in_gets_a_cookie_for_tls_alone_and_a_page_whose_scripts_load(proxy):
    answer = logged_in(proxy[0])
    cookie = answer.headers["set-cookie"]
    assert "Secure" in cookie and "HttpOnly" in cookie and "SameSite=lax" in cookie
    mine = {"cookie": cookie.partition(";")[0]}
    page = ask(proxy[0], "GET", "/", headers=mine)
    scripts = re.findall(r'(?:src|href)="([^"]+\.(?:js|css))"', page.text)
    own = [s for s in scripts if s.startswith((".", "/", f"https://{NAME}"))]
    assert page.status_code == 200 and own
    address = httpx.URL(f"https://{NAME}{PROXY_PATH}/").join(own[0])
    assert address.path.startswith(PROXY_PATH)
    assert ask(proxy[0], "GET", address.path.removeprefix(PROXY_PATH), headers=mine).status_code == 200
    config = ask(proxy[0], "GET", "/config", headers=mine).json()
    assert config["root"].rstrip("/").endswith(PROXY_PATH)


def test_another_sites_form_and_another_name_are_refused_behind_the_proxy_too(proxy):
    form = {"username": "anna", "password": PASSWORDS["anna"]}
    assert ask(proxy[0], "POST", "/login", data=form, headers={"origin": "https://evil.example"}).status_code == 403
    assert ask(proxy[0], "GET", "/", headers={"host": "evil.example"}).status_code == 421


def test_every_answer_carries_the_proxys_request_id(proxy):
    ids = {ask(proxy[0], "GET", "/").headers["x-request-id"] for _ in range(2)}
    assert len(ids) == 2 and all(re.fullmatch("[0-9a-f]{32}", one) for one in ids)
