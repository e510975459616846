// report.mjs FILE: reads `go test -json`, prints each package, whatever failed in full, and the ten slowest tests.
import { readFileSync } from "node:fs";

const output = new Map();
const started = new Set();
const done = [];
const packages = [];
let broken = false;
for (const line of readFileSync(process.argv[2], "utf8").split("\n")) {
  if (!line) continue;
  let e;
  try {
    e = JSON.parse(line);
  } catch {
    console.log(line);
    continue;
  }
  const key = `${e.Package ?? e.ImportPath} ${e.Test ?? ""}`;
  if (e.Action === "run") started.add(key);
  if (e.Action === "output" || e.Action === "build-output") {
    if (!output.has(key)) output.set(key, []);
    output.get(key).push(e.Output);
  } else if (e.Action === "build-fail") {
    broken = true;
    console.log((output.get(key) ?? []).join(""));
  } else if (["pass", "fail", "skip"].includes(e.Action)) {
    if (e.Test) done.push({ key, action: e.Action, seconds: e.Elapsed });
    else packages.push({ key, action: e.Action, seconds: e.Elapsed });
    if (e.Action === "fail") console.log((output.get(key) ?? []).join(""));
  }
}
for (const p of packages) {
  const word = p.action === "pass" ? "ok  " : p.action === "skip" ? "-   " : "FAIL";
  console.log(`${word} ${p.key.trim()} ${p.seconds.toFixed(1)}s`);
}
const skipped = done.filter((t) => t.action === "skip");
for (const t of skipped) console.log(`skipped: ${t.key}`);
console.log("ten slowest:");
for (const t of done.toSorted((a, b) => b.seconds - a.seconds).slice(0, 10)) {
  console.log(`  ${t.seconds.toFixed(2).padStart(7)}s ${t.key}`);
}
// Once more and in short: a node's log, printed above, may be of thousands of lines.
const failures = done.filter((t) => t.action === "fail");
for (const t of failures) {
  console.log(`failed: ${t.key}`);
  for (const line of (output.get(t.key) ?? []).filter((l) => /^\s+\w+_test\.go:\d+: (?!log of the node)|^panic: |DATA RACE/.test(l))) {
    console.log(`  ${line.trim().slice(0, 500)}`);
  }
}
const failed = failures.length;
const passed = done.filter((t) => t.action === "pass").length;
console.log(`go: ${passed} passed, ${failed} failed, ${skipped.length} skipped`);
const packageFailed = packages.some((p) => p.action === "fail");
// A test in whose time the process died was never said to have failed; what it printed says why.
const ended = new Set(done.map((t) => t.key));
for (const p of packages.filter((p) => p.action === "fail")) {
  for (const key of started) {
    if (!key.startsWith(`${p.key.trim()} `) || ended.has(key)) continue;
    const lines = (output.get(key) ?? []).join("").split("\n");
    const at = lines.findIndex((l) => /^(panic: |fatal error: |SIG[A-Z]+: )|DATA RACE/.test(l));
    console.log(`unfinished: ${key}${at < 0 ? "" : `\n${lines.slice(at, at + 60).join("\n")}`}`);
  }
}
// Nothing may skip: a missing tool is a failure.
process.exit(failed || packageFailed || broken || skipped.length || passed === 0 ? 1 : 0);
