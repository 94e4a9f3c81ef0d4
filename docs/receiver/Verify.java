import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.Base64;
import java.util.Map;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

final class Verify {
    /** headers: by lower-case names; body: the raw bytes, before anything parses them. */
    static boolean genuine(String secret, Map<String, String> headers, byte[] body) throws GeneralSecurityException {
        String stamp = headers.getOrDefault("webhook-timestamp", "");
        if (!stamp.matches("[0-9]{1,12}") || Math.abs(Instant.now().getEpochSecond() - Long.parseLong(stamp)) > 300) {
            return false;
        }
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(Base64.getDecoder().decode(secret.replaceFirst("^whsec_", "")), "HmacSHA256"));
        mac.update((headers.getOrDefault("webhook-id", "") + "." + stamp + ".").getBytes(StandardCharsets.UTF_8));
        String want = "v1," + Base64.getEncoder().encodeToString(mac.doFinal(body));
        boolean genuine = false;
        for (String given : headers.getOrDefault("webhook-signature", "").split(" ")) {
            genuine |= MessageDigest.isEqual(given.getBytes(StandardCharsets.UTF_8), want.getBytes(StandardCharsets.UTF_8));
        }
        return genuine;
    }
}
