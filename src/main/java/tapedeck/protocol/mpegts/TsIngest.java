package tapedeck.protocol.mpegts;

import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.container.ts.TsDemuxer;
import tapedeck.media.Frame;
import tapedeck.rights.Decision;
import tapedeck.rights.PlainEntrance;
import tapedeck.stream.ByteBudget;
import tapedeck.stream.Feedback;
import tapedeck.stream.NameTakenException;
import tapedeck.stream.Publication;
import tapedeck.stream.Publisher;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;

/// One peer's transport stream on its way into a stream. Its name is that of the service, which may come a little later
/// than the first pictures: those wait.
final class TsIngest implements TsDemuxer.Sink, Feedback {
    /// A peer that brings no picture and no sound for so long is gone.
    static final long IDLE_NANOS = 10_000_000_000L;
    /// ETSI TR 101 211 4.4: a description of the services comes every two seconds. Without one there is no name.
    static final long NAME_NANOS = 2_000_000_000L;
    /// Whether a peer may publish is known long before.
    static final long RIGHTS_NANOS = 90_000_000_000L;
    /// What waits for a name and for the right to have it.
    static final int MAX_EARLY_BYTES = 8 << 20;

    static final int MAX_EARLY_FRAMES = 4_000;
    /// In so many bytes without a packet there is no transport stream, or none any more.
    static final int MAX_SKIPPED_BYTES = 256 << 10;
    /// Codecs that are named when nothing can be made of a stream.
    static final int MAX_NAMED = 8;

    private static final SecureRandom RANDOM = new SecureRandom();
    private static final Logger log = LoggerFactory.getLogger(TsIngest.class);

    private enum State {
        NAMING,
        ASKING,
        PUBLISHING,
        ENDED
    }

    private final TsPeer peer;
    private final PlainEntrance entrance;
    private final Streams streams;
    private final ByteBudget.Share held;
    private final TsDemuxer demuxer = TsDemuxer.live(this);
    private final Set<String> leftOut = new TreeSet<>();
    private final List<Frame> early = new ArrayList<>();
    private long earlyBytes;
    private long earlyMissed;
    private State state = State.NAMING;
    private @Nullable Publication publication;
    /// What the demuxer's callbacks found; thrown when it is done.
    private @Nullable String refusal;
    private int videoId = -1;
    private int audioId = -1;
    private boolean fresh;
    private long mediaNanos = System.nanoTime();
    private long firstNanos;
    private long askedNanos;
    private long packets;
    private long skippedBytes;
    private long damaged;

    /// @param budget what all peers together may hold of what is not whole, or has no name yet
    TsIngest(TsPeer peer, PlainEntrance entrance, Streams streams, ByteBudget budget) {
        this.peer = peer;
        this.entrance = entrance;
        this.streams = streams;
        this.held = budget.new Share();
    }

    /// @throws MalformedException if it is no transport stream, or one that cannot become a stream
    void receive(Bytes bytes) {
        if (state == State.ENDED) {
            return;
        }
        demuxer.receive(bytes);
        if (refusal != null) {
            throw new MalformedException(refusal);
        }
        if (state == State.ENDED) {
            return;
        }
        if (demuxer.packets() > packets) {
            packets = demuxer.packets();
            skippedBytes = demuxer.skippedBytes();
        } else if (demuxer.skippedBytes() - skippedBytes > MAX_SKIPPED_BYTES) {
            throw new MalformedException("MPEG-TS: no packets of 188, 192 or 204 bytes in %d bytes"
                    .formatted(demuxer.skippedBytes() - skippedBytes));
        }
        if (fresh) {
            fresh = false;
            mediaNanos = System.nanoTime();
        }
        if (!held.hold(demuxer.waitingBytes() + earlyBytes)) {
            throw new MalformedException("MPEG-TS: no memory is left for what waits of all senders");
        }
    }

    void swept(long nowNanos) {
        report();
        if (nowNanos - mediaNanos > IDLE_NANOS) {
            peer.end(nothing());
        } else if (state == State.NAMING && !early.isEmpty() && nowNanos - firstNanos > NAME_NANOS) {
            named(fallbackName());
        } else if (state == State.ASKING && nowNanos - askedNanos > RIGHTS_NANOS) {
            peer.end("whether the peer may was not known within 90 s");
        }
    }

    private StreamName fallbackName() {
        return new StreamName("ts-" + peer.address().getPort());
    }

    private String nothing() {
        String left = leftOut.isEmpty() ? "" : "; left out: " + String.join(", ", leftOut);
        return packets == 0
                ? "no MPEG-TS came for 10 s"
                : "no picture and no sound that can be carried for 10 s" + left;
    }

    /// At most once a second.
    private void report() {
        long now = demuxer.damaged();
        if (now > damaged) {
            log.info("mpegts {}: {} damaged or missing packets", peer.name(), now - damaged);
        }
        // A new map takes streams away, and what they counted.
        damaged = now;
    }

