package tapedeck.protocol.webrtc.ice;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Base64;
import java.util.List;
import java.util.stream.Collectors;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import tapedeck.settings.IceServer;

/// The STUN and TURN servers that clients are told of, as `Link` headers, RFC 9725 4.6.
public final class IceLinks {
    /// How long a password holds that was made from a shared secret: a call of a working day.
    static final Duration PASSWORD_LIFETIME = Duration.ofHours(12);

    private static final String USER = "tapedeck";

    private final List<IceServer> servers;
    private final InstantSource clock;

    public IceLinks(List<IceServer> servers, InstantSource clock) {
        this.servers = List.copyOf(servers);
        this.clock = clock;
    }

    /// The header's value; "" where there is no server.
    public String header() {
        return servers.stream().map(this::link).collect(Collectors.joining(", "));
    }

    private String link(IceServer server) {
        String link = "<%s>; rel=\"ice-server\"".formatted(server.url());
        if (!server.secret().isEmpty()) {
            // draft-uberti-behave-turn-rest-00 2.2: the user's name says when the password ends.
            String user = clock.instant().plus(PASSWORD_LIFETIME).getEpochSecond() + ":" + USER;
            return link + credentials(user, password(server.secret(), user));
        }
        return server.user().isEmpty() ? link : link + credentials(server.user(), server.password());
    }

    private static String credentials(String user, String password) {
        return "; username=\"%s\"; credential=\"%s\"; credential-type=\"password\"".formatted(user, password);
    }

    private static String password(String secret, String user) {
        try {
            Mac hmac = Mac.getInstance("HmacSHA1");
            hmac.init(new SecretKeySpec(secret.getBytes(StandardCharsets.UTF_8), "HmacSHA1"));
            return Base64.getEncoder().encodeToString(hmac.doFinal(user.getBytes(StandardCharsets.UTF_8)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }
}
