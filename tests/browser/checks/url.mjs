// What one sees is in the URL: a reload, a link, and a hash typed by hand show the same.
import assert from "node:assert/strict";
import { visit } from "../browser.mjs";

export default async function url({ small }) {
  const report = await visit(small);
  await report.open();
  await report.page.locator("[data-outcome=mismatch]").click();
  await report.page.locator("[data-outcome=crashed]").click();
  await report.page.locator("#text").fill("resnet");
  await report.page.waitForFunction(() => location.hash.includes("text=resnet"));
  await report.cell("resnet18/onnx/fp32").click();
  await report.page.waitForSelector(".panel-body:not([aria-busy])");
  const hash = await report.hash();
  const seen = await look(report);

  await report.page.reload();
  await report.page.waitForSelector(".panel-body:not([aria-busy])");
  assert.equal(await report.hash(), hash);
  assert.deepEqual(await look(report), seen);

  await report.page.evaluate(() => (location.hash = "#framework=keras&variant=fp32"));
  await report.page.waitForFunction(() => document.querySelectorAll(".body .row").length === 3);
  assert.equal(await report.page.locator("#panel").isVisible(), false);
  await report.end();
}

async function look(report) {
  return {
    models: await report.models(),
    text: await report.page.locator("#text").inputValue(),
    pressed: await report.page.locator("#legend [aria-pressed=true]").allTextContents(),
    title: await report.page.locator("#panel-title").innerText(),
  };
}
