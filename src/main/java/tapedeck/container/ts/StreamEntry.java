package tapedeck.container.ts;

import java.util.List;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.codec.aac.AdtsHeader;
import tapedeck.codec.opus.OpusHead;
import tapedeck.media.Codec;

/// How a PMT names an elementary stream, 2.4.4.9.
///
/// @param descriptors the bytes of ES_info
record StreamEntry(int streamType, int pid, Bytes descriptors) {
    // stream_type, table 2-34
    static final int MPEG1_AUDIO = 0x03;
    static final int MPEG2_AUDIO = 0x04;
    static final int PRIVATE = 0x06;
    static final int ADTS = 0x0F;
    static final int LATM = 0x11;
    static final int H264 = 0x1B;
    static final int H265 = 0x24;
    /// ATSC A/52 A.4.1.
    static final int AC3 = 0x81;

    // stream_id, table 2-22
    static final int VIDEO_ID = 0xE0;
    static final int AUDIO_ID = 0xC0;
    static final int PRIVATE_STREAM_1_ID = 0xBD;

    // descriptor_tag, table 2-45 and ETSI EN 300 468 table 12
    static final int REGISTRATION = 0x05;
    static final int DVB_EXTENSION = 0x7F;
    static final int DVB_AC3 = 0x6A;

    /// descriptor_tag_extension, "Opus in MPEG-TS": the user defined one that Opus took.
    static final int OPUS_EXTENSION = 0x80;

    static final Bytes OPUS = Bytes.ofUtf8("Opus");
    static final Bytes AC3_NAME = Bytes.ofUtf8("AC-3");

    static boolean canCarry(Codec codec) {
        return switch (codec) {
            case Codec.H264 _, Codec.H265 _, Codec.Mp3 _, Codec.Ac3 _ -> true;
            case Codec.Aac aac -> AdtsHeader.canSay(aac);
            case Codec.Opus opus -> opus.channels() >= 1 && opus.channels() <= OpusHead.MAX_CHANNELS;
            case Codec.Vp8 _, Codec.Vp9 _, Codec.Av1 _, Codec.Pcma _, Codec.Pcmu _, Codec.G722 _ -> false;
        };
    }

    static StreamEntry of(Codec codec, int pid) {
        return switch (codec) {
            case Codec.H264 _ -> new StreamEntry(H264, pid, Bytes.EMPTY);
            case Codec.H265 _ -> new StreamEntry(H265, pid, registration(Bytes.ofUtf8("HEVC")));
            case Codec.Aac _ -> new StreamEntry(ADTS, pid, Bytes.EMPTY);
            // ISO/IEC 13818-3 has the lower rates.
            case Codec.Mp3 mp3 ->
                new StreamEntry(mp3.sampleRateHz() < 32_000 ? MPEG2_AUDIO : MPEG1_AUDIO, pid, Bytes.EMPTY);
            // ATSC A/52 A.4: private_stream_1, named by type and registration.
            case Codec.Ac3 _ -> new StreamEntry(AC3, pid, registration(AC3_NAME));
            case Codec.Opus opus -> new StreamEntry(PRIVATE, pid, opus(opus.channels()));
            case Codec.Vp8 _, Codec.Vp9 _, Codec.Av1 _, Codec.Pcma _, Codec.Pcmu _, Codec.G722 _ ->
                throw new IllegalArgumentException("MPEG-TS cannot carry " + codec.name());
        };
    }

    private static Bytes registration(Bytes name) {
        return new ByteWriter(6).u8(REGISTRATION).u8(name.length()).bytes(name).toBytes();
    }

    /// channel_config_code is the number of channels in the layouts of Vorbis, RFC 7845 5.1.1.2.
    private static Bytes opus(int channels) {
        return new ByteWriter(10)
                .bytes(registration(OPUS))
                .u8(DVB_EXTENSION)
                .u8(2)
                .u8(OPUS_EXTENSION)
                .u8(channels)
                .toBytes();
    }

    int streamId() {
        return switch (streamType) {
            case H264, H265 -> VIDEO_ID;
            case PRIVATE, AC3 -> PRIVATE_STREAM_1_ID;
            default -> AUDIO_ID;
        };
    }

    /// The body of the first descriptor with this tag, or null.
    @Nullable
    Bytes descriptor(int tag) {
        return descriptors(descriptors).stream()
                .filter(descriptor -> descriptor.tag() == tag)
                .map(Descriptor::body)
                .findFirst()
                .orElse(null);
    }

    record Descriptor(int tag, Bytes body) {}

    static List<Descriptor> descriptors(Bytes bytes) {
        var all = new java.util.ArrayList<Descriptor>();
        var in = bytes.reader();
        while (in.remaining() >= 2) {
            all.add(new Descriptor(in.u8(), in.take(in.u8())));
        }
        return all;
    }
}
