<?php

/** $headers: by lower-case names; $body: the raw text, file_get_contents('php://input'). */
function genuine(string $secret, array $headers, string $body): bool
{
    $stamp = $headers['webhook-timestamp'] ?? '';
    if (!preg_match('/^[0-9]{1,12}$/D', $stamp) || abs(time() - (int) $stamp) > 300) {
        return false;
    }
    $key = base64_decode(preg_replace('/^whsec_/', '', $secret));
    $text = ($headers['webhook-id'] ?? '') . '.' . $stamp . '.' . $body;
    $want = 'v1,' . base64_encode(hash_hmac('sha256', $text, $key, true));
    foreach (explode(' ', $headers['webhook-signature'] ?? '') as $given) {
        if (hash_equals($want, $given)) {
            return true;
        }
    }
    return false;
}
