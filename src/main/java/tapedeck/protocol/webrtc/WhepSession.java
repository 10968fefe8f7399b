package tapedeck.protocol.webrtc;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tapedeck.protocol.webrtc.dtls.DtlsKeys;
import tapedeck.protocol.webrtc.ice.IceCredentials;
import tapedeck.rtp.FramePackets;
import tapedeck.stream.Item;
import tapedeck.stream.SessionReport;
import tapedeck.stream.Stream;

/// One viewer: it gets what the stream has.
final class WhepSession extends PeerSession implements Audience.Viewer {
    /// Feedback on the fastest stream stays far below.
    static final int MAX_PACKETS_PER_SECOND = 1_000;

    private static final Kind KIND =
            new Kind(SessionReport.Direction.PLAYS, "WebRTC viewer", "whep", MAX_PACKETS_PER_SECOND);

    private final Stream stream;
    private final LayerLimit limit;
    private final Audiences audiences;
    private @Nullable OutboundMedia media;
    private @Nullable Audience audience;

    WhepSession(Agreed agreed, Stream stream, LayerLimit limit, Audiences audiences, IceCredentials ice, Place place) {
        super(KIND, agreed, ice, place);
        this.limit = limit;
        this.stream = stream;
        this.audiences = audiences;
    }

    @Override
    SessionMedia begin(DtlsKeys keys, long nowNanos) {
        OutboundMedia outbound = new OutboundMedia(
                answer().agreed(),
                keys.local(),
                transport()::send,
                transport().sharedRoom(),
                new Wishes(),
                limit,
                nowNanos,
                Instant.now());
        media = outbound;
        return outbound;
    }

    @Override
    void begun() {
        Audience joined = audiences.of(stream);
        audience = joined;
        OutboundMedia outbound = media;
        if (outbound != null) {
            outbound.layer().begin();
        }
        joined.join(this);
        placed();
    }

    private void placed() {
        Audience joined = audience;
        OutboundMedia outbound = media;
        if (joined != null && outbound != null) {
            joined.place(this, outbound.layer().current(), outbound.layer().wanted());
        }
    }

    @Override
    boolean said(Item.Message message) {
        return stream.message(message);
    }

    @Override
    public boolean takesVideo() {
        OutboundMedia outbound = media;
        return outbound != null && outbound.takesVideo();
    }

    @Override
    public int layer() {
        OutboundMedia outbound = media;
        return outbound == null ? Layers.STREAM : outbound.layer().wanted();
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

    /// With a goodbye, so that the viewer need not wait for silence.
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
    public void fail(String reason) {
        super.end(reason);
    }

    @Override
    void left(String reason) {
        Audience joined = audience;
        media = null;
        if (joined != null) {
            joined.leave(this);
        }
    }

    private final class Wishes implements OutboundMedia.Needs {
        @Override
        public void keyframe() {
            Audience joined = audience;
            if (joined != null) {
                joined.requestKeyframe(layer());
            }
        }

        @Override
        public @Nullable Layers layers() {
            Audience joined = audience;
            return joined == null ? null : joined.layers();
        }

        @Override
        public void placed() {
            WhepSession.this.placed();
        }

        @Override
        public void change(int layer) {
            Audience joined = audience;
            if (joined != null) {
                joined.change(layer);
            }
        }

        @Override
        public void restart() {
            Audience joined = audience;
            if (joined != null) {
                joined.restart(WhepSession.this);
            }
        }

        /// Not at once: frames are being handed out.
        @Override
        public void cannotFollow(String reason) {
            port().later(() -> end(reason));
        }
    }
}
