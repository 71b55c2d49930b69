"""What Prolific does to a signed link: real RSA keys, tokens signed with them, and a server of the public ones."""

import functools
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

PID, SUBMISSION, STUDY_ID = "5f2b8a9c1d3e4f5a6b7c8d9e", "60fd8a4b2c3d4e5f6a7b8c9d", "61aa8a4b2c3d4e5f6a7b8c9d"
QUERY = {"PROLIFIC_PID": PID, "STUDY_ID": STUDY_ID, "SESSION_ID": SUBMISSION}


@functools.cache
def make_key(name="first"):
    """A private key; the same one for the same name all through a test run."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def sign(query=None, *, now, host="localhost", key="first", kid=None, algorithm="RS256", **changed):
    """The token that Prolific would add to a link of this query; `changed` claims are put in, or left out when None."""
    query = QUERY if query is None else query
    claims = {
        "iss": "https://www.prolific.com",
        "iat": int(now.timestamp()),
        "exp": int(now.timestamp()) + 120,
        "aud": f"https://{host}/s/pilot/?" + "&".join(f"{name}={value}" for name, value in query.items()),
        "sub": query.get("SESSION_ID", ""),
        "prolific": {**query, "workspace_id": "0123456789abcdef01234567"},
    } | changed
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(claims, make_key(key), algorithm=algorithm, headers={"kid": key if kid is None else kid})


def describe_key(name):
    public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(make_key(name).public_key()))
    return {**public, "kid": name, "use": "sig", "alg": "RS256"}


class KeyServer:
    """A JWKS address on a real port. `names` are its keys; `answer` replaces what it says, as (status, bytes)."""

    def __init__(self, *names):
        self.names, self.answer, self.asked = list(names), None, 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                outer.asked += 1
                body = json.dumps({"keys": [describe_key(name) for name in outer.names]}).encode()
                status, body = outer.answer or (200, body)
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/.well-known/study/jwks.json"

    def __enter__(self):
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *error):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
