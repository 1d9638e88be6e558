// Orama behind node's own server: `node orama.mjs FOLDER PORT`, in a folder with node_modules.
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { createRequire } from "node:module";

const [folder, port] = process.argv.slice(2);
const found = createRequire(`${process.cwd()}/`).resolve("@orama/orama");
const { create, insertMultiple, search } = await import(pathToFileURL(found));
const items = readFileSync(`${folder}/items.jsonl`, "utf8").trim().split("\n").map(JSON.parse);
const texts = ["item_id", "title", "brand", "category", "product_type"];
const schema = { ...Object.fromEntries(texts.map((name) => [name, "string"])), price: "number", popularity: "number" };
const index = create({ schema });
await insertMultiple(index, items.map((item) => ({ ...item, price: item.price ?? 0 })), 1000);

const server = createServer(async (request, response) => {
  const asked = new URL(request.url, "http://x").searchParams;
  const term = asked.get("q");
  const properties = ["title", "brand", "category", "product_type"];
  const answer = await search(index, { term, properties, boost: { title: 2 }, limit: Number(asked.get("k") ?? 20) });
  const hits = answer.hits.map(({ document, score }) => ({ ...document, score }));
  const body = JSON.stringify({ query: term, hits });
  response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
  response.end(body);
});
server.keepAliveTimeout = 0; // a connection stays while it waits for its turn
server.listen(Number(port), "127.0.0.1");
