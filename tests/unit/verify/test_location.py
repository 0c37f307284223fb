from __future__ import annotations

import os
from pathlib import Path

import pytest

from deploymatrix.errors import ConfigurationError
from deploymatrix.verify.location import locate
from tests.fakes.tree import Tree


def test_the_path_that_the_user_types_may_be_a_link(tree: Tree, tmp_path: Path) -> None:
    (tmp_path / "real.npz").touch()
    (tmp_path / "link.npz").symlink_to("real.npz")

    located, target = locate(tree.project(), tmp_path / "link.npz", None)

    assert (located, target.name) == (tmp_path / "real.npz", "npz")


@pytest.mark.parametrize("name", [b"bad\xff.npz", b"bad\xff/model.npz"])
def test_a_path_that_no_record_can_name_is_refused(tree: Tree, tmp_path: Path, name: bytes) -> None:
    path = tmp_path / os.fsdecode(name)
    path.parent.mkdir(exist_ok=True)
    path.touch()

    with pytest.raises(ConfigurationError, match="this path is not UTF-8"):
        locate(tree.project(), path, None)


def test_what_is_not_there_is_no_artifact(tree: Tree, tmp_path: Path) -> None:
    (tmp_path / "gone.npz").symlink_to("nowhere")

    with pytest.raises(ConfigurationError, match="there is no such artifact"):
        locate(tree.project(), tmp_path / "gone.npz", None)
