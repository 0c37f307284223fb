// The whole page without a mouse: arrows move in the grid, Enter opens, Escape closes and goes back to the cell.
import assert from "node:assert/strict";
import { visit } from "../browser.mjs";

export default async function keyboard({ small, large }) {
  const report = await visit(small);
  await report.open("#framework=torch&family=vision");
  await report.page.locator("#skip").focus();
  await report.page.keyboard.press("Enter");
  assert.equal(await focused(report), "mobilenet_v3/executorch/fp32");
  await press(report, "ArrowRight", "ArrowRight", "ArrowDown");
  assert.equal(await focused(report), "mobilenet_v3/onnx/int8-static");
  await press(report, "ArrowDown", "End");
  assert.equal(await focused(report), "resnet18/torchscript/fp32");
  await press(report, "Control+Home");
  assert.equal(await focused(report), "mobilenet_v3/executorch/fp32");

  await press(report, "ArrowDown", "ArrowDown", "Enter");
  await report.page.waitForSelector(".panel-body:not([aria-busy])");
  assert.equal(await report.page.evaluate(() => document.activeElement.id), "panel-title");
  await press(report, "Escape");
  assert.equal(await report.page.locator("#panel").isVisible(), false);
  assert.equal(await focused(report), "resnet18/executorch/fp32");

  await press(report, "/");
  assert.equal(await report.page.evaluate(() => document.activeElement.id), "text");
  await accessibleNames(report);
  await report.end();
  await toTheLastRow(large);
}

async function press(report, ...keys) {
  for (const key of keys) await report.page.keyboard.press(key);
}

const focused = (report) => report.page.evaluate(() => document.activeElement.dataset.cell);

async function accessibleNames(report) {
  assert.equal(await report.page.locator("[data-column][tabindex='0']").count(), 1, "one cell is in the tab order");
  const names = await report.page
    .locator("[data-cell]")
    .evaluateAll((cells) => cells.map((cell) => cell.getAttribute("aria-label")));
  assert.ok(names.every((name) => / on .*: /.test(name)));
  const unnamed = await report.page
    .locator("button:visible")
    .evaluateAll((buttons) => buttons.filter((b) => !(b.textContent.trim() || b.ariaLabel)).length);
  assert.equal(unnamed, 0);
}

/** Rows that are not made yet are reached too, and stay in sight below the headers. */
async function toTheLastRow(large) {
  const report = await visit(large);
  await report.open();
  await report.page.locator("#skip").focus();
  await press(report, "Enter", "Control+End");
  assert.match(await focused(report), /_0999\/target-13\//);
  await press(report, "ArrowUp", "PageUp");
  const isSeen = await report.page.evaluate(() => {
    const cell = document.activeElement.getBoundingClientRect();
    return document.activeElement.contains(
      document.elementFromPoint(cell.left + cell.width / 2, cell.top + cell.height / 2),
    );
  });
  assert.ok(isSeen, "the focused cell is covered or out of sight");
  await report.end();
}
