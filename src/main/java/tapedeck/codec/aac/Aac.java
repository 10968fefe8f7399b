package tapedeck.codec.aac;

import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.media.Codec;

/// Facts about AAC.
public final class Aac {
    /// Audio object types, ISO/IEC 14496-3 table 1.17.
    public static final int LC = 2;

    static final int SBR = 5;
    static final int PS = 29;

    static final int MAX_SAMPLE_RATE_HZ = 192_000;
    static final int MIN_SAMPLE_RATE_HZ = 4_000;

    /// samplingFrequencyIndex, table 1.18.
    private static final int[] SAMPLE_RATES_HZ = {
        96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350
    };

    /// The index that says that the rate follows in 24 bits.
    static final int RATE_ESCAPE = 15;

    /// channelConfiguration, table 1.19; 0 = reserved, or said elsewhere.
    private static final int[] CHANNELS = {0, 1, 2, 3, 4, 5, 6, 8, 0, 0, 0, 7, 8, 24, 8, 0};

    private Aac() {}

    /// The codec that an AudioSpecificConfig describes, with rate and channels as they come out of a decoder: SBR that
    /// is signalled doubles the rate, PS the channel.
    public static Codec.Aac fromConfig(Bytes config) {
        AudioSpecificConfig parsed = AudioSpecificConfig.parse(config);
        return new Codec.Aac(config, parsed.outputRateHz(), parsed.outputChannels());
    }

    /// AAC-LC with a configuration made here.
    public static Codec.Aac lc(int sampleRateHz, int channels) {
        return fromConfig(AudioSpecificConfig.write(LC, sampleRateHz, channelConfiguration(channels)));
    }

    /// How many samples, counted at [Codec.Aac#sampleRateHz()], one frame decodes to.
    public static int samplesPerFrame(Codec.Aac codec) {
        return AudioSpecificConfig.parse(codec.config()).outputSamplesPerFrame();
    }

    /// The audioObjectType that the configuration begins with: that of SBR or PS where it is signalled.
    public static int objectType(Codec.Aac codec) {
        return AudioSpecificConfig.firstObjectType(codec.config());
    }

    static int sampleRateHz(int index) {
        if (index >= SAMPLE_RATES_HZ.length) {
            throw new MalformedException("AAC: samplingFrequencyIndex %d".formatted(index));
        }
        return SAMPLE_RATES_HZ[index];
    }

    /// The index of a rate, or [#RATE_ESCAPE].
    static int sampleRateIndex(int sampleRateHz) {
        for (int i = 0; i < SAMPLE_RATES_HZ.length; i++) {
            if (SAMPLE_RATES_HZ[i] == sampleRateHz) {
                return i;
            }
        }
        return RATE_ESCAPE;
    }

    static int channels(int channelConfiguration) {
        int channels = CHANNELS[channelConfiguration];
        if (channels == 0) {
            throw new MalformedException("AAC: channelConfiguration %d".formatted(channelConfiguration));
        }
        return channels;
    }

    private static int channelConfiguration(int channels) {
        for (int i = 1; i < CHANNELS.length; i++) {
            if (CHANNELS[i] == channels) {
                return i;
            }
        }
        throw new IllegalArgumentException("AAC has no configuration of " + channels + " channels");
    }
}
