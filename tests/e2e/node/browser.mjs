// What Node.js lacks of a browser, for the client of Skapi: made of `ws` and `werift`.

/** Makes what a page finds in its browser, and the client uses; `require` knows the packages. */
export function browser(require) {
  class Storage extends Map {
    getItem = (key) => this.get(key) ?? null;
    setItem = (key, value) => this.set(key, String(value));
    removeItem = (key) => this.delete(key);
  }
  class FileReader {
    async readAsDataURL(blob) {
      const bytes = Buffer.from(await blob.arrayBuffer());
      this.result = `data:${blob.type};base64,${bytes.toString("base64")}`;
      this.onloadend?.();
    }
  }
  class XMLHttpRequest {
    headers = {};
    upload = {};
    open(method, url) {
      Object.assign(this, { method, url });
    }
    setRequestHeader(name, value) {
      this.headers[name] = value;
    }
    async send(body) {
      try {
        const { method, headers, url } = this;
        const response = await fetch(url, { method, headers, body: method === "GET" ? undefined : body });
        this.status = response.status;
        this.getResponseHeader = (name) => response.headers.get(name);
        this.responseText = await response.text();
        this.response = this.responseType === "json" ? JSON.parse(this.responseText) : this.responseText;
      } catch {
        return this.onerror();
      }
      this.onload();
    }
  }
  /** Runs the one script that the client has for a worker: it asks to be pinged. */
  class Worker {
    timers = [setTimeout(() => this.onmessage({}), 1), setInterval(() => this.onmessage({}), 15_000)];
    terminate() {
      this.timers.forEach(clearInterval);
    }
  }
  const werift = require("werift");
  /** Browsers give handlers an event that says what it is, `werift` does not. */
  const withEvents = (channel) => {
    for (const type of ["open", "message", "close"]) {
      let handler;
      const get = () => handler && ((event) => handler({ type, ...event }));
      Object.defineProperty(channel, `on${type}`, { get, set: (given) => (handler = given) });
    }
    return channel;
  };
  class RTCPeerConnection extends werift.RTCPeerConnection {
    constructor(...options) {
      super(...options);
      this.onDataChannel.subscribe(withEvents);
    }
    createDataChannel(...options) {
      return withEvents(super.createDataChannel(...options));
    }
  }
  const nothing = () => {};
  const window = {
    Storage, FileReader, XMLHttpRequest, Worker,
    WebSocket: require("ws"),
    RTCPeerConnection,
    RTCSessionDescription: class {
      constructor(description) {
        Object.assign(this, description);
      }
    },
    RTCIceCandidate: werift.RTCIceCandidate,
    MediaStream: class {},
    localStorage: new Storage(),
    sessionStorage: new Storage(),
    document: { hidden: false, addEventListener: nothing },
    location: { hostname: "localhost", protocol: "https:", href: "https://localhost/" },
    addEventListener: nothing,
    removeEventListener: nothing,
    alert: nothing,
  };
  for (const [name, value] of Object.entries(window)) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
  globalThis.self = globalThis.window = globalThis;
}
