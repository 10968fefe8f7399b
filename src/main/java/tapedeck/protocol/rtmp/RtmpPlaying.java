package tapedeck.protocol.rtmp;

import tapedeck.media.Codec;
import tapedeck.net.Connection;
import tapedeck.stream.Publisher;
import tapedeck.stream.Reader;
import tapedeck.stream.ReaderOptions;
import tapedeck.stream.Stream;
import tapedeck.stream.StreamName;
import tapedeck.stream.Viewer;

/// One player.
final class RtmpPlaying {
    private final Connection connection;
    private final RtmpReplies replies;
    private final RtmpOutput output;
    private final int streamId;
    private final Runnable streamEnded;
    private final Reader reader;

    /// @param streamEnded called when the stream has ended and the player knows
    RtmpPlaying(
            Connection connection,
            RtmpReplies replies,
            RtmpOutput output,
            Stream stream,
            int streamId,
            Runnable streamEnded) {
        this.connection = connection;
        this.replies = replies;
        this.output = output;
        this.streamId = streamId;
        this.streamEnded = streamEnded;
        String name = "rtmp " + connection.peer();
        // Under the lock of the stream: the batch is taken when the publisher's turn is over.
        reader = stream.subscribe(ReaderOptions.viewer(name, () -> connection.execute(this::drain))
                .of(new Viewer(Publisher.Protocol.RTMP, "tcp", connection.peer(), this::terminate)));
    }

    private void terminate(String reason) {
        connection.execute(() -> connection.end(reason));
    }

    int streamId() {
        return streamId;
    }

    StreamName name() {
        return reader.stream().name();
    }

    /// Sends what waits, if the connection takes it; else it is called again when it does.
    void drain() {
        switch (output.drain(reader)) {
            case null -> {}
            case RtmpOutput.Over.Ended _ -> sayEnd();
            case RtmpOutput.Over.NotCarried(Codec codec) -> fail(codec.name());
        }
    }

    private void fail(String codec) {
        replies.onStatus(
                streamId, "error", "NetStream.Play.Failed", "RTMP cannot carry %s of \"%s\".".formatted(codec, name()));
        connection.end("RTMP cannot carry " + codec);
    }

    private void sayEnd() {
        replies.userControl(RtmpMessage.STREAM_EOF, streamId);
        replies.onStatus(streamId, "status", "NetStream.Play.UnpublishNotify", "\"%s\" ended.".formatted(name()));
        replies.onStatus(streamId, "status", "NetStream.Play.Stop", "Stopped playing \"%s\".".formatted(name()));
        replies.flush();
        streamEnded.run();
    }

    /// Ends a player that takes nothing any more.
    void swept(long nowNanos) {
        if (output.stalls(nowNanos, RtmpSession.PLAYER_STALL_NANOS)) {
            connection.end("the player takes nothing");
        }
    }

    void end() {
        reader.close();
    }

    long droppedFrames() {
        return reader.droppedFrames();
    }
}
