"""Every name under `localhost` is this machine (RFC 6761); not every resolver knows it."""

import socket

_getaddrinfo = socket.getaddrinfo


def _loopback_only(host, *rest, **more):
    assert str(host).endswith("localhost"), f"{host} is not this machine"
    return _getaddrinfo("127.0.0.1", *rest, **more)


socket.getaddrinfo = _loopback_only
