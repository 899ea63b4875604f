// Copies the few files that pages load from node_modules to the folder that Django serves, and strips their source-map lines
// (manifest storage refuses a reference to a file that is not there). THE list of what we serve from npm is the table below:
// a new line here and a dependency in package.json (then `make lock`) are all that a new file needs.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const SERVED = {
  "idiomorph/dist/idiomorph.min.js": "idiomorph.min.js",
};

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const vendor = join(root, "src/earshot/web/static/vendor");
rmSync(vendor, { recursive: true, force: true });
mkdirSync(vendor, { recursive: true });
for (const [from, to] of Object.entries(SERVED)) {
  const source = readFileSync(join(root, "node_modules", from));
  const isText = /\.(m?js|css)$/.test(to);
  const target = join(vendor, to);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, isText ? source.toString("utf8").replace(/^\/[/*][#@]\s*sourceMappingURL=.*$/gm, "") : source);
}
console.log(`${Object.keys(SERVED).length} file(s) copied to static/vendor`);
