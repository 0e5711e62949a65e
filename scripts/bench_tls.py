"""A TLS door in front of a studio, with a certificate authority of its own."""

import contextlib
import socket
import ssl
import subprocess
import threading


def authority(folder):
    """Files of a fresh authority and of a server named localhost: (ca, certificate, key)."""
    ca, ca_key, certificate, key = (folder / name for name in ("ca.pem", "ca.key", "server.pem", "server.key"))

    def openssl(*arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)

    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc", "-x509", "-days", "2")
    openssl("req", *curve, "-subj", "/CN=bench authority", "-keyout", ca_key, "-out", ca)
    openssl("req", *curve, "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-addext",
            "basicConstraints=critical,CA:FALSE", "-CA", ca, "-CAkey", ca_key, "-keyout", key, "-out", certificate)
    return ca, certificate, key


class Door:
    """Takes TLS connections on a port of its own and hands their bytes to a port of this machine."""

    def __init__(self, to_port, certificate, key):
        self.to_port = int(to_port)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            connection, _ = self.server.accept()
            threading.Thread(target=self.carry, args=(connection,), daemon=True).start()

    def carry(self, connection):
        with contextlib.suppress(OSError), self.context.wrap_socket(connection, server_side=True) as inside, \
                socket.create_connection(("127.0.0.1", self.to_port)) as studio:
            threading.Thread(target=self.copy, args=(studio, inside), daemon=True).start()
            self.copy(inside, studio)

    @staticmethod
    def copy(source, sink):
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                sink.sendall(piece)
            sink.shutdown(socket.SHUT_WR)
