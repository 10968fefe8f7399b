package tapedeck.codec.opus;

import java.util.List;
import tapedeck.bytes.ByteReader;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.media.Codec;

/// The identification header of an Opus stream: RFC 7845 5.1, also the CodecPrivate of Matroska (little-endian, behind
/// the word `OpusHead`) and the body of `dOps` in MP4 (big-endian, without it).
///
/// @param channels output channels, 1 to 255
/// @param preSkip samples at 48 kHz that a decoder drops at the start
/// @param inputSampleRateHz of what was encoded, 0 if unknown; tells nothing about decoding
/// @param outputGain in 1/256 dB, signed
/// @param mappingFamily 0 for mono and stereo, else one of RFC 7845 5.1.1
/// @param mappingTable stream count, coupled count and one index for each channel; empty for family 0
public record OpusHead(
        int channels, int preSkip, long inputSampleRateHz, int outputGain, int mappingFamily, Bytes mappingTable) {
    /// What an encoder at its defaults needs: 6.5 ms of look-ahead as libopus has it, RFC 7845 4.2.
    public static final int USUAL_PRE_SKIP = 312;

    private static final String MAGIC = "OpusHead";

    /// RFC 7845 5.1.1.2, the Vorbis channel order: streams, coupled streams, indexes, for 3 to 8 channels.
    private static final List<Bytes> SURROUND = List.of(
            Bytes.ofU8(2, 1, 0, 2, 1),
            Bytes.ofU8(2, 2, 0, 1, 2, 3),
            Bytes.ofU8(3, 2, 0, 4, 1, 2, 3),
            Bytes.ofU8(4, 2, 0, 4, 1, 2, 3, 5),
            Bytes.ofU8(4, 3, 0, 4, 1, 2, 3, 5, 6),
            Bytes.ofU8(5, 3, 0, 6, 1, 2, 3, 4, 5, 7));

    /// Channels that mapping families 0 and 1 know.
    public static final int MAX_CHANNELS = 8;

    /// The header of a stream of which only the codec is known: family 0, or family 1 in Vorbis order.
    public static OpusHead of(Codec.Opus codec) {
        int channels = codec.channels();
        if (channels < 1 || channels > MAX_CHANNELS) {
            throw new IllegalArgumentException("Opus with %d channels".formatted(channels));
        }
        return channels <= 2
                ? new OpusHead(channels, codec.preSkip(), 48_000, 0, 0, Bytes.EMPTY)
                : new OpusHead(channels, codec.preSkip(), 48_000, 0, 1, SURROUND.get(channels - 3));
    }

    /// Reads an identification header, little-endian and with its magic word.
    public static OpusHead parse(Bytes header) {
        if (header.length() < MAGIC.length() || !header.slice(0, MAGIC.length()).equals(Bytes.ofUtf8(MAGIC))) {
            throw new MalformedException("Opus header does not begin with OpusHead");
        }
        ByteReader in = header.slice(MAGIC.length()).reader();
        int version = in.u8();
        if (version >> 4 != 0) {
            // RFC 7845 5.1: versions that differ only in the low four bits are compatible.
            throw new MalformedException("Opus header of version %d".formatted(version));
        }
        int channels = in.u8();
        int preSkip = in.u16Le();
        long inputSampleRateHz = in.i32Le() & 0xFFFF_FFFFL;
        int outputGain = (short) in.u16Le();
        return mapped(in, channels, preSkip, inputSampleRateHz, outputGain);
    }

    /// Reads the body of a `dOps` box: "Encapsulation of Opus in ISO Base Media File Format" 4.3.2.
    public static OpusHead parseDOps(Bytes body) {
        ByteReader in = body.reader();
        int version = in.u8();
        if (version != 0) {
            throw new MalformedException("dOps of version %d".formatted(version));
        }
        int channels = in.u8();
        int preSkip = in.u16();
        long inputSampleRateHz = in.u32();
        int outputGain = (short) in.u16();
        return mapped(in, channels, preSkip, inputSampleRateHz, outputGain);
    }

    private static OpusHead mapped(ByteReader in, int channels, int preSkip, long inputSampleRateHz, int outputGain) {
        int family = in.u8();
        if (channels == 0 || family == 0 && channels > 2) {
            throw new MalformedException("Opus header: %d channels in mapping family %d".formatted(channels, family));
        }
        Bytes table = family == 0 ? Bytes.EMPTY : in.take(2L + channels);
        return new OpusHead(channels, preSkip, inputSampleRateHz, outputGain, family, table);
    }

    /// The identification header, little-endian and with its magic word.
    public Bytes toBytes() {
        return new ByteWriter(21 + mappingTable.length())
                .ascii(MAGIC)
                .u8(1)
                .u8(channels)
                .u16Le(preSkip)
                .u32Le(inputSampleRateHz)
                .u16Le(outputGain)
                .u8(mappingFamily)
                .bytes(mappingTable)
                .toBytes();
    }

    /// The body of a `dOps` box, big-endian.
    public Bytes toDOps() {
        return new ByteWriter(11 + mappingTable.length())
                .u8(0)
                .u8(channels)
                .u16(preSkip)
                .u32(inputSampleRateHz)
                .u16(outputGain)
                .u8(mappingFamily)
                .bytes(mappingTable)
                .toBytes();
    }

    public Codec.Opus codec() {
        return new Codec.Opus(channels, preSkip);
    }
}
