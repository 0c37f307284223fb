"""What `images` does: build the runner images of the targets ahead of a run."""

from __future__ import annotations

from collections.abc import Iterator

from deploymatrix.errors import EnvironmentFailed
from deploymatrix.project import Project, pick


def build_images(project: Project, targets: tuple[str, ...]) -> Iterator[str]:
    """Build the images of the named targets, all when none is named; yields a line for each.

    Raises EnvironmentFailed when no engine answers or an image cannot be built.
    """
    from deploymatrix.containers import engine
    from deploymatrix.images import ensure_image

    client = engine()
    if client is None:
        raise EnvironmentFailed("no Docker engine answers; start it: images are built by it")
    lines: list[str] = []
    for target in pick("target", targets, project.targets).values():
        image = ensure_image(
            client,
            docker_dir=project.docker,
            target=target.name,
            runner=target.spec.runner,
            lock=project.runtime_lock(target),
            build=project.build,
            say=lines.append,
        )
        yield from lines
        lines.clear()
        yield f"{target.name}: {image.tag}"
