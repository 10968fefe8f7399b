package tapedeck.protocol.rtmp;

import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.container.flv.Amf0;
import tapedeck.container.flv.EnhancedBody;
import tapedeck.container.flv.FlvBody;
import tapedeck.container.flv.FlvTag;
import tapedeck.media.Carried;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.net.Connection;
import tapedeck.stream.Item;
import tapedeck.stream.Publisher;
import tapedeck.stream.Reader;
import tapedeck.stream.Stream;

/// What a [Reader] holds goes out in one batch whenever the connection takes it, to a player or to a server that we
/// publish to. A peer that is too slow overflows the reader's queue, never the connection's, and goes on at the next
/// entry point.
final class RtmpOutput {
    /// Nothing more will be sent.
    sealed interface Over {
        /// The stream has ended, and the peer has all of it.
        record Ended(String reason) implements Over {}

        /// Pictures came that this peer cannot have, or nothing but sound that it cannot have.
        record NotCarried(Codec codec) implements Over {}
    }

    private static final int FRAMING_BYTES = 64;
    /// Metadata stands before the first frame, and again where tracks change.
    private static final int METADATA_BYTES = 1024;

    private final Connection connection;
    private final RtmpReplies replies;
    private final ChunkEncoder encoder;
    private final int streamId;
    private final FourCcs fourCcs;
    private final String metadataWord;
    private final Consumer<Carried> leavesOut;
    private final List<Item> batch = new ArrayList<>();
    private final Map<Integer, Track> sent = new LinkedHashMap<>();
    private Map<Integer, Track> described = Map.of();
    private List<Track> leftOut = List.of();
    private long originMillis;
    private long unwritableSinceNanos;

    /// @param fourCcs what the peer takes beyond what FLV always had
    /// @param metadataWord stands before `onMetaData`; "" for none
    /// @param leavesOut told what goes along whenever something else is left out
    RtmpOutput(
            Connection connection,
            RtmpReplies replies,
            ChunkEncoder encoder,
            int streamId,
            FourCcs fourCcs,
            String metadataWord,
            Consumer<Carried> leavesOut) {
        this.connection = connection;
        this.replies = replies;
        this.encoder = encoder;
        this.streamId = streamId;
        this.fourCcs = fourCcs;
        this.metadataWord = metadataWord;
        this.leavesOut = leavesOut;
    }

    /// What of this stream the peer cannot have, if that is a reason not to begin: its pictures, or all there is.
    static @Nullable Codec refused(Stream stream, FourCcs fourCcs) {
        boolean isAll = stream.knowsItsTracks();
        Carried carried = Carried.of(stream.tracks(), fourCcs::carries);
        if (carried.isEnough()) {
            return null;
        }
        return carried.leftOut().stream()
                .filter(track -> track.isVideo() || isAll)
                .map(Track::codec)
                .findFirst()
                .orElse(null);
    }

    /// Sends what waits, if the connection takes it; else it is called again when it does.
    ///
    /// @return why it is over, or null
    @Nullable
    Over drain(Reader reader) {
        if (!connection.isWritable()) {
            return null;
        }
        reader.drainTo(batch);
        int size = 0;
        for (Item item : batch) {
            size += item instanceof Item.Media media
                    ? encoder.size(media.frame().data().length()) + FRAMING_BYTES
                    : 0;
        }
        Over over =
                !batch.isEmpty() && batch.getLast() instanceof Item.End(String reason) ? new Over.Ended(reason) : null;
        if (size == 0) {
            batch.clear();
            return over;
        }
        replies.flush();
        ByteBuf out = connection.buffer(size + METADATA_BYTES);
        Codec refused = fill(out, reader.stream());
        // Before it is sent: a large batch that goes out at once makes the connection writable again, which comes back
        // here from inside.
        batch.clear();
        connection.send(out);
        return refused == null ? over : new Over.NotCarried(refused);
    }

    /// @return the codec at which it stopped, or null
    private @Nullable Codec fill(ByteBuf out, Stream stream) {
        for (Item item : batch) {
            if (item instanceof Item.Media media) {
                Frame frame = media.frame();
                if (!frame.track().equals(sent.get(frame.track().id()))) {
                    if (!fourCcs.carries(frame.track().codec())) {
                        Codec refused = leaveOut(frame.track(), stream);
                        if (refused != null) {
                            return refused;
                        }
                        continue;
                    }
                    introduce(out, frame, stream);
                }
                write(out, frame);
            }
        }
        return null;
    }

