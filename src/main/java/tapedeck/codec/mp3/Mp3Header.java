package tapedeck.codec.mp3;

import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// The header of an MPEG audio frame, ISO/IEC 11172-3 2.4.1.3 and ISO/IEC 13818-3.
///
/// @param layer 1 to 3
public record Mp3Header(int layer, int sampleRateHz, int channels) {
    /// Bytes that [#parse] needs.
    public static final int BYTES = 4;

    private static final int[] RATES_HZ = {44_100, 48_000, 32_000};

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
        return new Mp3Header(4 - layer, RATES_HZ[rate] >> shift, channels);
    }
}
