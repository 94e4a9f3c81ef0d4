import { createHmac, timingSafeEqual } from "node:crypto";

// headers: as request.headers of node:http; body: the raw Buffer, before anything parses it.
export function genuine(secret, headers, body) {
  const stamp = headers["webhook-timestamp"] ?? "";
  if (!/^[0-9]+$/.test(stamp) || Math.abs(Date.now() / 1000 - Number(stamp)) > 300) return false;
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const mac = createHmac("sha256", key).update(`${headers["webhook-id"] ?? ""}.${stamp}.`).update(body);
  const want = Buffer.from("v1," + mac.digest("base64"));
  return (headers["webhook-signature"] ?? "").split(" ").some((s) => {
    const given = Buffer.from(s);
    return given.length === want.length && timingSafeEqual(given, want);
  });
}
