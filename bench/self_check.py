"""Does the load generator notice? A proxy that lies in one way each is put between it and the upstream; an honest one must pass."""

import pathlib
import re
import socket
import subprocess
import tempfile
import threading

from servers import BUILD, start_upstream

# The event to which it happens, and what happens to the list of a response's HTTP chunks.
AT = 5
LIES = {
    "nothing": lambda chunks: chunks,
    "a chunk lost": lambda chunks: chunks[:AT] + chunks[AT + 1:],
    "a chunk doubled": lambda chunks: chunks[:AT + 1] + chunks[AT:],
    "two chunks swapped": lambda chunks: chunks[:AT] + [chunks[AT + 1], chunks[AT]] + chunks[AT + 2:],
    "a letter altered": lambda chunks: [*chunks[:AT], chunks[AT].replace(b"brown", b"brawn"), *chunks[AT + 1:]],
    "an early end": lambda chunks: chunks[:AT] + [b"0\r\n\r\n"],
}


def proxy(listener, upstream_port, lie):
    """Serves one connection with one request; reads the whole response before it passes it on."""
    client, _ = listener.accept()
    with client, socket.create_connection(("127.0.0.1", upstream_port)) as upstream:
        upstream.sendall(client.recv(65536))
        response = b""
        while not response.endswith(b"\r\n0\r\n\r\n"):
            response += upstream.recv(65536)
        head, _, body = response.partition(b"\r\n\r\n")
        # No event of the upstream's has CRLF in it: size, CRLF, event, CRLF.
        chunks = re.findall(rb"[0-9a-f]+\r\n[^\r]*\r\n", body)
        client.sendall(head + b"\r\n\r\n" + b"".join(lie(chunks)))


def passes(upstream_port, lie):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=proxy, args=(listener, upstream_port, lie), daemon=True).start()
        run = subprocess.run([BUILD / "bench" / "loadgen", "--port", str(listener.getsockname()[1]), "--mode", "openai",
                              "--model", "bench-20-0", "--streams", "1", "--ramp-ms", "0", "--timeout-s", "10"],
                             stdout=subprocess.DEVNULL, check=False)
        return run.returncode == 0


def wrong(directory):
    """The lies that the load generator believed, or the truth that it did not."""
    with tempfile.TemporaryDirectory(prefix="self-check-", dir=directory) as own, start_upstream(pathlib.Path(own)) as upstream:
        return [name for name, lie in LIES.items() if passes(upstream.port, lie) != (name == "nothing")]
