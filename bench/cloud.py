"""As much of AWS as one webhook needs, on this machine over TLS: it answers at once, and counts what it is asked."""

from __future__ import annotations

import datetime
import ipaddress
import json
import ssl
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import botocore
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from chalicelib.ports.table import Key


class Cloud:
    """What there is: items of the table by key, secrets by name. ``asked`` counts calls by operation; ``bodies`` has
    the queue's messages."""

    def __init__(self, items: Mapping[Key, str], secrets: Mapping[str, str]) -> None:
        self._items = items
        self._secrets = secrets
        self.asked: Counter[str] = Counter()
        self.bodies: list[str] = []

    def answer(self, operation: str, request: Mapping[str, Any]) -> tuple[int, Mapping[str, Any]]:
        """The answer to one call: status and body."""
        self.asked[operation] += 1
        if operation == "GetItem":
            key = request["Key"]["pk"]["S"], request["Key"]["sk"]["S"]
            found = self._items.get(key)
            item = {**request["Key"], "doc": {"S": found}}
            return 200, {"Item": item} if found is not None else {}
        if operation == "GetSecretValue":
            return 200, {"Name": request["SecretId"], "SecretString": self._secrets[request["SecretId"]]}
        if operation == "GetQueueUrl":
            return 200, {"QueueUrl": f"https://sqs.example/123456789012/{request['QueueName']}"}
        if operation == "SendMessageBatch":
            self.bodies += [entry["MessageBody"] for entry in request["Entries"]]
            sent = [{"Id": entry["Id"], "MessageId": "m", "SequenceNumber": "1"} for entry in request["Entries"]]
            return 200, {"Successful": sent}
        if operation == "SendMessage":
            self.bodies.append(request["MessageBody"])
            return 200, {"MessageId": "m", "SequenceNumber": "1"}
        return 400, {"__type": "UnknownOperationException"}


def _handler(cloud: Cloud) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet

        def do_POST(self) -> None:
            operation = self.headers["X-Amz-Target"].partition(".")[2]
            status, body = cloud.answer(operation, json.loads(self._body()))
            self._answer(status, json.dumps(body).encode(), "application/x-amz-json-1.0")

        def do_PUT(self) -> None:
            self._body()
            cloud.asked["PutObject"] += 1
            self._answer(200, b"", "application/xml")

        def _body(self) -> bytes:
            if "100-continue" in self.headers.get("Expect", ""):
                self.send_response_only(100)
                self.end_headers()
                self.wfile.flush()
            if self.headers.get("Transfer-Encoding") == "chunked":
                return self._chunks()
            return self.rfile.read(int(self.headers.get("Content-Length", "0")))

        def _chunks(self) -> bytes:
            found = b""
            while size := int(self.rfile.readline().partition(b";")[0], 16):
                found += self.rfile.read(size)
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass
            return found

        def _answer(self, status: int, body: bytes, kind: str) -> None:
            self.send_response_only(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that ended without goodbye is no event."""


@contextmanager
def running(cloud: Cloud, folder: Path) -> Iterator[Mapping[str, str]]:
    """Serve it; gives the environment that leads AWS's clients there. The bundle of certificates has botocore's own in
    it as well, so that reading it costs what it costs on AWS."""
    pem = _certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    bundle = folder / "bundle.pem"
    known = (Path(botocore.__file__).parent / "cacert.pem").read_bytes()
    bundle.write_bytes(known + b"\n" + pem.read_bytes().partition(b"-----END PRIVATE KEY-----\n")[2])
    server = _Server(("127.0.0.1", 0), _handler(cloud))
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield {"AWS_ENDPOINT_URL": f"https://127.0.0.1:{server.server_port}", "AWS_CA_BUNDLE": str(bundle)}
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)


def _certificate(folder: Path) -> Path:
    """For 127.0.0.1: its key, then itself, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    begin = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begin)
        .not_valid_after(begin + datetime.timedelta(days=36500))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path
