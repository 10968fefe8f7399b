package tapedeck.codec.mp3;

import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// The header of an MPEG audio frame, ISO/IEC 11172-3 2.4.1.3 and ISO/IEC 13818-3.
///
/// @param layer 1 to 3
/// @param samples that the frame plays
/// @param frameBytes the whole frame with its header; 0 in free format, which does not say it
public record Mp3Header(int layer, int sampleRateHz, int channels, int samples, int frameBytes) {
    /// Bytes that [#parse] needs.
    public static final int BYTES = 4;

    private static final int[] RATES_HZ = {44_100, 48_000, 32_000};

    /// kbit/s by bitrate_index: layers I, II and III of MPEG-1, layer I and the others at the low rates.
    private static final int[][] KILOBITS = {
        {0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448},
        {0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384},
        {0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320},
        {0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256},
        {0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160},
    };

    public static Mp3Header parse(Bytes frame) {
        if (frame.length() < BYTES) {
            throw new MalformedException("MP3: %d bytes needed, %d given".formatted(BYTES, frame.length()));
        }
        int header = frame.i32(0);
        int version = header >>> 19 & 3;
        int layer = header >>> 17 & 3;
        int rate = header >>> 10 & 3;
        if (header >>> 21 != 0x7FF || version == 1 || layer == 0 || rate == 3) {
            throw new MalformedException("MP3: no frame header in %08x".formatted(header));
        }
        // MPEG-1 has the rates of the table, MPEG-2 half, MPEG-2.5 a quarter.
        int shift = version == 3 ? 0 : version == 2 ? 1 : 2;
        int channels = (header >>> 6 & 3) == 3 ? 1 : 2;
        int rateHz = RATES_HZ[rate] >> shift;
        int samples = layer == 3 ? 384 : layer == 1 && shift > 0 ? 576 : 1152;
        return new Mp3Header(
                4 - layer, rateHz, channels, samples, frameBytes(header, 4 - layer, shift > 0, samples, rateHz));
    }

    /// ISO/IEC 11172-3 2.4.3.1: slots of four bytes in layer I, of one byte in the others.
    private static int frameBytes(int header, int layer, boolean low, int samples, int rateHz) {
        int index = header >>> 12 & 0xF;
        int row = low ? (layer == 1 ? 3 : 4) : layer - 1;
        if (index == 0 || index == KILOBITS[row].length) {
            return 0;
        }
        int slotBytes = layer == 1 ? 4 : 1;
        int slots = samples / 8 / slotBytes * KILOBITS[row][index] * 1000 / rateHz + (header >>> 9 & 1);
        return slots * slotBytes;
    }
}
