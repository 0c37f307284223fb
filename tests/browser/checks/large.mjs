// A thousand models on fourteen targets: measured, with bounds that only a broken page would pass.
import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { visit } from "../browser.mjs";

const PATIENCE = 5000; // milliseconds; the aim is 2000

export default async function large({ large: file, report: tell }) {
  const report = await visit(file);
  const started = Date.now();
  await report.open();
  await painted(report);
  const opening = Date.now() - started;
  const filtering = await timed(report, () => report.page.locator("[data-outcome=mismatch]").click());
  const scrolling = await timed(report, () =>
    report.page.locator("#scroller").evaluate((element) => element.scrollTo(0, 1000)),
  );
  const cell = report.page.locator(".cell:not(.dim)[data-cell]").first();
  const panel = await timed(report, async () => {
    await cell.click();
    await report.page.waitForSelector(".panel-body:not([aria-busy])");
  });
  const elements = await report.page.locator("*").count();
  const size = statSync(file).size;
  tell(JSON.stringify({ bytes: size, elements, milliseconds: { opening, filtering, scrolling, panel } }));
  assert.ok(size < 5_000_000, `${size} bytes`);
  assert.ok(opening < PATIENCE, `opened in ${opening} ms`);
  assert.ok(Math.max(filtering, scrolling, panel) < PATIENCE);
  assert.ok(elements < 20_000, `${elements} elements`);
  await report.end();
}

async function timed(report, act) {
  const started = Date.now();
  await act();
  await painted(report);
  return Date.now() - started;
}

/** After the next frame is on the screen. */
const painted = (report) =>
  report.page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
