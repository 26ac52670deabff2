// A push service: takes messages over HTTP/2, checks who sends them and decrypts them.

import { createECDH, createPublicKey, randomBytes, verify } from "node:crypto";
import { createSecureServer } from "node:http2";

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

/** Starts one for one browser; says where it is and that browser's keys. */
export async function pushService({ cert, key, ece }, onMessage) {
  const browser = createECDH("prime256v1");
  browser.generateKeys();
  const auth = randomBytes(16).toString("base64url");
  const server = createSecureServer({ cert, key, allowHTTP1: true });
  server.on("request", (request, response) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      const { ttl, urgency, authorization } = request.headers;
      const options = { version: "aes128gcm", privateKey: browser, authSecret: auth };
      const plain = ece.decrypt(Buffer.concat(chunks), options).toString();
      onMessage({ path: request.url, version: request.httpVersion, ttl, urgency, plain, ...claimsOf(authorization) });
      response.writeHead(201);
      response.end();
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `https://127.0.0.1:${server.address().port}`, keys: { p256dh: browser.getPublicKey("base64url"), auth } };
}
