// Elements are made here only. Strings enter as text or as attribute values, never as markup.

/** An element. Attributes that are false or null are left out; functions are listeners; `vars` are CSS variables. */
function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name, value);
    else if (name === "vars") for (const [key, set] of Object.entries(value)) element.style.setProperty(key, set);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(
    ...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false),
  );
  return element;
}

const byId = (id) => document.getElementById(id);

/** 0.0412 → "4 %"; from ten times the limit on, "31×". */
function share(headroom) {
  if (headroom === null) return "";
  if (headroom >= 10) return `${headroom >= 1e4 ? headroom.toExponential(0) : Math.round(headroom)}×`;
  const percent = headroom * 100;
  return `${percent > 0 && percent < 1 ? "<1" : Math.round(percent)} %`;
}

/** 3.7e-7 → "3.7e-7"; 0.25 → "0.25". */
function figure(number, digits = 3) {
  if (number === null || number === undefined) return "–";
  if (number === 0) return "0";
  const size = Math.abs(number);
  return size < 1e-3 || size >= 1e5
    ? number.toExponential(digits - 2).replace(".0e", "e")
    : String(Number(number.toPrecision(digits)));
}

function bytes(count) {
  const units = ["B", "kB", "MB", "GB"];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(count, 1)) / 3)));
  return `${Number((count / 1000 ** power).toPrecision(3))} ${units[power]}`;
}

function seconds(time) {
  if (time < 1e-3) return `${Number((time * 1e6).toPrecision(3))} µs`;
  return time < 1 ? `${Number((time * 1e3).toPrecision(3))} ms` : `${Number(time.toPrecision(3))} s`;
}

const plural = (count, word) => `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;

/** Runs `work` once, a moment after the last call. */
function later(work, milliseconds) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(work, milliseconds);
  };
}
