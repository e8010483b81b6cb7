"""A user of Parley, for Locust (Debian's python3-locust and python3-websocket):

    locust -f bench/locustfile.py --host http://127.0.0.1:8080 --headless -u 100 -r 10 -t 1m --stop-timeout 30

Each user makes a compare session, watches it by WebSocket, asks, reads the stream line by line, has an answer made anew, reads the
transcript, and begins again with another session. Beside the requests, Locust's statistics have under `stream` the time to the
first token and to the end of each answer, and under `websocket` the time from the question to what a watcher sees. What is not as
docs/protocol.md says counts as a failure.

PARLEY_MODELS=a,b names the models; otherwise the first two that the server has."""

import json
import os
import time

import gevent
from gevent.queue import Empty, Queue
from locust import HttpUser, between, task
from websocket import WebSocketException, create_connection  # after Locust, which makes its sockets gevent's

PATIENCE_S = 60


class Broken(Exception):
    """The server said what it must not say."""


class Watcher:
    """What a session's WebSocket tells, from its own greenlet: a user reads an HTTP stream meanwhile."""

    def __init__(self, host, session):
        url = f"{host.replace('http', 'ws', 1)}/ws/chat/session/{session}/"
        self._socket = create_connection(url, timeout=PATIENCE_S, suppress_origin=True)
        # (when it came, the frame), or the exception that ended it.
        self._seen = Queue()
        self._reader = gevent.spawn(self._read)

    def _read(self):
        try:
            while True:
                self._seen.put((time.perf_counter(), json.loads(self._socket.recv())))
        except (WebSocketException, OSError, ValueError) as problem:
            self._seen.put(problem)

    def next(self):
        try:
            seen = self._seen.get(timeout=PATIENCE_S)
        except Empty:
            raise Broken(f"the WebSocket was silent for {PATIENCE_S} s") from None
        if isinstance(seen, Exception):
            raise seen
        return seen

    def close(self):
        self._reader.kill()
        self._socket.close()


class User(HttpUser):
    wait_time = between(1, 3)

    def on_start(self):
        self.watcher = None
        if named := os.environ.get("PARLEY_MODELS"):
            self.models = named.split(",")
        else:
            listed = self.client.get("/api/models/").json()["data"]
            self.models = [model["id"] for model in listed if model["available"]][:2]

    def on_stop(self):
        self.leave()

    def leave(self):
        if self.watcher:
            self.watcher.close()
        self.watcher = None

    @task
    def conversation(self):
        try:
            session = self.make_session()
            self.watch(session)
            answers = self.ask(session, "Which of you is the faster reader?")
            self.regenerate(session, answers)
            self.read_transcript(session)
        except (Broken, WebSocketException, OSError) as problem:
            self.tell("user", "a conversation that broke off", time.perf_counter(), problem=problem)
        finally:
            self.leave()

    def make_session(self):
        mode = "compare" if len(self.models) > 1 else "direct"
        with self.client.post("/api/sessions/", json={"mode": mode, "models": self.models}, catch_response=True) as response:
            if response.status_code != 201:
                raise Broken(f"no session: {response.status_code} {response.text}")
            return response.json()["id"]

    def watch(self, session):
        begun = time.perf_counter()
        self.watcher = Watcher(self.host, session)
        kinds = [self.watcher.next()[1]["type"] for _ in range(2)]
        if kinds != ["connection_established", "session_state"]:
            raise Broken(f"the WebSocket began with {kinds}")
        self.tell("websocket", "joined", begun)

    def ask(self, session, question):
        """A turn: read by lines and by WebSocket at once. Returns its answers: participant → {id, text}."""
        begun = time.perf_counter()
        body = {"session_id": session, "messages": [{"role": "user", "content": question}]}
        answers = self.stream("/api/messages/stream/", "/api/messages/stream/", body, begun)
        if len(answers) != len(self.models):
            raise Broken(f"{len(answers)} answers of {len(self.models)} models")
        self.follow(answers, begun)
        return answers

    def regenerate(self, session, answers):
        begun = time.perf_counter()
        path = f"/api/messages/{answers['a']['id']}/regenerate/"
        again = self.stream(path, "/api/messages/{id}/regenerate/", None, begun)
        if list(again) != ["a"] or again["a"]["id"] == answers["a"]["id"]:
            raise Broken("what was made anew isn't a new answer of the same participant")
        self.follow(again, begun)

    def stream(self, path, name, body, begun):
        """Reads the lines of a run: `a0:{"content":"Hello"}` … `ad:{"finishReason":"stop",…}`."""
        answers, waiting = {}, True
        with self.client.post(path, json=body, name=name, stream=True, catch_response=True, timeout=PATIENCE_S) as response:
            if response.status_code != 200:
                raise Broken(f"{name}: {response.status_code} {response.text}")
            for line in response.iter_lines(chunk_size=None):
                who, kind, content = chr(line[0]), chr(line[1]), json.loads(line[3:])
                answer = answers.setdefault(who, {"text": "", "id": None})
                if answer["id"]:
                    raise Broken(f"a line after its finish: {line}")
                if kind == "0":
                    answer["text"] += content["content"]
                    if waiting:
                        waiting = False
                        self.tell("stream", "first token", begun)
                elif kind == "d":
                    if content["finishReason"] != "stop":
                        raise Broken(f"an answer finished with {content}")
                    answer["id"] = content["messageId"]
                    self.tell("stream", "whole answer", begun, len(answer["text"]))
        if not answers or any(answer["id"] is None for answer in answers.values()):
            raise Broken("a stream ended without its finish")
        return answers

    def follow(self, answers, begun):
        """Until the WebSocket has told all of these answers, too: as deltas, and as stored."""
        waiting, texts = {answer["id"]: answer["text"] for answer in answers.values()}, {}
        while waiting:
            at, frame = self.watcher.next()
            if frame["type"] == "delta":
                if not texts:
                    self.tell("websocket", "first delta", begun, at=at)
                heard = texts.setdefault(frame["message_id"], [])
                if frame["event"]["type"] == "text":
                    heard.append(frame["event"]["content"])
            elif frame["type"] == "message_update" and frame["action"] == "completed":
                message = frame["message"]
                said = waiting.pop(message["id"], None)
                if said is None or said != message["content"] or said != "".join(texts[message["id"]]):
                    raise Broken("the WebSocket and the lines don't tell the same answer")
                self.tell("websocket", "answer completed", begun, len(said), at=at)

    def read_transcript(self, session):
        path = f"/api/sessions/{session}/messages/"
        with self.client.get(path, name="/api/sessions/{id}/messages/", catch_response=True) as response:
            stored = [message["status"] for message in response.json()["data"]]
            # The question, an answer of each model, and the one that was made anew.
            if stored != ["success"] * (len(self.models) + 2):
                raise Broken(f"the transcript has {stored}")

    def tell(self, kind, name, begun, length=0, at=None, problem=None):
        """An entry of Locust's statistics."""
        self.environment.events.request.fire(request_type=kind, name=name, response_length=length, exception=problem, context={},
                                             response_time=((at or time.perf_counter()) - begun) * 1000)
