// A push service that prints a line of JSON when it listens, and one for each message. Started by tests/e2e/push_node.rs.

import { createRequire } from "node:module";

import { pushService } from "./push_service.mjs";

const { MODULES, CERTIFICATE, KEY } = process.env;
const ece = createRequire(`${MODULES}/`)("http_ece");
const print = (value) => console.log(JSON.stringify(value));

const { url, keys } = await pushService({ cert: CERTIFICATE, key: KEY, ece }, print);
print({ url, ...keys });
