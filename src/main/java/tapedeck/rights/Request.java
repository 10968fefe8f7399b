package tapedeck.rights;

import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.MalformedException;

/// What a peer wants, and what it shows for it.
///
/// @param stream the name, as [java.text.Normalizer.Form#NFC] has it
/// @param protocol `rtmp`, `whip`, `whep` …
/// @param parameters of the address that it came to; no credentials that were understood as such
public record Request(
        Action action,
        String stream,
        String protocol,
        InetAddress address,
        Credentials credentials,
        Map<String, String> parameters) {

    public enum Action {
        PUBLISH,
        PLAY;

        /// As webhooks and tokens call it.
        String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    public Request {
        parameters = Map.copyOf(parameters);
    }

    /// Whatever a peer showed; "" for what it did not. Nothing of it ever stands in a log.
    ///
    /// @param digest that it knows the password, which it did not show
    public record Credentials(
            String user,
            String password,
            String token,
            @Nullable DigestProof digest) {
        public static final Credentials NONE = new Credentials("", "", "");

        private static final String USER = "user";
        private static final String PASSWORD = "password";
        private static final String TOKEN = "token";

        public Credentials(String user, String password, String token) {
            this(user, password, token, null);
        }

        /// That a peer knows its password.
        public static Credentials ofDigest(DigestProof proof) {
            return new Credentials(proof.user(), "", "", proof);
        }

        /// The value of an `Authorization` header: Basic (RFC 7617 2) or Bearer (RFC 6750 2.1).
        ///
        /// @throws MalformedException for another scheme, or what it does not allow
        public static Credentials ofAuthorization(String header) {
            String value = header.strip();
            int space = value.indexOf(' ');
            String scheme = (space < 0 ? value : value.substring(0, space)).toLowerCase(Locale.ROOT);
            String rest = space < 0 ? "" : value.substring(space + 1).strip();
            return switch (scheme) {
                case "bearer" -> bearer(rest);
                case "basic" -> basic(rest);
                default -> throw new MalformedException("Authorization: Bearer and Basic are known here");
            };
        }

        private static Credentials bearer(String token) {
            if (token.isEmpty() || !token.chars().allMatch(c -> c > ' ' && c < 0x7F)) {
                throw new MalformedException("Authorization: no token behind Bearer");
            }
            return new Credentials("", "", token);
        }

        private static Credentials basic(String encoded) {
            try {
                ByteBuffer pair = ByteBuffer.wrap(Base64.getDecoder().decode(encoded));
                String text = StandardCharsets.UTF_8.newDecoder().decode(pair).toString();
                int colon = text.indexOf(':');
                if (colon >= 0) {
                    return new Credentials(text.substring(0, colon), text.substring(colon + 1), "");
                }
            } catch (IllegalArgumentException | CharacterCodingException _) {
                // Said below.
            }
            throw new MalformedException("Authorization: Basic needs user and password in Base64");
        }

        /// `user`, `password` and `token` of an address.
        public static Credentials ofParameters(Map<String, String> parameters) {
            return new Credentials(
                    parameters.getOrDefault(USER, ""),
                    parameters.getOrDefault(PASSWORD, ""),
                    parameters.getOrDefault(TOKEN, ""));
        }

        /// The others.
        public static Map<String, String> without(Map<String, String> parameters) {
            Map<String, String> others = new LinkedHashMap<>(parameters);
            others.remove(USER);
            others.remove(PASSWORD);
            others.remove(TOKEN);
            return others;
        }

        /// The one secret among them.
        String secret() {
            return token.isEmpty() ? password : token;
        }

        @Override
        public String toString() {
            return "Credentials[…]";
        }
    }
}
