"""Quantised cells that are red, with the real ONNX Runtime: who is to blame, where, and how to see it again."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from tests.integration.variant_bench import GOOD, Bench

# One input of the middle layer is tiny, and the weights that it meets are huge: they take all levels.
BAD = GOOD.replace(
    "        pass\n",
    "        with torch.no_grad():\n"
    "            self.first.weight[5] *= 1e-3\n"
    "            self.first.bias[5] = 0\n"
    "            self.middle.weight[:, 5] *= 1e3\n",
)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, real_envs: Path) -> Bench:
    bench = Bench(tmp_path_factory.mktemp("noise"), real_envs)
    bench.add("good", GOOD)
    bench.add("bad", BAD)
    return bench


def test_a_layer_that_cannot_be_quantised_is_named(bench: Bench, tmp_path: Path) -> None:
    cells = bench.decided("-m", "good", "-m", "bad", "-v", "int8-static", "-v", "int8-dynamic")

    for variant in ("int8-static", "int8-dynamic"):
        assert cells[f"good/{variant}"]["outcome"] == "passed", cells[f"good/{variant}"]["detail"]
        bad = cells[f"bad/{variant}"]
        assert (bad["outcome"], bad["fails"]) == ("mismatch", ["loss"])
        assert bad["blame"] == f"onnx/from_onnx ({variant})"
        assert bad["layers"][0]["name"] == "node_linear_1", "the middle one"
        assert bad["layers"][0]["share"] > 0.8 > 0.3 > bad["layers"][1]["share"]
    assert cells["good/int8-static"]["layers"] == [], "nobody asks where nothing is wrong"
    explained = bench.call("explain", "bad/onnx/int8-static").stdout
    assert "mismatch (loss) in stage compare, blamed on onnx/from_onnx (int8-static)" in explained
    assert "noise enters at node_linear_1 (Gemm" in explained and "keep node_linear_1 in float32" in explained
    seen_again(bench, "bad/onnx/int8-static", "mismatch (loss)", tmp_path)


def test_a_layer_of_pt2e_is_named_by_its_module(bench: Bench) -> None:
    bad = bench.decided("-m", "bad", "-v", "int8-static", target="executorch")["bad/int8-static"]

    assert (bad["fails"], bad["blame"]) == (["loss"], "executorch/from_torch (int8-static)")
    assert (bad["layers"][0]["name"], bad["layers"][0]["operator"]) == ("middle (linear_1)", "linear")


@pytest.mark.parametrize("size", [1.24, 0.15], ids=["gross", "subtle"])
def test_a_runtime_that_miscomputes_is_to_blame_and_not_the_graph(bench: Bench, tmp_path: Path, size: float) -> None:
    bench.miscompute(size)

    cell = bench.decided("-m", "good", "-v", "int8-static")["good/int8-static"]

    assert (cell["outcome"], cell["fails"], cell["blame"]) == ("mismatch", ["fidelity"], "runtime onnx")
    (output,) = cell["outputs"]
    assert output["fidelity"]["error"] == pytest.approx(size, rel=0.3) and output["fidelity"]["loss"] < 0.05
    assert cell["layers"] == [], "the graph is not at fault"
    seen_again(bench, "good/onnx/int8-static", "mismatch (fidelity)", tmp_path)


def seen_again(bench: Bench, cell: str, outcome: str, folder: Path) -> None:
    """The line that `explain` prints repeats the cell; its bundle holds what the quantised graph answers."""
    again = bench.call("repro", cell, "--run")
    assert again.returncode == 1 and f"now: {outcome}" in again.stdout and "(the same outcome)" in again.stdout, (
        again.stdout + again.stderr
    )
    bench.call("repro", cell, "--bundle", str(folder / "cell.zip"))
    with zipfile.ZipFile(folder / "cell.zip") as bundle:
        assert {"evaluated/0/y.npy", "reference/0/y.float64.npy"} <= set(bundle.namelist())
