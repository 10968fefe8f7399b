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
    private final Stream stream;
    private Reader reader;
    private boolean paused;
    private long pausedNanos;

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
        this.stream = stream;
        reader = subscribe();
    }

    private Reader subscribe() {
        String name = "rtmp " + connection.peer();
        String transport = connection.isSecure() ? "tls" : "tcp";
        // Under the lock of the stream: the batch is taken when the publisher's turn is over.
        return stream.subscribe(ReaderOptions.viewer(name, () -> connection.execute(this::drain))
                .soundWaiting()
                .of(new Viewer(Publisher.Protocol.RTMP, transport, connection.peer(), this::terminate)));
    }

    /// 7.2.2.9. What a live stream brings meanwhile is gone: it goes on at the last keyframe.
    void pause(boolean pause) {
        if (pause == paused) {
            return;
        }
        paused = pause;
        if (pause) {
            pausedNanos = System.nanoTime();
            reader.close();
            replies.onStatus(streamId, "status", "NetStream.Pause.Notify", "Paused \"%s\".".formatted(name()));
        } else {
            replies.onStatus(streamId, "status", "NetStream.Unpause.Notify", "Playing \"%s\".".formatted(name()));
            reader = subscribe();
        }
    }

    private void terminate(String reason) {
        connection.execute(() -> connection.end(reason));
    }

    int streamId() {
        return streamId;
    }

    StreamName name() {
        return stream.name();
    }

    /// Sends what waits, if the connection takes it; else it is called again when it does.
    void drain() {
        if (paused) {
            return;
        }
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
        } else if (paused && stream.statistics().ended()) {
            sayEnd();
        } else if (paused && nowNanos - pausedNanos > RtmpSession.PAUSE_NANOS) {
            connection.end("paused for 10 minutes");
        }
    }

    void end() {
        reader.close();
    }

    long droppedFrames() {
        return reader.droppedFrames();
    }
}
