// Names, messages and hashes from outside are text, wherever they are shown.
import assert from "node:assert/strict";
import { visit } from "../browser.mjs";

const NAMES = ["<script>document.title='owned'</script>", '"></script><img src=x onerror=alert(1)>'];

export default async function hostile({ small }) {
  const report = await visit(small);
  report.page.on("dialog", (dialog) => report.complaints.push(`a dialog: ${dialog.message()}`));
  await report.open(`#cell=${encodeURIComponent("<img src=x onerror=alert(2)>")}&target=<b>&text=<i>`);
  assert.match(await report.page.locator("#scroller").innerText(), /No cell matches/);
  await report.page.locator("#clear").click();
  for (const name of NAMES) {
    assert.ok((await report.models()).includes(name), `${name} is not shown as it is`);
    await report.page.locator(".body .row", { hasText: name }).locator("[data-cell]").click();
    await report.page.locator("#panel-title", { hasText: name }).waitFor();
    await report.page.locator("#panel pre", { hasText: "</script><script>document.title" }).waitFor();
  }
  await report.page.locator(".menu[data-facet=model] summary").click();
  assert.equal(await report.page.title(), "Deployability matrix");
  assert.equal(await report.page.locator("img, iframe, object, embed").count(), 0);
  assert.equal(await report.page.locator("script:not([type])").count(), 1);
  await report.end();
  await assertPolicy(small);
}

/** The content security policy holds: an inline handler or script that got in somehow would not run. */
async function assertPolicy(small) {
  const report = await visit(small);
  await report.open();
  const ran = await report.page.evaluate(async () => {
    const script = document.createElement("script");
    try {
      script.text = "window.owned = true";
      document.body.append(script);
    } catch (refused) {
      return `refused: ${refused.name}`;
    }
    return window.owned ? "ran" : "refused";
  });
  assert.match(ran, /refused/);
  await report.browser.close();
}
