// Two browsers with a fake camera and a tone each for a voice open docs/call.html, call each other through the node, have the call
// recorded and play the recording. Fails with a non-zero exit code and says why. Started by tests/e2e/recording_browser.rs.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

const { CHROMIUM, NODE, PAGE, FOLDER, SECONDS, PEOPLE, RELAY } = process.env;
const PATIENCE_MS = 60_000;

/** A tone of some seconds as a WAV file: what the browser takes for a microphone, over and over. */
function tone(path, hertz) {
  const [rate, seconds] = [48_000, 10];
  const bytes = Buffer.alloc(44 + rate * seconds * 2);
  bytes.write("RIFF", 0);
  bytes.writeUInt32LE(bytes.length - 8, 4);
  bytes.write("WAVEfmt ", 8);
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20);
  bytes.writeUInt16LE(1, 22);
  bytes.writeUInt32LE(rate, 24);
  bytes.writeUInt32LE(rate * 2, 28);
  bytes.writeUInt16LE(2, 32);
  bytes.writeUInt16LE(16, 34);
  bytes.write("data", 36);
  bytes.writeUInt32LE(bytes.length - 44, 40);
  for (let at = 0; at < rate * seconds; at++) {
    bytes.writeInt16LE(Math.round(8_000 * Math.sin((2 * Math.PI * hertz * at) / rate)), 44 + at * 2);
  }
  writeFileSync(path, bytes);
}

/** A tab of a browser of its own, driven over its DevTools protocol. */
class Tab {
  #ask = new Map();
  #count = 0;

  static async open(user, token, other, hertz) {
    const profile = `${FOLDER}/${user}`;
    tone(`${profile}.wav`, hertz);
    const page = new URL(`http://localhost:${server.address().port}/call.html`);
    page.search = new URLSearchParams({ node: NODE, user, token, other, ...(RELAY && { relay: "" }) });
    const tab = new Tab();
    tab.process = spawn(CHROMIUM, [
      ...["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"],
      ...["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"],
      ...[`--use-file-for-fake-audio-capture=${profile}.wav`, "--autoplay-policy=no-user-gesture-required"],
      // Browsers hide the addresses of a machine behind names that only a network with multicast knows.
      "--disable-features=WebRtcHideLocalIpsWithMdns",
      ...["--remote-debugging-port=0", `--user-data-dir=${profile}`, page.href],
    ], { stdio: "ignore" });
    const file = `${profile}/DevToolsActivePort`;
    await tab.until(() => existsSync(file) && readFileSync(file, "utf8").includes("\n"), "the browser starts");
    const [port] = readFileSync(file, "utf8").split("\n");
    const pages = await (await fetch(`http://127.0.0.1:${port}/json/list`)).json();
    const { webSocketDebuggerUrl } = pages.find(({ type }) => type === "page");
    tab.socket = new WebSocket(webSocketDebuggerUrl);
    tab.socket.onmessage = ({ data }) => {
      const { id, result } = JSON.parse(data);
      tab.#ask.get(id)?.(result);
    };
    await once(tab.socket, "open");
    return tab;
  }

  /** What an expression is in the page. */
  async evaluate(expression) {
    const id = ++this.#count;
    const answer = new Promise((resolve) => this.#ask.set(id, resolve));
    const params = { expression, awaitPromise: true, returnByValue: true };
    this.socket.send(JSON.stringify({ id, method: "Runtime.evaluate", params }));
    const { result, exceptionDetails } = await answer;
    assert.ok(!exceptionDetails, `${expression}: ${JSON.stringify(exceptionDetails)}`);
    return result.value;
  }

  async until(holds, what) {
    const end = Date.now() + PATIENCE_MS;
    while (!(await holds())) {
      const state = this.socket && (await this.evaluate("document.body?.innerText"));
      assert.ok(Date.now() < end, `${what}: not within ${PATIENCE_MS} ms; the page says ${state}`);
      await sleep(100);
    }
  }

  /** Waits until an expression holds in the page. */
  sees(expression) {
    return this.until(() => this.evaluate(expression), expression);
  }

  says(text) {
    return this.sees(`document.getElementById("state")?.textContent === ${JSON.stringify(text)}`);
  }

  click(id) {
    return this.evaluate(`document.getElementById("${id}").click()`);
  }
}

const plays = (id) => `document.getElementById("${id}")?.videoWidth > 0 && document.getElementById("${id}").currentTime > 0.5`;

const server = createServer((_, response) => response.setHeader("Content-Type", "text/html").end(readFileSync(PAGE)));
server.listen(0, "localhost");
await once(server, "listening");
const people = JSON.parse(PEOPLE);
const tabs = [];
try {
  const [a, b] = people;
  for (const [one, other] of [[a, b], [b, a]]) tabs.push(await Tab.open(one.user, one.token, other.user, one.hertz));
  const [ada, bob] = tabs;
  for (const tab of tabs) await tab.says("Ready.");
  await ada.click("call");
  await ada.sees(plays(b.user));
  await bob.sees(plays(a.user));
  await ada.click("record");
  for (const tab of tabs) await tab.says("This call is recorded.");
  await sleep(SECONDS * 1_000);
  await ada.click("stop");
  await ada.sees(plays("recording"));
  await bob.says("This call is not recorded any more.");
  const seconds = await ada.evaluate(`document.getElementById("recording").duration`);
  assert.ok(seconds > SECONDS - 3 && seconds < Number(SECONDS) + 3, `the recording has ${seconds} s`);
} finally {
  tabs.forEach(({ process }) => process.kill());
  server.close();
}