    /// Sound that the peer cannot have is left out, unless there is nothing else. Whether there is may be known later
    /// than the first sound.
    private @Nullable Codec leaveOut(Track track, Stream stream) {
        if (track.isVideo()) {
            return track.codec();
        }
        Codec refused = sent.isEmpty() ? refused(stream, fourCcs) : null;
        if (refused == null && !leftOut.contains(track)) {
            Carried carried = Carried.of(stream.tracks(), fourCcs::carries);
            leftOut = carried.leftOut();
            leavesOut.accept(carried);
        }
        return refused;
    }

    /// Metadata of all tracks, and the sequence header of this one.
    private void introduce(ByteBuf out, Frame frame, Stream stream) {
        if (sent.isEmpty()) {
            originMillis = FlvBody.millis(frame);
        }
        sent.put(frame.track().id(), frame.track());
        Map<Integer, Track> tracks = new LinkedHashMap<>();
        stream.tracks().forEach(track -> tracks.put(track.id(), track));
        tracks.putAll(sent);
        if (!tracks.equals(described)) {
            described = tracks;
            // At time 0, also later: FFmpeg takes metadata with a time for a track of text.
            encoder.write(
                    out,
                    ChunkEncoder.DATA,
                    RtmpMessage.DATA,
                    streamId,
                    0,
                    metadata(tracks, stream.publisher().expects()));
        }
        Bytes header = EnhancedBody.sequenceHeader(frame.track().codec());
        if (!header.isEmpty()) {
            int type = FlvBody.tagType(frame.track());
            encoder.write(out, chunkStream(type), type, streamId, millis(frame), header);
        }
    }

    private void write(ByteBuf out, Frame frame) {
        int type = FlvBody.tagType(frame.track());
        Bytes prefix = EnhancedBody.prefix(frame);
        encoder.write(out, chunkStream(type), type, streamId, millis(frame), prefix, frame.data());
    }

    private static int chunkStream(int type) {
        return type == FlvTag.VIDEO ? ChunkEncoder.VIDEO : ChunkEncoder.AUDIO;
    }

    /// The peer's time begins with its first frame; the other track may have begun a little earlier.
    private int millis(Frame frame) {
        return (int) Math.max(0, FlvBody.millis(frame) - originMillis);
    }

    /// @param expects what the stream is going to have, also where its codec is not known yet: who passes it on waits
    ///     for it, as others do
    private Bytes metadata(Map<Integer, Track> tracks, Publisher.Expects expects) {
        Map<String, Object> metadata = new LinkedHashMap<>();
        metadata.put(metadataWord.isEmpty() ? "server" : "encoder", "Tapedeck");
        if (expects != Publisher.Expects.UNKNOWN) {
            metadata.put("hasVideo", expects.video());
            // Who is told of sound waits for it.
            boolean without = tracks.values().stream().anyMatch(track -> track.isAudio() && !carries(track));
            metadata.put("hasAudio", expects.audio() && !without);
        }
        for (Track track : tracks.values()) {
            if (!carries(track)) {
                continue;
            }
            switch (track.codec()) {
                case Codec.Video video -> {
                    metadata.put("videocodecid", (double) EnhancedBody.codecId(video));
                    metadata.put("width", video.width());
                    metadata.put("height", video.height());
                }
                case Codec.Audio audio -> {
                    metadata.put("audiocodecid", (double) EnhancedBody.codecId(audio));
                    metadata.put("audiosamplerate", audio.sampleRateHz());
                    metadata.put("audiochannels", audio.channels());
                    metadata.put("stereo", audio.channels() > 1);
                }
            }
        }
        ByteWriter out = new ByteWriter(256);
        if (!metadataWord.isEmpty()) {
            Amf0.write(out, metadataWord);
        }
        return Amf0.writeEcmaArray(Amf0.write(out, "onMetaData"), metadata).toBytes();
    }

    private boolean carries(Track track) {
        return fourCcs.carries(track.codec());
    }

    /// Whether the peer has taken nothing for so long; asked once a second.
    boolean stalls(long nowNanos, long mostNanos) {
        if (connection.isWritable() || unwritableSinceNanos == 0) {
            unwritableSinceNanos = nowNanos;
            return false;
        }
        return nowNanos - unwritableSinceNanos > mostNanos;
    }
}
