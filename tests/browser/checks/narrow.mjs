// At 400 px the page does not scroll sideways, the grid does in itself, and the panel covers the page.
import assert from "node:assert/strict";
import { visit } from "../browser.mjs";

export default async function narrow({ small, large }) {
  for (const file of [small, large]) {
    const report = await visit(file, { viewport: { width: 400, height: 800 }, hasTouch: true });
    await report.open();
    await assertNoSidewaysScroll(report);
    await report.page.locator(".menu summary").last().click();
    await assertNoSidewaysScroll(report);
    await report.page.keyboard.press("Escape");
    await report.page.locator("[data-cell]").first().tap();
    await report.page.waitForSelector(".panel-body:not([aria-busy])");
    await assertNoSidewaysScroll(report);
    const box = await report.page.locator("#panel").boundingBox();
    assert.deepEqual([box.x, box.width], [0, 400]);
    assert.equal(
      await report.page.locator("#text").evaluate((element) => element.closest("[inert]") !== null),
      true,
      "the page behind is reachable",
    );
    await report.page.locator(".close").tap();
    assert.equal(await report.page.locator("#panel").isVisible(), false);
    assert.equal(await report.page.locator("[inert]").count(), 0);
    await report.end();
  }
}

async function assertNoSidewaysScroll(report) {
  const [inner, outer] = await report.page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(inner <= outer, `the page is ${inner} px wide in a window of ${outer} px`);
}
