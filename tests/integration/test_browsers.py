"""The browser runner: what goes through a page comes back bit by bit; what goes wrong in one fails its run alone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deploymatrix.environments.engine import engine
from deploymatrix.environments.runtimes import ensure_runtime
from deploymatrix.host.messages import Reply, Request
from deploymatrix.host.process_channel import process_channel
from deploymatrix.host.recipes import runtime_recipe
from deploymatrix.host.worker import Worker
from tests.integration.conftest import REPOSITORY
from tests.integration.variant_bench import GOOD, Bench
from tests.runtimes import SHIPPED
from tests.workers import WORKER

TARGET = "onnx-web"
RUN = """
const { inPage } = await import(`${process.env.DEPLOYMATRIX_MODULES}/browser.mjs`);
export const { VERSIONS, load, run, describe, device } = inPage('fake', [], %s);
"""
EXTREMES: dict[str, list[Any]] = {
    "float64": [np.nan, np.inf, -0.0, 5e-324],
    "float32": [np.nan, -np.inf, -0.0, 1e-45],
    "float16": [np.nan, np.inf, -0.0, 6e-8],
    "int64": [2**63 - 1, -(2**63), 2**53 + 1, 0],
    "int32": [2**31 - 1, -(2**31), -1, 0],
    "int16": [2**15 - 1, -(2**15), -1, 0],
    "int8": [127, -128, -1, 0],
    "uint64": [2**64 - 1, 2**63, 1, 0],
    "uint32": [2**32 - 1, 2**31, 1, 0],
    "uint16": [2**16 - 1, 2**15, 1, 0],
    "uint8": [255, 128, 1, 0],
    "bool": [True, False, True, True],
}
# A kernel that is wrong by a ten-thousandth, in the page.
WRONG = """
import * as right from './onnx.mjs';

export const { load, describe } = right;

export async function run(session, inputs) {
  const outputs = await right.run(session, inputs);
  for (const { data } of Object.values(outputs)) data.forEach((value, index) => (data[index] = value * 1.0001));
  return outputs;
}
"""


@dataclass(frozen=True)
class Pages:
    """A worker whose runs are pages of tests/fakes/browser."""

    folder: Path
    worker: Worker

    def request(self, arrays: dict[str, Any], graphics: str = "", **order: str) -> Request:
        folder = self.folder / str(len(list(self.folder.iterdir())))
        folder.mkdir()
        (folder / "run.mjs").write_text(RUN % (f"{{ graphics: '{graphics}' }}" if graphics else "{}"))
        (folder / "payload.json").write_text(str(order).replace("'", '"'))
        for name, array in arrays.items():
            np.save(folder / f"{name}.npy", array)
        side = {name: {"name": name, "dtype": str(a.dtype), "shape": list(a.shape)} for name, a in arrays.items()}
        args = {
            "payload": folder / "payload.json",
            "signature": {"inputs": side, "outputs": side},
            "samples": [{name: folder / f"{name}.npy" for name in arrays}],
            "repeat": 0,
        }
        return Request("run", folder / "run.mjs", args, folder / "out", folder / "log.txt", 60.0, 4096)

    def ask(self, graphics: str = "", **order: str) -> Reply:
        return self.worker.request(self.request({"x": np.ones(3, "float32")}, graphics, **order))


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory, real_envs: Path) -> Iterator[Pages]:
    folder = tmp_path_factory.mktemp("pages")
    modules = folder / "modules"
    shutil.copytree(REPOSITORY / "docker/browser/modules", modules)
    shutil.copy(REPOSITORY / "tests/fakes/browser/fake.mjs", modules / "pages")
    runtime = ensure_runtime(runtime_recipe(SHIPPED, SHIPPED.targets[TARGET]), real_envs, print)
    places = {"DEPLOYMATRIX_NODE_MODULES": str(runtime.packages), "DEPLOYMATRIX_MODULES": str(modules)}
    command = [str(runtime.program("node")), str(WORKER / "server.mjs")]
    (folder / "requests").mkdir()
    worker = Worker(lambda: process_channel(command, places, folder / "worker.log"))
    yield Pages(folder / "requests", worker)
    worker.close()


def test_every_dtype_comes_back_bit_by_bit(pages: Pages) -> None:
    arrays = {name: np.array(values, name).reshape(2, 2) for name, values in EXTREMES.items()}
    arrays |= {"nothing": np.zeros((0, 3), "float32"), "scalar": np.array(7, "int64")}
    request = pages.request(arrays)

    reply = pages.worker.request(request)

    assert reply.status == "ok", reply.error
    for name, array in arrays.items():
        found = np.load(request.out / f"0/{name}.npy")
        assert (found.dtype, found.shape, found.tobytes()) == (array.dtype, array.shape, array.tobytes()), name


@pytest.mark.parametrize(
    ("deed", "said"),
    [
        ("throw", "on purpose"),
        ("complain", "something is not right"),
        ("forget_a_promise", "nobody waits for this"),
        ("ask_for_what_is_not_there", "404"),
        ("lose_webgl", "webglcontextlost"),
        ("misuse_webgpu", "WebGPU: "),
        ("change_a_dtype", "'x' is float32, and its data a Int32Array"),
    ],
)
def test_what_goes_wrong_in_a_page_fails_its_run_and_says_why(pages: Pages, deed: str, said: str) -> None:
    reply = pages.ask(do=deed)

    assert (reply.status, reply.stage) == ("failed", "run")
    assert reply.error is not None and said in reply.error["message"]


def test_a_page_that_hangs_ends_at_its_limit_and_the_next_one_answers(pages: Pages) -> None:
    hanging = replace(pages.request({"x": np.ones(3, "float32")}, do="hang", at="load"), timeout_s=8.0)

    assert (pages.worker.request(hanging).status, pages.ask(do="nothing").status) == ("timed_out", "ok")


def test_graphics_are_told_by_what_computed_and_wanted_in_vain_they_fail(pages: Pages) -> None:
    drawn, idle = pages.ask("webgl", do="draw"), pages.ask("webgl", do="nothing")

    assert drawn.value is not None and drawn.value["device"] == "swiftshader"
    assert {"chromium", "playwright-core"} == set(drawn.value["versions"])
    assert idle.error is not None and "nothing was computed by webgl" in idle.error["message"]


def test_without_chromium_the_remedy_is_said(pages: Pages) -> None:
    request = pages.request({"x": np.ones(3, "float32")})
    request.module.write_text("process.env.DEPLOYMATRIX_CHROMIUM = '/none';" + request.module.read_text())

    reply = pages.worker.request(request)

    assert reply.error is not None and "apt-get install chromium" in reply.error["message"]


@pytest.mark.docker
def test_a_wrong_answer_of_a_page_in_a_container_is_seen(tmp_path: Path, real_envs: Path) -> None:
    if engine() is None:
        pytest.skip("no Docker engine answers")
    bench = Bench(tmp_path, real_envs)
    bench.add("dense", GOOD)
    bench.own("docker/node")
    (bench.own("docker/browser") / "modules/pages/wrong.mjs").write_text(WRONG)
    wrong = bench.own(f"targets/{TARGET}").rename(tmp_path / "targets/wrong-web")
    module = (wrong / "run.mjs").read_text()
    (wrong / "run.mjs").write_text(module.replace("inPage('onnx'", "inPage('wrong'"))

    done = bench.call("run", "-t", TARGET, "-t", "wrong-web", "-m", "dense", "--isolation", "docker")

    outcomes = {cell["target"]: cell["outcome"] for cell in bench.cells()}
    assert outcomes == {TARGET: "passed", "wrong-web": "mismatch"}, done.stdout + done.stderr
