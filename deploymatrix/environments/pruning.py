"""The removal of images that were built here and that nothing of the project is made from any more."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import docker
from docker.errors import APIError, ImageNotFound

from deploymatrix.environments.recipes import ImageRecipe, recipe_digest


def prune(client: docker.DockerClient, recipes: Iterable[ImageRecipe], build: Path) -> Iterator[str]:
    """Remove the images that this build folder notes, but for those of `recipes` and their bases; yield a line each.

    An image that a container uses stays, and its note with it; so does every image of which there is no note here.
    """
    notes = {path: json.loads(path.read_text(encoding="utf-8")) for path in build.glob("images/*/*.json")}
    wanted = {recipe_digest(recipe) for recipe in recipes}
    kept = {note["id"] for note in notes.values() if note.get("recipe") in wanted}
    kept |= {note.get("base_id") for note in notes.values() if note["id"] in kept}
    # What starts from a base goes before the base.
    for path, note in sorted(notes.items(), key=lambda entry: "recipe" not in entry[1]):
        if note["id"] not in kept:
            yield f"{note['tag']}: {_removed(client, note['id'], path)}"


def _removed(client: docker.DockerClient, image_id: str, note: Path) -> str:
    try:
        client.images.remove(image_id, force=False)
    except ImageNotFound:
        said = "the engine has it no more"
    except APIError as error:
        if error.status_code != 409:  # what a container or another image is made of
            raise
        return f"in use, it stays: {error.explanation}"
    else:
        said = "removed"
    note.unlink()
    return said
