package tapedeck.protocol.webrtc;

import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import tapedeck.protocol.webrtc.dtls.DtlsKeys;
import tapedeck.protocol.webrtc.ice.IceCredentials;
import tapedeck.relay.PushSource;
import tapedeck.rtp.FramePackets;
import tapedeck.stream.Item;
import tapedeck.stream.SessionReport;

/// A stream on its way to another server: as a viewer gets it, but nothing is left out for being late.
final class PushSession extends PeerSession {
    /// How long what waits for its turn may take when the stream is over.
    static final long LAST_NANOS = TimeUnit.SECONDS.toNanos(2);

    private static final Kind KIND =
            new Kind(SessionReport.Direction.PLAYS, "WebRTC push", "push", WhepSession.MAX_PACKETS_PER_SECOND);

    /// How it ended.
    ///
    /// @param streamOver whether there was nothing more to send
    record Ending(boolean streamOver, String reason) {}

    private final PushSource source;
    private final CompletableFuture<Ending> ending = new CompletableFuture<>();
    private final Sent sent = new Sent();
    private @Nullable OutboundMedia media;
    private @Nullable Audience audience;
    private boolean streamOver;

    PushSession(Agreed agreed, PushSource source, IceCredentials ice, Place place) {
        super(KIND, agreed, ice, place);
        this.source = source;
    }

    /// Done when the session is over.
    CompletableFuture<Ending> ending() {
        return ending;
    }

    @Override
    SessionMedia begin(DtlsKeys keys, long nowNanos) {
        OutboundMedia outbound = new OutboundMedia(
                answer().agreed(),
                keys.local(),
                transport()::send,
                transport().sharedRoom(),
                new Wishes(),
                LayerLimit.ALL,
                nowNanos,
                Instant.now());
        media = outbound;
        return outbound;
    }

    @Override
    void begun() {
        Audience joined = new Audience(port(), source.stream(), null, source::subscribe, () -> {});
        audience = joined;
        source.accepted();
        joined.join(sent);
    }

    @Override
    boolean said(Item.Message message) {
        return false;
    }

    /// The push has a line of its own.
    @Override
    boolean isListed() {
        return false;
    }

    /// With a goodbye, so that the other side need not wait for silence.
    @Override
    public void end(String reason) {
        OutboundMedia outbound = media;
        if (outbound != null) {
            outbound.goodbye(reason, port().now());
            port().flush();
        }
        super.end(reason);
    }

    @Override
    void left(String reason) {
        Audience joined = audience;
        media = null;
        if (joined != null) {
            joined.leave(sent);
        }
        ending.complete(new Ending(streamOver, reason));
    }

    /// After what is still to be sent.
    private void finish(String reason, long untilNanos) {
        OutboundMedia outbound = media;
        if (outbound == null) {
            return;
        }
        long now = port().now();
        boolean more = outbound.pump(now);
        port().flush();
        if (more && now - untilNanos < 0) {
            port().after(Audience.PACING_NANOS, () -> finish(reason, untilNanos));
        } else {
            end(reason);
        }
    }

    private final class Sent implements Audience.Viewer {
        @Override
        public boolean takesVideo() {
            OutboundMedia outbound = media;
            return outbound != null && outbound.takesVideo();
        }

        @Override
        public int layer() {
            return Layers.STREAM;
        }

        @Override
        public boolean waitsForKeyframe() {
            OutboundMedia outbound = media;
            return outbound != null && outbound.waitsForKeyframe();
        }

        @Override
        public void catchUp(List<FramePackets> gop, long nowNanos) {
            OutboundMedia outbound = media;
            if (outbound != null) {
                outbound.catchUp(gop, nowNanos);
            }
        }

        @Override
        public void frame(FramePackets frame, int layer, long nowNanos) {
            OutboundMedia outbound = media;
            if (outbound != null) {
                outbound.frame(frame, layer, nowNanos);
            }
        }

        @Override
        public boolean pump(long nowNanos) {
            OutboundMedia outbound = media;
            return outbound != null && outbound.pump(nowNanos);
        }

        @Override
        public void end(String reason) {
            streamOver = true;
            finish(reason, port().now() + LAST_NANOS);
        }

        @Override
        public void fail(String reason) {
            PushSession.this.end(reason);
        }
    }

    private final class Wishes implements OutboundMedia.Needs {
        @Override
        public void keyframe() {
            source.stream().requestKeyframe();
        }

        /// What the publisher makes anew comes by itself.
        @Override
        public void restart() {
            source.stream().requestKeyframe();
        }

        /// Not at once: frames are being handed out.
        @Override
        public void cannotFollow(String reason) {
            port().later(() -> PushSession.this.end(reason));
        }

        @Override
        public OutboundMedia.Purpose purpose() {
            return OutboundMedia.Purpose.KEPT;
        }
    }
}
