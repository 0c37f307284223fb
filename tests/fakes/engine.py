"""A container engine in memory: images by name, ids by content. It builds and imports as the real ones answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import Any

from docker.errors import ImageNotFound


class FakeImage:
    def __init__(self, image_id: str, repo_digests: list[str]) -> None:
        self.id = image_id
        self.attrs = {"RepoDigests": repo_digests}


class FakeEngine:
    """It is its own `images` and `api`. No registry answers it. `built`: what FROM named, for each build."""

    base_url = "http+docker://nowhere"

    def __init__(self) -> None:
        self.known: dict[str, FakeImage] = {}
        self.built: list[str] = []

    @property
    def images(self) -> FakeEngine:
        return self

    @property
    def api(self) -> FakeEngine:
        return self

    def put(self, name: str, content: str, *repo_digests: str) -> str:
        """Have an image of that content under a name, as after `docker load` or `docker tag`; return its id."""
        image = FakeImage(f"sha256:{hashlib.sha256(content.encode()).hexdigest()}", list(repo_digests))
        self.known[name] = self.known[image.id] = image
        return image.id

    def get(self, name: str) -> FakeImage:
        if name not in self.known:
            raise ImageNotFound(name)
        return self.known[name]

    def version(self) -> dict[str, Any]:
        return {"Arch": "amd64"}

    def build(self, *, fileobj: Iterable[bytes], tag: str, buildargs: dict[str, str], **_: Any) -> Iterator[Any]:
        content = hashlib.sha256(b"".join(fileobj)).hexdigest()
        self.built.append(buildargs["BASE"])
        yield {"stream": "Step 1\n"}
        yield {"aux": {"ID": self.put(tag, buildargs["BASE"] + content)}}
        yield {"stream": "Successfully built\n"}

    def import_image_from_file(self, filename: str) -> str:
        with open(filename, encoding="utf-8") as file:
            return json.dumps({"status": self.put("<none>", file.read())})

    def tag(self, image: str, name: str, tag: str, *, force: bool) -> bool:
        self.known[f"{name}:{tag}"] = self.known[image]
        return force
