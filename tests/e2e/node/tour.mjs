// The README's tour of Skapi as it stands there, by the real client `skapi-js`: a page, its service worker, and a push service
// that the page's browser trusts. Fails with a non-zero exit code and says why. Started by tests/e2e/skapi_node.rs.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

import { browser } from "./browser.mjs";
import { pushService } from "./push_service.mjs";

const { MODULES, FRONT, CERTIFICATE, KEY, TOKENS, BLOCKS } = process.env;
const require = createRequire(`${MODULES}/`);
const [page, subscribing, worker, notifying] = JSON.parse(BLOCKS);

browser(require);
const { Skapi } = await import(pathToFileURL(`${MODULES}/node_modules/skapi-js/dist/skapi.browser.mjs`));

// The service worker, and the notifications that it shows.
const shown = [];
const handlers = {};
const self = {
  addEventListener: (type, handler) => (handlers[type] = handler),
  registration: { showNotification: async (title, { body }) => void shown.push([title, body]) },
};
new Function("self", worker)(self);

let sender;
const service = await pushService({ cert: CERTIFICATE, key: KEY, ece: require("http_ece") }, ({ plain, key }) => {
  sender = key;
  handlers.push({ data: { json: () => JSON.parse(plain) }, waitUntil: () => {} });
});

// What the page's browser has for subscriptions.
let trusted;
const subscription = { toJSON: () => ({ endpoint: `${service.url}/1`, expirationTime: null, keys: service.keys }) };
const pushManager = {
  subscribe: async ({ userVisibleOnly, applicationServerKey }) => {
    assert.equal(userVisibleOnly, true);
    trusted = applicationServerKey;
    return subscription;
  },
};
const register = async (path) => {
  assert.equal(path, "/worker.js");
  return { pushManager };
};
Object.defineProperty(globalThis, "navigator", { value: { serviceWorker: { register } }, configurable: true });

const said = [];
const out = { log: (...words) => said.push(words) };
const AsyncFunction = (async () => {}).constructor;
const program = [page, subscribing, notifying].join("\n").replace("rt.example.com", FRONT);
await new AsyncFunction("Skapi", "tokens", "console", program)(Skapi, JSON.parse(TOKENS), out);

for (let tries = 0; shown.length < 1 && tries < 1_000; tries++) await new Promise((resolve) => setTimeout(resolve, 10));
assert.deepEqual(shown, [["Ada", "Where are you?"]]);
assert.equal(sender, trusted, "the node is whom the browser trusts");
const heard = (type) => said.filter((words) => words[0] === type).map((words) => words[1]);
assert.deepEqual(heard("message"), [{ msg: "Hi" }]);
assert.ok(heard("notice").length >= 1);
assert.ok(said.some(([list]) => JSON.stringify(list) === '[{"group":"Hello","number_of_users":1}]'), JSON.stringify(said));
process.exit();
