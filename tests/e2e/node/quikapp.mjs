// Clients of Phoenix channels, by the npm package `phoenix` over `ws`: talk, ring each other, and see who is there. Fails
// with a non-zero exit code and says why. Started by tests/e2e/quikapp_node.rs.

import assert from "node:assert/strict";
import { createRequire } from "node:module";

const { MODULES, ADDRESS, ADA, BOB } = process.env;
const require = createRequire(`${MODULES}/`);
const { Socket, Presence } = require("phoenix");
const transport = require("ws");

/** Version 1 is JSON as it is. */
const V1 = {
  vsn: "1.0.0",
  encode: (message, callback) => callback(JSON.stringify(message)),
  decode: (text, callback) => callback(JSON.parse(text)),
};

function connect(token, options = {}) {
  const socket = new Socket(`ws://${ADDRESS}/socket`, { transport, params: { token }, ...options });
  socket.connect();
  return socket;
}

function answered(push) {
  return new Promise((resolve, reject) => {
    push.receive("ok", resolve);
    push.receive("error", (response) => reject(new Error(JSON.stringify(response))));
    push.receive("timeout", () => reject(new Error("no reply")));
  });
}

/** Joins, and keeps what is told until it is asked for. */
async function join(socket, name, params = {}) {
  const channel = socket.channel(name, params);
  const told = [];
  channel.onMessage = (event, payload) => {
    told.push([event, payload]);
    return payload;
  };
  const next = async (wanted) => {
    for (let tries = 0; tries < 500; tries++) {
      const at = told.findIndex(([event]) => event === wanted);
      if (at >= 0) return told.splice(at, 1)[0][1];
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`${name} is not told ${wanted}, but ${told.map(([event]) => event)}`);
  };
  const presence = new Presence(channel);
  const reply = await answered(channel.join());
  return { channel, next, presence, reply, push: (event, payload) => answered(channel.push(event, payload)) };
}

async function until(what, check) {
  for (let tries = 0; tries < 500; tries++) {
    if (check()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`not in time: ${what}`);
}

const users = (presence) => presence.list((user) => user).sort().join();

async function talk(options) {
  const ada = connect(ADA);
  const bob = connect(BOB, options);
  const [a, b] = [await join(ada, "chat:c1"), await join(bob, "chat:c1")];
  assert.equal(a.reply.conversation_id, "c1");
  await until("both see both", () => users(a.presence) === "ada,bob" && users(b.presence) === "ada,bob");
  const sent = await a.push("message:send", { content: "Hé 📞" });
  assert.equal((await b.next("message:new")).id, sent.id);
  a.channel.push("typing:start", {});
  assert.deepEqual(await b.next("typing:start"), { conversation_id: "c1", user_id: "ada" });
  await assert.rejects(b.push("message:edit", { messageId: sent.id, content: "x" }), /not_authorized/);
  await assert.rejects(b.push("nothing:known", {}), /unmatched|unknown_event/);

  const other = connect(BOB);
  const c = await join(other, "chat:c1");
  await until("two metas", () => a.presence.list((user, { metas }) => user === "bob" && metas.length === 2).includes(true));
  other.disconnect();
  await until("one meta", () => a.presence.list((user, { metas }) => user === "bob" && metas.length === 1).includes(true));
  assert.ok(c);

  const status = await join(bob, "presence:global");
  const watcher = await join(ada, "presence:global");
  await until("who is there", () => users(watcher.presence) === "ada,bob");
  await status.push("status:update", { status: "away" });
  assert.deepEqual(await watcher.next("user:status:changed"), { user_id: "bob", status: "away" });
  await until("away", () =>
    watcher.presence.list((user, { metas }) => user === "bob" && metas.every((meta) => meta.status === "away")).includes(true));
  await status.push("status:update", { status: "invisible" });
  await until("gone", () => users(watcher.presence) === "ada" && users(a.presence) === "ada");
  ada.disconnect();
  bob.disconnect();
}

async function call() {
  const [ada, bob] = [connect(ADA), connect(BOB)];
  const [a, b] = [await join(ada, "webrtc:lobby"), await join(bob, "webrtc:lobby")];
  const { call_id: id } = await a.push("call:initiate", { participants: ["bob"], callType: "video" });
  const incoming = await b.next("call:incoming");
  assert.deepEqual([incoming.call_id, incoming.from.id, incoming.call_type], [id, "ada", "video"]);
  assert.deepEqual((await b.push("call:answer", { callId: id })).participants, ["ada", "bob"]);
  assert.deepEqual(await a.next("call:answered"), { call_id: id, user_id: "bob" });
  const [x, y] = [await join(ada, `webrtc:${id}`), await join(bob, `webrtc:${id}`)];
  assert.equal(x.reply.call.status, "active");
  const offer = { type: "offer", sdp: "v=0\r\n" };
  await x.push("webrtc:offer", { targetUserId: "bob", callId: id, offer });
  assert.deepEqual(await y.next("webrtc:offer"), { call_id: id, from: "ada", offer });
  bob.disconnect();
  assert.deepEqual(await x.next("call:participant:disconnected"), { call_id: id, user_id: "bob" });
  await x.push("call:end", { callId: id });
  assert.deepEqual(await x.next("call:ended"), { call_id: id, ended_by: "ada" });
  ada.disconnect();
}

await talk({});
await talk(V1);
await call();
console.log("done");
process.exit(0);
