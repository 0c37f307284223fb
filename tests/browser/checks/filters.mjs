// Each filter leaves the cells that it names; filters add up; clearing brings all back.
import assert from "node:assert/strict";
import { visit } from "../browser.mjs";

export default async function filters({ small }) {
  const report = await visit(small, { viewport: { width: 1280, height: 1500 } }); // all rows are made
  await report.open();
  const all = await report.models();

  await pick(report, "model", "resnet18");
  assert.deepEqual(await report.models(), ["resnet18"]);
  await report.page.locator("#clear").click();
  assert.deepEqual(await report.models(), all);

  await pick(report, "family", "text");
  assert.deepEqual(await report.models(), ["text_transformer"]);
  await report.page.locator("#clear").click();

  await pick(report, "framework", "keras");
  assert.deepEqual(await report.models(), ["keras_lstm", "keras_mlp", "keras_mobilenet_v3"]);
  await report.page.locator("#clear").click();

  await pick(report, "target", "tfjs");
  await pick(report, "variant", "fp32");
  assert.deepEqual(await report.page.locator(".head .target").allTextContents(), ["tfjs"]);
  await report.page.locator("#clear").click();

  await byOutcome(report, all);
  await byText(report);
  await byChange(report);
  await byFunnel(report);
  await report.end();
}

/** The menus' boxes; closes the menu again. */
async function pick(report, facet, value) {
  const menu = report.page.locator(`.menu[data-facet=${facet}]`);
  await menu.locator("summary").click();
  await menu
    .locator(".option", { has: report.page.getByText(value, { exact: true }) })
    .locator("input")
    .check();
  await report.page.keyboard.press("Escape");
  assert.equal(await menu.evaluate((element) => element.open), false);
}

async function byOutcome(report, all) {
  await report.page.locator("[data-outcome=mismatch]").click();
  assert.deepEqual(await report.models(), ["resnet18"]);
  await report.page.locator("[data-outcome=missing]").click();
  assert.deepEqual(await report.models(), ["resnet18", "text_transformer"]);
  assert.match(await report.page.locator("#headline").textContent(), /2 red cells.*2 cells of/);
  await report.page.locator("[data-outcome=mismatch]").click();
  await report.page.locator("[data-outcome=missing]").click();
  await report.page.locator("#only-red").click();
  assert.equal(await report.page.locator(".cell:not(.dim) .tile:not(.is-red)").count(), 0);
  await report.page.locator("#only-red").click();
  assert.deepEqual(await report.models(), all);
}

async function byText(report) {
  await report.page.locator("#text").fill("lstm timed");
  await report.page.waitForFunction(() => document.querySelectorAll(".body .row").length === 1);
  assert.deepEqual(await report.models(), ["lstm"]);
  await report.page.locator("#text").fill("no such words");
  await report.page.waitForSelector("#scroller .empty");
  await report.page.locator("#clear").click();
  assert.equal(await report.page.locator("#text").inputValue(), "");
}

async function byChange(report) {
  await report.page.locator("#only-changed").click();
  assert.deepEqual(await report.models(), ["keras_mlp", "mlp", "resnet18"]);
  assert.equal(await report.page.locator(".cell:not(.dim) .change").count(), 3);
  await report.page.locator("#only-changed").click();
}

async function byFunnel(report) {
  await report.page.locator("#funnel .lost").nth(1).click();
  assert.deepEqual(await report.models(), ["lstm", "text_transformer"]); // one cannot load, one is exported alone
  assert.match(
    await report.page.locator(".cell:not(.dim)[data-cell]").first().getAttribute("data-cell"),
    /^lstm\/litert/,
  );
}
