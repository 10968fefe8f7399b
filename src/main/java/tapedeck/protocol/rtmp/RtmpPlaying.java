package tapedeck.protocol.rtmp;

import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.container.flv.Amf0;
import tapedeck.container.flv.FlvBody;
import tapedeck.container.flv.FlvTag;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.net.Connection;
import tapedeck.stream.Item;
import tapedeck.stream.Publisher;
import tapedeck.stream.Reader;
import tapedeck.stream.ReaderOptions;
import tapedeck.stream.Stream;
import tapedeck.stream.StreamName;
import tapedeck.stream.Viewer;

/// One player: what its [Reader] holds goes out in one batch whenever the connection takes it. A player that is too
/// slow overflows the reader's queue, never the connection's, and goes on at the next entry point.
final class RtmpPlaying {
    private static final int FRAMING_BYTES = 64;

    private final Connection connection;
    private final RtmpReplies replies;
    private final ChunkEncoder encoder;
    private final int streamId;
    private final Runnable streamEnded;
    private final Reader reader;
    private final List<Item> batch = new ArrayList<>();
    private final Map<Integer, Track> sent = new LinkedHashMap<>();
    private Map<Integer, Track> described = Map.of();
    private long originMillis;
    private long unwritableSinceNanos;

    /// @param streamEnded called when the stream has ended and the player knows
    RtmpPlaying(
            Connection connection,
            RtmpReplies replies,
            ChunkEncoder encoder,
            Stream stream,
            int streamId,
            Runnable streamEnded) {
        this.connection = connection;
        this.replies = replies;
        this.encoder = encoder;
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

    /// A codec of this stream that RTMP cannot carry.
    static @Nullable Codec notCarried(Stream stream) {
        for (Track track : stream.tracks()) {
            if (!FlvBody.canCarry(track.codec())) {
                return track.codec();
            }
        }
        return null;
    }

    /// Sends what waits, if the connection takes it; else it is called again when it does.
    void drain() {
        if (!connection.isWritable()) {
            return;
        }
        reader.drainTo(batch);
        int size = 0;
        for (Item item : batch) {
            size += item instanceof Item.Media media
                    ? encoder.size(media.frame().data().length()) + FRAMING_BYTES
                    : 0;
        }
        if (size > 0) {
            replies.flush();
            ByteBuf out = connection.buffer(size);
            String refused = fill(out);
            connection.send(out);
            if (refused != null) {
                fail(refused);
            }
        }
        boolean ended = !batch.isEmpty() && batch.getLast() instanceof Item.End;
        batch.clear();
        if (ended) {
            sayEnd();
        }
    }

    /// @return the codec at which it stopped, or null
    private @Nullable String fill(ByteBuf out) {
        for (Item item : batch) {
            if (item instanceof Item.Media media) {
                Frame frame = media.frame();
                if (!frame.track().equals(sent.get(frame.track().id()))) {
                    if (!FlvBody.canCarry(frame.track().codec())) {
                        return frame.track().codec().name();
                    }
                    introduce(out, frame);
                }
                write(out, frame);
            }
        }
        return null;
    }

    /// Metadata of all tracks, and the sequence header of this one.
    private void introduce(ByteBuf out, Frame frame) {
        if (sent.isEmpty()) {
            originMillis = FlvBody.millis(frame);
        }
        sent.put(frame.track().id(), frame.track());
        Map<Integer, Track> tracks = new LinkedHashMap<>();
        reader.stream().tracks().forEach(track -> tracks.put(track.id(), track));
        tracks.putAll(sent);
        if (!tracks.equals(described)) {
            described = tracks;
            // At time 0, also later: FFmpeg takes metadata with a time for a track of text.
            encoder.write(out, ChunkEncoder.DATA, RtmpMessage.DATA, streamId, 0, metadata(tracks));
        }
        Bytes header = FlvBody.sequenceHeader(frame.track().codec());
        if (!header.isEmpty()) {
            int type = FlvBody.tagType(frame.track());
            encoder.write(out, chunkStream(type), type, streamId, millis(frame), header);
        }
    }

    private void write(ByteBuf out, Frame frame) {
        int type = FlvBody.tagType(frame.track());
        encoder.write(out, chunkStream(type), type, streamId, millis(frame), FlvBody.prefix(frame), frame.data());
    }

    private static int chunkStream(int type) {
        return type == FlvTag.VIDEO ? ChunkEncoder.VIDEO : ChunkEncoder.AUDIO;
    }

    /// A player's time begins with its first frame; the other track may have begun a little earlier.
    private int millis(Frame frame) {
        return (int) Math.max(0, FlvBody.millis(frame) - originMillis);
    }

    private static Bytes metadata(Map<Integer, Track> tracks) {
        Map<String, Object> metadata = new LinkedHashMap<>();
        metadata.put("server", "Tapedeck");
        for (Track track : tracks.values()) {
            switch (track.codec()) {
                case Codec.Video video
                when FlvBody.canCarry(video) -> {
                    metadata.put("videocodecid", FlvBody.codecId(video));
                    metadata.put("width", video.width());
                    metadata.put("height", video.height());
                }
                case Codec.Audio audio
                when FlvBody.canCarry(audio) -> {
                    metadata.put("audiocodecid", FlvBody.codecId(audio));
                    metadata.put("audiosamplerate", audio.sampleRateHz());
                    metadata.put("audiochannels", audio.channels());
                    metadata.put("stereo", audio.channels() > 1);
                }
                case Codec.Video _, Codec.Audio _ -> {}
            }
        }
        ByteWriter out = Amf0.write(new ByteWriter(256), "onMetaData");
        return Amf0.writeEcmaArray(out, metadata).toBytes();
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
        if (connection.isWritable()) {
            unwritableSinceNanos = nowNanos;
        } else if (unwritableSinceNanos == 0) {
            unwritableSinceNanos = nowNanos;
        } else if (nowNanos - unwritableSinceNanos > RtmpSession.PLAYER_STALL_NANOS) {
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
