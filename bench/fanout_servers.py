"""Servers that tell one session's events to many WebSockets, and how each is told them."""

import pathlib

from publish import ToParley, ToPeer
from servers import NPM_HOW, PEERS, Nginx, Parley, Process, free_port, write_template


class Peer:
    # Of the WebSocket protocol alone: nobody greets.
    greeted = False

    def publisher(self, port, model):
        return ToPeer(port)


class Nchan(Peer):
    name = "nchan"
    # Where Debian's package has it; nchan.conf's path is relative to the folder that nginx was built for.
    module = pathlib.Path("/usr/lib/nginx/modules/ngx_nchan_module.so")

    def missing(self):
        return Nginx().missing() or (None if self.module.exists() else "apt-get install libnginx-mod-nchan")

    def start(self, directory, upstream_port, models):
        port = free_port()
        config = write_template("nchan.conf", directory, port=port)
        return Process([Nginx.binary(), "-c", config, "-e", directory / "nginx.log"], port, directory / "nginx.out")


class NodeServer(Peer):
    def __init__(self, name, script, package):
        self.name = name
        self._script = PEERS / "fanout" / script
        self._package = PEERS / "fanout" / "node_modules" / package

    def missing(self):
        return None if self._package.exists() else NPM_HOW

    def start(self, directory, upstream_port, models):
        port = free_port()
        return Process(["node", self._script, port], port, directory / f"{self.name}.log", {"NODE_ENV": "production"})


# By default it takes half as many connections as it may open files, for each could be a stream with an upstream of its own.
MORE = """
[http]
max_connections = 15000
"""


class WatchedParley(Parley):
    greeted = True

    def __init__(self, name="parley", binary=None):
        super().__init__(name, binary, MORE)

    def start(self, directory, upstream_port, models):
        port = free_port()
        config = write_template("parley.toml", directory, port=port, upstream_port=upstream_port, format="openai",
                                warm_up_model=models["warm-up"], model=models["first"], more=self.more)
        return Process([self.path(), "serve", "--config", config], port, directory / "parley.log")

    def publisher(self, port, model):
        return ToParley(port, model)


def all_servers():
    servers = (WatchedParley(), Nchan(), NodeServer("ws", "ws.mjs", "ws"),
               NodeServer("uws", "uws.cjs", "@trufflesuite/uws-js-unofficial"))
    return {server.name: server for server in servers}
