"""Who publishes what subscribers get. Parley is asked, and gets its answers from the fast upstream; peers are posted, frame by
frame, what Parley would send for such an answer, at the same pace."""

import http.client
import json
import time
import uuid

# As stamped_text.hpp says.
WORDS = " swift brown fox "
HASH_SEED, HASH_PRIME, HASH_MASK = 0xcbf29ce484222325, 0x100000001b3, (1 << 64) - 1


def hash_more(value, text):
    for byte in text.encode():
        value = ((value ^ byte) * HASH_PRIME) & HASH_MASK
    return value


def dumps(value):
    return json.dumps(value, separators=(",", ":"))


class Answer:
    """One answer's frames, as docs/protocol.md has them."""

    def __init__(self):
        self.message_id, self.session_id, self.run_id = (str(uuid.uuid4()) for _ in range(3))
        self.text = ""
        self._offset = 0
        self._hash = HASH_SEED
        self._number = 0

    def _delta(self, event):
        self._offset += 1
        return dumps({"type": "delta", "cursor": f"{self.run_id}:{self._offset}", "message_id": self.message_id, "attempt": 1,
                      "participant": "a", "event": event})

    def _update(self, action, status):
        return dumps({"type": "message_update", "action": action, "message": {
            "id": self.message_id, "session_id": self.session_id, "role": "assistant", "participant": "a", "attempt": 1,
            "content": self.text, "status": status}})

    def begun(self):
        """Two frames: the user's message, and that an answer to it has begun."""
        question = {"id": str(uuid.uuid4()), "session_id": self.session_id, "role": "user", "content": "Hello", "status": "success"}
        return [dumps({"type": "message_update", "action": "created", "message": question}), self._update("created", "streaming")]

    def chunk(self, now_ns):
        chunk = f"~{now_ns:016x}{self._number:06x}{WORDS}"
        self._number += 1
        self._hash = hash_more(self._hash, chunk)
        self.text += chunk
        return self._delta({"type": "text", "content": chunk})

    def ended(self):
        """Three frames: the text's end, the finish, and the stored message."""
        end = f"#{self._hash:016x}"
        self.text += end
        return [self._delta({"type": "text", "content": end}),
                self._delta({"type": "finish", "finishReason": "stop", "messageId": self.message_id}),
                self._update("completed", "success")]


class ToPeer:
    """Posts each frame by itself on one connection, and waits for its answer."""

    path = "/events"

    def __init__(self, port):
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    def _post(self, frame):
        self._connection.request("POST", "/publish", frame.encode(), {"Content-Type": "application/json"})
        response = self._connection.getresponse()
        response.read()
        if response.status >= 300:
            raise RuntimeError(f"publishing was answered {response.status}")

    def publish(self, chunks, rate):
        answer = Answer()
        for frame in answer.begun():
            self._post(frame)
        begin = time.monotonic()
        for number in range(chunks):
            if rate:
                time.sleep(max(0.0, begin + number / rate - time.monotonic()))
            self._post(answer.chunk(time.monotonic_ns()))
        for frame in answer.ended():
            self._post(frame)


class ToParley:
    """Asks in a session of its own, and reads each answer to its end."""

    def __init__(self, port, model):
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self._session = json.loads(self._post("/api/sessions/", {"mode": "direct", "models": [model]}))["id"]
        self.path = f"/ws/chat/session/{self._session}/"

    def _post(self, path, body):
        self._connection.request("POST", path, dumps(body).encode(),
                                 {"Content-Type": "application/json", "Authorization": "Bearer bench"})
        response = self._connection.getresponse()
        answer = response.read().decode()
        if response.status >= 300:
            raise RuntimeError(f"{path} was answered {response.status}: {answer}")
        return answer

    def publish(self, chunks, rate):
        """What comes, and how fast, is in the model's name."""
        lines = self._post("/api/messages/stream/",
                           {"session_id": self._session, "messages": [{"role": "user", "content": "Hello"}]})
        if '"finishReason":"stop"' not in lines:
            raise RuntimeError(f"an answer ended with {lines[-300:]}")
