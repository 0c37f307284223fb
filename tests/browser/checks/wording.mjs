// What the page says of a part of a plan, under a filter, and of cells that are red although they answered rightly.
import assert from "node:assert/strict";
import { visit } from "../browser.mjs";

// By state: what the headline says, in order; what it must not say; and the tone of its verdict.
const SAID = {
  green: { says: ["Nothing red", "42 cells: 42 passed"], tone: "is-good" },
  selection: { says: ["partial: 2 of 42 planned cells", "2 cells passed", "2 cells: 2 passed"], not: "Nothing red" },
  shard: { says: ["partial: 14 of 42 planned cells", "14 cells passed"], not: "Nothing red" },
  missing: { says: ["partial: 41 of 42 planned cells", "1 red cell", "1 red (1 missing)"], not: "Nothing red", tone: "is-red" },
  over_budget: { says: ["1 red cell", "42 cells: 41 passed, 1 red (1 over budget)"], not: "42 passed", tone: "is-red" },
  unexpected_pass: { says: ["1 red cell", "41 passed, 1 red (1 unexpected pass)"], not: "42 passed", tone: "is-red" },
  expired: { says: ["1 red cell", "41 passed, 1 red (1 expired entry)"], not: "as expected", tone: "is-red" },
  unmatched: { says: ["1 entry without a cell: red", "42 cells: 42 passed"], not: "Nothing red", tone: "is-red" },
  one_cause: { says: ["180 red cells", "182 cells: 2 passed, 180 red (180 environment_failed)"], tone: "is-red" },
};

export default async function wording({ small, state }) {
  for (const [name, expected] of Object.entries(SAID)) await assertHeadline(name, state(name), expected);
  await assertRedThoughAnswered(state("over_budget"), "over_budget", /over a budget/);
  await assertRedThoughAnswered(state("unexpected_pass"), "unexpected_pass", /an entry expects a failure/);
  await assertFilters(small);
  await assertGreenUnderFilter(state("green"));
  await assertOneCause(state("one_cause"));
  await assertLog(small);
}

async function assertHeadline(name, file, { says, not, tone }) {
  const report = await visit(file);
  await report.open();
  const text = (await report.page.locator("#headline").innerText()).replace(/\s+/g, " ");
  let at = 0;
  for (const words of says) {
    const found = text.indexOf(words, at);
    assert.ok(found >= 0, `${name}: "${words}" is not said, or not in this order: ${text}`);
    at = found;
  }
  if (says[0].startsWith("partial")) {
    assert.ok(text.startsWith(says[0]), `${name}: it is not said first: ${text}`);
    await assertAmber(report);
  }
  if (not) assert.ok(!text.includes(not), `${name}: it says "${not}": ${text}`);
  const classes = await report.page.locator("#verdict").getAttribute("class");
  assert.equal(classes.trim(), tone ? `verdict ${tone}` : "verdict", name);
  await report.end();
}

/** Red and green are told from amber by their parts: much red, less green, little blue. */
async function assertAmber(report) {
  const colour = await report.page.locator("#partial").evaluate((element) => getComputedStyle(element).color);
  const [red, green, blue] = colour.match(/\d+/g).map(Number);
  assert.ok(red > green * 1.3 && green > blue * 1.3, `${colour} is not amber`);
}

/** Such a cell is not shown, spoken, titled or counted as one that passed. */
async function assertRedThoughAnswered(file, kind, words) {
  const report = await visit(file);
  await report.open();
  const cell = report.cell("mlp/onnx/fp32");
  for (const attribute of ["aria-label", "title"]) {
    const said = await cell.getAttribute(attribute);
    assert.match(said, words);
    assert.doesNotMatch(said, /passed/, `${attribute}: ${said}`);
  }
  const [own, other] = [cell, report.cell("mlp/litert/fp32")].map((each) => each.locator(".tile"));
  assert.notEqual(await own.locator("b").textContent(), await other.locator("b").textContent());
  assert.doesNotMatch(await own.locator("b").textContent(), /✓/);
  const paint = (tile) => tile.evaluate((element) => getComputedStyle(element).backgroundColor);
  assert.notEqual(await paint(own), await paint(other));
  assert.equal(await report.page.locator("[data-outcome=passed] .count").textContent(), "41");
  assert.equal(await report.page.locator(`[data-outcome=${kind}] .count`).textContent(), "1");
  assert.match(await report.page.locator(".totals .row-total").innerText(), /41\/42/);
  assert.match(await report.page.locator("#funnel li").last().innerText(), /41/);
  await cell.click();
  await report.page.waitForSelector(".panel-body:not([aria-busy])");
  assert.doesNotMatch(await report.page.locator(".panel-outcome").innerText(), /passed/);
  await report.end();
}

async function assertFilters(small) {
  const report = await visit(small);
  const verdict = () => report.page.locator("#verdict").innerText();
  await report.open("#model=keras_mobilenet_v3&variant=fp32");
  assert.equal(await verdict(), "Filter shows 6 cells, 28 red cells hidden");
  assert.match(await report.page.locator("#headline .counts").first().innerText(), /^6 cells of 101: 6 passed$/);
  await report.page.locator("#clear").click();
  assert.equal(await verdict(), "28 red cells");
  await report.page.locator("#text").fill("mlp litert");
  await report.page.waitForFunction(() => document.querySelector("#verdict").textContent.includes("shown"));
  assert.equal(await verdict(), "1 red cell shown, 27 red cells hidden");
  await report.page.locator("#text").fill("no such words");
  await report.page.waitForSelector("#scroller .empty");
  assert.equal(await verdict(), "No cell matches, 28 red cells hidden");
  await report.end();
}

async function assertGreenUnderFilter(file) {
  const report = await visit(file);
  await report.open("#text=lstm");
  const text = await report.page.locator("#headline").innerText();
  assert.match(text, /Filter shows 12 cells/);
  assert.doesNotMatch(text, /Nothing red/);
  assert.equal(await report.page.locator("#causes").isVisible(), false);
  await report.end();
}

async function assertOneCause(file) {
  const report = await visit(file);
  await report.open();
  const causes = report.page.locator(".cause");
  assert.equal(await causes.count(), 1);
  assert.equal(await causes.innerText(), "180 cells: environment onnx2tf could not be made");
  await causes.click();
  assert.match(await report.hash(), /cause=environment/);
  assert.equal(await report.page.locator("#verdict").innerText(), "180 red cells shown");
  assert.equal((await report.models()).includes("mlp"), false);
  await causes.click();
  assert.equal(await report.page.locator("#verdict").innerText(), "180 red cells");
  await report.end();
}

/** The log is one click away: a link from the report's folder into the build folder. */
async function assertLog(small) {
  const report = await visit(small);
  await report.open(`#cell=${encodeURIComponent("lstm/litert/fp32")}`);
  await report.page.waitForSelector(".panel-body:not([aria-busy])");
  assert.match(await report.page.locator("#panel a.log").getAttribute("href"), /^\.\.\/now\/logs\/[\w.-]+\.txt$/);
  await report.end();
}
