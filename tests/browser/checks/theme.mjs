// Dark and light by the system's wish, and by the button against it; no colour is left over from the other.
import assert from "node:assert/strict";
import { visit } from "../browser.mjs";

export default async function theme({ small }) {
  const report = await visit(small, { colorScheme: "dark" });
  await report.open();
  assert.ok((await brightness(report)) < 60);
  await report.page.locator("#theme").click();
  assert.ok((await brightness(report)) > 220, "the button says light");
  await report.page.reload();
  await report.page.waitForSelector("#grid");
  assert.ok((await brightness(report)) > 220, "the choice is kept");
  await report.page.locator("#theme").click();
  assert.ok((await brightness(report)) < 60, "the button says dark");
  for (const scheme of ["light", "dark"]) await assertContrast(report, scheme);
  await report.end();
}

function brightness(report) {
  return report.page.evaluate(() =>
    Math.max(...getComputedStyle(document.body).backgroundColor.match(/\d+/g).slice(0, 3).map(Number)),
  );
}

/** Every tile's symbol against its ground: at least 4.5 to 1, https://www.w3.org/TR/WCAG22/#contrast-minimum */
async function assertContrast(report, scheme) {
  await report.page.evaluate((name) => (document.documentElement.dataset.theme = name), scheme);
  const ratios = await report.page.evaluate(() => {
    const channel = (value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
    const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
    const rgb = (text) => text.match(/[\d.]+/g).map(Number);
    const paper = rgb(getComputedStyle(document.body).backgroundColor);
    return [...document.querySelectorAll(".tile")].map((tile) => {
      const { color, backgroundColor } = getComputedStyle(tile);
      const ground = rgb(backgroundColor);
      const [a, b] = [luminance(rgb(color)), luminance(ground.length === 4 && ground[3] === 0 ? paper : ground)].sort(
        (x, y) => y - x,
      );
      return (a + 0.05) / (b + 0.05);
    });
  });
  assert.ok(Math.min(...ratios) >= 4.5, `${scheme}: a contrast of ${Math.min(...ratios).toFixed(2)}`);
}
