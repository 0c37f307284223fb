// The copy button puts the line that reproduces a cell into the clipboard, quoted for a shell.
import assert from "node:assert/strict";
import { visit } from "../browser.mjs";

const LINES = {
  "resnet18/onnx/fp32": "python -m deploymatrix repro resnet18/onnx/fp32 --run",
  "quote'and space/onnx/fp32": "python -m deploymatrix repro 'quote'\\''and space/onnx/fp32' --run",
};

export default async function copy({ small }) {
  const report = await visit(small);
  await report.open();
  for (const [cell, line] of Object.entries(LINES)) {
    await report.cell(cell).click();
    await report.page.locator("#repro", { hasText: line }).waitFor();
    await report.page.locator(".copy").click();
    await report.page.locator(".copy", { hasText: "Copied" }).waitFor();
    assert.equal(await report.page.evaluate(() => navigator.clipboard.readText()), line);
  }
  await report.end();
}
