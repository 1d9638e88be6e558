// MiniSearch behind node's own server: `node minisearch.mjs FOLDER PORT`, in a folder with node_modules.
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [folder, port] = process.argv.slice(2);
const MiniSearch = createRequire(`${process.cwd()}/`)("minisearch");
const items = readFileSync(`${folder}/items.jsonl`, "utf8").trim().split("\n").map(JSON.parse);
const fields = ["title", "brand", "category", "product_type"];
const index = new MiniSearch({ idField: "item_id", fields, storeFields: Object.keys(items[0]) });
index.addAll(items);

const server = createServer((request, response) => {
  const asked = new URL(request.url, "http://x").searchParams;
  const q = asked.get("q");
  const hits = index.search(q, { prefix: true, fuzzy: 0.2, boost: { title: 2 } }).slice(0, Number(asked.get("k") ?? 20));
  const body = JSON.stringify({ query: q, hits });
  response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
  response.end(body);
});
server.keepAliveTimeout = 0; // a connection stays while it waits for its turn
server.listen(Number(port), "127.0.0.1");
