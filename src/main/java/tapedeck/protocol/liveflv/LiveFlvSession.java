package tapedeck.protocol.liveflv;

import io.netty.buffer.ByteBuf;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.bytes.BadPackets;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.container.flv.FlvDemuxer;
import tapedeck.container.flv.FlvItem;
import tapedeck.container.flv.FlvMetadata;
import tapedeck.container.flv.FlvReader;
import tapedeck.container.flv.FlvTag;
import tapedeck.net.Connection;
import tapedeck.net.Conversation;
import tapedeck.net.WrongProtocol;
import tapedeck.rights.Decision;
import tapedeck.rights.PlainEntrance;
import tapedeck.stream.ByteBudget;
import tapedeck.stream.Feedback;
import tapedeck.stream.NameTakenException;
import tapedeck.stream.Publication;
import tapedeck.stream.Publisher;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;

/// One FLV that comes over TCP. Nothing is ever answered.
final class LiveFlvSession implements Conversation, Feedback {
    /// A peer that sends nothing for so long is gone.
    static final long IDLE_NANOS = 10_000_000_000L;
    /// So is one that has not finished a tag this long after it came.
    static final long FIRST_TAG_NANOS = 10_000_000_000L;
    /// So is one whose bytes do not add up to a tag in this time.
    static final long STALLED_NANOS = 30_000_000_000L;
    /// Whether a peer may publish is known long before.
    static final long RIGHTS_NANOS = 90_000_000_000L;
    /// What may come before it is known whether it may.
    static final int MAX_EARLY_BYTES = 8 << 20;

    static final int MAX_EARLY_TAGS = 4_000;

    private static final Logger log = LoggerFactory.getLogger(LiveFlvSession.class);
    private static final SecureRandom RANDOM = new SecureRandom();

    private enum State {
        NAMING,
        ASKING,
        PUBLISHING,
        ENDED
    }

    private final Connection connection;
    private final PlainEntrance entrance;
    private final Streams streams;
    private final ByteBudget.Share held;
    private final FlvReader reader = new FlvReader(this::tag);
    private final FlvDemuxer demuxer = new FlvDemuxer();
    private final BadPackets badPackets;
    private final List<FlvTag> early = new ArrayList<>();
    private int earlyBytes;
    private State state = State.NAMING;
    private Publisher.Expects expects = Publisher.Expects.UNKNOWN;
    private @Nullable Publication publication;
    private boolean known;
    private long askedNanos;
    private long tagNanos;

    /// @param budget what all of them together may hold of tags that are not whole, or came before they might
    LiveFlvSession(Connection connection, PlainEntrance entrance, Streams streams, ByteBudget budget) {
        this.connection = connection;
        this.entrance = entrance;
        this.streams = streams;
        this.held = budget.new Share();
        this.badPackets = new BadPackets("liveflv " + connection.peer());
        tagNanos = connection.openedNanos();
    }

    @Override
    public void received(ByteBuf buffer) {
        byte[] array = new byte[buffer.readableBytes()];
        buffer.readBytes(array);
        Bytes bytes = Bytes.wrap(array);
        if (!known) {
            known = true;
            String name = WrongProtocol.name(bytes);
            if (name != null && !name.equals("FLV")) {
                throw new MalformedException("this is %s, not FLV".formatted(name));
            }
        }
        reader.receive(bytes);
        if (state == State.ENDED) {
            return;
        }
        if (!held.hold((long) reader.pendingBytes() + earlyBytes)) {
            throw new MalformedException("FLV: no memory is left for what waits of all senders");
        }
    }

    private void tag(FlvTag tag) {
        tagNanos = connection.lastReadNanos();
        switch (state) {
            case NAMING -> {
                FlvMetadata metadata = metadata(tag);
                if (metadata != null) {
                    expects = Publisher.Expects.of(metadata.video(), metadata.audio());
                }
                String name = metadata == null ? "" : metadata.streamName();
                keep(tag);
                named(new StreamName(
                        name.isEmpty() ? "liveflv-" + connection.remoteAddress().getPort() : name));
            }
            case ASKING -> keep(tag);
            case PUBLISHING -> publish(tag);
            case ENDED -> {}
        }
    }

