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
# Of the dashboard token of an operator; a key has its own environment.
ENVIRONMENT = os.environ.get("EVERGRANT_ENVIRONMENT")
RETURN_URL = os.environ.get("RETURN_URL", "http://localhost:8080/connected")


def evergrant(method, path, body=None):
    """Waits as long as Retry-After states where the service limits the calls or is not ready, three times at most."""
    headers = {"Authorization": f"Bearer {KEY}"}
    if ENVIRONMENT:
        headers["X-Environment"] = ENVIRONMENT
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


LEASES = f"/v1/projects/{PROJECT}/leased-accounts"


def request_leases(platform, count):
    """The key needs the scope leases:write."""
    return evergrant("POST", f"{LEASES}/request", {"platform": platform, "count": count})


def until_leased(request_id):
    """An operator answers in hours or days: polls ever later up to a minute apart, until the request gets no more accounts."""
    wait = 1.0
    while True:
        request = evergrant("GET", f"{LEASES}/requests/{request_id}")
        if request["status"] == "rejected":
            raise SystemExit(f"rejected: {request['reason']}")
        if request["closedAt"] is not None:
            return request["leasedAccountIds"]
        time.sleep(wait)
        wait = min(wait * 1.5, 60)


def release(account):
    """Cancels the queued posts of the account, and returns it to the pool."""
    return evergrant("DELETE", f"/v1/leased-accounts/{account}")


def add_to_pool(platform):
    """Returns the id in the pool, and where the browser of the account's person goes."""
    return evergrant("POST", "/v1/operator/pool", {"platform": platform, "connect": True})


def prepare(pooled):
    """The consent is the first step; the others are work of the operator."""
    for step in ("credentials", "profile", "warmup", "review"):
        account = evergrant("POST", f"/v1/operator/pool/{pooled}/steps/{step}", {"state": "done"})
    return account["state"]


def assign(request_id, *pooled):
    path = f"/v1/operator/lease-requests/{request_id}/assign"
    return evergrant("POST", path, {"leasedAccountIds": list(pooled)})


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
if command == "lease":
    requested = request_leases(argument, 1)
    print(f"requested {requested['requestId']}", flush=True)
    print(f"leased {' '.join(until_leased(requested['requestId']))}")
if command == "release":
    print(release(argument)["status"])
if command == "add":
    added = add_to_pool(argument)
    print(f"open {added['authorizeUrl']}")
    print(f"added {added['leasedAccountId']}")
if command == "prepare":
    print(prepare(argument))
if command == "assign":
    print(assign(argument, sys.argv[3])["status"])