    @Override
    public void frame(Frame frame) {
        fresh = true;
        if (frame.track().isVideo()) {
            videoId = videoId < 0 ? frame.track().id() : videoId;
        } else {
            audioId = audioId < 0 ? frame.track().id() : audioId;
        }
        if (frame.track().id() != (frame.track().isVideo() ? videoId : audioId)) {
            // A second picture or sound; a stream has one of each.
            return;
        }
        switch (state) {
            case PUBLISHING -> {
                if (publication != null) {
                    publication.write(frame);
                }
            }
            case NAMING -> {
                keep(frame);
                if (refusal == null && frame.dtsNanos() - early.getFirst().dtsNanos() > NAME_NANOS) {
                    named(fallbackName());
                }
            }
            case ASKING -> keep(frame);
            case ENDED -> {}
        }
    }

    private void keep(Frame frame) {
        if (early.isEmpty()) {
            firstNanos = System.nanoTime();
        }
        earlyBytes += frame.data().length();
        if (earlyBytes > MAX_EARLY_BYTES || early.size() == MAX_EARLY_FRAMES) {
            refusal = "MPEG-TS: more than %d bytes before publishing was allowed".formatted(MAX_EARLY_BYTES);
            return;
        }
        early.add(frame);
    }

    @Override
    public void serviceName(String name) {
        if (state == State.NAMING && (demuxer.hasVideo() || demuxer.hasAudio())) {
            try {
                named(new StreamName(name));
            } catch (MalformedException e) {
                refusal = "service name \"%s\": %s".formatted(name, e.getMessage());
            }
        }
    }

    @Override
    public void program(int number, int programs) {
        if (programs > 1) {
            log.info("mpegts {}: program {} of {} is taken", peer.name(), number, programs);
        }
        if (!demuxer.hasVideo() && !demuxer.hasAudio()) {
            refusal = "MPEG-TS: program %d has nothing that can be carried: %s"
                    .formatted(number, String.join(", ", leftOut));
        }
        if (publication != null) {
            publication.expect(expects());
        }
    }

    private Publisher.Expects expects() {
        return Publisher.Expects.of(demuxer.hasVideo(), demuxer.hasAudio());
    }

    @Override
    public void unsupported(String codec) {
        if (leftOut.size() < MAX_NAMED && leftOut.add(codec)) {
            log.info("mpegts {}: {} is left out: it is not supported", peer.name(), codec);
        }
    }

    @Override
    public void missed(long frames) {
        if (publication != null) {
            publication.missed(frames);
        } else {
            earlyMissed += frames;
        }
    }

    private void named(StreamName name) {
        state = State.ASKING;
        askedNanos = System.nanoTime();
        entrance.ask(
                name.value(), peer.address().getAddress(), decision -> peer.execute(() -> decided(name, decision)));
    }

    private void decided(StreamName name, Decision decision) {
        if (state != State.ASKING) {
            return;
        }
        switch (decision) {
            case Decision.Allowed(String login) -> publish(name, login);
            case Decision.Refused refused ->
                peer.end("\"%s\" may not be published: %s".formatted(name, refused.reason()));
        }
    }

    private void publish(StreamName name, String login) {
        Publisher publisher = Publisher.asConfigured(Publisher.Protocol.MPEGTS, peer.name(), login, expects(), RANDOM);
        Publication opened;
        try {
            opened = streams.publish(name, publisher, this);
        } catch (NameTakenException e) {
            peer.end(String.valueOf(e.getMessage()));
            return;
        }
        publication = opened;
        state = State.PUBLISHING;
        log.info("mpegts {}: publishing \"{}\"", peer.name(), name);
        // Whoever subscribed in the meantime has put its wish behind this on the event loop.
        peer.paced(true);
        if (earlyMissed > 0) {
            opened.missed(earlyMissed);
        }
        early.forEach(opened::write);
        early.clear();
        earlyBytes = 0;
    }

    /// Called once, by the peer.
    void ended(String reason) {
        if (state == State.ENDED) {
            return;
        }
        // A short stream may be over before it has a name.
        if (state == State.NAMING
                && !early.isEmpty()
                && entrance.isFree(peer.address().getAddress())) {
            publish(fallbackName(), "");
        }
        if (state == State.PUBLISHING) {
            demuxer.end();
        }
        report();
        state = State.ENDED;
        early.clear();
        held.hold(0);
        Publication open = publication;
        if (open == null) {
            log.info("mpegts {}: ended: {}", peer.name(), reason);
        } else {
            peer.paced(false);
            open.close(reason);
            log.info(
                    "mpegts {}: publishing \"{}\" ended: {}",
                    peer.name(),
                    open.stream().name(),
                    reason);
        }
    }

    /// There is no way back to the sender.
    @Override
    public void requestKeyframe() {}

    @Override
    public void watched(boolean live) {
        peer.execute(() -> {
            if (state == State.PUBLISHING) {
                peer.paced(!live);
            }
        });
    }

    @Override
    public void terminate(String reason) {
        peer.execute(() -> peer.end(reason));
    }
}