    private @Nullable FlvMetadata metadata(FlvTag tag) {
        if (tag.type() != FlvTag.SCRIPT) {
            return null;
        }
        try {
            return FlvMetadata.read(tag.body());
        } catch (MalformedException e) {
            badPackets.count(e);
            return null;
        }
    }

    private void keep(FlvTag tag) {
        earlyBytes += tag.body().length();
        if (earlyBytes > MAX_EARLY_BYTES || early.size() == MAX_EARLY_TAGS) {
            throw new MalformedException(
                    "FLV: more than %d bytes before publishing was allowed".formatted(MAX_EARLY_BYTES));
        }
        early.add(tag);
    }

    private void named(StreamName name) {
        state = State.ASKING;
        askedNanos = System.nanoTime();
        if (entrance.isFree(connection.address())) {
            begin(name, "");
            return;
        }
        entrance.ask(name.value(), connection.address(), decision -> connection.execute(() -> decided(name, decision)));
    }

    private void decided(StreamName name, Decision decision) {
        if (state != State.ASKING) {
            return;
        }
        switch (decision) {
            case Decision.Allowed(String login) -> begin(name, login);
            case Decision.Refused refused ->
                connection.end("\"%s\" may not be published: %s".formatted(name, refused.reason()));
        }
    }

    private void begin(StreamName name, String login) {
        Publisher publisher =
                Publisher.asConfigured(Publisher.Protocol.LIVEFLV, connection.peer(), login, expects, RANDOM);
        try {
            publication = streams.publish(name, publisher, this);
        } catch (NameTakenException e) {
            connection.end(String.valueOf(e.getMessage()));
            return;
        }
        state = State.PUBLISHING;
        log.info("liveflv {}: publishing \"{}\"", connection.peer(), name);
        // Whoever subscribed in the meantime has put its wish behind this on the event loop.
        connection.paced(true);
        List<FlvTag> kept = List.copyOf(early);
        early.clear();
        earlyBytes = 0;
        kept.forEach(this::publish);
    }

    private void publish(FlvTag tag) {
        Publication open = publication;
        if (open == null || state != State.PUBLISHING) {
            return;
        }
        try {
            switch (tag.type()) {
                case FlvTag.AUDIO -> pass(open, demuxer.audio(tag.timestampMillis(), tag.body()));
                case FlvTag.VIDEO -> pass(open, demuxer.video(tag.timestampMillis(), tag.body()));
                default -> {
                    // Metadata: it named the stream.
                }
            }
        } catch (MalformedException e) {
            badPackets.count(e);
        }
    }

    private void pass(Publication open, FlvItem item) {
        switch (item) {
            case FlvItem.Media media -> open.write(media.frame());
            case FlvItem.Header header -> open.announce(header.track());
            case FlvItem.Unsupported unsupported -> {
                open.refuse();
                connection.end(unsupported.codec()
                        + " is not supported: H.264, H.265, VP8, VP9 or AV1, and AAC, Opus, MP3 or G.711, are");
            }
            case FlvItem.Nothing _ -> {}
        }
    }

    @Override
    public void swept(long nowNanos) {
        if (nowNanos - connection.lastReadNanos() > IDLE_NANOS) {
            connection.end("nothing came for 10 s");
        } else if (state == State.NAMING && nowNanos - connection.openedNanos() > FIRST_TAG_NANOS) {
            connection.end("no FLV tag within 10 s");
        } else if (nowNanos - tagNanos > STALLED_NANOS) {
            connection.end("no tag was finished for 30 s");
        } else if (state == State.ASKING && nowNanos - askedNanos > RIGHTS_NANOS) {
            connection.end("whether the peer may was not known within 90 s");
        }
    }

    @Override
    public void ended(String reason) {
        state = State.ENDED;
        early.clear();
        held.hold(0);
        badPackets.report();
        Publication open = publication;
        if (open == null) {
            log.info("liveflv {}: ended: {}", connection.peer(), reason);
        } else {
            open.close(reason);
            log.info(
                    "liveflv {}: publishing \"{}\" ended: {}",
                    connection.peer(),
                    open.stream().name(),
                    reason);
        }
    }

    /// There is no way back to the sender.
    @Override
    public void requestKeyframe() {}

    @Override
    public void watched(boolean live) {
        connection.execute(() -> connection.paced(!live && state == State.PUBLISHING));
    }

    @Override
    public void terminate(String reason) {
        connection.execute(() -> connection.end(reason));
    }
}
