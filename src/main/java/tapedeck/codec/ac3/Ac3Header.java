package tapedeck.codec.ac3;

import tapedeck.bytes.BitReader;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.media.Codec;

/// syncinfo and the beginning of bsi, ETSI TS 102 366 4.3.1 and 4.3.2.
///
/// @param config what an AC3SpecificBox holds, F.4: fscod, bsid, bsmod, acmod, lfeon and bit_rate_code in 24 bits
/// @param frameBytes the whole frame
public record Ac3Header(Bytes config, int sampleRateHz, int channels, int frameBytes) {
    /// Bytes that [#parse] needs.
    public static final int MIN_BYTES = 8;
    /// Of every frame: six blocks of 256.
    public static final int SAMPLES = 1536;

    static final int SYNC_WORD = 0x0B77;
    /// The highest bsid that a decoder of AC-3 takes, 4.4.2.1; above are other syntaxes, E-AC-3 at 16.
    static final int MAX_BSID = 8;

    private static final int CONFIG_BYTES = 3;
    private static final int[] SAMPLE_RATES_HZ = {48_000, 44_100, 32_000};
    /// Channels by acmod, table 4.3.
    private static final int[] CHANNELS = {2, 1, 2, 3, 3, 4, 4, 5};
    private static final int MAX_CHANNELS = 6;
    /// The acmod of one to five channels.
    private static final int[] USUAL_ACMOD = {0, 1, 2, 3, 6, 7};
    /// Nominal kbit/s by half of frmsizecod, table 4.13.
    private static final int[] KILOBITS = {
        32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640
    };

    public static Ac3Header parse(Bytes frame) {
        BitReader in = new BitReader(frame);
        if (in.u(16) != SYNC_WORD) {
            throw new MalformedException("AC-3: no syncword");
        }
        in.skip(16); // crc1
        int fscod = in.u(2);
        int frmsizecod = in.u(6);
        int bsid = in.u(5);
        int bsmod = in.u(3);
        int acmod = in.u(3);
        if (bsid > MAX_BSID) {
            throw new MalformedException("AC-3: bsid %d".formatted(bsid));
        }
        if (fscod >= SAMPLE_RATES_HZ.length || frmsizecod >= 2 * KILOBITS.length) {
            throw new MalformedException("AC-3: fscod %d, frmsizecod %d".formatted(fscod, frmsizecod));
        }
        in.skip((acmod & 1) != 0 && acmod != 1 ? 2 : 0); // cmixlev
        in.skip((acmod & 4) != 0 ? 2 : 0); // surmixlev
        in.skip(acmod == 2 ? 2 : 0); // dsurmod
        int lfeon = in.u(1);
        int bits = fscod << 22 | bsid << 17 | bsmod << 14 | acmod << 11 | lfeon << 10 | frmsizecod >> 1 << 5;
        return new Ac3Header(
                new ByteWriter(CONFIG_BYTES).u24(bits).toBytes(),
                SAMPLE_RATES_HZ[fscod],
                CHANNELS[acmod] + lfeon,
                frameBytes(fscod, frmsizecod));
    }

    /// Table 4.13: whole 16-bit words of 1536 samples; at 44.1 kHz every other size has one more.
    private static int frameBytes(int fscod, int frmsizecod) {
        int bits = KILOBITS[frmsizecod >> 1] * 1000 * (SAMPLES / 32);
        int words = bits / (SAMPLE_RATES_HZ[fscod] / 32) / 16;
        return 2 * (words + (fscod == 1 ? frmsizecod & 1 : 0));
    }

    public Codec.Ac3 codec() {
        return new Codec.Ac3(config, sampleRateHz, channels);
    }

    /// The codec where only rate and channels are told: in the usual layout, of any bit rate.
    public static Codec.Ac3 usual(int sampleRateHz, int channels) {
        int fscod = 0;
        while (fscod < SAMPLE_RATES_HZ.length && SAMPLE_RATES_HZ[fscod] != sampleRateHz) {
            fscod++;
        }
        if (fscod == SAMPLE_RATES_HZ.length || channels < 1 || channels > MAX_CHANNELS) {
            throw new MalformedException("AC-3: %d channels of %d Hz".formatted(channels, sampleRateHz));
        }
        int lfeon = channels == MAX_CHANNELS ? 1 : 0;
        int acmod = USUAL_ACMOD[channels - lfeon];
        int bits = fscod << 22 | MAX_BSID << 17 | acmod << 11 | lfeon << 10;
        return new Codec.Ac3(new ByteWriter(CONFIG_BYTES).u24(bits).toBytes(), sampleRateHz, channels);
    }

    /// The codec that an AC3SpecificBox describes.
    public static Codec.Ac3 fromConfig(Bytes config) {
        if (config.length() < CONFIG_BYTES) {
            throw new MalformedException("AC-3: a configuration of %d bytes".formatted(config.length()));
        }
        int bits = config.u24(0);
        int fscod = bits >> 22;
        if (fscod >= SAMPLE_RATES_HZ.length) {
            throw new MalformedException("AC-3: fscod %d".formatted(fscod));
        }
        return new Codec.Ac3(
                config.slice(0, CONFIG_BYTES), SAMPLE_RATES_HZ[fscod], CHANNELS[bits >> 11 & 7] + (bits >> 10 & 1));
    }
}
