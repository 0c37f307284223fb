"""Evidence: a statement as in-toto defines it, and a gate that is closed where it says otherwise than the matrix."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deploymatrix.errors import GATE_FAILED, OK, USAGE
from deploymatrix.store import digests
from deploymatrix.store.store import Store
from tests.fakes.decided import edit, write
from tests.fakes.tree import Called, Tree

EXPECTATION = """
[[expectations]]
cell = "linear/npz/*"
outcome = "crashed"
reason = "the kernel rounds the wrong way"
link = "https://example.org/issues/1"
"""
WARNING = {"step": "npz/from_numpy", "rule": "value-fixed", "text": "model.py:7: …", "means": "It is fixed."}
SHA256 = re.compile(r"[0-9a-f]{64}")
NAMES = ["linear/npz/fp32", "linear/plain/fp32", "linear/wrapped/fp32"]


@pytest.fixture
def state(tree: Tree, call: Callable[..., Called]) -> Callable[[], dict[str, Any]]:
    """Writes the statement of the tree's matrix to evidence.json, and returns it."""

    def make() -> dict[str, Any]:
        done = call("evidence", "--out", str(tree.root / "evidence.json"))
        assert done.code == OK, done.err
        statement: dict[str, Any] = json.loads((tree.root / "evidence.json").read_text(encoding="utf-8"))
        return statement

    return make


def check_resource(resource: dict[str, Any]) -> None:
    """What the specification of a ResourceDescriptor asks for."""
    assert set(resource) <= {"name", "uri", "digest", "content", "downloadLocation", "mediaType", "annotations"}
    assert {"uri", "digest", "content"} & set(resource)
    assert all(SHA256.fullmatch(value) for value in resource.get("digest", {}).values())
    assert set(resource.get("digest", {})) <= {"sha256"}


def test_the_statement_has_the_fields_of_the_specifications(tree: Tree, state: Callable[[], dict[str, Any]]) -> None:
    write(tree)
    edit(tree, lambda cell: cell.update(versions={"numpy": "2.1+cpu", "npz: numpy": "2.2"}))

    statement = state()

    assert set(statement) == {"_type", "subject", "predicateType", "predicate"}
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://in-toto.io/attestation/test-result/v0.1"
    names = [subject["name"] for subject in statement["subject"]]
    assert names == NAMES and len(set(names)) == len(names)
    assert all(set(subject) == {"name", "digest"} for subject in statement["subject"])
    predicate = statement["predicate"]
    assert set(predicate) == {"result", "configuration", "passedTests", "warnedTests", "failedTests"}
    assert (predicate["result"], predicate["passedTests"]) == ("PASSED", NAMES)
    for resource in [*statement["subject"], *predicate["configuration"]]:
        check_resource(resource)


def test_the_configuration_names_the_matrix_the_locks_and_the_packages(
    tree: Tree, state: Callable[[], dict[str, Any]]
) -> None:
    write(tree)
    edit(tree, lambda cell: cell.update(versions={"numpy": "2.1+cpu", "npz: numpy": "2.2"}))

    found = {resource["name"]: resource for resource in state()["predicate"]["configuration"]}

    assert found["matrix.json"]["digest"] == {"sha256": digests.of_file(tree.build / "matrix.json")}
    lock = tree.root / "targets/npz/requirements.lock"
    assert found["targets/npz/requirements.lock"]["digest"] == {"sha256": digests.of_file(lock)}
    assert "pipelines/environments/numpy.lock" in found
    assert found["numpy of target npz"]["uri"] == "pkg:pypi/numpy@2.2"
    assert found["numpy of step npz/from_numpy"]["uri"] == "pkg:pypi/numpy@2.1%2Bcpu"


def test_the_files_of_an_artifact_are_subjects(tree: Tree, state: Callable[[], dict[str, Any]]) -> None:
    write(tree)
    files = {"model.json": "1" * 64, "weights.bin": "2" * 64}
    edit(tree, lambda cell: cell.update(artifact={"sha256": digests.of_data(files), "bytes": 7, "files": files}))

    found = {subject["name"]: subject["digest"]["sha256"] for subject in state()["subject"]}

    assert found["linear/npz/fp32/model.json"] == "1" * 64
    assert found["linear/npz/fp32/weights.bin"] == "2" * 64


def test_a_cell_that_fails_as_expected_is_listed_as_failed(tree: Tree, state: Callable[[], dict[str, Any]]) -> None:
    """The gate is open; whoever ships to that target must not take it for one that runs."""
    write(tree, npz=("crashed", "run"))
    tree.append("targets/npz/target.toml", EXPECTATION)

    predicate = state()["predicate"]

    assert (predicate["result"], predicate["failedTests"]) == ("WARNED", NAMES[:1])


def test_a_cell_whose_exporters_warned_is_listed_as_warned(tree: Tree, state: Callable[[], dict[str, Any]]) -> None:
    write(tree)
    edit(tree, lambda cell: cell.update(warnings=[WARNING]))

    predicate = state()["predicate"]

    assert (predicate["result"], predicate["warnedTests"], predicate["passedTests"]) == ("WARNED", NAMES[:1], NAMES[1:])


@pytest.mark.parametrize("npz", [("mismatch", "compare"), ("missing", "plan"), ("", None)])
def test_a_closed_gate_is_stated_as_failed(
    tree: Tree, state: Callable[[], dict[str, Any]], npz: tuple[str, str | None]
) -> None:
    write(tree, npz=npz)

    predicate = state()["predicate"]

    assert (predicate["result"], predicate["failedTests"]) == ("FAILED", NAMES[:1])


