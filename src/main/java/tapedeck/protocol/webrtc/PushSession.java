package tapedeck.protocol.webrtc;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import tapedeck.protocol.webrtc.ice.IceCredentials;
import tapedeck.relay.PushSource;
import tapedeck.stream.Item;
import tapedeck.stream.SessionReport;

/// A stream on its way to another server: as a viewer gets it, but nothing is left out for being late.
final class PushSession extends ViewerSession {
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
    private boolean streamOver;

    PushSession(Agreed agreed, PushSource source, IceCredentials ice, Place place) {
        super(KIND, agreed, LayerLimit.ALL, ice, place);
        this.source = source;
    }

    /// Done when the session is over.
    CompletableFuture<Ending> ending() {
        return ending;
    }

    @Override
    OutboundMedia.Needs needs() {
        return new Wishes();
    }

    /// It is alone, with a reader of its own.
    @Override
    Audience watched() {
        Audience alone = new Audience(port(), source.stream(), null, source::subscribe, () -> {});
        source.accepted();
        return alone;
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

    @Override
    void left(String reason) {
        super.left(reason);
        ending.complete(new Ending(streamOver, reason));
    }

    @Override
    void streamOver(String reason) {
        streamOver = true;
        finish(reason, port().now() + LAST_NANOS);
    }

    /// After what is still to be sent.
    private void finish(String reason, long untilNanos) {
        OutboundMedia outbound = media();
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
            port().later(() -> end(reason));
        }

        @Override
        public OutboundMedia.Purpose purpose() {
            return OutboundMedia.Purpose.KEPT;
        }
    }
}
