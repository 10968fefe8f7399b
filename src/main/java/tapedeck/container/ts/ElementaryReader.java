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

    /// @throws tapedeck.bytes.MalformedException for what cannot be of this codec
    void receive(PesAssembler.Pes pes, Frames frames);

    boolean isVideo();

    /// The reader of a stream, or null for a codec that we do not know.
    static @Nullable ElementaryReader of(StreamEntry entry) {
        return switch (entry.streamType()) {
            case StreamEntry.H264 -> new PictureReader(false);
            case StreamEntry.H265 -> new PictureReader(true);
            case StreamEntry.ADTS -> new SoundReader(SoundReader.Framing.ADTS, 0);
            case StreamEntry.MPEG1_AUDIO, StreamEntry.MPEG2_AUDIO -> new SoundReader(SoundReader.Framing.MP3, 0);
            case StreamEntry.PRIVATE -> opus(entry);
            default -> null;
        };
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
            case 0x10 -> "MPEG-4 video";
            case 0x11 -> "LATM";
            case 0x33 -> "H.266";
            case 0x81 -> "AC-3";
            case 0x87 -> "E-AC-3";
            default -> "stream type %02x".formatted(entry.streamType());
        };
    }
}
