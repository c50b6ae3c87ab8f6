// Bundles the browser script: `node build.mjs FOLDER` writes touchline.js, touchline.mjs and touchline.d.mts.
import { copyFileSync, mkdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

const source = join(dirname(fileURLToPath(import.meta.url)), "src");
const folder = resolve(process.argv[2]);
const common = {
  absWorkingDir: source,
  bundle: true,
  minify: true,
  charset: "utf8",
  target: "es2022",
  // Names of our own that no event, option or page has.
  mangleProps: /^(actedAt|failedAt|pressed|clicked|changed|moveTo|resume|leave|control|renew|began|failed)$/,
};

mkdirSync(folder, { recursive: true });
await build({ ...common, entryPoints: ["script.ts"], format: "iife", outfile: join(folder, "touchline.js") });
await build({ ...common, entryPoints: ["module.ts"], format: "esm", outfile: join(folder, "touchline.mjs") });
copyFileSync(join(source, "touchline.d.mts"), join(folder, "touchline.d.mts"));
