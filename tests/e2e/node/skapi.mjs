// The real client of Skapi, the npm package `skapi-js` as browsers load it, over `ws` and `werift`: two users in processes of
// their own meet in a group, send private messages, and reach each other by WebRTC. Fails with a non-zero exit code and
// says why. Started by tests/e2e/skapi_node.rs.
//
// What Node.js lacks of a browser stands in browser.mjs. Between the client and the node there is a TLS terminator and
// nothing else: the client asks by HTTPS only.

import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import net from "node:net";
import tls from "node:tls";
import { fileURLToPath, pathToFileURL } from "node:url";
import { browser } from "./browser.mjs";

/** The vendor asks for a UUID; the node does not look at it. */
const OWNER = "00000000-0000-4000-8000-000000000000";

const { MODULES, ADDRESS, CERTIFICATE, KEY, SERVICE, ADA, BOB, ADA_ID, BOB_ID } = process.env;
const require = createRequire(`${MODULES}/`);

/** One user's process: does what it is told, and tells what it hears. */
async function user() {
  browser(require);
  const { Skapi } = await import(pathToFileURL(`${MODULES}/node_modules/skapi-js/dist/skapi.browser.mjs`));
  let skapi;
  let call;
  const tell = (event) => process.send({ event: JSON.parse(JSON.stringify(event)) });
  const events = (from) => (event) => {
    const { type, data } = event;
    if (type === "message") tell({ type: `${from}:message`, message: data });
    if (type === "open") tell({ type: `${from}:open` });
  };
  const hear = (message) => {
    const { connectRTC, hangup, ...rest } = message;
    if (connectRTC) call = connectRTC;
    tell(rest);
  };
  const acts = {
    login: async ({ host, tokens }) => {
      skapi = new Skapi(SERVICE, OWNER, {}, { target_cdn: `${host}/skapi/cdn?x=` });
      const profile = await skapi.loginWithToken(tokens);
      return profile.user_id;
    },
    connect: () => skapi.connectRealtime(hear).then(() => null),
    /** The tokens of another user in every frame from here on. */
    pretend: (tokens) => void (skapi.session.idToken.jwtToken = tokens.idToken),
    call: async (cid) => {
      const connector = await skapi.connectRTC({ cid, ice: "stun:127.0.0.1:9", channels: ["text-chat"] }, events("call"));
      call = connector.connection;
    },
    answer: async () => {
      call = call({ ice: "stun:127.0.0.1:9" }, events("call"));
      await call;
    },
    write: async (text) => (await call).channels["text-chat"].send(text),
    hangup: async () => (await call).hangup(),
  };
  process.on("message", async ({ id, act, args }) => {
    try {
      const value = acts[act] ? await acts[act](...args) : await skapi[act](...args);
      process.send({ id, value });
    } catch (error) {
      process.send({ id, error: { code: error.code, message: error.message ?? String(error) } });
    }
  });
  process.on("disconnect", () => process.exit());
}

function start() {
  const child = fork(fileURLToPath(import.meta.url), ["user"], { env: { ...process.env, NODE_EXTRA_CA_CERTS: CERTIFICATE } });
  const [heard, waiting] = [[], new Map()];
  child.on("exit", (code) => code && process.exit(code));
  child.on("message", ({ id, value, error, event }) => {
    if (event) return heard.push(event);
    const { resolve, reject, failure } = waiting.get(id);
    error ? reject(Object.assign(failure, error)) : resolve(value);
  });
  const act = (name, ...args) =>
    new Promise((resolve, reject) => {
      // Made here, so that it says who asked.
      waiting.set(waiting.size, { resolve, reject, failure: new Error(name) });
      child.send({ id: waiting.size - 1, act: name, args });
    });
  /** The next that it heard of a kind. */
  const next = async (type) => {
    for (let tries = 0; tries < 1_000; tries++) {
      const at = heard.findIndex((event) => event.type === type);
      if (at >= 0) return heard.splice(at, 1)[0];
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`${type} is not heard, but ${JSON.stringify(heard)}`);
  };
  return { act, next, heard, end: () => child.kill() };
}

