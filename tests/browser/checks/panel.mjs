// A cell's panel tells what explain tells, draws its plots, and leads to cells that failed alike.
import assert from "node:assert/strict";
import { visit } from "../browser.mjs";

export default async function panel({ small }) {
  const report = await visit(small, { viewport: { width: 1280, height: 1500 } }); // all rows are made
  await report.open();
  await report.cell("resnet18/onnx/fp32").click();
  await report.page.waitForSelector(".panel-body:not([aria-busy])");
  const text = await report.page.locator("#panel").innerText();
  for (const words of [
    "resnet18 on onnx",
    "regressed since",
    "onnx/from_torch",
    "mismatch: 3 of 1000 elements",
    "logits",
    "SHA-256",
    "2.13.0",
    "281×",
  ]) {
    assert.ok(text.includes(words), `the panel lacks ${words}`);
  }
  assert.equal(await report.page.locator(".bars").count(), 2);
  assert.equal(await report.page.locator(".bars .this").count(), 2);
  assert.equal(await report.page.locator(".history tr").count(), 2);
  assert.ok(text.includes("worst element [0, "), "the panel lacks the worst element");
  assert.equal(await report.page.locator(".heat").count(), 1);
  assert.equal(await report.page.locator(".heat span").count(), 10);
  assert.equal(await report.page.locator(".heat .over").count(), 1);
  assert.match(await report.page.locator(".heat").getAttribute("aria-label"), /along axis 1, 10 slices; axis 1, slice \d/);
  assert.ok((await inkOf(report, ".plot canvas")) > 100, "the plot is empty");

  await report.cell("keras_lstm/tfjs/fp32").click();
  await report.page.getByText("TensorList operators do not run; see <b>the issue</b>").waitFor();
  assert.equal(await report.page.locator("#panel dd a").getAttribute("href"), "https://example.org/issues/1");
  assert.equal(await report.page.locator("#panel dd b").count(), 0, "markup of a reason became elements");

  await report.cell("mlp/savedmodel/int8-static").click();
  await report.page.getByText("onnx2tf pools as PyTorch does and not as the ONNX file says.").waitFor();
  await report.page.getByText("Current pooling with <b>ceil_mode</b> = 1 follows pytorch").waitFor();
  const warned = report.cell("mlp/savedmodel/int8-static");
  assert.match(await warned.locator("b").innerText(), /‡$/, "a cell whose exporter warned is not marked");
  const legend = await report.page.locator("#legend").innerText();
  assert.ok(legend.includes("† made with a repair") && legend.includes("‡ an exporter warned"), "the signs are unexplained");
  assert.match(await warned.getAttribute("aria-label"), /an exporter warned that its artifact may be wrong/);
  const repaired = report.cell("keras_lstm/savedmodel/fp32");
  assert.ok((await repaired.innerText()).startsWith("✓†"), "a repaired cell is not marked");
  await repaired.click();
  await report.page.getByText("tfjs-keras-lstm-loop: TensorFlow.js cannot run the loop").waitFor();
  assert.equal(await report.page.locator("#panel dd a").getAttribute("href"), "https://github.com/tensorflow/tfjs/issues/4579");
  await report.page.getByText("a-users-own", { exact: true }).waitFor();

  await report.cell("pipe|in`the*table/onnx/fp32").click();
  await report.page.locator(".similar button").first().click();
  assert.notEqual(await report.page.locator("#panel-title").innerText(), "pipe|in`the*table on onnx fp32");
  await report.page.locator(".close").click();
  assert.equal(await report.page.locator("#panel").isVisible(), false);
  await report.end();
}

/** How many pixels of a canvas are painted. */
function inkOf(report, selector) {
  return report.page
    .locator(selector)
    .first()
    .evaluate((canvas) => {
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      return data.filter((value, i) => i % 4 === 3 && value > 0).length;
    });
}
