package tapedeck.protocol.ingest;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.container.FrameSink;
import tapedeck.container.matroska.MatroskaDemuxer;
import tapedeck.container.mp4.FragmentDemuxer;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.rtp.DecodingTimes;
import tapedeck.stream.ByteBudget;
import tapedeck.stream.Feedback;
import tapedeck.stream.NameTakenException;
import tapedeck.stream.Publication;
import tapedeck.stream.Publisher;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;

/// One publisher, across all its requests and connections. Used under its own lock, by whichever thread brings
/// something.
final class Ingest implements Feedback, ChunkOrder.Sink, FrameSink {
    /// Nothing came for so long: the publisher is gone. A recorder's chunks may be some seconds long.
    static final long IDLE_NANOS = 30_000_000_000L;
    /// A connection that broke may come back within this.
    static final long AWAY_NANOS = 10_000_000_000L;

    private static final Logger log = LoggerFactory.getLogger(Ingest.class);
    /// So many bytes tell one container from another.
    private static final int LOOK_BYTES = 8;

    private final String session;
    private final ByteBudget.Share held;
    private final Publication publication;
    private final ChunkOrder order = new ChunkOrder(this);
    private final IngestClock clock = new IngestClock();
    private final IngestClock.Line videoLine = new IngestClock.Line();
    private final IngestClock.Line audioLine = new IngestClock.Line();
    private final DecodingTimes decoding = new DecodingTimes();
    private ByteWriter first = new ByteWriter(LOOK_BYTES);
    private @Nullable MatroskaDemuxer matroska;
    private @Nullable FragmentDemuxer fragments;
    private boolean video;
    private boolean audio;
    private boolean expected;
    private boolean videoMissing;
    private boolean audioMissing;
    private long heardNanos;
    private boolean away;
    private boolean over;
    private @Nullable Runnable hangUp;

    /// @param session that requests and connections name which belong together; "" for a connection that nothing
    /// follows
    /// @param budget what all of them together may hold of chunks that are not whole or came too early
    Ingest(String session, StreamName name, Publisher publisher, Streams streams, ByteBudget budget, long nowNanos)
            throws NameTakenException {
        this.held = budget.new Share();
        this.session = session;
        this.heardNanos = nowNanos;
        this.publication = streams.publish(name, publisher, this);
    }

    StreamName name() {
        return publication.stream().name();
    }

    boolean isOf(String other) {
        return !session.isEmpty() && session.equals(other);
    }

    synchronized boolean isOver() {
        return over;
    }

    /// A connection takes over; the one before it is hung up.
    ///
    /// @return the number of the chunk that has to come next
    synchronized long connected(Runnable newHangUp, long nowNanos) {
        Runnable before = hangUp;
        hangUp = newHangUp;
        away = false;
        heardNanos = nowNanos;
        if (before != null) {
            before.run();
        }
        return order.next();
    }

    /// A connection is gone. Where another one has taken over, that is nobody's business.
    ///
    /// @param inOrder whether it said goodbye; else another one of the same session may come
    @SuppressWarnings("ReferenceEquality") // which connection it is, not what it does
    synchronized void disconnected(Runnable itsHangUp, boolean inOrder, long nowNanos) {
        if (hangUp != itsHangUp) {
            return;
        }
        hangUp = null;
        if (inOrder) {
            finish();
        } else if (session.isEmpty()) {
            end("connection lost");
        } else {
            away = true;
            heardNanos = nowNanos;
        }
    }

    /// A numbered piece.
    synchronized void chunk(long number, Bytes data, long nowNanos) {
        demandOpen();
        heardNanos = nowNanos;
        order.add(number, data, nowNanos);
        account();
    }

    private void account() {
        if (!held.hold(over ? 0 : order.waitingBytes() + pendingBytes())) {
            throw new IngestRefusedException("there is no memory left for what is not whole");
        }
    }

    private int pendingBytes() {
        MatroskaDemuxer webm = matroska;
        FragmentDemuxer mp4 = fragments;
        return webm != null ? webm.pendingBytes() : mp4 != null ? mp4.pendingBytes() : 0;
    }

    /// The next piece of what comes in order; numbered chunks go on behind it.
    synchronized void receive(Bytes data, long nowNanos) {
        demandOpen();
        heardNanos = nowNanos;
        chunk(data);
        account();
    }

    private void demandOpen() {
        if (over) {
            throw new IngestRefusedException("the stream was ended");
        }
    }

