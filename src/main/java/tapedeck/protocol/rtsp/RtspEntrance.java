package tapedeck.protocol.rtsp;

import java.security.SecureRandom;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tapedeck.net.Connection;
import tapedeck.rights.Decision;
import tapedeck.rights.DigestProof;
import tapedeck.rights.Request;
import tapedeck.rights.Rights;
import tapedeck.stream.StreamName;

/// Asks whether the peer of one connection may publish or play, in RTSP's own way.
final class RtspEntrance {
    private final Connection connection;
    private final Rights rights;
    private final DigestNonces nonces;

    RtspEntrance(Connection connection, Rights rights, SecureRandom random) {
        this.connection = connection;
        this.rights = rights;
        this.nonces = new DigestNonces(random);
    }

    boolean isFree(Request.Action action) {
        return rights.isFree(action);
    }

    /// One of both is called later, on the connection's event loop.
    ///
    /// @param allowed takes the login
    /// @throws tapedeck.bytes.MalformedException for credentials that cannot be read
    void ask(
            Request.Action action,
            StreamName name,
            RtspMessage.Request request,
            Consumer<String> allowed,
            Consumer<RtspReply> refused) {
        RtspAddress address = RtspAddress.parse(request.uri());
        Request.Credentials shown = RtspRefusal.credentials(request, address);
        DigestProof proof = shown.digest();
        if (proof != null && !nonces.takes(proof, address.path())) {
            connection.execute(() -> refused.accept(RtspRefusal.stale(nonces)));
            return;
        }
        Request question = RtspRefusal.question(action, name, shown, address, connection.address());
        rights.ask(question, decision -> {
            // Looks at a file.
            boolean digest = decision instanceof Decision.Refused && rights.takesDigest(action);
            connection.execute(() -> {
                switch (decision) {
                    case Decision.Allowed(String login) -> allowed.accept(login);
                    case Decision.Refused reason -> refused.accept(RtspRefusal.of(reason, nonces(digest)));
                }
            });
        });
    }

    private @Nullable DigestNonces nonces(boolean digest) {
        return digest ? nonces : null;
    }
}
