// Bundles the extension. The first line names what the bundle was made from, so that a test can tell a stale one.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

const sources = [
  ...readdirSync("src")
    .sort()
    .map((name) => `src/${name}`),
  "build.mjs",
  "package-lock.json",
];
const hash = createHash("sha256");
for (const source of sources) {
  hash.update(`${source}\0${readFileSync(source, "utf8").replace(/\r\n/g, "\n")}\0`);
}

const { metafile } = await build({
  entryPoints: ["src/extension.ts"],
  outfile: "dist/extension.js",
  bundle: true,
  minify: true,
  platform: "node",
  format: "cjs",
  target: "node20",
  external: ["vscode"],
  legalComments: "none",
  metafile: true,
  preserveSymlinks: true, // so that the folders below are named the same wherever packages are kept
  banner: { js: `// sources: sha256 ${hash.digest("hex")}` },
});

// The licences of what is in the bundle.
const folders = Object.keys(metafile.inputs).map((path) => path.match(/^node_modules\/(?:@[^/]+\/)?[^/]+/)?.[0]);
const notices = [...new Set(folders.filter(Boolean))].sort().map((folder) => {
  const { name, version } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
  const licence = readdirSync(folder).find((file) => /^licen[cs]e/i.test(file));
  return `${name} ${version}\n\n${readFileSync(`${folder}/${licence}`, "utf8").replace(/\r\n/g, "\n").trim()}\n`;
});
writeFileSync("dist/licenses.txt", notices.join("\n----\n\n"));
