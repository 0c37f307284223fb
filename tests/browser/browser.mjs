// Opens the page from disk in a real browser, and watches it: any console error and any request is a failure.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(`${process.env.NODE_MODULES}/`);
const { chromium } = require("playwright-core");

export class Visit {
  constructor(browser, context, page, url) {
    Object.assign(this, { browser, context, page, url, complaints: [], requests: [] });
    page.on(
      "console",
      (message) => ["error", "warning"].includes(message.type()) && this.complaints.push(message.text()),
    );
    page.on("pageerror", (error) => this.complaints.push(String(error)));
    page.on("request", (request) => request.url().split("#")[0] !== url && this.requests.push(request.url()));
  }

  async open(hash = "") {
    await this.page.goto(this.url + hash);
    await this.page.waitForSelector("#grid, #scroller .empty");
  }

  cell(name) {
    return this.page.locator(`[data-cell=${JSON.stringify(name)}]`);
  }

  hash() {
    return this.page.evaluate(() => location.hash);
  }

  /** Names of the models of the rows that are made, each once: a model has a row for each variant. */
  async models() {
    return [...new Set(await this.page.locator(".body .model-name").allTextContents())];
  }

  async end() {
    await this.browser.close();
    if (this.complaints.length) throw new Error(`the console complained:\n${this.complaints.join("\n")}`);
    if (this.requests.length) throw new Error(`the page asked for:\n${this.requests.join("\n")}`);
  }
}

/** A visit to the page in `file`; options as Playwright's contexts take them. */
export async function visit(file, options = {}) {
  const browser = await chromium.launch({ executablePath: process.env.BROWSER_PATH, args: ["--no-sandbox"] });
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    permissions: ["clipboard-read", "clipboard-write"],
    ...options,
  });
  const page = await context.newPage();
  return new Visit(browser, context, page, pathToFileURL(file).href);
}
