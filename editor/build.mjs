// Bundles src/editor.js into the file named on the command line, an ES module that pages import when they have a code editor.
import { build } from "esbuild";

const outfile = process.argv[2];
if (!outfile) throw new Error("usage: node build.mjs OUTFILE");
await build({
  entryPoints: [new URL("src/editor.js", import.meta.url).pathname],
  outfile,
  bundle: true,
  format: "esm",
  minify: true,
  target: "es2022",
  logLevel: "warning",
  banner: { js: "/*! CodeMirror 6, (c) Marijn Haverbeke and others, MIT licence, https://codemirror.net */" },
});
