// Writes NAME.br and NAME.gz beside every text and WASM file of a folder, where they are missing or older.
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const folder = process.argv[2];
for (const name of readdirSync(folder)) {
  if (!/\.(wasm|js|css|svg)$/.test(name)) continue;
  const path = join(folder, name);
  const isFresh = (suffix) => statSync(path + suffix, { throwIfNoEntry: false })?.mtimeMs >= statSync(path).mtimeMs;
  if (isFresh(".br") && isFresh(".gz")) continue;
  const bytes = readFileSync(path);
  const options = { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } };
  writeFileSync(path + ".br", brotliCompressSync(bytes, options));
  writeFileSync(path + ".gz", gzipSync(bytes, { level: 9 }));
}
