"""Do the subscribers notice? A server that lies in one way each publishes to one of them; an honest one must pass."""

import base64
import contextlib
import hashlib
import json
import re
import socket
import struct
import subprocess
import threading

from publish import Answer
from servers import BUILD

CHUNKS = 10
ANSWERS = 2
# The frame to which it happens, of the first answer's: two tell that it begins, the sixth has its fourth chunk.
AT = 5

TEXT, PING = 1, 9


def merged(frames):
    """Three chunks in one frame, as a reader gets them that was behind; its cursor is the last one's."""
    chunks = [json.loads(frame) for frame in frames[AT:AT + 3]]
    chunks[2]["event"]["content"] = "".join(chunk["event"]["content"] for chunk in chunks)
    return frames[:AT] + [json.dumps(chunks[2], separators=(",", ":"))] + frames[AT + 3:]


def altered(frame):
    return frame.replace("brown", "brawn", 1)


def with_cursor(frame, offset):
    return re.sub(r':\d+","message_id"', f':{offset}","message_id"', frame)


TRUTHS = {
    "nothing": lambda frames: frames,
    "merged chunks": merged,
}
LIES = {
    "a chunk lost": lambda frames: frames[:AT] + frames[AT + 1:],
    "a chunk doubled": lambda frames: frames[:AT + 1] + frames[AT:],
    "two chunks swapped": lambda frames: frames[:AT] + [frames[AT + 1], frames[AT]] + frames[AT + 2:],
    "a letter altered": lambda frames: [*frames[:AT], altered(frames[AT]), *frames[AT + 1:]],
    "a cursor that stays": lambda frames: [*frames[:AT], with_cursor(frames[AT], AT - 2), *frames[AT + 1:]],
    "no end of the text": lambda frames: frames[:-3] + frames[-2:],
    "no finish": lambda frames: frames[:-2] + frames[-1:],
    "a finish too early": lambda frames: frames[:AT] + [frames[-2]] + frames[AT:-2] + frames[-1:],
    "not completed": lambda frames: frames[:-1],
    "completed twice": lambda frames: [*frames, frames[-1]],
    "another text stored": lambda frames: [*frames[:-1], altered(frames[-1])],
    "closed early": lambda frames: frames[:AT] + [None],
}


def encoded(payload, opcode=TEXT, fin=True):
    first = bytes([(0x80 if fin else 0) | opcode])
    size = len(payload)
    length = bytes([size]) if size < 126 else struct.pack(">BH", 126, size) if size < 65536 else struct.pack(">BQ", 127, size)
    return first + length + payload


def frames_of_answer():
    answer = Answer()
    return [*answer.begun(), *(answer.chunk(number) for number in range(CHUNKS)), *answer.ended()]


def serve(listener, change):
    """One subscriber, which leaves when it notices. Each gets what servers may send: a ping, fragments, frames in pieces."""
    client, _ = listener.accept()
    with client, contextlib.suppress(ConnectionError):
        request = client.recv(65536).decode()
        key = re.search(r"Sec-WebSocket-Key: (\S+)", request)[1]
        accept = base64.b64encode(hashlib.sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()).decode()
        client.sendall(f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                       f"Sec-WebSocket-Accept: {accept}\r\n\r\n".encode())
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        state = json.dumps({"type": "session_state", "messages": ["x" * 70000]}, separators=(",", ":")).encode()
        client.sendall(encoded(state[:9], fin=False) + encoded(b"are you there", PING) + encoded(state[9:], 0))
        if b"are you there" not in client.recv(65536):
            return
        frames = change(frames_of_answer()) + frames_of_answer()
        closes = None in frames
        whole = b"".join(encoded(frame.encode()) for frame in frames[:frames.index(None) if closes else None])
        for at in range(0, len(whole), 211):
            client.sendall(whole[at:at + 211])
        while not closes and client.recv(65536):
            pass


def passes(change):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener, change), daemon=True).start()
        run = subprocess.run([BUILD / "bench" / "ws_loadgen", "--port", str(listener.getsockname()[1]), "--path", "/events",
                              "--subscribers", "1", "--answers", str(ANSWERS), "--greeted", "yes", "--timeout-s", "1"],
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        return run.returncode == 0


def wrong():
    """The lies that the subscribers believed, and the truths that they did not."""
    return [name for name, change in LIES.items() if passes(change)] + [
        name for name, change in TRUTHS.items() if not passes(change)]
