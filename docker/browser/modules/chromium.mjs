/** Chromium: where it is, how it is started, and what a user without it is told. */
import { execFileSync, spawn } from 'node:child_process';
import { accessSync, constants, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

const require = createRequire(`${process.env.DEPLOYMATRIX_NODE_MODULES}/`);
const { chromium } = require('playwright-core');

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];
const PROFILE = 'deploymatrix-chromium-';
const LISTENING = /DevTools listening on (ws:\S+)/;
const START_MS = 60_000;
const FLAGS = [
  '--headless=new',
  '--no-sandbox', // it wants privileges that a runner's container has not; what the page may do, that container bounds
  '--disable-dev-shm-usage', // there is no /dev/shm
  '--disable-breakpad',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-extensions',
  '--disable-background-timer-throttling',
  '--disable-renderer-backgrounding',
  '--remote-debugging-port=0',
  // Graphics without a graphics card: WebGL and WebGPU on SwiftShader, and no watchdog that ends what is merely slow.
  '--use-gl=angle',
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--enable-features=Vulkan', // with the next, WebGPU can draw on a canvas, through which some runtimes read
  '--use-vulkan=swiftshader',
  '--disable-gpu-watchdog',
];

/** Return the program, as DEPLOYMATRIX_CHROMIUM names it, from PATH, or where Playwright installs its own. */
export function program() {
  const onPath = (process.env.PATH ?? '').split(delimiter).flatMap((folder) => NAMES.map((name) => join(folder, name)));
  const named = process.env.DEPLOYMATRIX_CHROMIUM;
  const found = (named ? [named] : [...onPath, chromium.executablePath()]).find(isProgram);
  if (found) return found;
  const where = named ? `DEPLOYMATRIX_CHROMIUM=${named}` : `none of ${NAMES.join(', ')} is on PATH`;
  throw new Error(`there is no Chromium: ${where}; apt-get install chromium, or name one in DEPLOYMATRIX_CHROMIUM`);
}

export function version() {
  const said = execFileSync(program(), ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return /\d+(\.\d+)+/.exec(said)?.[0] ?? said.trim();
}

/**
 * Start Chromium and connect to it. It stays in this process's group, so that it is counted and killed with it, as one
 * that Playwright starts would not.
 */
export async function start() {
  removeProfilesOfTheDead();
  const profile = mkdtempSync(join(tmpdir(), `${PROFILE}${process.pid}-`));
  const env = { ...process.env, HOME: profile };
  const child = spawn(program(), [...FLAGS, `--user-data-dir=${profile}`, 'about:blank'], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  process.once('exit', () => {
    child.kill('SIGKILL');
    remove(profile);
  });
  return chromium.connectOverCDP(await address(child), { timeout: START_MS });
}

/** Return where it listens. What it says goes nowhere else: of a page, the log holds the console. */
function address(child) {
  return new Promise((resolve, reject) => {
    let said = '';
    const late = setTimeout(() => reject(new Error(`Chromium did not start within ${START_MS} ms: ${said}`)), START_MS);
    late.unref();
    child.once('exit', (code, signal) => reject(new Error(`Chromium ended with ${signal ?? code}: ${said.slice(-2000)}`)));
    child.stderr.on('data', (data) => {
      said = (said + data).slice(-20_000);
      const found = LISTENING.exec(said);
      if (found) resolve(found[1]);
    });
  });
}

/** Remove what tasks left that were killed: outside of containers, nobody else does. */
function removeProfilesOfTheDead() {
  for (const name of readdirSync(tmpdir()).filter((each) => each.startsWith(PROFILE))) {
    try {
      process.kill(parseInt(name.slice(PROFILE.length), 10), 0);
    } catch (error) {
      if (error.code === 'ESRCH') remove(join(tmpdir(), name));
    }
  }
}

/** Remove a profile, or as much of it as no process of Chromium's still writes to: the next start removes the rest. */
function remove(profile) {
  try {
    rmSync(profile, { recursive: true, force: true });
  } catch {
    // an error here would make a task fail that has answered
  }
}

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
