package tapedeck.protocol.webrtc.transport;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import javax.crypto.Mac;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.protocol.webrtc.ice.IceCredentials;
import tapedeck.protocol.webrtc.ice.Priority;
import tapedeck.protocol.webrtc.ice.StunMessage;
import tapedeck.protocol.webrtc.ice.StunWriter;

/// Our connectivity checks where we are in control, RFC 8445 7.2: all addresses of the peer are tried, the first one
/// that answers is nominated (8.1.1), and when it has answered to that too it is checked again and again, since only
/// who answers still wants what we send (RFC 7675 5.1). Lives on the port's loop.
final class Checks {
    /// Of the peer, those that it tells and those that it checks us from.
    static final int MAX_PAIRS = 16;
    /// RFC 8489 6.2.1: first retransmission, doubled each time.
    static final long RETRANSMIT_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

    static final int TRANSMISSIONS = 7;
    /// RFC 7675 5.1.
    static final long CONSENT_PERIOD_NANOS = TimeUnit.SECONDS.toNanos(5);

    /// What an answer means.
    enum Outcome {
        /// It is none to a check of ours.
        NONE,
        /// Its way carries.
        CARRIES,
        /// Its way is the one from now on, or still.
        NOMINATED
    }

    private enum State {
        TRYING,
        NOMINATING,
        NOMINATED
    }

    private static final class Pair {
        private final Path path;
        private Bytes id = Bytes.EMPTY;
        private int sent;
        private long dueNanos = Long.MIN_VALUE;

        Pair(Path path) {
            this.path = path;
            renew();
        }

        /// The next check is another transaction. Nobody else can know its 96 random bits.
        void renew() {
            byte[] random = new byte[StunMessage.TRANSACTION_ID_BYTES];
            ThreadLocalRandom.current().nextBytes(random);
            id = Bytes.wrap(random);
            sent = 0;
            dueNanos = Long.MIN_VALUE;
        }

        boolean isDue(long now) {
            return sent < TRANSMISSIONS && (sent == 0 || now - dueNanos >= 0);
        }
    }

    private final Bytes username;
    private final Mac hmac;
    private final long tieBreaker = ThreadLocalRandom.current().nextLong();
    private final List<Pair> pairs = new ArrayList<>();
    private State state = State.TRYING;
    private @Nullable Pair chosen;

    /// @param paths to the peer's candidates, best first
    Checks(IceCredentials remote, String localUfrag, List<Path> paths) {
        username = Bytes.ofUtf8(remote.ufrag() + ":" + localUfrag);
        hmac = remote.hmac();
        paths.stream().limit(MAX_PAIRS).map(Pair::new).forEach(pairs::add);
    }

    /// The peer has checked us from there, so it may be reached there: RFC 8445 7.3.1.4.
    void heardFrom(Path path) {
        boolean known = pairs.stream().anyMatch(pair -> pair.path.address().equals(path.address()));
        if (!known && state == State.TRYING && pairs.size() < MAX_PAIRS) {
            pairs.addFirst(new Pair(path));
        }
    }

    /// Sends what is due, one check at most: RFC 8445 14.2 wants them paced.
    void tick(long now) {
        Pair one = chosen;
        if (one == null) {
            for (Pair pair : pairs) {
                if (pair.isDue(now)) {
                    transmit(pair, now);
                    return;
                }
            }
        } else if (state == State.NOMINATED && now - one.dueNanos >= 0) {
            one.renew();
            transmit(one, now);
            one.dueNanos = now + CONSENT_PERIOD_NANOS;
        } else if (state == State.NOMINATING && one.isDue(now)) {
            transmit(one, now);
        }
    }

    private void transmit(Pair pair, long now) {
        StunWriter check = new StunWriter(StunMessage.BINDING_REQUEST, pair.id)
                .attribute(StunMessage.USERNAME, username)
                .attribute(
                        StunMessage.PRIORITY,
                        new ByteWriter().u32(Priority.udpPeerReflexive()).toBytes())
                .attribute(
                        StunMessage.ICE_CONTROLLING,
                        new ByteWriter().u64(tieBreaker).toBytes());
        if (state != State.TRYING) {
            check.attribute(StunMessage.USE_CANDIDATE, Bytes.EMPTY);
        }
        byte[] bytes = check.integrity(hmac).fingerprint().toBytes().toByteArray();
        pair.path.write(bytes, 0, bytes.length);
        pair.dueNanos = now + (RETRANSMIT_NANOS << pair.sent);
        pair.sent++;
    }

    /// @param from the way by which it came, which has to be the one that was checked (RFC 8445 7.2.5.2.1)
    Outcome answered(StunMessage message, Path from, long now) {
        for (Pair pair : pairs) {
            if (!message.transactionId().equals(pair.id) || !pair.path.address().equals(from.address())) {
                continue;
            }
            if (message.type() != StunMessage.BINDING_SUCCESS || !message.integrityBy(hmac)) {
                return Outcome.NONE;
            }
            return switch (state) {
                case TRYING -> {
                    state = State.NOMINATING;
                    chosen = pair;
                    pair.renew();
                    transmit(pair, now);
                    yield Outcome.CARRIES;
                }
                case NOMINATING, NOMINATED -> {
                    if (pair != chosen) {
                        yield Outcome.CARRIES;
                    }
                    if (state == State.NOMINATING) {
                        state = State.NOMINATED;
                        pair.dueNanos = now + CONSENT_PERIOD_NANOS;
                    }
                    yield Outcome.NOMINATED;
                }
            };
        }
        return Outcome.NONE;
    }
}
