package tapedeck.container.flv;

import org.jspecify.annotations.Nullable;
import tapedeck.bytes.ByteReader;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// What a tag's body begins with in Enhanced RTMP (Veovera, v2: ExVideoTagHeader and ExAudioTagHeader).
///
/// ```
/// video  1 · frame type 3 · packet type 4 ┐
/// audio  9 · packet type 4                ┴ packet type 7: extensions, then the type again │ FourCC │ body
/// ```
/// @param frameType of video; 0 for audio
/// @param fourCc null in a command frame, which has none
record EnhancedTag(int packetType, int frameType, @Nullable String fourCc, Bytes body) {
    // VideoPacketType and AudioPacketType
    static final int SEQUENCE_START = 0;
    static final int CODED_FRAMES = 1;
    static final int SEQUENCE_END = 2;
    /// Video without a composition time.
    static final int CODED_FRAMES_X = 3;
    private static final int VIDEO_MULTITRACK = 6;
    private static final int AUDIO_MULTITRACK = 5;
    private static final int METADATA = 4;
    private static final int EXTENSION = 7;

    private static final int COMMAND_FRAME = 5;
    /// TimestampOffsetNano is all there is yet.
    private static final int MAX_EXTENSIONS = 8;

    static EnhancedTag parse(Bytes tag, boolean video) {
        ByteReader in = tag.reader();
        int first = in.u8();
        int frameType = video ? first >> 4 & 7 : 0;
        int packetType = first & 0xF;
        for (int count = 0; packetType == EXTENSION; count++) {
            if (count == MAX_EXTENSIONS) {
                throw new MalformedException("FLV: more than %d extensions of a tag".formatted(MAX_EXTENSIONS));
            }
            int size = in.u8() + 1;
            // Times are whole milliseconds here: an offset below one is passed over.
            in.skip(size == 256 ? in.u16() + 1 : size);
            packetType = in.u8() & 0xF;
        }
        if (video && frameType == COMMAND_FRAME && packetType != METADATA) {
            return new EnhancedTag(packetType, frameType, null, Bytes.EMPTY);
        }
        if (packetType == (video ? VIDEO_MULTITRACK : AUDIO_MULTITRACK)) {
            return new EnhancedTag(packetType, frameType, "multitrack", Bytes.EMPTY);
        }
        return new EnhancedTag(packetType, frameType, name(in.take(4)), in.rest());
    }

    boolean keyframe() {
        return frameType == FlvDemuxer.KEYFRAME;
    }

    /// The FourCC, with `?` for what cannot be printed.
    private static String name(Bytes bytes) {
        StringBuilder name = new StringBuilder();
        for (int i = 0; i < bytes.length(); i++) {
            int c = bytes.u8(i);
            name.append(c > ' ' && c < 0x7F ? (char) c : '?');
        }
        return name.toString();
    }
}
