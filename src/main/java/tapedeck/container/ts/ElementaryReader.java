package tapedeck.container.ts;

import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.codec.opus.OpusHead;
import tapedeck.media.Codec;

/// Frames out of the PES packets of one stream.
sealed interface ElementaryReader permits PictureReader, SoundReader {
    /// Where frames go.
    interface Frames {
        /// @param codec as it is from this frame on
        /// @param ticks decoding time, 33 bits, of the PES packet in which the frame begins
        /// @param ptsTicks presentation time of that
        /// @param laterNanos how much later than that the frame is
        void frame(Codec codec, long ptsTicks, long ticks, long laterNanos, boolean keyframe, Bytes data);
    }

    /// @param pes lent: what is kept of it is copied
    /// @throws tapedeck.bytes.MalformedException for what cannot be of this codec
    void receive(PesAssembler.Pes pes, Frames frames);

    /// Something is missing between what came and what comes: no frame is made of both.
    void lost();

    /// Nothing comes any more: what waits comes out.
    void end(Frames frames);

    /// What it keeps of what came, until more comes.
    long waitingBytes();

    boolean isVideo();

    /// What the stream turned out to be instead of what its type says, or null: nothing of it will come.
    @Nullable
    String refused();

    /// The reader of a stream, or null for a codec that we do not know.
    static @Nullable ElementaryReader of(StreamEntry entry) {
        return switch (entry.streamType()) {
            case StreamEntry.H264 -> new PictureReader(false);
            case StreamEntry.H265 -> new PictureReader(true);
            case StreamEntry.ADTS -> new SoundReader(SoundReader.Framing.ADTS, 0);
            case StreamEntry.LATM -> new SoundReader(SoundReader.Framing.LATM, 0);
            case StreamEntry.MPEG1_AUDIO, StreamEntry.MPEG2_AUDIO -> new SoundReader(SoundReader.Framing.MP3, 0);
            case StreamEntry.AC3 -> new SoundReader(SoundReader.Framing.AC3, 0);
            case StreamEntry.PRIVATE -> isAc3(entry) ? new SoundReader(SoundReader.Framing.AC3, 0) : opus(entry);
            default -> null;
        };
    }

    /// As DVB names it (ETSI EN 300 468 annex D), or as everybody else does.
    private static boolean isAc3(StreamEntry entry) {
        Bytes name = entry.descriptor(StreamEntry.REGISTRATION);
        return entry.descriptor(StreamEntry.DVB_AC3) != null || name != null && name.equals(StreamEntry.AC3_NAME);
    }

    private static @Nullable ElementaryReader opus(StreamEntry entry) {
        Bytes name = entry.descriptor(StreamEntry.REGISTRATION);
        Bytes extension = entry.descriptor(StreamEntry.DVB_EXTENSION);
        if (name == null
                || !name.equals(StreamEntry.OPUS)
                || extension == null
                || extension.length() < 2
                || extension.u8(0) != StreamEntry.OPUS_EXTENSION) {
            return null;
        }
        int channels = extension.u8(1);
        return channels >= 1 && channels <= OpusHead.MAX_CHANNELS
                ? new SoundReader(SoundReader.Framing.OPUS, channels)
                : null;
    }

    /// What to call a stream that nobody reads.
    static String name(StreamEntry entry) {
        return switch (entry.streamType()) {
            case 0x01, 0x02 -> "MPEG-2 video";
            case 0x05 -> "private sections";
            case 0x06 -> privateName(entry);
            case 0x10 -> "MPEG-4 video";
            case 0x15 -> "timed metadata";
            case 0x33 -> "H.266";
            case 0x86 -> "SCTE-35";
            case 0x87 -> "E-AC-3";
            default -> "stream type %02x".formatted(entry.streamType());
        };
    }

    /// By the descriptors of ETSI EN 300 468 table 12.
    private static String privateName(StreamEntry entry) {
        if (entry.descriptor(0x7A) != null) {
            return "E-AC-3";
        }
        if (entry.descriptor(0x56) != null) {
            return "teletext";
        }
        return entry.descriptor(0x59) != null ? "subtitles" : "private data";
    }
}
