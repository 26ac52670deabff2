// A push service that takes whatever comes over HTTP/2 and keeps nothing of it. Until it reads `answer` from its input it
// answers nobody whose path begins with /held/. Started by tests/e2e/push_speed.rs.

import { createSecureServer } from "node:http2";
import { createInterface } from "node:readline";

const { CERTIFICATE, KEY } = process.env;
let held = [];
const accept = (stream) => {
  if (stream.destroyed) return;
  stream.respond({ ":status": 201 });
  stream.end();
};

const server = createSecureServer({ cert: CERTIFICATE, key: KEY, settings: { maxConcurrentStreams: 1_000 } });
server.on("stream", (stream, headers) => {
  stream.on("error", () => {});
  stream.resume();
  stream.on("end", () => (held && headers[":path"].startsWith("/held/") ? held.push(stream) : accept(stream)));
});
createInterface({ input: process.stdin }).on("line", () => {
  held?.forEach(accept);
  held = null;
});
server.listen(0, "127.0.0.1", () => console.log(`https://127.0.0.1:${server.address().port}`));
