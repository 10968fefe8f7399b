package tapedeck.codec.aac;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.BitReader;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.media.Codec;

/// AAC in LATM, ISO/IEC 14496-3 1.7.3: audio mux elements that bring their configuration. One program of one layer,
/// which is all that broadcasts and cameras send.
///
/// ```
/// useSameStreamMux 1 │ StreamMuxConfig │ for each subframe: length in bytes of 255 and a last one below │ payload
/// ```
public final class LatmReader {
    /// The header in front of an element in a transport stream, 1.7.2: 11 bits of sync, 13 bits of length.
    public static final int LOAS_BYTES = 3;

    private static final int LOAS_SYNC = 0x2B7;
    /// numSubFrames has six bits.
    private static final int MAX_SUBFRAMES = 64;
    /// frameLengthType, latmBufferFullness, otherDataPresent, crcCheckPresent.
    private static final int TAIL_BITS = 3 + 8 + 1 + 1;

    private static final int SYNC_EXTENSION = 0x2B7;
    private static final int SYNC_EXTENSION_BITS = 11;

    private int subframes;
    private int frameLengthType;
    private int fixedFrameBytes;
    private long otherDataBits;
    private Codec.@Nullable Aac codec;

    /// Bytes of the element behind its LOAS header, or -1 if there is no such header.
    public static int loasLength(Bytes bytes) {
        int head = bytes.u24(0);
        return head >> 13 == LOAS_SYNC ? head & 0x1FFF : -1;
    }

    /// What the last configuration said; null before the first.
    public Codec.@Nullable Aac codec() {
        return codec;
    }

    /// The frames of an AudioMuxElement(1); none before the first configuration.
    public List<Bytes> read(Bytes element) {
        BitReader in = new BitReader(element);
        if (!in.flag()) {
            configuration(element, in, false);
        }
        if (codec == null) {
            return List.of();
        }
        return frames(in);
    }

    private List<Bytes> frames(BitReader in) {
        List<Bytes> frames = new ArrayList<>(subframes);
        for (int i = 0; i < subframes; i++) {
            frames.add(payload(in, frameBytes(in)));
        }
        in.skip(Math.min(otherDataBits, in.remaining()));
        return frames;
    }

    /// Takes a StreamMuxConfig that stands elsewhere, as in a session description. That of GStreamer's `rtpmp4apay`
    /// ends
    /// with the AudioSpecificConfig and what extends it: frames say how long they are, and nothing else goes along.
    public void configure(Bytes streamMuxConfig) {
        configuration(streamMuxConfig, new BitReader(streamMuxConfig), true);
    }

    /// The frames of an AudioMuxElement(0), which has no configuration.
    public List<Bytes> readBare(Bytes element) {
        return codec == null ? List.of() : frames(new BitReader(element));
    }

    /// PayloadLengthInfo, 1.7.3.2.
    private int frameBytes(BitReader in) {
        if (frameLengthType == 1) {
            return fixedFrameBytes;
        }
        int bytes = 0;
        for (int part = 255; part == 255; ) {
            part = in.u(8);
            bytes += part;
        }
        return bytes;
    }

    private static Bytes payload(BitReader in, int bytes) {
        if (bytes * 8L > in.remaining()) {
            throw new MalformedException("LATM: a frame of %d bytes, %d bits there".formatted(bytes, in.remaining()));
        }
        byte[] frame = new byte[bytes];
        for (int i = 0; i < bytes; i++) {
            frame[i] = (byte) in.u(8);
        }
        return Bytes.wrap(frame);
    }

    /// StreamMuxConfig, 1.7.3.2.
    ///
    /// @param alone whether nothing is behind it
    private void configuration(Bytes element, BitReader in, boolean alone) {
        boolean version1 = in.flag();
        if (version1 && in.flag()) {
            throw new MalformedException("LATM: audioMuxVersionA 1");
        }
        if (version1) {
            value(in); // taraBufferFullness
        }
        in.skip(1); // allStreamsSameTimeFraming
        int count = in.u(6) + 1;
        if (count > MAX_SUBFRAMES || in.u(4) != 0 || in.u(3) != 0) {
            throw new MalformedException("LATM: more than one program or layer");
        }
        long configEnd = version1 ? value(in) : -1;
        long from = element.length() * 8L - in.remaining();
        Bytes config = bits(element, from);
        long configBits = configEnd >= 0 ? configEnd : AudioSpecificConfig.lengthBits(config);
        in.skip(configBits);
        if (alone && isCut(config, configBits, in.remaining())) {
            frameLengthType = 0;
            otherDataBits = 0;
            subframes = count;
            codec = Aac.fromConfig(config.slice(0, (int) ((configBits + in.remaining()) / 8)));
            return;
        }
        frameLengthType = in.u(3);
        fixedFrameBytes = 0;
        switch (frameLengthType) {
            case 0 -> in.skip(8); // latmBufferFullness
            case 1 -> fixedFrameBytes = in.u(9) + 20;
            default -> throw new MalformedException("LATM: frameLengthType %d".formatted(frameLengthType));
        }
        otherDataBits = 0;
        if (in.flag()) {
            otherDataBits = version1 ? value(in) : otherData(in);
        }
        if (in.flag()) {
            in.skip(8); // crcCheckSum
        }
        subframes = count;
        Codec.Aac said = Aac.fromConfig(trimmed(config, configBits));
        codec = said.equals(codec) ? codec : said;
    }

    /// Whether what has to follow an AudioSpecificConfig is missing, or its syncExtensionType (1.6.6.1) stands there:
    /// as
    /// a frameLengthType that would be a reserved one.
    private static boolean isCut(Bytes config, long configBits, long left) {
        if (left < TAIL_BITS) {
            return true;
        }
        BitReader behind = new BitReader(config);
        behind.skip(configBits);
        return behind.u(SYNC_EXTENSION_BITS) == SYNC_EXTENSION;
    }

    /// Whole bytes of the configuration, whose last bits are zeros.
    private static Bytes trimmed(Bytes config, long bits) {
        byte[] array = config.slice(0, (int) ((bits + 7) / 8)).toByteArray();
        if (bits % 8 != 0) {
            array[array.length - 1] &= (byte) (0xFF << 8 - bits % 8);
        }
        return Bytes.wrap(array);
    }

    /// Everything from a bit on, as bytes of its own.
    private static Bytes bits(Bytes element, long from) {
        BitReader in = new BitReader(element);
        in.skip(from);
        byte[] shifted = new byte[(int) ((in.remaining() + 7) / 8)];
        for (int i = 0; i < shifted.length; i++) {
            int count = (int) Math.min(8, in.remaining());
            shifted[i] = (byte) (in.u(count) << 8 - count);
        }
        return Bytes.wrap(shifted);
    }

    private static long otherData(BitReader in) {
        long bits = 0;
        boolean more = true;
        for (int i = 0; more && i < 4; i++) {
            more = in.flag();
            bits = bits << 8 | in.u(8);
        }
        return bits;
    }

    /// LatmGetValue, 1.7.3.2.
    private static long value(BitReader in) {
        return in.bits(8 * (in.u(2) + 1));
    }
}
