package tapedeck.protocol.rtmp;

import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tapedeck.net.Query;
import tapedeck.relay.RelayRefusedException;
import tapedeck.relay.RelayTarget;

/// How Adobe's servers, and those that follow them, ask a publisher for its password: `connect` is refused with a
/// description that names `authmod=adobe`; the next one names the user, and is refused with a challenge; the third
/// answers it, in the query of the application.
///
/// ```
/// response = base64(md5(base64(md5(user + salt + password)) + (opaque or challenge) + ours))
/// ```
final class AdobeAuthentication {
    /// The server wants to know who we are, or did not believe it.
    static final class AskedException extends IOException {
        AskedException(String description) {
            super(description);
        }
    }

    private static final String METHOD = "authmod=adobe";

    private AdobeAuthentication() {}

    static boolean isAsked(String description) {
        return description.contains(METHOD);
    }

    /// What the next `connect` has behind its application.
    ///
    /// @param login null where we have none
    /// @param ours a random number that the server has not seen
    /// @throws RelayRefusedException if the server does not want us
    static String answer(String description, RelayTarget.@Nullable Login login, int ours) throws RelayRefusedException {
        if (login == null) {
            throw new RelayRefusedException("the server asks for user and password");
        }
        String user = "&user=" + URLEncoder.encode(login.user(), StandardCharsets.UTF_8);
        int question = description.indexOf('?');
        if (question < 0) {
            return METHOD + user;
        }
        Map<String, String> asked = parameters(description.substring(question + 1));
        if (!asked.getOrDefault("reason", "").equals("needauth")) {
            throw new RelayRefusedException("the server does not take this user and password");
        }
        String salt = asked.getOrDefault("salt", "");
        String challenge = asked.getOrDefault("challenge", "");
        String opaque = asked.getOrDefault("opaque", "");
        String mine = "%08x".formatted(ours);
        String secret = hash(login.user() + salt + login.password());
        String response = hash(secret + (opaque.isEmpty() ? challenge : opaque) + mine);
        return METHOD + user + "&challenge=" + mine + "&response=" + response
                + (opaque.isEmpty() ? "" : "&opaque=" + opaque);
    }

    private static Map<String, String> parameters(String query) {
        Map<String, String> parameters = new HashMap<>();
        Query.split(query.strip(), parameters::put);
        return parameters;
    }

    private static String hash(String text) {
        try {
            // The protocol's choice.
            byte[] digest = MessageDigest.getInstance("MD5").digest(text.getBytes(StandardCharsets.UTF_8));
            return Base64.getEncoder().encodeToString(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has MD5", e);
        }
    }
}
