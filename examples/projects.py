# Python 3.9 or later; the standard library alone.
# EVERGRANT_KEY=… EVERGRANT_PROJECT=prj_… python3 examples/projects.py connect
import json
import os
import sys
import time
from urllib.error import HTTPError
from urllib.request import Request, urlopen

KEY = os.environ["EVERGRANT_KEY"]
URL = os.environ.get("EVERGRANT_URL", "http://localhost:3000")
PROJECT = os.environ.get("EVERGRANT_PROJECT", "")
RETURN_URL = os.environ.get("RETURN_URL", "http://localhost:8080/connected")


def evergrant(method, path, body=None):
    """Waits as long as Retry-After states where the service limits the calls or is not ready, three times at most."""
    headers = {"Authorization": f"Bearer {KEY}"}
    data = None
    if body is not None:
        headers["Content-Type"] = "application/json"
        data = json.dumps(body).encode()
    for attempt in range(1, 4):
        try:
            with urlopen(Request(URL + path, data, headers, method=method), timeout=70) as answer:
                return json.load(answer)
        except HTTPError as refused:
            error = json.load(refused)["error"]
            retry_after = float(refused.headers.get("Retry-After", 0))
            if retry_after == 0 or attempt == 3:
                raise SystemExit(f"{error['code']} ({error['requestId']}): {error['message']}")
            time.sleep(retry_after)


def connect(platform):
    """Your server answers the press of the Connect button with a redirect to authorizeUrl, and keeps the state in the session."""
    body = {"platform": platform, "returnUrl": RETURN_URL}
    return evergrant("POST", f"/v1/projects/{PROJECT}/social/oauth-url", body)


def until_connected(state):
    """Polls after 1 s, then ever later up to 10 s apart. The service answers `failed` once the state has expired."""
    wait = 1.0
    while True:
        polled = evergrant("GET", f"/v1/social/oauth-status/{state}")
        if polled["status"] == "completed":
            return polled["socialAccountId"]
        if polled["status"] == "failed":
            raise SystemExit(f"{polled['error']['code']}: {polled['error']['message']}")
        time.sleep(wait)
        wait = min(wait * 1.5, 10)


def health(account):
    return evergrant("GET", f"/v1/social-accounts/{account}/health")


def reauthorize(account):
    """The person consents again; the account keeps its id, its history and its place in the project."""
    body = {"socialAccountId": account, "returnUrl": RETURN_URL}
    return evergrant("POST", f"/v1/projects/{PROJECT}/social/reauth-url", body)


def revoke(account):
    """Destroys the tokens, cancels queued posts, and revokes the grant at the platform."""
    return evergrant("DELETE", f"/v1/social-accounts/{account}")


command = sys.argv[1] if len(sys.argv) > 1 else "connect"
argument = sys.argv[2] if len(sys.argv) > 2 else "x"
if command in ("connect", "reauthorize"):
    started = connect(argument) if command == "connect" else reauthorize(argument)
    print(f"open {started['authorizeUrl']}", flush=True)
    print(f"connected {until_connected(started['state'])}")
if command == "health":
    found = health(argument)
    print(f"{found['status']}, recommendation {found['recommendation']}")
if command == "revoke":
    print(revoke(argument)["status"])
