"""How each server is started beside the others, and how it is asked. Their configurations are in peers/."""

import os
import pathlib
import shutil
import signal
import socket
import string
import subprocess
import time

from load import warm_up

HERE = pathlib.Path(__file__).resolve().parent
PEERS = HERE / "peers"
ROOT = HERE.parent
BUILD = ROOT / "build" / "release"
NPM_HOW = "./dev bench --full installs it from npm"


def free_port():
    """Below the range that outgoing connections take theirs from. Each once."""
    for port in _ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise RuntimeError("no free port")


# Of a range: its `next` is safe in several threads.
_ports = iter(range(20000 + os.getpid() % 5000, 32000))


def cores(part):
    """From four cores on, the servers have two for themselves, and so have upstream and clients. Below, all share all."""
    all_cores = sorted(os.sched_getaffinity(0))
    return set(all_cores) if len(all_cores) < 4 else set(all_cores[:2] if part == "server" else all_cores[2:4])


def placed(part, first):
    """For a child before it becomes what it is to be: its cores, and if it goes `first`, before all else on the machine. Linux
    weighs sessions against each other (autogroup), then the processes in each, so both weights are raised; that takes root."""

    def prepare():
        os.sched_setaffinity(0, cores(part))
        if first:
            os.nice(-15)
            if os.path.exists("/proc/self/autogroup"):
                with open("/proc/self/autogroup", "w") as file:
                    file.write("-15")

    return prepare


class Process:
    """A server in a process group of its own, listening when the constructor returns."""

    first = False

    def __init__(self, command, port, log, env=None, part="server"):
        self.port = port
        with open(log, "wb") as output:
            self._process = subprocess.Popen(
                [str(word) for word in command], stdout=output, stderr=output, stdin=subprocess.DEVNULL, cwd=PEERS,
                env={**os.environ, **(env or {})}, start_new_session=True,
                preexec_fn=placed(part, Process.first))
        self.pid = self._process.pid
        for _ in range(600):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            if self._process.poll() is not None:
                break
            time.sleep(0.05)
        self.end()
        raise RuntimeError(f"{command[0]} doesn't listen; its output is in {log}")

    def end(self):
        """By SIGTERM to the group's first process, and by SIGKILL to what is left of the group after 20 seconds."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                pass
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()


def start_upstream(directory):
    port = free_port()
    return Process([BUILD / "bench" / "fast_upstream", port], port, directory / "upstream.log", part="load")


def write_template(name, directory, **values):
    path = directory / name
    path.write_text(string.Template((PEERS / name).read_text()).substitute(dir=directory, **values))
    return path


class Direct:
    """No server between: what upstream and clients cost themselves."""

    name = "direct"

    def missing(self):
        """How to install it, if it isn't."""
        return None

    def takes(self, load):
        return True

    def start(self, directory, upstream_port, load):
        return None

    def ask(self, load):
        """The load generator's arguments. An answer each: who has no compare mode opens a stream for each answer."""
        path = "/v1/messages" if load.format == "anthropic" else "/v1/chat/completions"
        return ["--mode", "openai", "--path", path, "--model", load.model, "--streams", load.streams * load.answers]


class Nginx(Direct):
    name = "nginx"

    @staticmethod
    def binary():
        return shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")

    def missing(self):
        return None if self.binary() else "apt-get install nginx"

    def start(self, directory, upstream_port, load):
        port = free_port()
        config = write_template("nginx.conf", directory, port=port, upstream_port=upstream_port)
        return Process([self.binary(), "-c", config, "-e", directory / "nginx.log"], port, directory / "nginx.out")


class Parley(Direct):
    def __init__(self, name="parley", binary=None, more=""):
        self.name = name
        self.binary = binary or os.environ.get("PARLEY_BIN") or BUILD / "parley"
        self.more = more

    def missing(self):
        return None if pathlib.Path(self.binary).exists() else f"./dev build release makes it; there is no {self.binary}"

    def path(self):
        return pathlib.Path(self.binary).resolve()

    def start(self, directory, upstream_port, load):
        port = free_port()
        config = write_template("parley.toml", directory, port=port, upstream_port=upstream_port, format=load.format,
                                warm_up_model=warm_up(load).model, model=load.model, more=self.more)
        return Process([self.path(), "serve", "--config", config], port, directory / "parley.log")

    def ask(self, load):
        models = "first,second" if load.answers == 2 else "first"
        if load == warm_up(load):
            models = ",".join(["warm-up"] * load.answers)
        return ["--mode", "parley", "--models", models, "--streams", load.streams, "--observers", load.observers]


class Portkey(Direct):
    name = "portkey"
    gateway = PEERS / "portkey" / "node_modules" / "@portkey-ai" / "gateway" / "build" / "start-server.js"

    def missing(self):
        return None if self.gateway.exists() else NPM_HOW

    def takes(self, load):
        return load.format == "openai" and load.answers == 1

    def start(self, directory, upstream_port, load):
        port = free_port()
        self.upstream_port = upstream_port
        return Process(["node", "--require", PEERS / "portkey" / "loopback_only.cjs", self.gateway, "--headless",
                        f"--port={port}"], port, directory / "portkey.log", {"NODE_ENV": "production"})

    def ask(self, load):
        return [*super().ask(load), "--header", "x-portkey-provider: openai",
                "--header", f"x-portkey-custom-host: http://127.0.0.1:{self.upstream_port}/v1"]


class AiSdk(Direct):
    name = "ai-sdk"

    def missing(self):
        return None if (PEERS / "ai-sdk" / "node_modules" / "ai").exists() else NPM_HOW

    def takes(self, load):
        return load.format == "openai" and load.answers == 1

    def start(self, directory, upstream_port, load):
        port = free_port()
        return Process(["node", PEERS / "ai-sdk" / "server.mjs", port, f"http://127.0.0.1:{upstream_port}/v1"], port,
                       directory / "ai-sdk.log", {"NODE_ENV": "production"})


class PythonView(Direct):
    name = "python"
    # Debian's own, for it has Debian's packages.
    python = "/usr/bin/python3"
    needs = ("starlette", "httpx", "uvicorn", "uvloop", "httptools")

    def missing(self):
        tried = subprocess.run([self.python, "-c", f"import {', '.join(self.needs)}"], stderr=subprocess.DEVNULL, check=False)
        return f"apt-get install {' '.join('python3-' + package for package in self.needs)}" if tried.returncode else None

    def takes(self, load):
        return load.format == "openai"

    def start(self, directory, upstream_port, load):
        port = free_port()
        return Process([self.python, "-m", "uvicorn", "python_view:app", "--host", "127.0.0.1", "--port", port, "--workers", "2",
                        "--loop", "uvloop", "--http", "httptools", "--no-access-log", "--backlog", "4096"], port,
                       directory / "python.log", {"UPSTREAM": f"http://127.0.0.1:{upstream_port}/v1"})

    def ask(self, load):
        return ["--mode", "parley", "--models", ",".join([load.model] * load.answers), "--streams", load.streams]


def all_servers():
    return {server.name: server for server in (Direct(), Nginx(), Parley(), Portkey(), AiSdk(), PythonView())}
