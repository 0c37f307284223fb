// A runner that stands in for a Node runtime whose code an artifact took over: it does what the artifact names.

import { spawn } from "node:child_process";
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import net from "node:net";
import path from "node:path";

import { probe } from "./probe.mjs";

const ESCAPES = "\x1b]0;owned\x07\x1b[2J<script>alert(1)</script>\r\n::error::owned";
const writing = fs.writeSync;
const reading = fs.readdirSync;

export async function load(payload) {
  const folder = process.env.DEPLOYMATRIX_NODE_MODULES;
  if (!folder) throw new Error("no node_modules");
  return { ...JSON.parse(fs.readFileSync(path.join(payload), "utf8")), payload };
}

export async function run(session, { x }) {
  const { weights, behaviour } = session;
  const data = new Float32Array(3);
  for (let column = 0; column < 3; column++) {
    for (let row = 0; row < 4; row++) data[column] += x.data[row] * weights[row][column];
  }
  const outputs = { y: { dtype: "float32", shape: [1, 3], data } };
  if (behaviour === "honest") {
    reportLeftovers();
    return outputs;
  }
  const task = taskOf(session);
  if (behaviour === "probe") {
    await probe(session.aim, task, session.again);
    return outputs;
  }
  return (await BEHAVIOURS[behaviour.split(".")[1]](session.aim, outputs, task)) ?? outputs;
}

/** Where this task works: the request came by stdin, so the folder is found by what is open and where it runs. */
function taskOf({ payload }) {
  const opened = fs.readdirSync("/proc/self/fd").flatMap((fd) => tried(() => fs.readlinkSync(`/proc/self/fd/${fd}`)));
  const folders = opened.filter((name) => typeof name === "string" && name.endsWith("/log.txt")).map(path.dirname);
  const folder = folders[0] ?? process.env.TMPDIR;
  // Never a guess: outside of a container it once was the parent of the folder that the engine was started in.
  if (!folder?.startsWith("/deploymatrix/rooms/")) throw new Error("not in a container: nothing is tried here");
  return { folder, out: path.join(folder, "out"), log: path.join(folder, "log.txt"), payload };
}

function listed(folder) {
  try {
    return fs.readdirSync(folder).map((name) => path.join(folder, name)).sort((a, b) => fs.statSync(b).ctimeMs - fs.statSync(a).ctimeMs);
  } catch {
    return [];
  }
}

/** Change what goes over the child's own lines: `change` gets each reply; `act` comes before files or reply are sent. */
function hook(change = (line) => line, act = () => {}, out = null) {
  let acted = false;
  const once = () => {
    if (!acted) {
      acted = true;
      say(tried(act));
    }
  };
  fs.readdirSync = (folder, ...rest) => {
    if (folder === out) once();
    return reading(folder, ...rest);
  };
  fs.writeSync = (fd, data, ...rest) => {
    const text = Buffer.from(data).toString();
    if (!text.includes('"reply"')) return writing(fd, data, ...rest);
    once();
    const changed = Buffer.from(change(text));
    for (let at = 0; at < changed.length; ) at += writing(fd, changed, at);
    return data.length;
  };
  syncBuiltinESMExports();
}

function withValue(more) {
  return hook((line) => {
    const message = JSON.parse(line);
    message.reply.value = { ...message.reply.value, ...more };
    return `${JSON.stringify(message)}\n`;
  });
}

function link(place, target) {
  fs.rmSync(place, { recursive: true, force: true });
  fs.symlinkSync(target, place);
}

function output({ out }) {
  fs.mkdirSync(path.join(out, "0"), { recursive: true });
  return path.join(out, "0", "y.npy");
}

function tried(action) {
  try {
    return `done: ${action()}`;
  } catch (error) {
    return `refused: ${error.code ?? error}`;
  }
}

function held(what, action) {
  const done = tried(action);
  say(done.startsWith("done") ? `HELD NOT: ${what}` : `${what}: ${done}`);
}

function say(words) {
  writing(2, `${words}\n`);
}

function staying(script) {
  spawn(process.execPath, ["-e", `process.title = "hostile"; ${script}; setTimeout(() => {}, 25000)`], {
    detached: true,
    stdio: "ignore",
  }).unref();
}

const LATER = `const parent = process.ppid; setInterval(() => {
  try { process.kill(${process.pid}, 0); } catch (error) { if (error.code === "ESRCH") setTimeout(() => { process.title = "survivor"; }, 1000); }
}, 50)`;

