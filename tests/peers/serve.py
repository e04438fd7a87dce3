"""Serves one of the real peers that the tests talk to, on loopback and a free port:

    python tests/peers/serve.py httpbin|localstripe

Prints `listening on 127.0.0.1:PORT` once it is ready, and ends when its standard input does, so
that it never outlives the test that started it, however that one ends.
"""

import logging
import os
import socket
import sys
import threading


def end_with_the_parent():
    """Waits for the end of standard input, then leaves without a word."""
    while sys.stdin.buffer.read(4096):
        pass
    os._exit(0)


def say(port):
    print(f"listening on 127.0.0.1:{port}", flush=True)


def httpbin():
    from werkzeug.serving import WSGIRequestHandler, make_server

    from httpbin import app

    # One connection for several requests, as a real server has it.
    WSGIRequestHandler.protocol_version = "HTTP/1.1"
    server = make_server("127.0.0.1", 0, app, threaded=True)
    say(server.server_port)
    server.serve_forever()


def localstripe():
    from aiohttp import web

    from localstripe import server

    # It keeps its objects in a file under /tmp, which one test would share with the next.
    server.store.dump_to_disk = lambda: None
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    say(listener.getsockname()[1])
    web.run_app(server.app, sock=listener, print=None, access_log=None)


if __name__ == "__main__":
    peers = {"httpbin": httpbin, "localstripe": localstripe}
    if len(sys.argv) != 2 or sys.argv[1] not in peers:
        sys.exit(__doc__)
    logging.disable(logging.CRITICAL)
    threading.Thread(target=end_with_the_parent, daemon=True).start()
    peers[sys.argv[1]]()
