package tapedeck.container.ts;

import org.jspecify.annotations.Nullable;
import tapedeck.bytes.ByteReader;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.codec.aac.Aac;
import tapedeck.codec.aac.AdtsHeader;
import tapedeck.codec.mp3.Mp3Header;
import tapedeck.codec.opus.OpusPacket;
import tapedeck.media.Codec;

/// AAC with ADTS headers, MPEG audio, and Opus with control headers. Frames need not begin where PES packets do: the
/// stamp of a packet is that of the first frame that begins in it (2.4.3.7), and the others follow on.
final class SoundReader implements ElementaryReader {
    enum Framing {
        ADTS,
        MP3,
        OPUS
    }

    private static final long NANOS_PER_SECOND = 1_000_000_000;

    private final Framing framing;
    private final int opusChannels;
    private Bytes carried = Bytes.EMPTY;
    private long ticks = -1;
    private long laterNanos;
    private @Nullable Codec codec;
    private @Nullable AdtsHeader adts;

    SoundReader(Framing framing, int opusChannels) {
        this.framing = framing;
        this.opusChannels = opusChannels;
    }

    @Override
    public boolean isVideo() {
        return false;
    }

    /// One frame as it stands.
    ///
    /// @param bytes with all that is around it
    private record Found(Codec codec, Bytes data, int bytes, long durationNanos) {}

    @Override
    public void receive(PesAssembler.Pes pes, Frames frames) {
        int fresh = carried.length();
        Bytes all = joined(carried, pes.data());
        carried = Bytes.EMPTY;
        boolean stamped = false;
        int at = 0;
        while (at < all.length()) {
            if (at >= fresh && !stamped && pes.header().ptsTicks() >= 0) {
                stamped = true;
                ticks = pes.header().ptsTicks();
                laterNanos = 0;
            }
            Found found = find(all.slice(at));
            if (found == null) {
                carried = all.slice(at);
                return;
            }
            at += found.bytes();
            if (ticks >= 0) {
                frames.frame(found.codec(), ticks, ticks, laterNanos, true, found.data());
                laterNanos += found.durationNanos();
            }
        }
    }

    private static Bytes joined(Bytes one, Bytes other) {
        if (one.isEmpty()) {
            return other;
        }
        byte[] both = new byte[one.length() + other.length()];
        one.copyTo(0, both, 0, one.length());
        other.copyTo(0, both, one.length(), other.length());
        return Bytes.wrap(both);
    }

    /// The frame at the beginning, or null if its end is not there yet.
    ///
    /// @throws MalformedException if there is none: the rest of the PES packet is given up
    private @Nullable Found find(Bytes bytes) {
        return switch (framing) {
            case ADTS -> bytes.length() < AdtsHeader.MIN_BYTES ? null : adts(bytes, AdtsHeader.parse(bytes));
            case MP3 -> bytes.length() < Mp3Header.BYTES ? null : mp3(bytes, Mp3Header.parse(bytes));
            case OPUS -> opus(bytes);
        };
    }

    private @Nullable Found adts(Bytes bytes, AdtsHeader header) {
        if (header.rawDataBlocks() != 1) {
            throw new MalformedException("ADTS: %d raw data blocks in a frame".formatted(header.rawDataBlocks()));
        }
        if (bytes.length() < header.frameBytes()) {
            return null;
        }
        Codec known = codec;
        AdtsHeader last = adts;
        if (known == null || last == null || !sameStream(last, header)) {
            known = header.codec();
            codec = known;
            adts = header;
        }
        Codec.Aac aac = (Codec.Aac) known;
        Bytes data = bytes.slice(header.headerBytes(), header.frameBytes());
        return new Found(
                aac, data, header.frameBytes(), Aac.samplesPerFrame(aac) * NANOS_PER_SECOND / aac.sampleRateHz());
    }

    private static boolean sameStream(AdtsHeader one, AdtsHeader other) {
        return one.objectType() == other.objectType()
                && one.sampleRateHz() == other.sampleRateHz()
                && one.channelConfiguration() == other.channelConfiguration();
    }

    private @Nullable Found mp3(Bytes bytes, Mp3Header header) {
        if (header.frameBytes() < Mp3Header.BYTES || header.layer() != 3) {
            throw new MalformedException(
                    "MPEG audio: layer %d, %d bytes".formatted(header.layer(), header.frameBytes()));
        }
        if (bytes.length() < header.frameBytes()) {
            return null;
        }
        if (!(codec instanceof Codec.Mp3 known)
                || known.sampleRateHz() != header.sampleRateHz()
                || known.channels() != header.channels()) {
            codec = new Codec.Mp3(header.sampleRateHz(), header.channels());
        }
        long durationNanos = header.samples() * NANOS_PER_SECOND / header.sampleRateHz();
        return new Found(codec, bytes.slice(0, header.frameBytes()), header.frameBytes(), durationNanos);
    }

    /// See [ElementaryWriter]; a packet is whole in its PES packet.
    private Found opus(Bytes bytes) {
        ByteReader in = bytes.reader();
        int head = in.u16();
        if (head >> 5 != 0x3FF) {
            throw new MalformedException("Opus: no control header in %s".formatted(bytes));
        }
        int size = 0;
        for (int part = 255; part == 255; ) {
            part = in.u8();
            size += part;
        }
        int startTrim = (head & 0x10) != 0 ? in.u16() & 0x1FFF : 0;
        in.skip((head & 0x08) != 0 ? 2 : 0);
        in.skip((head & 0x04) != 0 ? in.u8() : 0);
        Bytes data = in.take(size);
        if (codec == null) {
            codec = new Codec.Opus(opusChannels, startTrim);
        }
        return new Found(codec, data, in.position(), OpusPacket.durationNanos(data));
    }
}
