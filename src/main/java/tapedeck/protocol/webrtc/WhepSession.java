package tapedeck.protocol.webrtc;

import org.jspecify.annotations.Nullable;
import tapedeck.protocol.webrtc.ice.IceCredentials;
import tapedeck.stream.Item;
import tapedeck.stream.SessionReport;
import tapedeck.stream.Stream;

/// One viewer: it gets what the stream has.
final class WhepSession extends ViewerSession {
    /// Feedback on the fastest stream stays far below.
    static final int MAX_PACKETS_PER_SECOND = 1_000;

    private static final Kind KIND =
            new Kind(SessionReport.Direction.PLAYS, "WebRTC viewer", "whep", MAX_PACKETS_PER_SECOND);

    private final Stream stream;
    private final Audiences audiences;

    WhepSession(Agreed agreed, Stream stream, LayerLimit limit, Audiences audiences, IceCredentials ice, Place place) {
        super(KIND, agreed, limit, ice, place);
        this.stream = stream;
        this.audiences = audiences;
    }

    @Override
    OutboundMedia.Needs needs() {
        return new Wishes();
    }

    @Override
    Audience watched() {
        return audiences.of(stream);
    }

    @Override
    void streamOver(String reason) {
        end(reason);
    }

    @Override
    boolean said(Item.Message message) {
        return stream.message(message);
    }

    private final class Wishes implements OutboundMedia.Needs {
        @Override
        public void keyframe() {
            Audience joined = audience();
            if (joined != null) {
                joined.requestKeyframe(viewer().layer());
            }
        }

        @Override
        public @Nullable Layers layers() {
            Audience joined = audience();
            return joined == null ? null : joined.layers();
        }

        @Override
        public void placed() {
            place();
        }

        @Override
        public void change(int layer) {
            Audience joined = audience();
            if (joined != null) {
                joined.change(layer);
            }
        }

        @Override
        public void restart() {
            Audience joined = audience();
            if (joined != null) {
                joined.restart(viewer());
            }
        }

        /// Not at once: frames are being handed out.
        @Override
        public void cannotFollow(String reason) {
            port().later(() -> end(reason));
        }
    }
}
