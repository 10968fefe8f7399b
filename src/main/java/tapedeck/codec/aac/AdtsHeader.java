package tapedeck.codec.aac;

import tapedeck.bytes.BitReader;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.media.Codec;

/// adts_fixed_header and adts_variable_header, ISO/IEC 14496-3 1.A.3.2.
///
/// @param objectType 1 to 4 (2 = LC)
/// @param channelConfiguration 0 where the first frame says it
/// @param headerBytes 7, or 9 with a checksum
/// @param frameBytes the whole frame with its header
/// @param rawDataBlocks 1 to 4; all that is known to be used is 1
public record AdtsHeader(
        int objectType,
        int sampleRateHz,
        int channelConfiguration,
        int headerBytes,
        int frameBytes,
        int rawDataBlocks) {
    /// Bytes that [#parse] needs.
    public static final int MIN_BYTES = 7;
    /// frame_length has 13 bits.
    public static final int MAX_FRAME_BYTES = 0x1FFF;

    public static AdtsHeader parse(Bytes bytes) {
        BitReader in = new BitReader(bytes);
        if (in.u(12) != 0xFFF) {
            throw new MalformedException("ADTS: no syncword");
        }
        in.skip(1); // ID: MPEG-2 or MPEG-4, alike for us
        if (in.u(2) != 0) {
            throw new MalformedException("ADTS: layer is not 0");
        }
        int headerBytes = in.flag() ? 7 : 9;
        int objectType = in.u(2) + 1;
        int sampleRateHz = Aac.sampleRateHz(in.u(4));
        in.skip(1);
        int channelConfiguration = in.u(3);
        in.skip(4);
        int frameBytes = in.u(13);
        in.skip(11); // adts_buffer_fullness
        int rawDataBlocks = in.u(2) + 1;
        if (frameBytes < headerBytes) {
            throw new MalformedException("ADTS: frame of %d bytes".formatted(frameBytes));
        }
        return new AdtsHeader(objectType, sampleRateHz, channelConfiguration, headerBytes, frameBytes, rawDataBlocks);
    }

    /// Whether ADTS can say what this configuration says: a profile of 2 bits, a channel configuration of 3, a rate
    /// of the table, and frames of 1024 samples.
    public static boolean canSay(Codec.Aac codec) {
        AudioSpecificConfig config = AudioSpecificConfig.parse(codec.config());
        return config.objectType() <= 4
                && config.channelConfiguration() >= 1
                && config.channelConfiguration() <= 7
                && config.samplesPerFrame() == 1024
                && Aac.sampleRateIndex(config.coreRateHz()) != Aac.RATE_ESCAPE;
    }

    /// The header in front of one raw frame of `rawBytes`, without a checksum. ADTS knows the core coder only:
    /// SBR stays implicit.
    public static Bytes write(Codec.Aac codec, int rawBytes) {
        AudioSpecificConfig config = AudioSpecificConfig.parse(codec.config());
        int rateIndex = Aac.sampleRateIndex(config.coreRateHz());
        int frameBytes = MIN_BYTES + rawBytes;
        if (config.objectType() > 4
                || config.channelConfiguration() > 7
                || rateIndex == Aac.RATE_ESCAPE
                || frameBytes > MAX_FRAME_BYTES) {
            throw new IllegalArgumentException("ADTS cannot carry %s in %d bytes".formatted(config, frameBytes));
        }
        int channelConfiguration = config.channelConfiguration();
        ByteWriter out = new ByteWriter(MIN_BYTES);
        out.u16(0xFFF1);
        out.u8(config.objectType() - 1 << 6 | rateIndex << 2 | channelConfiguration >> 2);
        out.u32((long) (channelConfiguration & 3) << 30 | (long) frameBytes << 13 | 0x7FFL << 2);
        return out.toBytes();
    }

    /// The codec of a stream of such frames.
    public Codec.Aac codec() {
        if (channelConfiguration == 0) {
            throw new MalformedException("ADTS: channels said in the frame only are not supported");
        }
        return Aac.fromConfig(AudioSpecificConfig.write(objectType, sampleRateHz, channelConfiguration));
    }
}