def test_without_a_file_it_is_printed(tree: Tree, call: Callable[..., Called]) -> None:
    write(tree)

    assert json.loads(call("evidence").out)["predicate"]["result"] == "PASSED"


def test_evidence_of_the_present_matrix_leaves_the_gate_open(
    tree: Tree, state: Callable[[], dict[str, Any]], call: Callable[..., Called]
) -> None:
    write(tree)
    state()

    assert call("gate", "--evidence", str(tree.root / "evidence.json")).code == OK


@pytest.mark.parametrize("is_bundle", [False, True], ids=["envelope", "bundle"])
def test_a_signed_statement_is_unwrapped(
    tree: Tree, state: Callable[[], dict[str, Any]], call: Callable[..., Called], is_bundle: bool
) -> None:
    write(tree)
    payload = base64.b64encode(json.dumps(state()).encode()).decode()
    envelope: dict[str, Any] = {"payloadType": "application/vnd.in-toto+json", "payload": payload, "signatures": []}
    signed = tree.write("signed.json", json.dumps({"dsseEnvelope": envelope} if is_bundle else envelope))

    assert call("gate", "--evidence", str(signed)).code == OK


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda s: s["subject"][0]["digest"].update(sha256="f" * 64), "subject says otherwise of linear/npz/fp32: fff"),
        (lambda s: s["subject"].pop(), "its subject lacks linear/wrapped/fp32"),
        (lambda s: s["subject"].append({"name": "ghost"}), "its subject has ghost, which the matrix does not have"),
        (lambda s: s["subject"].append(s["subject"][0]), "its subject names one resource twice"),
        (lambda s: s["predicate"].update(result="WARNED"), "its result is WARNED, now PASSED"),
        (lambda s: s["predicate"]["passedTests"].pop(), "passedTests are not those of the matrix: linear/wrapped/fp32"),
        (lambda s: s["predicate"].pop("failedTests"), "its failedTests are not those of the matrix"),
        (lambda s: s["predicate"]["configuration"].pop(0), "its configuration lacks matrix.json"),
        (lambda s: s["predicate"].update(configuration=[1]), "its configuration is no list of resources"),
        (lambda s: s.pop("predicate"), "it has no predicate"),
    ],
)
def test_a_statement_that_says_otherwise_closes_the_gate(
    tree: Tree,
    state: Callable[[], dict[str, Any]],
    call: Callable[..., Called],
    change: Callable[[dict[str, Any]], Any],
    said: str,
) -> None:
    write(tree)
    statement = state()
    change(statement)
    file = tree.write("other.json", json.dumps(statement))

    done = call("gate", "--evidence", str(file))

    assert done.code == GATE_FAILED
    assert f"evidence: {'' if said.startswith('it') else 'its '}{said}" in done.out
    assert "gate closed" in done.out


def test_evidence_of_an_earlier_matrix_closes_the_gate(
    tree: Tree, state: Callable[[], dict[str, Any]], call: Callable[..., Called]
) -> None:
    write(tree)
    state()
    edit(tree, lambda cell: cell.update(family="other than before"))

    done = call("gate", "--evidence", str(tree.root / "evidence.json"))

    assert done.code == GATE_FAILED
    assert "evidence: its configuration says otherwise of matrix.json" in done.out


def test_an_artifact_that_changed_in_the_store_closes_the_gate(
    tree: Tree, state: Callable[[], dict[str, Any]], call: Callable[..., Called]
) -> None:
    """Of the same size: only who reads it sees it."""
    write(tree)
    entry = Store(tree.build / "store").put("artifacts", "1" * 64, tree.write("out/file", "abc").parent, about={})

    def name_it(cell: dict[str, Any]) -> None:
        cell["artifact"] = {"sha256": entry.sha256, "bytes": entry.bytes}
        cell["entries"]["artifacts"] = entry.record.key

    edit(tree, name_it)
    assert state()["predicate"]["result"] == "PASSED"
    (entry.files / "file").write_text("abd")

    done = call("gate", "--evidence", str(tree.root / "evidence.json"))

    assert done.code == GATE_FAILED
    assert "refused: linear/npz/fp32: store/artifacts/111111111111…: file was changed after it was written" in done.out
    assert "evidence: its result is PASSED, now FAILED" in done.out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "this is not JSON"),
        ("[]", "it is no JSON object"),
        ("{}", "this is not a statement of a test result"),
        ('{"payload": "", "payloadType": "text/plain"}', "its payload is 'text/plain'"),
        ('{"payload": "*", "payloadType": "application/vnd.in-toto+json"}', "its payload is not base64"),
        (None, "it cannot be read: No such file or directory"),
    ],
)
def test_what_is_no_statement_is_a_usage_error(
    tree: Tree, call: Callable[..., Called], tmp_path: Path, text: str | None, said: str
) -> None:
    write(tree)
    file = tmp_path / "evidence.json"
    if text is not None:
        file.write_text(text)

    done = call("gate", "--evidence", str(file))

    assert done.code == USAGE
    assert said in done.err


def test_evidence_is_not_about_a_selection(tree: Tree, call: Callable[..., Called]) -> None:
    write(tree)

    done = call("gate", "-t", "npz", "--evidence", "evidence.json")

    assert done.code == USAGE
    assert "--evidence is about the whole plan" in done.err
