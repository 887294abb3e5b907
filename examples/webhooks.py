# Python 3.9 or later; the standard library alone.
# WEBHOOK_SECRET=whsec_… PORT=4000 python3 webhooks.py
import base64
import hashlib
import hmac
import json
import os
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = os.environ.get("WEBHOOK_SECRET", "")
PORT = int(os.environ.get("PORT", "4000"))
# Seconds by which the clocks of sender and receiver may differ.
TOLERANCE = 300


def verify(body, headers):
    """Verifies the raw body: JSON that was parsed and written again has other bytes."""
    message_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not timestamp.isdigit() or abs(time.time() - int(timestamp)) > TOLERANCE:
        return False
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    expected = hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    # While a secret is replaced there are two signatures.
    signatures = headers.get("webhook-signature", "").split(" ")
    return any(hmac.compare_digest("v1," + base64.b64encode(expected).decode(), one) for one in signatures)


# Store both in your database, in the transaction of what you do about the event.
handled = set()
last_sequence = {}


def handle(event):
    """An event may come twice, with the same id. Those of one account come in order, unless one before was given up."""
    if event["id"] in handled:
        return "known"
    account, sequence = event["account_id"], event["sequence"]
    is_old = sequence is not None and sequence < last_sequence.get(account, 0)
    if sequence is not None and not is_old:
        last_sequence[account] = sequence
    handled.add(event["id"])
    # A replayed event is older than what you have already: read the account instead of applying it.
    return "old" if is_old else "new"


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        is_signed = verify(body, self.headers)
        if is_signed:
            event = json.loads(body)
            print(handle(event), event["type"], event["account_id"], event["sequence"], flush=True)
        # Answer within 15 seconds; longer work belongs in a queue of yours.
        self.send_response(204 if is_signed else 401)
        self.end_headers()

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", PORT), Receiver)
print("listening", flush=True)
server.serve_forever()
