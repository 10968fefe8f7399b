package tapedeck.codec.opus;

import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// What the table-of-contents byte of an Opus packet says: RFC 6716 3.1.
///
/// ```
/// config 5 bits | stereo | frame count code 2 bits
/// ```
public final class OpusPacket {
    /// RFC 6716 3.2.5: a packet holds at most 120 ms.
    public static final int MAX_SAMPLES = 5760;

    private static final int SAMPLES_PER_MS = 48;

    private OpusPacket() {}

    /// How much a packet plays, in samples at 48 kHz.
    public static int samples(Bytes packet) {
        int frameSamples = frameSamples(toc(packet) >> 3);
        int frames = switch (toc(packet) & 3) {
            case 0 -> 1;
            case 1, 2 -> 2;
            default -> frameCount(packet);
        };
        int samples = frames * frameSamples;
        if (samples > MAX_SAMPLES) {
            throw new MalformedException(
                    "Opus packet of %d frames of %d samples, more than 120 ms".formatted(frames, frameSamples));
        }
        return samples;
    }

    /// How much a packet plays, in nanoseconds.
    public static long durationNanos(Bytes packet) {
        return samples(packet) * 1_000_000L / SAMPLES_PER_MS;
    }

    /// Channels that this packet codes, 1 or 2: a stereo stream may hold mono packets, so this is not the stream's
    /// number.
    public static int channels(Bytes packet) {
        return (toc(packet) & 4) == 0 ? 1 : 2;
    }

    private static int toc(Bytes packet) {
        if (packet.isEmpty()) {
            throw new MalformedException("Opus packet without a byte");
        }
        return packet.u8(0);
    }

    /// RFC 6716 3.2.5: the frame count of a code 3 packet is in its second byte.
    private static int frameCount(Bytes packet) {
        if (packet.length() < 2) {
            throw new MalformedException("Opus packet of code 3 without a frame count");
        }
        int count = packet.u8(1) & 0x3F;
        if (count == 0) {
            throw new MalformedException("Opus packet of 0 frames");
        }
        return count;
    }

    /// RFC 6716 3.1, table 2: SILK 10, 20, 40, 60 ms; hybrid 10, 20 ms; CELT 2.5, 5, 10, 20 ms.
    private static int frameSamples(int config) {
        if (config < 12) {
            return (config & 3) == 3 ? 60 * SAMPLES_PER_MS : (10 << (config & 3)) * SAMPLES_PER_MS;
        }
        if (config < 16) {
            return (10 << (config & 1)) * SAMPLES_PER_MS;
        }
        return 120 << (config & 3);
    }
}
