"""Watches a session with Debian's python3-websockets until an answer is completed, and prints what it saw as JSON."""

import asyncio
import json
import sys

import websockets


async def watch(address):
    async with websockets.connect(address) as socket:
        text = ""
        async for frame in socket:
            said = json.loads(frame)
            if said["type"] == "session_state":
                text = "".join(m["content"] for m in said["messages"] if m["role"] == "assistant")
            elif said["type"] == "delta" and said["event"]["type"] == "text":
                text += said["event"]["content"]
            elif said["type"] == "message_update" and said["action"] == "completed":
                break
        await socket.ping()
    return {"text": text, "close_code": socket.close_code}


print(json.dumps(asyncio.run(asyncio.wait_for(watch(sys.argv[1]), 30))))
