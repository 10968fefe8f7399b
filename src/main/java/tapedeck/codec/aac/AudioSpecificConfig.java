package tapedeck.codec.aac;

import tapedeck.bytes.BitReader;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// AudioSpecificConfig, ISO/IEC 14496-3 1.6.2.1.
///
/// @param objectType of the core coder: 2 (LC) below SBR and PS
/// @param coreRateHz sample rate of the core coder
/// @param samplesPerFrame of the core coder
/// @param outputRateHz with SBR, where it is signalled
/// @param outputChannels with PS, where it is signalled
record AudioSpecificConfig(
        int objectType,
        int coreRateHz,
        int channelConfiguration,
        int samplesPerFrame,
        int outputRateHz,
        int outputChannels) {
    /// 1.6.5.1: the syncExtensionTypes of backward-compatible signalling.
    private static final int SYNC_SBR = 0x2B7;

    private static final int SYNC_PS = 0x548;
    private static final int BSAC = 22;
    private static final int ELD = 39;

    static AudioSpecificConfig parse(Bytes config) {
        BitReader in = new BitReader(config);
        AudioSpecificConfig core = core(in);
        int first = firstObjectType(config);
        if (first == Aac.SBR
                || first == Aac.PS
                || !isGeneralAudio(core.objectType())
                || in.remaining() < 16
                || in.u(11) != SYNC_SBR
                || objectType(in) != Aac.SBR
                || !in.flag()) {
            return core;
        }
        int outputRateHz = sampleRateHz(in);
        boolean ps = in.remaining() >= 12 && in.u(11) == SYNC_PS && in.flag();
        return new AudioSpecificConfig(
                core.objectType(),
                core.coreRateHz(),
                core.channelConfiguration(),
                core.samplesPerFrame(),
                outputRateHz,
                ps && core.outputChannels() == 1 ? 2 : core.outputChannels());
    }

    /// How many bits the configuration at the beginning of `bytes` has, without what is signalled backward-compatibly:
    /// where something else follows.
    static long lengthBits(Bytes bytes) {
        BitReader in = new BitReader(bytes);
        core(in);
        return bytes.length() * 8L - in.remaining();
    }

    private static AudioSpecificConfig core(BitReader in) {
        int objectType = objectType(in);
        int coreRateHz = sampleRateHz(in);
        int channelConfiguration = in.u(4);
        int outputRateHz = coreRateHz;
        boolean ps = objectType == Aac.PS;
        boolean explicit = objectType == Aac.SBR || ps;
        if (explicit) {
            outputRateHz = sampleRateHz(in);
            objectType = objectType(in);
            if (objectType == BSAC) {
                in.skip(4); // extensionChannelConfiguration
            }
        }
        int channels = channelConfiguration == 0 ? 0 : Aac.channels(channelConfiguration);
        int samplesPerFrame = objectType == ELD ? 512 : 1024;
        if (isGeneralAudio(objectType)) {
            samplesPerFrame = in.flag() ? 960 : 1024;
            if (objectType == 23) {
                samplesPerFrame /= 2; // ER AAC LD, 4.5.1.1
            }
            channels = generalAudio(in, objectType, channelConfiguration, channels);
        } else if (objectType == ELD && in.remaining() > 0) {
            samplesPerFrame = in.flag() ? 480 : 512;
        }
        if (channels == 0) {
            throw new MalformedException("AAC: object type %d says no channels".formatted(objectType));
        }
        return new AudioSpecificConfig(
                objectType,
                coreRateHz,
                channelConfiguration,
                samplesPerFrame,
                outputRateHz,
                ps && channels == 1 ? 2 : channels);
    }

    static Bytes write(int objectType, int sampleRateHz, int channelConfiguration) {
        int index = Aac.sampleRateIndex(sampleRateHz);
        long bits = (long) objectType << 4 | index;
        int count = 9;
        if (index == Aac.RATE_ESCAPE) {
            bits = bits << 24 | sampleRateHz;
            count += 24;
        }
        bits = bits << 4 | channelConfiguration;
        count += 4 + 3; // and GASpecificConfig's three flags, all 0
        bits <<= 3;
        ByteWriter out = new ByteWriter(5);
        for (int left = count; left > 0; left -= 8) {
            out.u8((int) (left >= 8 ? bits >> left - 8 : bits << 8 - left));
        }
        return out.toBytes();
    }

    /// SBR makes more samples of the same time.
    int outputSamplesPerFrame() {
        return (int) ((long) samplesPerFrame * outputRateHz / coreRateHz);
    }

    static int firstObjectType(Bytes config) {
        return objectType(new BitReader(config));
    }

    private static int objectType(BitReader in) {
        int type = in.u(5);
        return type == 31 ? 32 + in.u(6) : type;
    }

    private static int sampleRateHz(BitReader in) {
        int index = in.u(4);
        int rate = index == Aac.RATE_ESCAPE ? in.u(24) : Aac.sampleRateHz(index);
        if (rate < Aac.MIN_SAMPLE_RATE_HZ || rate > Aac.MAX_SAMPLE_RATE_HZ) {
            throw new MalformedException("AAC: sample rate of %d Hz".formatted(rate));
        }
        return rate;
    }

    private static boolean isGeneralAudio(int objectType) {
        return switch (objectType) {
            case 1, 2, 3, 4, 6, 7, 17, 19, 20, 21, BSAC, 23 -> true;
            default -> false;
        };
    }

    /// GASpecificConfig, 4.4.1, behind its frameLengthFlag. Returns the channels.
    private static int generalAudio(BitReader in, int objectType, int channelConfiguration, int channels) {
        if (in.flag()) {
            in.skip(14); // coreCoderDelay
        }
        boolean extension = in.flag();
        int result = channelConfiguration == 0 ? programConfigElement(in) : channels;
        if (objectType == 6 || objectType == 20) {
            in.skip(3); // layerNr
        }
        if (extension) {
            if (objectType == BSAC) {
                in.skip(16);
            } else if (objectType == 17 || objectType == 19 || objectType == 20 || objectType == 23) {
                in.skip(3);
            }
            in.skip(1); // extensionFlag3
        }
        return result;
    }

    /// program_config_element, 4.4.1.1: the channels that its elements add up to.
    private static int programConfigElement(BitReader in) {
        in.skip(4 + 2 + 4); // element_instance_tag, object_type, sampling_frequency_index
        int front = in.u(4);
        int side = in.u(4);
        int back = in.u(4);
        int lfe = in.u(2);
        int associatedData = in.u(3);
        int coupling = in.u(4);
        skipOptional(in, 4); // mono_mixdown
        skipOptional(in, 4); // stereo_mixdown
        skipOptional(in, 3); // matrix_mixdown
        int channels = lfe;
        for (int i = 0; i < front + side + back; i++) {
            channels += in.flag() ? 2 : 1;
            in.skip(4);
        }
        in.skip(4L * lfe + 4L * associatedData + 5L * coupling);
        // byte_alignment() counts from the start of the configuration.
        in.skip(in.remaining() % 8);
        in.skip(8L * in.u(8));
        return channels;
    }

    private static void skipOptional(BitReader in, int bits) {
        if (in.flag()) {
            in.skip(bits);
        }
    }
}
