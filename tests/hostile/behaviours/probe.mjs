// The twelve questions of probe.py, as a Node task can ask them.

import { execFileSync, spawn } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";

const SEEN_MS = 2500;
let asked = false;

/** Print what was found as one line of the log; leave a process behind, for the probe that is the second one. */
export async function probe(aim, task, again) {
  if (asked) return; // one session of several asks
  asked = true;
  await new Promise((resolve) => setTimeout(resolve, again ? SEEN_MS : 0));
  const questions = {};
  for (const [name, ask] of Object.entries(QUESTIONS)) questions[name] = await answered(() => ask(aim, task));
  const found = { questions, granted: granted(), packages: packages(), interfaces: interfaces() };
  fs.writeSync(2, `PROBE ${JSON.stringify(found)}\n`);
  const script = `setInterval(() => { try { process.kill(${process.pid}, 0); } catch (error) {
    if (error.code === "ESRCH") setTimeout(() => { process.title = "survivor"; }, 1000); } }, 50);
    setTimeout(() => process.exit(), 20000)`;
  spawn(process.execPath, ["-e", script], { detached: true, stdio: "ignore" }).unref();
}

async function answered(question) {
  try {
    const found = await question();
    const nothing = !found || (Array.isArray(found) && found.length === 0);
    return nothing ? "refused" : `allowed: ${JSON.stringify(found)}`;
  } catch (error) {
    return `refused: ${error.code ?? error.status ?? error}`;
  }
}

const server = () => `/proc/${process.ppid}`;
const can = (action) => {
  try {
    action();
    return true;
  } catch {
    return false;
  }
};
const writable = (place) => can(() => {
  const file = path.join(place, `hostile-left-${process.pid}`);
  fs.closeSync(fs.openSync(file, "wx"));
  fs.unlinkSync(file);
});
const status = () =>
  Object.fromEntries(fs.readFileSync("/proc/self/status", "utf8").trim().split("\n").map((line) => line.split(/:\s*/)));

const QUESTIONS = {
  "reads artifacts of others": (aim, { payload }) => {
    const above = path.resolve(payload, "../../..");
    const found = [...files("/deploymatrix"), ...files(above)].filter((file) => file !== payload);
    const private_ = `${aim.private}-OF-A-NEIGHBOUR`;
    const read = found.filter((file) => can(() => { if (!fs.readFileSync(file, "utf8").includes(private_)) throw 0; }));
    return read.length ? read : fs.readdirSync("/deploymatrix/inbox"); // under names that nobody can guess
  },
  "writes outside of its folder": (_aim, { folder }) =>
    [...new Set([...folders("/"), "/tmp", "/var/tmp", "/run", "/dev/shm", "/dev/mqueue", path.dirname(folder)])].filter((place) => !/^\/(proc|sys)/.test(place) && !place.startsWith(folder) && writable(place)),
  "reaches the network": () =>
    new Promise((resolve, reject) => {
      const socket = net.connect({ host: "192.0.2.1", port: 80, timeout: 2000 });
      socket.on("connect", () => resolve("connected"));
      socket.on("error", reject);
      socket.on("timeout", () => reject(new Error("timeout")));
    }),
  "traces its server": () => ["mem", "environ"].filter((name) => can(() => fs.closeSync(fs.openSync(`${server()}/${name}`)))),
  "signals its server": () => process.kill(process.ppid, 0),
  "becomes another user": () => {
    const ids = [0, 1, 65532, process.getuid() + 1].filter((id) => id !== process.getuid());
    const taken = ids.filter((id) => can(() => process.setuid(id)) || can(() => process.setgid(id)));
    return taken.length ? taken : process.getuid() === 0;
  },
  "has capabilities": () => ["CapInh", "CapPrm", "CapEff", "CapAmb"].filter((name) => /[1-9a-f]/.test(status()[name])),
  "gains rights by programs": () =>
    status().NoNewPrivs !== "1" || execFileSync("su", ["-c", "id"], { stdio: "pipe", timeout: 5000 }).includes("uid=0"),
  mounts: (_aim, { folder }) => {
    if (can(() => execFileSync("mount", ["-t", "tmpfs", "none", "/tmp"], { stdio: "ignore" }))) return "mount";
    const lines = fs.readFileSync("/proc/self/mounts", "utf8").trim().split("\n").map((line) => line.split(" "));
    const kernel = ["proc", "sysfs", "devpts", "cgroup", "cgroup2"];
    return lines
      .filter(([, place, kind, options]) => options.split(",").includes("rw") && !kernel.includes(kind) && !folder.startsWith(place))
      .map(([, place]) => place)
      .filter((place) => !place.startsWith("/proc/") && writable(place)); // what the engine hides there
  },
  "opens devices": (_aim, { folder }) => {
    const harmless = ["null", "zero", "full", "random", "urandom", "tty", "ptmx"];
    const others = fs.readdirSync("/dev", { withFileTypes: true }).filter((entry) => !entry.isDirectory() && !entry.isSymbolicLink());
    const opened = others.map(({ name }) => name).filter((name) => !harmless.includes(name));
    const made = can(() => execFileSync("mknod", [`${folder}/device`, "b", "254", "0"], { stdio: "ignore" }));
    return [...opened.filter((name) => can(() => fs.closeSync(fs.openSync(`/dev/${name}`)))), ...(made ? ["mknod"] : [])];
  },
  "makes namespaces": () =>
    ["-U", "-m", "-p", "-n"].filter((flag) => can(() => execFileSync("unshare", [flag, "true"], { stdio: "ignore" }))),
  "outlives its task": () =>
    fs.readdirSync("/proc").filter((pid) => {
      try {
        return fs.readFileSync(`/proc/${pid}/comm`, "utf8").trim() === "survivor";
      } catch {
        return false;
      }
    }),
};

function granted() {
  const places = { tmp: os.tmpdir(), home: os.homedir(), cwd: process.cwd() };
  return Object.fromEntries(
    Object.entries(places).map(([name, folder]) => {
      return [name, can(() => fs.writeFileSync(path.join(folder, "granted"), "x")) ? "granted" : folder];
    }),
  );
}

function packages() {
  const modules = process.env.DEPLOYMATRIX_NODE_MODULES;
  return fs.readdirSync(modules).flatMap((name) =>
    name.startsWith("@") ? fs.readdirSync(path.join(modules, name)).map((inner) => `${name}/${inner}`) : [name]);
}

function interfaces() {
  return Object.keys(os.networkInterfaces()).filter((name) => name !== "lo");
}

function entries(folder) {
  try {
    return fs.readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

function folders(folder) {
  const inner = entries(folder).filter((entry) => entry.isDirectory()).map(({ name }) => path.join(folder, name));
  return [folder, ...inner.filter((place) => !/^\/(proc|sys|node_modules)/.test(place)).flatMap(folders)];
}

function files(folder) {
  return entries(folder).flatMap((entry) => {
    const place = path.join(folder, entry.name);
    return entry.isDirectory() ? files(place) : entry.isFile() ? [place] : [];
  });
}
