"""The old design: one async view that asks each model over httpx and merges the answers through a queue.

Without what the old one had around it (Django, the provider SDKs, a database), so it is a flattering likeness. Two worker
processes share no memory, so a session's models are in its id, which has the length that ids have.

    UPSTREAM=http://127.0.0.1:9101/v1 uvicorn python_view:app --workers 2
"""

import asyncio
import json
import os

import httpx
from starlette.applications import Starlette
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route

UPSTREAM = os.environ["UPSTREAM"]

# httpx's own limits (100 connections, 5 s) would end the comparison early.
client = httpx.AsyncClient(timeout=None, limits=httpx.Limits(max_connections=None, max_keepalive_connections=1000))


async def create_session(request):
    models = (await request.json())["models"]
    return JSONResponse({"id": ",".join(models).ljust(36)}, status_code=201)


async def ask(participant, model, messages, queue):
    """One answer's lines into the queue, and None after the last, whatever happens."""
    finish = {"finishReason": "error"}
    try:
        body = {"model": model, "messages": messages, "stream": True}
        async with client.stream("POST", UPSTREAM + "/chat/completions", json=body) as response:
            async for line in response.aiter_lines():
                if not line.startswith("data: ") or line.startswith("data: [DONE]"):
                    continue
                for choice in json.loads(line[6:])["choices"]:
                    if content := choice["delta"].get("content"):
                        await queue.put(f"{participant}0:{json.dumps({'content': content}, separators=(',', ':'))}\n")
                    if choice["finish_reason"]:
                        finish = {"finishReason": choice["finish_reason"]}
    finally:
        await queue.put(f"{participant}d:{json.dumps(finish)}\n")
        await queue.put(None)


async def stream(request):
    body = await request.json()
    models = body["session_id"].strip().split(",")

    async def lines():
        queue = asyncio.Queue()
        tasks = [asyncio.create_task(ask("ab"[i], model, body["messages"], queue)) for i, model in enumerate(models)]
        running = len(tasks)
        while running:
            line = await queue.get()
            if line is None:
                running -= 1
            else:
                yield line
        await asyncio.gather(*tasks)

    return StreamingResponse(lines(), media_type="text/plain")


app = Starlette(routes=[
    Route("/api/sessions/", create_session, methods=["POST"]),
    Route("/api/messages/stream/", stream, methods=["POST"]),
])
