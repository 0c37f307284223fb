// A model has a row for each variant; its panel plots quality over size and over latency, a point for each cell, and the
// keyboard reaches each point; who buys nothing is named above the matrix.
import assert from "node:assert/strict";
import { visit } from "../browser.mjs";

const NAMES = [".body .row.first .model-name", ".body .row:not(.first) .model-name"];

export default async function variants({ small, state }) {
  const report = await visit(small);
  await report.open("#model=mlp");
  await rows(report);
  await report.cell("mlp/onnx/int8-static").click();
  await report.page.waitForSelector(".panel-body:not([aria-busy])");
  await plots(report);
  await byKeyboard(report);
  await notes(report);
  await report.end();
  await oneVariant(state("green"));
}

/** Full precision comes first, and a variant says how large it is beside that. */
async function rows(report) {
  assert.deepEqual(await report.page.locator(".body .variant").allTextContents(), ["fp32", "int8-static"]);
  for (const name of NAMES) assert.deepEqual(await report.page.locator(name).allTextContents(), ["mlp"]);
  assert.equal(await report.cell("mlp/onnx/fp32").locator(".ratio").count(), 0);
  assert.equal(await report.cell("mlp/onnx/int8-static").locator(".ratio").innerText(), "×0.25");
  assert.match(await report.cell("mlp/onnx/int8-static").getAttribute("aria-label"), /, 0.25 of the size in full precision/);
  assert.match(await report.page.locator("#legend").innerText(), /×0.26 the artifact's size beside full precision/);
}

async function plots(report) {
  assert.match(await report.page.locator(".variants").innerText(), /Beside full precision, this one has 0.25 of the size, /);
  const [sizes, times] = await report.page.locator(".scatter").all();
  assert.match(await sizes.getAttribute("aria-label"), /^signal-to-noise ratio, dB over artifact size, 11 points/);
  assert.match(await times.getAttribute("aria-label"), /over median run, 11 points/);
  for (const plot of [sizes, times]) {
    assert.equal(await plot.locator(".mark-of").count(), 11);
    assert.equal(await plot.locator("[tabindex='0']").count(), 1, "one point is in the tab order");
    assert.match(await plot.locator(".this").getAttribute("aria-label"), /^onnx int8-static: 118 signal-to-noise ratio, dB, /);
    const outside = await plot.evaluate((svg) => {
      const box = svg.getBoundingClientRect();
      const points = [...svg.querySelectorAll(".point")].map((point) => point.getBoundingClientRect());
      return points.filter((p) => p.left < box.left || p.right > box.right || p.top < box.top || p.bottom > box.bottom).length;
    });
    assert.equal(outside, 0, "a point is outside of its plot");
  }
  assert.deepEqual(await report.page.locator(".series ul").nth(1).locator("li").allTextContents(), ["fp32", "int8-static"]);
  assert.equal(await report.page.locator(".points tbody tr").count(), 11);
}

/** Arrows go from the smallest artifact to the next; Enter opens its cell. */
async function byKeyboard(report) {
  const first = report.page.locator(".scatter").first().locator("[tabindex='0']");
  await first.focus();
  await report.page.keyboard.press("ArrowRight");
  const told = await report.page.evaluate(() => document.activeElement.getAttribute("aria-label"));
  const [, target, variant] = told.match(/^(\S+) (\S+):/);
  await report.page.keyboard.press("Enter");
  await report.page.waitForFunction((name) => location.hash.includes(encodeURIComponent(name)), `mlp/${target}/${variant}`);
}

async function notes(report) {
  const worth = report.page.locator("#worth");
  await worth.locator("summary").click();
  const line = worth.locator("li", { hasText: "buys size with time for" }).first();
  const [target, variant] = (await line.innerText()).split(" ");
  await line.locator("button").first().click();
  await report.page.getByText(new RegExp(`^${target} ${variant} of .* of the size, .* of the time: it buys size with time$`)).waitFor();
}

/** Where there is one variant, nothing of this is there. */
async function oneVariant(file) {
  const report = await visit(file);
  await report.open("#cell=mlp/onnx/fp32");
  await report.page.waitForSelector(".panel-body:not([aria-busy])");
  assert.equal(await report.page.locator(".scatter, .body .variant, .ratio").count(), 0);
  assert.equal(await report.page.locator("#worth").isVisible(), false);
  await report.end();
}
