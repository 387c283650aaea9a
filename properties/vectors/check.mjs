// Checks an implementation in JavaScript with test vectors of seqlaws. It needs Node 18 or later.
//
//     node check.mjs attention.json mine.mjs
//
// mine.mjs exports functions with the names of the operations, such as attention and
// attention_vjp, which the index names. An array is {data, shape, dtype}: data a Float32Array (or a
// Float64Array, an Int32Array, for booleans a Uint8Array) in row-major order. The last argument is
// an object with the options that are given. A result is such an array, or a list of them in the
// order of the index; the gradient of a dict of parameters is an object. A function refuses a call by an exception. That is a failure where the call
// is within the operation's core, unless the exception's name is NotImplementedError, for an
// option that is not offered.
//
// Exit status: 0 if every MUST holds, 1 if one does not, 2 if nothing could be checked.

import { readFileSync, realpathSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const SCHEMA = 1;
const KINDS = { F32: Float32Array, F64: Float64Array, I32: Int32Array, BOOL: Uint8Array };

// The index, and its tensors by name, of an index file.
export function read(path) {
  const index = JSON.parse(readFileSync(path, "utf8"));
  if (index.schema !== SCHEMA) {
    throw new Error(`${path}: schema ${index.schema}; this checker reads ${SCHEMA}`);
  }
  const file = readFileSync(join(dirname(path), index.data));
  const length = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.toString("utf8", 8, 8 + length));
  const tensors = {};
  for (const [name, { dtype, shape, data_offsets: [start, end] }] of Object.entries(header)) {
    const bytes = file.buffer.slice(
      file.byteOffset + 8 + length + start, file.byteOffset + 8 + length + end);
    tensors[name] = { data: new KINDS[dtype](bytes), shape, dtype };
  }
  return { index, tensors };
}

// An argument of a call; arrays are copies, because a function may write to them.
function argument(told, tensors) {
  if (Array.isArray(told)) return told.map((one) => argument(one, tensors));
  if (told === null || typeof told !== "object") return told;
  if ("number" in told) return { inf: Infinity, "-inf": -Infinity, nan: NaN }[told.number];
  if ("tensor" in told) {
    const { data, shape, dtype } = tensors[told.tensor];
    return { data: data.slice(), shape: [...shape], dtype };
  }
  return entries(told.entries, tensors);
}

function entries(told, tensors) {
  return Object.fromEntries(Object.entries(told).map(([n, one]) => [n, argument(one, tensors)]));
}

// |observed - value| / allowed; an infinite error is allowed where there is no bound. NaN is
// compared by its place, but in gradients a NaN that is expected says nothing.
function ratio(observed, value, allowed, free) {
  if (Number.isNaN(value)) return free || Number.isNaN(observed) ? 0 : Infinity;
  if (allowed === Infinity || observed === value) return 0;
  const found = Math.abs(observed - value) / allowed;
  return Number.isNaN(found) ? Infinity : found;
}

function place(shape, flat) {
  const index = [];
  for (const n of [...shape].reverse()) {
    index.unshift(flat % n);
    flat = Math.floor(flat / n);
  }
  return index.join(", ");
}

// A result, or the entries of an object in the order of the names, such as "params.weight".
function parts(result, names) {
  if (result === null || typeof result !== "object" || "data" in result) return [result];
  return names.filter((name) => name.includes("."))
    .map((name) => result[name.slice(name.indexOf(".") + 1)]);
}

// The worst ratio of a call, and a sentence about its entry.
function compared(call, results, tensors) {
  const names = Object.keys(call.expected);
  const list = (Array.isArray(results) ? results : [results])
    .flatMap((one) => parts(one, names));
  if (list.length !== names.length) {
    return { worst: Infinity, says: `${list.length} results, expected ${names.join(", ")}` };
  }
  let worst = 0;
  let says = "";
  names.forEach((name, k) => {
    const { value, allowed } = call.expected[name];
    const { shape, data: values } = tensors[value];
    const { data, shape: own } = list[k] ?? {};
    if (data === undefined || String(own) !== String(shape) || data.length !== values.length) {
      worst = Infinity;
      says = `${name} has the shape [${own}], expected [${shape}]`;
      return;
    }
    for (let i = 0; i < values.length; i++) {
      const bound = tensors[allowed].data[i];
      const found = ratio(Number(data[i]), values[i], bound, call.function.endsWith("_vjp"));
      if (found > worst) {
        worst = found;
        says = `${name}[${place(shape, i)}] is ${data[i]}, expected ${values[i]}, allowed ${bound}`;
      }
    }
  });
  return { worst, says };
}

// The outcome of a call: worst, says; refused, if it lies beyond the core; or offered: false.
async function outcome(call, functions, tensors) {
  if (typeof functions[call.function] !== "function") return { offered: false };
  let results;
  try {
    const given = call.arguments.map((told) => argument(told, tensors));
    results = await functions[call.function](...given, entries(call.options, tensors));
  } catch (error) {
    const option = Object.keys(call.options).length > 0 && error?.name === "NotImplementedError";
    if (!call.core || option) return { refused: true };
    return { worst: Infinity, says: `${call.function} raised ${error}` };
  }
  return compared(call, results, tensors);
}

// What became of each law: level, cases, refused, worst, and the sentence about the worst case.
export async function check(path, functions) {
  const { index, tensors } = read(path);
  const laws = new Map();
  for (const call of index.cases) {
    const found = await outcome(call, functions, tensors);
    if (found.offered === false) continue;
    const key = `${index.operation}.${call.law}`;
    if (!laws.has(key)) laws.set(key, { level: call.level, cases: 0, refused: 0, worst: 0, says: "" });
    const law = laws.get(key);
    if (found.refused) {
      law.refused += 1;
      continue;
    }
    law.cases += 1;
    if (found.worst > law.worst) {
      law.worst = found.worst;
      law.says = `case ${call.case}: ${found.says}`;
    }
  }
  return laws;
}

function report(laws) {
  const width = Math.max(...[...laws.keys()].map((name) => name.length));
  let failed = 0;
  for (const [name, { level, cases, refused, worst, says }] of laws) {
    const outcome = worst > 1 ? (level === "MUST" ? "FAILED" : "should") : cases ? "ok" : "-";
    const more = refused ? `, ${refused} refused` : "";
    console.log(`${outcome.padEnd(6)} ${name.padEnd(width)} worst ${worst.toPrecision(3)} of ${cases} cases${more}`);
    if (worst > 1) console.log(`       ${says}`);
    failed += outcome === "FAILED";
  }
  const checked = [...laws.values()].some(({ cases }) => cases);
  console.log(failed ? `${failed} laws failed` : checked ? "no MUST law failed" : "nothing was checked");
  return failed ? 1 : checked ? 0 : 2;
}

async function main([path, file]) {
  if (!path || !file) {
    console.error("usage: node check.mjs INDEX.json MINE.mjs");
    return 2;
  }
  try {
    return report(await check(path, await import(pathToFileURL(resolve(file)))));
  } catch (error) {
    console.error(`check.mjs: ${error.message}`);
    return 2;
  }
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  process.exitCode = await main(process.argv.slice(2));
}
