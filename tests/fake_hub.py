"""A hub on this machine, as far as a push needs one: it speaks the Hugging Face hub's HTTP and keeps what it was sent."""

import base64
import hashlib
import json
from dataclasses import dataclass, field

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

TOKEN = "hf_for_tests"


@dataclass
class Repository:
    """What is known of one, and its files after each commit."""

    private: bool = True
    files: dict[str, bytes] = field(default_factory=dict)
    commits: list[str] = field(default_factory=list)


@dataclass
class Hub:
    """Its repositories, and the large files that were put before a commit names them."""

    repositories: dict[str, Repository] = field(default_factory=dict)
    large: dict[str, bytes] = field(default_factory=dict)


def app_of(hub: Hub) -> FastAPI:
    """The hub's address space."""
    app = FastAPI()

    @app.middleware("http")
    async def with_token(request: Request, go_on):
        is_upload = request.url.path.startswith("/put/")
        if not is_upload and request.headers.get("authorization") != f"Bearer {TOKEN}":
            return JSONResponse({"error": "Unauthorized"}, status_code=401)
        return await go_on(request)

    @app.post("/api/repos/create")
    async def create(request: Request):
        asked = await request.json()
        name = "/".join(filter(None, (asked.get("organization"), asked["name"])))
        known = name in hub.repositories
        private = asked.get("private", asked.get("visibility") == "private")
        hub.repositories.setdefault(name, Repository(bool(private)))
        told = {"url": f"{request.base_url}{name}", "name": name}
        return JSONResponse(told, status_code=409 if known else 200)

    @app.post("/api/validate-yaml")
    async def card():
        return {}

    @app.get("/api/models/{owner}/{name}")
    async def info(owner: str, name: str):
        found = hub.repositories[f"{owner}/{name}"]
        return {"id": f"{owner}/{name}", "private": found.private, "siblings": [], "tags": []}

    @app.post("/api/models/{owner}/{name}/preupload/main")
    async def before(owner: str, name: str, request: Request):
        files = (await request.json())["files"]
        modes = [(f["path"], "lfs" if f["path"].endswith(".safetensors") else "regular") for f in files]
        return {"files": [{"path": path, "uploadMode": mode, "shouldIgnore": False} for path, mode in modes]}

    @app.post("/{owner}/{name}.git/info/lfs/objects/batch")
    async def batch(owner: str, name: str, request: Request):
        objects = (await request.json())["objects"]
        put = [o | {"actions": {"upload": {"href": f"{request.base_url}put/{o['oid']}"}}} for o in objects]
        return JSONResponse({"transfer": "basic", "objects": put}, media_type="application/vnd.git-lfs+json")

    @app.put("/put/{oid}")
    async def put(oid: str, request: Request):
        body = await request.body()
        assert hashlib.sha256(body).hexdigest() == oid
        hub.large[oid] = body
        return {}

    @app.post("/api/models/{owner}/{name}/commit/main")
    async def commit(owner: str, name: str, request: Request):
        lines = [json.loads(line) for line in (await request.body()).splitlines()]
        repository = hub.repositories[f"{owner}/{name}"]
        for line in lines:
            value = line["value"]
            if line["key"] == "file":
                repository.files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                repository.files[value["path"]] = hub.large[value["oid"]]
        repository.commits.append(lines[0]["value"]["summary"])
        return {"commitUrl": f"{request.base_url}{owner}/{name}/commit/{'0' * 40}", "commitOid": "0" * 40}

    return app
