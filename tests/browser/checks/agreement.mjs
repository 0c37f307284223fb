// A panel maps how far the answers of the model's targets are from each other: its own first, then the nearest.
import assert from "node:assert/strict";
import { visit } from "../browser.mjs";

export default async function agreement({ small }) {
  const report = await visit(small);
  await report.open("#model=keras_mlp");
  await opened(report, "keras_mlp/litert/fp32");
  const section = report.page.locator("section", { has: report.page.locator(".agreement") });
  const text = await section.innerText();
  assert.match(text, /The same to the bit as executorch\. Nearest onnx, 2e-7; farthest torchscript, 5e-7\./);
  assert.match(text, /Apart from all others: torchscript\. They alone share the step <b>onnx\/from_torch<\/b>\./);
  assert.equal(await section.locator("p b").count(), 0, "markup of a step became elements");

  const names = await section.locator(".agreement .name").allTextContents();
  assert.deepEqual(names, ["litert", "executorch", "onnx", "savedmodel", "tfjs", "torchscript"]);
  assert.equal(await section.locator(".agreement span:not(.name)").count(), names.length ** 2);
  assert.equal(await section.locator(".agreement .own").innerText(), "litert");
  assert.equal(await section.locator("[title='litert and executorch: the same to the bit']").count(), 1);
  assert.equal(await section.locator("[title='tfjs and torchscript: 5e-7']").count(), 1);
  const [none, most] = await Promise.all(
    ["litert and executorch: the same to the bit", "litert and torchscript: 5e-7"].map((title) =>
      section.locator(`[title='${title}']`).evaluate((square) => square.style.getPropertyValue("--strength")),
    ),
  );
  assert.deepEqual([none, most], ["0%", "100%"]);
  await report.end();
}

async function opened(report, name) {
  await report.cell(name).click();
  await report.page.waitForSelector(".panel-body:not([aria-busy]) .agreement");
}
