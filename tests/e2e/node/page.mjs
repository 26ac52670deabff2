// Runs a program for browsers that a page of the documentation shows, as it stands but for the host. What it prints must be
// what it says behind the call. Fails with a non-zero exit code and says why. Started by tests/e2e/pages.rs.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { browser } from "./browser.mjs";

const { MODULES, HOST, PROGRAM, TOKENS } = process.env;
browser(createRequire(`${MODULES}/`));
const { Skapi } = await import(pathToFileURL(`${MODULES}/node_modules/skapi-js/dist/skapi.browser.mjs`));

const tokens = JSON.parse(TOKENS);
const printed = [];
const given = { Skapi, tokens, ...tokens, console: { log: (...words) => printed.push(words) } };
const AsyncFunction = (async () => {}).constructor;
await new AsyncFunction(...Object.keys(given), PROGRAM.replace("rt.example.com", HOST))(...Object.values(given));
for (const [, shown] of PROGRAM.matchAll(/^console\.log.*;\s*\/\/ (.*)$/gm)) {
  const value = new Function(`return ${shown}`)();
  assert.ok(printed.some((words) => JSON.stringify(words) === JSON.stringify([value])), `${shown} is not in ${JSON.stringify(printed)}`);
}
process.exit();
