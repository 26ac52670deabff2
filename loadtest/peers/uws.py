"""uWebSockets' publish/subscribe: text messages `s CHANNEL`, `u CHANNEL` and `p CHANNEL DATA`."""

import sys

from socketify import App, AppListenOptions, OpCode

app = App()


def on_message(ws, message, opcode):
    kind, _, rest = message.partition(" ")
    if kind == "p":
        channel, _, data = rest.partition(" ")
        app.publish(channel, data, OpCode.TEXT)
    elif kind == "s":
        ws.subscribe(rest)
        ws.send("ok", OpCode.TEXT)
    elif kind == "u":
        ws.unsubscribe(rest)
        ws.send("ok", OpCode.TEXT)


app.ws(
    "/*",
    {
        "max_payload_length": 1024 * 1024,
        "max_backpressure": 64 * 1024 * 1024,
        "idle_timeout": 960,
        "message": on_message,
    },
)
app.listen(AppListenOptions(port=int(sys.argv[1]), host="127.0.0.1"))
# `app.run()` would turn an asyncio loop that polls without sleeping; this is the loop of uWebSockets itself, which
# waits for its sockets.
app.loop.uv_loop.run()
