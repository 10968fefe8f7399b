package tapedeck.protocol.rtmp;

import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tapedeck.container.flv.EnhancedBody;
import tapedeck.media.Carried;
import tapedeck.media.Codec;
import tapedeck.net.Connection;
import tapedeck.relay.PushSource;
import tapedeck.relay.RelayRefusedException;
import tapedeck.stream.Reader;

/// Publishes a stream to another server.
final class RtmpSending implements RtmpTransfer {
    private final Connection connection;
    private final RtmpReplies replies;
    private final ChunkEncoder encoder;
    private final String stream;
    private final PushSource source;
    private final End end;
    /// What is said to take whatever the other side announces; empty where it is believed.
    private final @Nullable FourCcs forced;

    private FourCcs fourCcs = FourCcs.NONE;
    private int streamId;
    private @Nullable RtmpOutput output;
    private @Nullable Reader reader;

    /// @param stream name and query
    /// @param forced what the other side takes though it does not say so; null for nothing
    RtmpSending(
            Connection connection,
            RtmpReplies replies,
            ChunkEncoder encoder,
            String stream,
            PushSource source,
            @Nullable FourCcs forced,
            End end) {
        this.connection = connection;
        this.replies = replies;
        this.encoder = encoder;
        this.stream = stream;
        this.source = source;
        this.forced = forced;
        this.end = end;
    }

    @Override
    public boolean plays() {
        return false;
    }

    /// What encoders say before they publish; some servers count on it, and none minds.
    @Override
    public void connected(RtmpReplies out, FourCcs announced) throws RelayRefusedException {
        fourCcs = forced == null ? announced : forced;
        Codec refused = RtmpOutput.refused(source.stream(), fourCcs);
        if (refused != null) {
            throw new RelayRefusedException(notTaken(refused));
        }
        leavesOut(Carried.of(source.stream().tracks(), fourCcs::carries));
        out.call(0, "releaseStream", RtmpClientSession.RELEASE, null, stream);
        out.call(0, "FCPublish", RtmpClientSession.FC_PUBLISH, null, stream);
        out.call(0, "createStream", RtmpClientSession.CREATE, new @Nullable Object[] {null});
    }

    private static String notTaken(Codec codec) {
        return EnhancedBody.canCarry(codec)
                ? "the server does not say that it takes %s over RTMP".formatted(codec.name())
                : "RTMP cannot carry " + codec.name();
    }

    private void leavesOut(Carried carried) {
        source.leavesOut(
                carried.leftOut().stream().map(track -> notTaken(track.codec())).collect(Collectors.joining("; ")));
    }

    @Override
    public void created(RtmpReplies out, int id) {
        streamId = id;
        out.call(id, "publish", RtmpClientSession.PUBLISH, null, stream, "live");
    }

    @Override
    public void status(String code) {
        if (code.equals("NetStream.Publish.Start") && reader == null) {
            source.accepted();
            output = new RtmpOutput(connection, replies, encoder, streamId, fourCcs, "@setDataFrame", this::leavesOut);
            reader = source.subscribe(() -> connection.execute(this::drain));
            drain();
        }
    }

    private void drain() {
        if (output == null || reader == null) {
            return;
        }
        switch (output.drain(reader)) {
            case null -> {}
            case RtmpOutput.Over.Ended _ -> end.over(null);
            case RtmpOutput.Over.NotCarried(Codec codec) -> end.over(new RelayRefusedException(notTaken(codec)));
        }
    }

    @Override
    public void receive(RtmpMessage.Published message) {}

    @Override
    public void streamEnded() {}

    @Override
    public void writable() {
        drain();
    }

    @Override
    public @Nullable String swept(long nowNanos) {
        return output != null && output.stalls(nowNanos, RtmpSession.PLAYER_STALL_NANOS)
                ? "the server took nothing for 30 s"
                : null;
    }

    @Override
    public void leave(RtmpReplies out) {
        if (streamId != 0) {
            out.call(0, "FCUnpublish", RtmpClientSession.FC_UNPUBLISH, null, stream);
            out.call(0, "deleteStream", RtmpClientSession.DELETE, null, (double) streamId);
        }
    }

    @Override
    public void close() {
        // The relay closes the reader, whose counts it wants.
        output = null;
    }
}