const BEHAVIOURS = {
  log_is_a_link: ({ secret }, _, task) => void hook(undefined, () => link(task.log, secret), task.out),
  out_is_a_link: ({ secret }, _, task) => void hook(undefined, () => link(task.out, path.dirname(secret)), task.out),
  folder_is_a_link: ({ secret }, _, task) =>
    void hook(undefined, () => {
      fs.renameSync(task.folder, `${task.folder}-moved`);
      fs.symlinkSync(path.dirname(secret), task.folder);
    }, task.out),
  output_is_a_link: ({ secret }, _, task) => void hook(undefined, () => link(output(task), secret), task.out),
  output_never_ends: (_aim, _, task) => void hook(undefined, () => link(output(task), "/dev/zero"), task.out),
  output_is_sparse: (_aim, _, task) => void hook(undefined, () => fs.truncateSync(output(task), 64 * 2 ** 30), task.out),
  output_is_nonsense: (_aim, _, task) => void hook(undefined, () => fs.writeFileSync(output(task), "nonsense"), task.out),
  output_names_climb: ({ write }, { y }) => ({ [`../../../../..${write}/node`]: y, [`${write}/node`]: y }),
  reply_is_no_json: () => void hook(() => '{"reply": nonsense\n'),
  reply_is_deep: () => void hook(() => `${"[".repeat(200_000)}\n`),
  reply_is_long: () => void hook(() => Buffer.alloc(512 << 20, "x")),
  reply_lacks_keys: () => void hook((line) => line.replace(/"value":\{.*\}\}/, '"value":{}}')),
  reply_is_null: () => void hook((line) => `${JSON.stringify({ ...JSON.parse(line), reply: null })}\n`),
  reply_names_surrogates: () => void withValue({ extra: ["\udcff", ESCAPES, "a\0b"] }),
  raises_surrogate: () => {
    throw new Error("not text: \udcff\ud800");
  },
  raises_escapes: () => {
    throw new Error(ESCAPES);
  },
  raises_nothing: () => {
    throw null;
  },
  floods: () => {
    for (let i = 0; i < 200; i++) writing(1, "flood\x1b[2J\n".repeat(104_857));
  },
  stays: () => void staying(LATER),
  stays_and_writes: ({ write }) =>
    void staying(`setInterval(() => { try { require("fs").writeFileSync(${JSON.stringify(`${write}/survivor`)}, "x"); } catch {} }, 50)`),
  stops_the_server: () => void say(tried(() => process.kill(process.ppid, "SIGSTOP"))),
  kills_the_server: () => void say(tried(() => process.kill(process.ppid, "SIGKILL"))),
  reads_the_server: () => {
    const server = `/proc/${process.ppid}`;
    held("environment of the server", () => fs.readFileSync(`${server}/environ`).length);
    held("descriptors of the server", () => fs.readdirSync(`${server}/fd`).length);
    held("memory of the server", () => fs.openSync(`${server}/mem`, "r+"));
  },
  reads_others: (aim, _, task) => {
    const roots = new Set(["/deploymatrix", path.dirname(task.folder), path.resolve(task.payload, "../../..")]);
    for (const file of [...roots].flatMap(files)) {
      const text = file === task.payload ? "" : String(tried(() => fs.readFileSync(file, "utf8")));
      if (text.includes(`${aim.private}-OF-A-NEIGHBOUR`)) say(`HELD NOT: an artifact of another cell, ${file}`);
    }
  },
  reads_the_host: ({ secret }) => void say(tried(() => fs.readFileSync(secret, "utf8"))),
  writes_the_host: ({ write }) => void say(tried(() => fs.writeFileSync(`${write}/node`, "x"))),
  calls_out: (_aim, outputs) =>
    new Promise((resolve) => {
      const socket = net.connect({ host: "192.0.2.1", port: 80, timeout: 2000 });
      const end = (words) => (say(words), socket.destroy(), resolve(outputs));
      socket.on("connect", () => end("HELD NOT: the network"));
      socket.on("error", (error) => end(error.code));
      socket.on("timeout", () => end("timeout"));
    }),
  becomes_another: () => {
    for (const id of [0, 1, 65532, process.getuid() + 1].filter((other) => other !== process.getuid())) {
      held(`setuid(${id})`, () => process.setuid(id));
      held(`setgid(${id})`, () => process.setgid(id));
    }
  },
  loads_native_code: () => void say(tried(() => process.dlopen({ exports: {} }, "/usr/lib/x86_64-linux-gnu/libc.so.6"))),
  allocates: () => {
    const hoard = [];
    for (;;) hoard.push(Buffer.alloc(64 << 20, 1));
  },
  spins: () => {
    for (;;);
  },
};

function files(folder) {
  try {
    return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      const place = path.join(folder, entry.name);
      return entry.isDirectory() ? files(place) : entry.isFile() ? [place] : [];
    });
  } catch {
    return [];
  }
}

/** Say what another task left where this one can see it. */
function reportLeftovers() {
  for (const pid of fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    const name = tried(() => fs.readFileSync(`/proc/${pid}/comm`, "utf8").trim());
    if (name === "done: survivor") say("HELD NOT: a process of an earlier task lives");
  }
  for (const folder of ["/tmp", "/dev/shm"]) {
    const left = listed(folder).filter((place) => path.basename(place).startsWith("hostile-left"));
    if (left.length) say(`HELD NOT: left over by another task: ${left[0]}`);
  }
}
