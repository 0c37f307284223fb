// Pictures of the page: node screenshots.mjs PAGE LARGE_PAGE FOLDER
import { visit } from "./browser.mjs";

const [small, large, folder] = process.argv.slice(2);
const RED = encodeURIComponent("resnet18/onnx/fp32");

async function shoot(name, file, hash = "", options = {}, act = async () => {}) {
  const opened = await visit(file, options);
  await opened.open(hash);
  if (hash.includes("cell=")) await opened.page.waitForSelector(".panel-body:not([aria-busy])");
  await act(opened.page);
  await opened.page.screenshot({ path: `${folder}/${name}.png` });
  await opened.end();
}

await shoot("light", small);
await shoot("dark", small, "", { colorScheme: "dark" });
await shoot("panel", small, `#cell=${RED}`, { viewport: { width: 1400, height: 1000 } });
await shoot("panel-dark", small, `#cell=${RED}`, { viewport: { width: 1400, height: 1000 }, colorScheme: "dark" });
await shoot("panel-end", small, `#cell=${RED}`, { viewport: { width: 1400, height: 1000 } }, (page) =>
  page.locator(".panel-body:not([aria-busy])").evaluate((body) => body.scrollTo(0, body.scrollHeight)),
);
await shoot("phone", small, "", { viewport: { width: 400, height: 800 } });
await shoot("phone-panel", small, `#cell=${RED}`, { viewport: { width: 400, height: 800 } });
await shoot("menu", small, "", {}, (page) => page.locator(".menu[data-facet=model] summary").click());
await shoot("large", large);
await shoot("large-filtered", large, "#outcome=mismatch&family=text", { colorScheme: "dark" });