    synchronized void tick(long nowNanos) {
        try {
            order.tick(nowNanos);
            account();
        } catch (MalformedException | IngestRefusedException e) {
            fail(String.valueOf(e.getMessage()));
        }
        if (nowNanos - heardNanos > (away ? AWAY_NANOS : IDLE_NANOS)) {
            end(away ? "connection lost" : "nothing came for %d s".formatted(IDLE_NANOS / 1_000_000_000L));
        }
    }

    /// The publisher is done: what is still waited for does not come.
    synchronized void finish() {
        try {
            order.end();
        } catch (MalformedException | IngestRefusedException e) {
            log.info("ingest {}: {}", name(), e.getMessage());
        }
        end("unpublished");
    }

    /// What came cannot be used.
    synchronized void fail(String reason) {
        if (!over) {
            log.info("ingest {}: {}", name(), reason);
            end(reason);
        }
    }

    synchronized void end(String reason) {
        if (!over) {
            over = true;
            account();
            publication.close(reason);
            Runnable last = hangUp;
            hangUp = null;
            if (last != null) {
                last.run();
            }
        }
    }

    /// In order.
    @Override
    public void chunk(Bytes data) {
        if (matroska == null && fragments == null) {
            first.bytes(data);
            if (first.length() < LOOK_BYTES) {
                return;
            }
            Bytes begin = first.handOver();
            first = new ByteWriter(0);
            if (MatroskaDemuxer.matches(begin)) {
                matroska = new MatroskaDemuxer(this);
            } else if (FragmentDemuxer.matches(begin)) {
                fragments = new FragmentDemuxer(this);
            } else {
                throw new MalformedException("it begins neither as WebM nor as MP4: "
                        + begin.slice(0, LOOK_BYTES).toHex());
            }
            demux(begin);
        } else {
            demux(data);
        }
    }

    private void demux(Bytes data) {
        MatroskaDemuxer webm = matroska;
        FragmentDemuxer mp4 = fragments;
        if (webm != null) {
            webm.receive(data);
        } else if (mp4 != null) {
            mp4.receive(data);
        }
    }

    @Override
    public void missing(long chunks) {
        if (matroska == null && fragments == null) {
            throw new MalformedException(
                    "the first %d chunks are missing: nothing can be made of the rest".formatted(chunks));
        }
        log.info("ingest {}: {} chunks are missing", name(), chunks);
        MatroskaDemuxer webm = matroska;
        FragmentDemuxer mp4 = fragments;
        if (webm != null) {
            webm.resync();
        } else if (mp4 != null) {
            mp4.resync();
        }
        videoMissing = video;
        audioMissing = audio;
    }

    @Override
    public void track(Track track) {
        if (expected) {
            // Another file of the same recorder.
            expected = false;
            clock.begin();
        }
        video |= track.isVideo();
        audio |= track.isAudio();
        publication.announce(track);
    }

    @Override
    public void unsupported(String codec) {
        publication.refuse();
        throw new IngestRefusedException("%s cannot be carried".formatted(codec));
    }

    @Override
    public void frame(Frame frame) {
        boolean isVideo = frame.track().isVideo();
        video |= isVideo;
        audio |= !isVideo;
        if (!expected) {
            expected = true;
            publication.expect(
                    video && audio
                            ? Publisher.Expects.BOTH
                            : video ? Publisher.Expects.VIDEO : Publisher.Expects.AUDIO);
        }
        if (isVideo && videoMissing && !frame.keyframe()) {
            // Counted when the keyframe comes, by its time.
            return;
        }
        IngestClock.Line line = isVideo ? videoLine : audioLine;
        long before = clock.map(line, frame.dtsNanos());
        long ptsNanos = before + frame.ptsNanos() - frame.dtsNanos();
        if (isVideo ? videoMissing : audioMissing) {
            publication.missed(line.framesUntil(before));
            videoMissing &= !isVideo;
            audioMissing &= isVideo;
        }
        long dtsNanos = clock.take(
                line,
                isVideo && matroska != null ? decoding.dtsNanos(frame.track().codec(), ptsNanos) : before);
        publication.write(
                new Frame(frame.track(), dtsNanos, Math.max(dtsNanos, ptsNanos), frame.keyframe(), frame.data()));
    }

    /// A recorder of a browser makes keyframes as it was set up.
    @Override
    public void requestKeyframe() {}

    @Override
    public void watched(boolean live) {}

    @Override
    public void terminate(String reason) {
        Thread.ofVirtual().name("ingest").start(() -> end(reason));
    }
}
