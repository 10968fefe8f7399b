package tapedeck.protocol.rtmp;

import org.jspecify.annotations.Nullable;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.net.Connection;
import tapedeck.relay.PullSink;
import tapedeck.relay.RelayRefusedException;
import tapedeck.stream.Feedback;
import tapedeck.stream.Publisher;

/// Plays a stream of another server.
final class RtmpFetching implements RtmpTransfer, Feedback, RtmpInput.Output {
    /// What a player says that it buffers, 7.1.7.
    private static final int BUFFER_MILLIS = 1_000;
    /// Live if there is a live stream, else recorded; as FFmpeg says it.
    private static final double LIVE_OR_RECORDED = -2_000;

    private final Connection connection;
    private final String stream;
    private final PullSink sink;
    private final End end;
    private final RtmpInput input;
    private boolean begun;
    private boolean closed;
    private long lastMediaNanos = System.nanoTime();

    /// @param stream name and query
    RtmpFetching(Connection connection, String stream, PullSink sink, End end) {
        this.connection = connection;
        this.stream = stream;
        this.sink = sink;
        this.end = end;
        this.input = new RtmpInput("rtmp " + connection.peer(), this);
    }

    @Override
    public boolean plays() {
        return true;
    }

    @Override
    public void connected(RtmpReplies replies, FourCcs fourCcs) {
        replies.call(0, "createStream", RtmpClientSession.CREATE, new @Nullable Object[] {null});
    }

    @Override
    public void created(RtmpReplies replies, int streamId) {
        replies.call(streamId, "play", 0, null, stream, LIVE_OR_RECORDED);
        replies.bufferLength(streamId, BUFFER_MILLIS);
        lastMediaNanos = System.nanoTime();
        sink.feedback(this);
    }

    @Override
    public void status(String code) {
        switch (code) {
            case "NetStream.Play.UnpublishNotify", "NetStream.Play.Stop", "NetStream.Play.Complete" -> streamEnded();
            default -> {}
        }
    }

    /// Some servers say it of what was there before the first frame, too.
    @Override
    public void streamEnded() {
        if (begun) {
            end.over(null);
        }
    }

    @Override
    public void receive(RtmpMessage.Published message) {
        lastMediaNanos = connection.lastReadNanos();
        String unsupported = input.receive(message);
        if (unsupported != null) {
            end.over(new RelayRefusedException(unsupported + " is not supported"));
        }
    }

    @Override
    public void write(Frame frame) {
        begun = true;
        sink.write(frame);
    }

    @Override
    public void announce(Track track) {
        sink.announce(track);
    }

    @Override
    public void expect(Publisher.Expects expects) {
        sink.expect(expects);
    }

    @Override
    public void writable() {}

    @Override
    public @Nullable String swept(long nowNanos) {
        return nowNanos - lastMediaNanos > RtmpSession.IDLE_NANOS
                ? "the server sent nothing of the stream for 10 s"
                : null;
    }

    @Override
    public void leave(RtmpReplies replies) {}

    @Override
    public void close() {
        closed = true;
        connection.paced(false);
        input.end();
    }

    /// RTMP has no such message.
    @Override
    public void requestKeyframe() {}

    @Override
    public void watched(boolean live) {
        connection.execute(() -> connection.paced(!live && !closed));
    }

    @Override
    public void terminate(String reason) {}
}
