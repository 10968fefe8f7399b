package tapedeck.protocol.http;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.container.flv.Amf0;
import tapedeck.container.flv.EnhancedBody;
import tapedeck.container.flv.FlvBody;
import tapedeck.container.flv.FlvTag;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.stream.Item;

/// FLV without an end (E.2): the file header, metadata and sequence headers for whoever begins, then tags in the time
/// of the stream.
final class FlvLive implements LiveMuxer {
    /// A part that is as long ends before the next tag.
    static final int MAX_PART_BYTES = 128 * 1024;

    // TypeFlags, E.2
    private static final int AUDIO = 4;
    private static final int VIDEO = 1;

    private static final int HEADER_BYTES = 9;

    private final Map<Integer, Track> tracks = new TreeMap<>();
    private final PartGatherer parts = new PartGatherer(this::muxed);
    private ByteWriter out = new ByteWriter(0);

    FlvLive(List<Track> tracks) {
        tracks.forEach(track -> this.tracks.put(track.id(), track));
    }

    /// Sound of a codec that FLV does not have is left out; with such pictures it ends.
    @Override
    @SuppressWarnings("ReferenceEquality") // the same instance comes with nearly every frame
    public boolean write(Item.Media media) {
        Frame frame = media.frame();
        Track track = frame.track();
        if (!EnhancedBody.canCarry(track.codec())) {
            return track.isAudio();
        }
        Track known = tracks.get(track.id());
        boolean changed = known != track && !track.equals(known);
        tracks.put(track.id(), track);
        boolean begins = parts.begins(media);
        if (begins || out.length() >= MAX_PART_BYTES) {
            parts.cut();
        }
        parts.add(frame, begins ? new Part.Entry(opening(frame, true), opening(frame, false)) : null);
        if (changed) {
            sequenceHeader(out, track, millis(frame));
        }
        tag(out, FlvBody.tagType(track), millis(frame), EnhancedBody.prefix(frame), frame.data());
        return true;
    }

    private Bytes muxed() {
        Bytes muxed = out.handOver();
        out = new ByteWriter(16 * 1024);
        return muxed;
    }

    @Override
    public List<Part> take() {
        return parts.take();
    }

    private Bytes opening(Frame first, boolean head) {
        ByteWriter opening = new ByteWriter(1024);
        if (head) {
            int flags = 0;
            for (Track track : tracks.values()) {
                flags |= track.isVideo() ? VIDEO : AUDIO;
            }
            opening.ascii("FLV").u8(1).u8(flags).u32(HEADER_BYTES).u32(0);
            tag(opening, FlvTag.SCRIPT, 0, metadata(), Bytes.EMPTY);
        }
        for (Track track : tracks.values()) {
            sequenceHeader(opening, track, millis(first));
        }
        return opening.handOver();
    }

    private static void sequenceHeader(ByteWriter out, Track track, int millis) {
        if (EnhancedBody.canCarry(track.codec())) {
            Bytes header = EnhancedBody.sequenceHeader(track.codec());
            if (!header.isEmpty()) {
                tag(out, FlvBody.tagType(track), millis, header, Bytes.EMPTY);
            }
        }
    }

    /// E.4.1, with a body in two parts.
    private static void tag(ByteWriter out, int type, int millis, Bytes prefix, Bytes data) {
        int bodyBytes = prefix.length() + data.length();
        out.u8(type).u24(bodyBytes).u24(millis & 0xFF_FFFF).u8(millis >>> 24).u24(0);
        out.bytes(prefix).bytes(data);
        out.u32(bodyBytes + FlvTag.FRAMING_BYTES - 4);
    }

    /// Of the stream: 31 bits, after which players see the clock wrap.
    private static int millis(Frame frame) {
        return (int) Math.max(0, FlvBody.millis(frame)) & Integer.MAX_VALUE;
    }

    private Bytes metadata() {
        Map<String, Object> metadata = new LinkedHashMap<>();
        metadata.put("server", "Tapedeck");
        for (Track track : tracks.values()) {
            if (!EnhancedBody.canCarry(track.codec())) {
                continue;
            }
            switch (track.codec()) {
                case Codec.Video video -> {
                    metadata.put("videocodecid", EnhancedBody.codecId(video));
                    metadata.put("width", video.width());
                    metadata.put("height", video.height());
                }
                case Codec.Audio audio -> {
                    metadata.put("audiocodecid", EnhancedBody.codecId(audio));
                    metadata.put("audiosamplerate", audio.sampleRateHz());
                    metadata.put("audiochannels", audio.channels());
                    metadata.put("stereo", audio.channels() > 1);
                }
            }
        }
        ByteWriter body = Amf0.write(new ByteWriter(256), "onMetaData");
        return Amf0.writeEcmaArray(body, metadata).handOver();
    }
}
