package tapedeck.protocol.webrtc;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tapedeck.protocol.webrtc.dtls.DtlsKeys;
import tapedeck.protocol.webrtc.ice.IceCredentials;
import tapedeck.rtp.FramePackets;
import tapedeck.stream.Item;

/// A session that gets what a stream has: of a viewer, or of another server.
abstract sealed class ViewerSession extends PeerSession permits WhepSession, PushSession {
    private final LayerLimit limit;
    private final Sent sent = new Sent();
    private @Nullable OutboundMedia media;
    private @Nullable Audience audience;

    ViewerSession(Kind kind, Agreed agreed, LayerLimit limit, IceCredentials ice, Place place) {
        super(kind, agreed, ice, place);
        this.limit = limit;
    }

    /// What the media asks for.
    abstract OutboundMedia.Needs needs();

    /// Whose frames it gets, now that media can flow.
    abstract Audience watched();

    /// There will be no more frames.
    abstract void streamOver(String reason);

    @Override
    final SessionMedia begin(DtlsKeys keys, long nowNanos) {
        OutboundMedia outbound = new OutboundMedia(
                answer().agreed(),
                keys.local(),
                transport()::send,
                transport().sharedRoom(),
                needs(),
                limit,
                nowNanos,
                Instant.now());
        media = outbound;
        return outbound;
    }

    @Override
    final void begun() {
        Audience joined = watched();
        audience = joined;
        OutboundMedia outbound = media;
        if (outbound != null) {
            outbound.layer().begin();
        }
        joined.join(sent);
        place();
    }

    /// Tells the audience which layer it has and which it wants.
    final void place() {
        Audience joined = audience;
        OutboundMedia outbound = media;
        if (joined != null && outbound != null) {
            joined.place(sent, outbound.layer().current(), outbound.layer().wanted());
        }
    }

    /// Null before media can flow and after the end.
    final @Nullable OutboundMedia media() {
        return media;
    }

    /// Null before media can flow.
    final @Nullable Audience audience() {
        return audience;
    }

    /// As the audience knows it.
    final Audience.Viewer viewer() {
        return sent;
    }

    /// With a goodbye, so that the other side need not wait for silence.
    @Override
    public final void end(String reason) {
        OutboundMedia outbound = media;
        if (outbound != null) {
            outbound.goodbye(reason, port().now());
            port().flush();
        }
        super.end(reason);
    }

    /// Without one: it is no longer known what the peer has.
    private void fail(String reason) {
        super.end(reason);
    }

    @Override
    void left(String reason) {
        Audience joined = audience;
        media = null;
        if (joined != null) {
            joined.leave(sent);
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
        public void message(Item.Message message) {
            ViewerSession.this.message(message);
        }

        @Override
        public boolean pump(long nowNanos) {
            OutboundMedia outbound = media;
            return outbound != null && outbound.pump(nowNanos);
        }

        @Override
        public void end(String reason) {
            streamOver(reason);
        }

        @Override
        public void fail(String reason) {
            ViewerSession.this.fail(reason);
        }
    }
}
