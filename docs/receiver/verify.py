import base64
import hashlib
import hmac
import time


def genuine(secret, headers, body):
    """headers: by lower-case names; body: the raw bytes, before anything parses them."""
    stamp = headers.get("webhook-timestamp", "")
    if not stamp.isdecimal() or abs(time.time() - int(stamp)) > 300:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    text = b".".join([headers.get("webhook-id", "").encode(), stamp.encode(), body])
    want = "v1," + base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
    signatures = headers.get("webhook-signature", "").split(" ")
    return any(hmac.compare_digest(want.encode(), s.encode()) for s in signatures)
