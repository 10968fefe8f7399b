package tapedeck.protocol.webrtc.sctp;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// What begins an association, RFC 9260 5: our tag and first TSN, INIT, INIT ACK and the cookie between them.
final class Handshake {
    /// RFC 9260 16, Valid.Cookie.Life.
    static final long COOKIE_LIFE_NANOS = TimeUnit.SECONDS.toNanos(60);
    /// RFC 8831 6.2: a stream id costs nothing before it is used.
    static final int STREAMS = 65_535;
    /// RFC 9260 3.3.2: a receiver with less is of no use.
    static final int MIN_WINDOW_BYTES = 1_500;

    private static final Bytes EXTENSIONS = Bytes.ofU8(Chunk.RE_CONFIG, Chunk.FORWARD_TSN);

    private final long localTag;
    private final long initialTsn;
    private final Bytes secret;
    private final RandomGenerator random;

    Handshake(RandomGenerator random) {
        this.random = random;
        this.localTag = tag();
        this.initialTsn = random.nextInt() & 0xFFFF_FFFFL;
        byte[] bytes = new byte[Cookie.SECRET_BYTES];
        random.nextBytes(bytes);
        this.secret = Bytes.wrap(bytes);
    }

    private long tag() {
        return random.nextLong(1, 1L << 32);
    }

    long localTag() {
        return localTag;
    }

    long initialTsn() {
        return initialTsn;
    }

    Chunk.Init init() {
        return init(false, localTag, List.of());
    }

    private Chunk.Init init(boolean ack, long tag, List<Parameter> more) {
        List<Parameter> parameters = new ArrayList<>(more);
        parameters.add(new Parameter(Parameter.FORWARD_TSN_SUPPORTED, Bytes.EMPTY));
        parameters.add(new Parameter(Parameter.SUPPORTED_EXTENSIONS, EXTENSIONS));
        return new Chunk.Init(ack, tag, SctpAssociation.RECEIVE_WINDOW_BYTES, STREAMS, STREAMS, initialTsn, parameters);
    }

    /// The answer to an INIT, which costs us no memory.
    ///
    /// @param tiePeerTag of the association that there is already, or 0: RFC 9260 5.2.2 then wants a new
    ///     tag of ours, so that a restart cannot be mistaken for it
    Chunk.Init answer(Chunk.Init init, long tiePeerTag, long nowNanos) {
        boolean fresh = tiePeerTag == 0 || tiePeerTag == init.initiateTag();
        long tag = fresh ? localTag : tag();
        Reading reading = read(init.parameters());
        Cookie cookie = new Cookie(nowNanos, tag, fresh ? 0 : localTag, tiePeerTag, agreement(init, reading));
        List<Parameter> parameters = new ArrayList<>();
        parameters.add(new Parameter(Parameter.STATE_COOKIE, cookie.seal(secret)));
        for (Parameter unknown : reading.reported()) {
            parameters.add(new Parameter(Parameter.UNRECOGNIZED, unknown.toBytes()));
        }
        return init(true, tag, parameters);
    }

    /// What a COOKIE ECHO means, RFC 9260 5.2.4.
    sealed interface Verdict {
        /// The association is up (B, or D before it was).
        record Establish(Agreement agreement) implements Verdict {}

        /// It is up already, our COOKIE ACK was lost (D).
        record Repeat() implements Verdict {}

        /// The peer lost its association and begins another (A).
        record Restart() implements Verdict {}

        record Stale(long peerTag, long nanos) implements Verdict {}

        /// Forged, or late (C).
        record Ignore() implements Verdict {}
    }

    /// @param tag of the packet
    /// @param knownPeerTag 0 if none is known
    /// @param up whether the association is
    Verdict judge(Bytes sealed, long tag, long knownPeerTag, boolean up, long nowNanos) {
        Cookie cookie = Cookie.open(sealed, secret);
        if (cookie == null || tag != cookie.localTag()) {
            return new Verdict.Ignore();
        }
        if (cookie.localTag() != localTag) {
            return cookie.tieLocalTag() == localTag && cookie.tiePeerTag() == knownPeerTag
                    ? new Verdict.Restart()
                    : new Verdict.Ignore();
        }
        long peerTag = cookie.agreement().peerTag();
        if (up) {
            return knownPeerTag == peerTag ? new Verdict.Repeat() : new Verdict.Ignore();
        }
        long staleNanos = nowNanos - cookie.createdNanos() - COOKIE_LIFE_NANOS;
        return staleNanos > 0 ? new Verdict.Stale(peerTag, staleNanos) : new Verdict.Establish(cookie.agreement());
    }

    /// What an INIT ACK brings.
    ///
    /// @param reported parameters that we do not know and the peer wants to hear of
    record Answered(Agreement agreement, Bytes cookie, List<Parameter> reported) {}

    static Answered answered(Chunk.Init ack) {
        Reading reading = read(ack.parameters());
        for (Parameter parameter : reading.known()) {
            if (parameter.type() == Parameter.STATE_COOKIE) {
                return new Answered(agreement(ack, reading), parameter.value(), reading.reported());
            }
        }
        throw new MalformedException("SCTP: INIT ACK without a cookie");
    }

    private static Agreement agreement(Chunk.Init init, Reading reading) {
        boolean forwards = false;
        boolean resets = false;
        for (Parameter parameter : reading.known()) {
            forwards |= parameter.type() == Parameter.FORWARD_TSN_SUPPORTED;
            if (parameter.type() == Parameter.SUPPORTED_EXTENSIONS) {
                for (int i = 0; i < parameter.value().length(); i++) {
                    resets |= parameter.value().u8(i) == Chunk.RE_CONFIG;
                }
            }
        }
        return new Agreement(
                init.initiateTag(),
                init.initialTsn(),
                init.receiverWindow(),
                Math.min(init.inboundStreams(), STREAMS),
                forwards,
                resets);
    }

    /// RFC 9260 3.3.2: whether an INIT or INIT ACK could begin an association at all.
    static boolean usable(Chunk.Init init) {
        return init.initiateTag() != 0
                && init.outboundStreams() != 0
                && init.inboundStreams() != 0
                && init.receiverWindow() >= MIN_WINDOW_BYTES;
    }

    private record Reading(List<Parameter> known, List<Parameter> reported) {}

    private static Reading read(List<Parameter> parameters) {
        List<Parameter> known = new ArrayList<>();
        List<Parameter> reported = new ArrayList<>();
        for (Parameter parameter : parameters) {
            if (knows(parameter.type())) {
                known.add(parameter);
                continue;
            }
            if (Parameter.reports(parameter.type())) {
                reported.add(parameter);
            }
            if (!Parameter.skips(parameter.type())) {
                break;
            }
        }
        return new Reading(known, reported);
    }

    /// Addresses and the like mean nothing over DTLS (RFC 8261 6.1), but are no news either: 5 to 12 are those of RFC
    /// 9260 3.3.2.1.
    private static boolean knows(int type) {
        return switch (type) {
            case Parameter.STATE_COOKIE,
                    Parameter.UNRECOGNIZED,
                    Parameter.SUPPORTED_EXTENSIONS,
                    Parameter.FORWARD_TSN_SUPPORTED,
                    5,
                    6,
                    9,
                    11,
                    12 -> true;
            default -> false;
        };
    }
}
