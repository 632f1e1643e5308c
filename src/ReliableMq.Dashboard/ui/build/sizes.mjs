// Prints what each part of the page weighs compressed, and fails if the first view weighs too much.
import { readFileSync, rmSync } from "node:fs";
import { gzipSync } from "node:zlib";

const budget = 150_000;
const dist = new URL("../dist/", import.meta.url);
const manifest = JSON.parse(readFileSync(new URL("manifest.json", dist), "utf8"));
const weigh = (file) => gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length;

// An entry with everything that it imports at once.
const filesOf = (key, files = new Set()) => {
  const chunk = manifest[key];
  if (files.has(chunk.file)) return files;
  files.add(chunk.file);
  chunk.css?.forEach((file) => files.add(file));
  chunk.imports?.forEach((imported) => filesOf(imported, files));
  return files;
};

const entry = Object.keys(manifest).find((key) => manifest[key].isEntry);
const overview = Object.keys(manifest).find((key) => key.endsWith("pages/Overview.tsx"));
const first = new Set(["index.html", "theme.js", ...filesOf(entry), ...(overview ? filesOf(overview) : [])]);
const all = new Set(Object.values(manifest).flatMap((chunk) => [chunk.file, ...(chunk.css ?? [])]));

for (const file of [...first, ...[...all].filter((file) => !first.has(file)).sort()]) {
  console.log(`${first.has(file) ? "first" : "later"} ${String(weigh(file)).padStart(7)}  ${file}`);
}

const total = [...first].reduce((sum, file) => sum + weigh(file), 0);
console.log(`First view: ${total} of at most ${budget} bytes compressed.`);
rmSync(new URL("manifest.json", dist));
if (total > budget) {
  console.error(`The first view weighs ${total} bytes compressed, more than ${budget}. Load later what the overview does not need.`);
  process.exit(1);
}
