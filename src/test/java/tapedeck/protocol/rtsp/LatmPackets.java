package tapedeck.protocol.rtsp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import tapedeck.bytes.Bytes;
import tapedeck.codec.aac.Aac;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.peers.Fuzz;
import tapedeck.rtp.payload.Depacketizer;
import tapedeck.rtp.payload.PayloadFormat;

/// AAC in LATM as RFC 6416 has it with `cpresent=0`: lengths in front of frames, no configuration.
final class LatmPackets {
    private LatmPackets() {}

    static Bytes element(Bytes frame) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        int left = frame.length();
        for (; left >= 255; left -= 255) {
            out.write(255);
        }
        out.write(left);
        out.writeBytes(frame.toByteArray());
        return Bytes.wrap(out.toByteArray());
    }

    /// StreamMuxConfig, ISO/IEC 14496-3 1.7.3.2: version 0, same framing, one subframe, program and layer; then the
    /// AudioSpecificConfig of two bytes, frameLengthType 0, latmBufferFullness 255, no other data, no checksum.
    static String config(Codec.Aac codec) {
        long bits = 1L << 13; // 0 1 000000 0000 000
        bits = bits << 16 | codec.config().u16(0);
        bits = bits << 3 | 0;
        bits = bits << 8 | 0xFF;
        bits = bits << 2;
        // 15 + 16 + 3 + 8 + 2 = 44 bits
        return "%012x".formatted(bits << 4);
    }

    /// As GStreamer's `rtpmp4apay` writes it: the same beginning, then the whole AudioSpecificConfig and nothing.
    static String cutConfig(Codec.Aac codec) {
        BigInteger bits = new BigInteger(1, codec.config().toByteArray())
                .or(BigInteger.ONE.shiftLeft(8 * codec.config().length() + 13))
                .shiftLeft(1);
        return ("%0" + (2 * codec.config().length() + 4) + "x").formatted(bits);
    }

    static PayloadFormat format(Codec.Aac codec, String config) {
        return new PayloadFormat(
                97,
                "MP4A-LATM",
                codec.sampleRateHz(),
                codec.channels(),
                "profile-level-id=1;cpresent=0;config=" + config,
                List.of());
    }

    static void assertSame(List<Frame> sound) {
        Codec.Aac whole = (Codec.Aac) sound.getFirst().track().codec();
        assertTrue(whole.config().length() > 2, "what an encoder appends for SBR");
        Codec.Aac codec = Aac.fromConfig(whole.config().slice(0, 2));
        assertSame(sound, codec, format(codec, config(codec)));
        // Seen.
        assertEquals("40002320adca00", cutConfig(Aac.fromConfig(Bytes.ofHex("119056e500"))));
        assertSame(sound, codec, format(codec, cutConfig(codec)));
        assertSame(sound, whole, format(whole, cutConfig(whole)));
    }

    private static void assertSame(List<Frame> sound, Codec.Aac codec, PayloadFormat format) {
        assertTrue(Depacketizer.supports(format), format.toString());
        for (int packetBytes : new int[] {10_000, 100}) {
            Depacketizer depacketizer = Depacketizer.of(format);
            List<Bytes> frames = new ArrayList<>();
            long at = 0;
            for (Frame frame : sound) {
                Bytes element = element(frame.data());
                for (int from = 0; from < element.length(); from += packetBytes) {
                    int to = Math.min(element.length(), from + packetBytes);
                    depacketizer.packet(element.slice(from, to), at, to == element.length(), (said, _, _, data) -> {
                        assertEquals(codec, said);
                        frames.add(data);
                    });
                }
                at += 1024;
            }
            assertEquals(sound.stream().map(Frame::data).toList(), frames);
            assertEquals(0, depacketizer.missingFrames());
        }
        Fuzz.parser(
                List.of(element(sound.getFirst().data())),
                List.of(),
                bytes -> Depacketizer.of(format).packet(bytes, 0, true, (_, _, _, _) -> {}));
    }
}