async function main() {
  const [host, port] = ADDRESS.split(":");
  const options = { key: readFileSync(KEY), cert: readFileSync(CERTIFICATE) };
  const terminator = tls.createServer(options, (client) => {
    const node = net.connect(Number(port), host);
    client.pipe(node).pipe(client);
    for (const socket of [client, node]) socket.on("error", () => [client, node].forEach((one) => one.destroy()));
  });
  await new Promise((resolve) => terminator.listen(0, "localhost", resolve));
  const front = `localhost:${terminator.address().port}`;

  const [ada, bob] = [start(), start()];
  assert.equal(await ada.act("login", { host: front, tokens: JSON.parse(ADA) }), ADA_ID);
  assert.equal(await bob.act("login", { host: front, tokens: JSON.parse(BOB) }), BOB_ID);
  for (const one of [ada, bob]) {
    await assert.rejects(one.act("joinRealtime", { group: "Hello" }), { code: "INVALID_REQUEST" });
    await one.act("connect");
    assert.equal((await one.next("success")).message, "Connected to WebSocket server.");
  }

  // They meet in a group, and hear each other and themselves, whatever they say.
  const group = "Hello 100% wörld";
  await ada.act("joinRealtime", { group });
  const own = await ada.next("notice");
  assert.equal(own.code, "USER_JOINED");
  assert.deepEqual([own.sender, own.sender_rid], [ADA_ID, group]);
  await bob.act("joinRealtime", { group });
  const bobs = (await ada.next("notice")).sender_cid;
  assert.equal((await bob.next("notice")).sender_cid, bobs);
  const said = { msg: "50% off, %41 % é", deep: [1, { a: null }] };
  assert.deepEqual(await ada.act("postRealtime", said, group), { type: "success", message: "Message sent." });
  for (const one of [ada, bob]) {
    const message = await one.next("message");
    assert.deepEqual([message.message, message.sender, message.sender_rid], [said, ADA_ID, group]);
  }
  await assert.rejects(ada.act("postRealtime", 1, "elsewhere"), /has not joined to the recipient group/);

  // Lists, by the functions of the client.
  const groups = await ada.act("getRealtimeGroups");
  assert.deepEqual(groups.list, [{ group, number_of_users: 2 }]);
  assert.equal(groups.endOfList, true);
  for (const search of [
    { searchFor: "group", value: "Hello", condition: ">=" },
    { searchFor: "group", value: group },
    { searchFor: "group", value: "A", range: "Z" },
    { searchFor: "number_of_users", value: 2 },
    { searchFor: "number_of_users", value: 1, condition: "gt" },
    { searchFor: "number_of_users", value: 1, range: 3 },
  ]) {
    assert.deepEqual((await ada.act("getRealtimeGroups", search)).list, groups.list, JSON.stringify(search));
  }
  assert.deepEqual((await ada.act("getRealtimeGroups", { searchFor: "number_of_users", value: 2, condition: "<" })).list, []);
  const users = await bob.act("getRealtimeUsers", { group });
  assert.deepEqual(new Set(users.list.map((one) => one.user_id)), new Set([ADA_ID, BOB_ID]));
  assert.ok(users.list.some((one) => one.cid === bobs));
  const first = await bob.act("getRealtimeUsers", { group }, { limit: 1 });
  const second = await bob.act("getRealtimeUsers", { group }, { limit: 1, fetchMore: true });
  assert.deepEqual([first.endOfList, second.endOfList], [false, true]);
  assert.deepEqual([...first.list, ...second.list], users.list);

  // Private messages; one to somebody who is not there.
  await ada.act("postRealtime", { secret: "%" }, BOB_ID);
  for (const one of [ada, bob]) {
    const { message, sender, sender_rid } = await one.next("private");
    assert.deepEqual([message, sender, sender_rid], [{ secret: "%" }, ADA_ID, null]);
  }
  await ada.act("postRealtime", 1, "0189af00-0000-4000-8000-ffffffffffff");
  assert.equal((await ada.next("error")).message, "Recipient is not connected.");

  // With another user's token nothing is said.
  await bob.act("pretend", JSON.parse(ADA));
  await bob.act("postRealtime", "as ada", group);
  assert.equal((await bob.next("error")).message, "No access.");
  await bob.act("pretend", JSON.parse(BOB));
  await bob.act("postRealtime", "as bob", group);
  for (const one of [ada, bob]) assert.equal((await one.next("message")).message, "as bob");

  // What is the vendor's is not served, and says so.
  await assert.rejects(ada.act("getRecords", { table: "t" }), { code: "NOT_EXISTS" });

  // A call: signalled by the node, spoken past it.
  await ada.act("call", bobs);
  assert.equal((await bob.next("rtc:incoming")).sender, ADA_ID);
  await bob.act("answer");
  await ada.next("call:open");
  await ada.act("write", "past the node");
  assert.equal((await bob.next("call:message")).message, "past the node");
  await ada.act("hangup");
  await bob.next("rtc:closed");

  // Leaving, and going away.
  await bob.act("joinRealtime", { group: null });
  assert.equal((await ada.next("notice")).code, "USER_LEFT");
  await bob.act("joinRealtime", { group });
  assert.equal((await ada.next("notice")).code, "USER_JOINED");
  await bob.act("closeRealtime");
  assert.equal((await ada.next("notice")).code, "USER_DISCONNECTED");
  assert.deepEqual((await ada.act("getRealtimeGroups")).list, [{ group, number_of_users: 1 }]);

  ada.end();
  bob.end();
  terminator.close();
  process.exit();
}

await (process.argv[2] === "user" ? user() : main());
