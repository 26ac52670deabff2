// A push service: takes messages over HTTP/2, checks who sends them and decrypts them. Prints a line of JSON when it
// listens, and one for each message. Started by tests/e2e/push_node.rs.

import { createECDH, createPublicKey, randomBytes, verify } from "node:crypto";
import { createRequire } from "node:module";
import { createSecureServer } from "node:http2";

const { MODULES, CERTIFICATE, KEY } = process.env;
const require = createRequire(`${MODULES}/`);
const ece = require("http_ece");

const browser = createECDH("prime256v1");
browser.generateKeys();
const auth = randomBytes(16);

/** The claims of a token whose signature holds. */
function claimsOf(authorization) {
  const [, token, key] = authorization.match(/^vapid t=([^,]+), k=(.+)$/);
  const [header, claims, signature] = token.split(".");
  const point = Buffer.from(key, "base64url");
  const jwk = { kty: "EC", crv: "P-256", x: point.subarray(1, 33).toString("base64url"), y: point.subarray(33).toString("base64url") };
  const publicKey = { key: createPublicKey({ key: jwk, format: "jwk" }), dsaEncoding: "ieee-p1363" };
  const holds = verify("sha256", Buffer.from(`${header}.${claims}`), publicKey, Buffer.from(signature, "base64url"));
  if (!holds) throw new Error("the token's signature does not hold");
  return { key, claims: JSON.parse(Buffer.from(claims, "base64url")) };
}

const server = createSecureServer({ cert: CERTIFICATE, key: KEY, allowHTTP1: true });
server.on("request", (request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    const { ttl, urgency, authorization } = request.headers;
    const options = { version: "aes128gcm", privateKey: browser, authSecret: auth.toString("base64url") };
    const plain = ece.decrypt(Buffer.concat(chunks), options).toString();
    const message = { path: request.url, version: request.httpVersion, ttl, urgency, plain, ...claimsOf(authorization) };
    console.log(JSON.stringify(message));
    response.writeHead(201);
    response.end();
  });
});
server.listen(0, "127.0.0.1", () => {
  const url = `https://127.0.0.1:${server.address().port}`;
  console.log(JSON.stringify({ url, p256dh: browser.getPublicKey("base64url"), auth: auth.toString("base64url") }));
});
