package tapedeck.container.ts;

import java.util.List;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.ByteReader;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.codec.aac.Aac;
import tapedeck.codec.aac.AdtsHeader;
import tapedeck.codec.aac.LatmReader;
import tapedeck.codec.ac3.Ac3Header;
import tapedeck.codec.mp3.Mp3Header;
import tapedeck.codec.opus.OpusPacket;
import tapedeck.media.Codec;

/// AAC with ADTS headers or in LATM, MPEG audio, AC-3, and Opus with control headers. Frames need not begin where PES
/// packets do: the stamp of a packet is that of the first frame that begins in it (2.4.3.7), and the others follow on.
/// Where no frame begins, the next one is looked for.
final class SoundReader implements ElementaryReader {
    /// How a frame begins.
    ///
    /// @see #syncAt
    enum Framing {
        ADTS(0xFFF6, 0xFFF0),
        LATM(0xFFE0, 0x56E0),
        MP3(0xFFE0, 0xFFE0),
        AC3(0xFFFF, 0x0B77),
        OPUS(0xFFE0, 0x7FE0);

        private final int mask;
        private final int sync;

        Framing(int mask, int sync) {
            this.mask = mask;
            this.sync = sync;
        }

        private boolean syncAt(Bytes bytes, int at) {
            return (bytes.u16(at) & mask) == sync;
        }
    }

    private static final long NANOS_PER_SECOND = 1_000_000_000;
    private static final int MP3_LAYER = 3;

    private final Framing framing;
    private final int opusChannels;
    private final LatmReader latm = new LatmReader();
    private Bytes carried = Bytes.EMPTY;
    private long ticks = -1;
    private long laterNanos;
    private boolean inSync = true;
    private @Nullable Codec codec;
    private @Nullable AdtsHeader adts;
    /// How long a frame of the AAC that came last plays.
    private Codec.@Nullable Aac timed;

    private long aacNanos;
    private @Nullable String refused;

    SoundReader(Framing framing, int opusChannels) {
        this.framing = framing;
        this.opusChannels = opusChannels;
    }

    @Override
    public long waitingBytes() {
        return carried.length();
    }

    @Override
    public boolean isVideo() {
        return false;
    }

    @Override
    public @Nullable String refused() {
        return refused;
    }

    @Override
    public void lost() {
        carried = Bytes.EMPTY;
        ticks = -1;
    }

    @Override
    public void end(Frames frames) {
        lost();
    }

    /// What begins with one header.
    ///
    /// @param frames one but for LATM, which may have none before its configuration
    /// @param bytes with all that is around them
    /// @param durationNanos of each
    private record Found(@Nullable Codec codec, List<Bytes> frames, int bytes, long durationNanos) {}

    @Override
    public void receive(PesAssembler.Pes pes, Frames frames) {
        int fresh = carried.length();
        Bytes all = joined(carried, pes.data());
        carried = Bytes.EMPTY;
        boolean stamped = false;
        MalformedException damage = null;
        int at = 0;
        while (at < all.length()) {
            if (at >= fresh && !stamped && pes.header().ptsTicks() >= 0) {
                stamped = true;
                ticks = pes.header().ptsTicks();
                laterNanos = 0;
            }
            Found found;
            try {
                found = find(all.slice(at));
                if (found != null && !inSync && !followed(all, at + found.bytes())) {
                    throw new MalformedException("MPEG-TS: sound without a frame behind it");
                }
            } catch (MalformedException e) {
                if (refused != null) {
                    throw e;
                }
                damage = damage == null ? e : damage;
                inSync = false;
                at = nextSync(all, at + 1);
                continue;
            }
            if (found == null) {
                carried = all.slice(at).copy();
                break;
            }
            inSync = true;
            at += found.bytes();
            emit(found, frames);
        }
        if (damage != null) {
            throw damage;
        }
    }

    private void emit(Found found, Frames frames) {
        Codec known = found.codec();
        if (ticks < 0 || known == null) {
            return;
        }
        for (Bytes data : found.frames()) {
            frames.frame(known, ticks, ticks, laterNanos, true, data.copy());
            laterNanos += found.durationNanos();
        }
    }

    /// Where the bits of a header may be: the first one behind damage counts only if another one, or nothing, follows.
    private boolean followed(Bytes all, int at) {
        return all.length() - at < 2 || framing.syncAt(all, at);
    }

    private int nextSync(Bytes all, int from) {
        for (int at = from; at + 1 < all.length(); at++) {
            if (framing.syncAt(all, at)) {
                return at;
            }
        }
        return all.length();
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
    /// @throws MalformedException if there is none
    private @Nullable Found find(Bytes bytes) {
        return switch (framing) {
            case ADTS -> bytes.length() < AdtsHeader.MIN_BYTES ? null : adts(bytes, AdtsHeader.parse(bytes));
            case LATM -> bytes.length() < LatmReader.LOAS_BYTES ? null : latm(bytes);
            case MP3 -> bytes.length() < Mp3Header.BYTES ? null : mp3(bytes, Mp3Header.parse(bytes));
            case AC3 -> bytes.length() < Ac3Header.MIN_BYTES ? null : ac3(bytes);
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
        return new Found(aac, List.of(data), header.frameBytes(), aacNanos(aac));
    }

    private long aacNanos(Codec.Aac aac) {
        if (!aac.equals(timed)) {
            timed = aac;
            aacNanos = Aac.samplesPerFrame(aac) * NANOS_PER_SECOND / aac.sampleRateHz();
        }
        return aacNanos;
    }

    private static boolean sameStream(AdtsHeader one, AdtsHeader other) {
        return one.objectType() == other.objectType()
                && one.sampleRateHz() == other.sampleRateHz()
                && one.channelConfiguration() == other.channelConfiguration();
    }

    private @Nullable Found latm(Bytes bytes) {
        int length = LatmReader.loasLength(bytes);
        if (length < 0) {
            throw new MalformedException("LATM: no syncword");
        }
        int end = LatmReader.LOAS_BYTES + length;
        if (bytes.length() < end) {
            return null;
        }
        List<Bytes> frames = latm.read(bytes.slice(LatmReader.LOAS_BYTES, end));
        Codec.Aac aac = latm.codec();
        return new Found(aac, frames, end, aac == null ? 0 : aacNanos(aac));
    }

    private @Nullable Found mp3(Bytes bytes, Mp3Header header) {
        if (header.layer() != MP3_LAYER && inSync && codec == null) {
            refused = "MPEG audio layer " + header.layer();
        }
        if (header.frameBytes() < Mp3Header.BYTES || header.layer() != MP3_LAYER) {
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
        return new Found(codec, List.of(bytes.slice(0, header.frameBytes())), header.frameBytes(), durationNanos);
    }

    private @Nullable Found ac3(Bytes bytes) {
        Ac3Header header = Ac3Header.parse(bytes);
        if (bytes.length() < header.frameBytes()) {
            return null;
        }
        Codec.Ac3 said = header.codec();
        codec = said.equals(codec) ? codec : said;
        long durationNanos = Ac3Header.SAMPLES * NANOS_PER_SECOND / header.sampleRateHz();
        return new Found(codec, List.of(bytes.slice(0, header.frameBytes())), header.frameBytes(), durationNanos);
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
        return new Found(codec, List.of(data), in.position(), OpusPacket.durationNanos(data));
    }
}
