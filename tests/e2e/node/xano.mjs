// A client of Xano on the `ws` package alone: speaks as the published SDK does, and checks what it hears. Fails with a
// non-zero exit code and says why. Started by tests/e2e/xano_node.rs.

import assert from "node:assert/strict";
import { createRequire } from "node:module";

const { MODULES, ADDRESS, HASH, KEY, TOKEN, MODE } = process.env;
const WebSocket = createRequire(`${MODULES}/`)("ws");
const RECONNECTS = [1006, 1011, 1012, 1013, 1014, 4000];

/** A socket whose frames wait until they are asked for. */
class Client {
  frames = [];
  waiting = [];

  static async open(token, hash = HASH) {
    const client = new Client();
    client.socket = new WebSocket(`ws://${ADDRESS}/rt/${hash}`, token ? [token] : undefined);
    client.closed = new Promise((resolve) => client.socket.on("close", resolve));
    client.socket.on("message", (data) => client.hear(JSON.parse(data)));
    await new Promise((resolve, reject) => {
      client.socket.on("open", resolve);
      client.socket.on("error", reject);
    });
    assert.equal(client.socket.protocol, token ?? "");
    return client;
  }

  hear(frame) {
    const waiter = this.waiting.shift();
    waiter ? waiter(frame) : this.frames.push(frame);
  }

  send(action, options, payload = null) {
    this.socket.send(JSON.stringify({ action, options, payload }));
  }

  next() {
    if (this.frames.length > 0) return Promise.resolve(this.frames.shift());
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("no frame came")), 10_000);
      this.waiting.push((frame) => (clearTimeout(timer), resolve(frame)));
    });
  }

  async expect(action, channel) {
    const frame = await this.next();
    assert.equal(frame.action, action, JSON.stringify(frame));
    assert.equal(frame.options?.channel, channel, JSON.stringify(frame));
    return frame;
  }

  /** Whatever was on its way has come once the answer to this has. */
  async quiet(channel) {
    this.send("leave", { channel });
    await this.expect("leave", channel);
  }

  async join(channel, wishes = { history: false, presence: false }) {
    this.send("join", { channel }, wishes);
    const ack = await this.expect("join", channel);
    assert.deepEqual(ack.payload, { history: [] });
    this.self = ack.client;
    return ack;
  }
}

async function rest(method, path, type, body) {
  const headers = { Authorization: `Bearer ${KEY}`, "Content-Type": type };
  const answer = await fetch(`http://${ADDRESS}/api:meta/workspace/1/realtime/${path}`, { method, headers, body });
  assert.equal(answer.status, 200, await answer.clone().text());
  return answer.json();
}

const define = (name, anonymous) =>
  rest(
    "POST",
    "channel",
    "text/x-xanoscript",
    `realtime_channel ${name} {
  public_messaging = {active: true}
  private_messaging = {active: true}
  settings = {
    anonymous_clients: ${anonymous}
    nested_channels  : true
    message_history  : 2
    auth_channel     : ${!anonymous}
    presence         : true
  }
}`,
  );

async function speak() {
  const open = await define("node_open", true);
  await define("node_closed", false);
  await assert.rejects(Client.open(undefined, "no-such-hash"), /404/);

  const known = await Client.open(TOKEN);
  const guest = await Client.open();
  const channel = "node_open/room1";

  const ack = await known.join(channel, { history: true, presence: true });
  assert.equal(typeof ack.client.socketId, "string");
  assert.deepEqual(ack.client.extras, {});
  assert.deepEqual(ack.client.permissions, { dbo_id: 1, row_id: 42 });
  assert.deepEqual((await known.expect("history", channel)).payload, { history: [] });
  assert.deepEqual((await known.expect("presence_full", channel)).payload, { presence: [ack.client] });

  await guest.join(channel, { history: false, presence: true });
  assert.deepEqual(guest.self.permissions, { dbo_id: 0, row_id: 0 });
  const full = (await guest.expect("presence_full", channel)).payload.presence;
  assert.deepEqual(new Set(full.map((one) => one.socketId)), new Set([ack.client.socketId, guest.self.socketId]));
  const joined = await known.expect("presence_update", channel);
  assert.deepEqual(joined.payload, { action: "join", presence: guest.self });

  guest.send("message", { channel }, { text: "hi" });
  for (const client of [guest, known]) {
    const frame = await client.expect("message", channel);
    assert.deepEqual([frame.client, frame.payload], [guest.self, { text: "hi" }]);
  }
  known.send("message", { channel, authenticated: true }, "x");
  assert.equal((await known.expect("message", channel)).payload, "x");
  known.send("message", { channel, socketId: guest.self.socketId }, "psst");
  const psst = await guest.expect("message", channel);
  assert.deepEqual([psst.client, psst.options.socketId, psst.payload], [known.self, guest.self.socketId, "psst"]);

  await rest("POST", "event", "application/json", JSON.stringify({ channel, data: { n: 1 } }));
  for (const client of [guest, known]) {
    assert.deepEqual((await client.expect("event", channel)).payload.data, { n: 1 });
  }
  known.send("history", { channel });
  const history = (await known.expect("history", channel)).payload.history;
  assert.deepEqual(history.map((frame) => frame.action), ["message", "event"]);
  guest.send("history", { channel });
  const seen = (await guest.expect("history", channel)).payload.history;
  assert.deepEqual(seen.map((frame) => frame.action), ["event"]);

  guest.send("join", { channel: "node_closed" }, { history: true, presence: true });
  const refused = await guest.expect("error", "node_closed");
  assert.equal(refused.payload.message, "Anonymous clients cannot join this channel.");
  await guest.quiet(channel);
  assert.equal((await known.expect("presence_update", channel)).payload.action, "leave");
  guest.socket.close(1000);
  assert.equal(await guest.closed, 1000);

  await rest("DELETE", `channel/${open.id}`, "text/plain");
  assert.equal((await known.expect("error", channel)).payload.message, "Channel deleted");
  const code = await known.closed;
  assert.equal(code, 4404);
  assert.ok(!RECONNECTS.includes(code));
  assert.deepEqual([known.frames, guest.frames], [[], []]);
}

/** Joins, says so, and stays until it is killed. */
async function linger() {
  const client = await Client.open(TOKEN);
  await client.join("lobby");
  console.log("joined");
}

await (MODE === "linger" ? linger() : speak());
