package tapedeck.rtp.payload;

import java.util.Optional;
import tapedeck.bytes.BitReader;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.codec.aac.Aac;
import tapedeck.media.Codec;

/// AAC in RFC 3640 packets: several whole access units in one, or one in parts. Units that were interleaved (3.2.3.2)
/// are nobody's.
///
/// ```
/// | AU-headers-length (bits) | AU-header × n | auxiliary | AU × n |
/// ```
final class AacDepacketizer implements Depacketizer {
    /// A raw AAC frame has at most 6144 bits a channel (ISO/IEC 14496-3 4.5.1.1); 48 channels are more than any.
    static final int MAX_UNIT_BYTES = 48 * 768;
    /// Access units of one packet.
    static final int MAX_UNITS = 256;

    private final AacParameters parameters;
    private final long ticksPerUnit;
    private final FrameInParts part = new FrameInParts("AAC");
    /// Of the units in the packet at hand.
    private final int[] sizes = new int[MAX_UNITS];

    AacDepacketizer(PayloadFormat format) {
        parameters = AacParameters.parse(format);
        long samples = Aac.samplesPerFrame(parameters.codec());
        // The RTP clock is nearly always that of the sound, but it need not be (RFC 3640 3.1).
        ticksPerUnit = samples * format.clockRateHz() / parameters.codec().sampleRateHz();
    }

    @Override
    public void packet(Bytes payload, long timestamp, boolean marker, Sink sink) {
        if (payload.isEmpty()) {
            return;
        }
        try {
            units(payload, timestamp, sink);
        } catch (MalformedException e) {
            part.damaged();
            throw e;
        }
    }

    private void units(Bytes payload, long timestamp, Sink sink) {
        int count = 1;
        sizes[0] = parameters.constantBytes();
        int at = 0;
        if (parameters.hasHeaders()) {
            if (payload.length() < 2) {
                throw new MalformedException("AAC: packet of %d bytes".formatted(payload.length()));
            }
            int headerBits = payload.u16(0);
            at = 2 + (headerBits + 7) / 8;
            if (at > payload.length()) {
                throw new MalformedException(
                        "AAC: headers of %d bits in a packet of %d bytes".formatted(headerBits, payload.length()));
            }
            count = readSizes(new BitReader(payload.slice(2, at)), headerBits);
        }
        at += auxiliaryBytes(payload.slice(at));
        if (at > payload.length()) {
            throw new MalformedException("AAC: auxiliary section beyond the packet");
        }
        if (count == 1 && sizes[0] > payload.length() - at) {
            part(payload.slice(at), sizes[0], timestamp, sink);
            return;
        }
        part.drop();
        for (int i = 0; i < count; i++) {
            if (sizes[i] > payload.length() - at) {
                throw new MalformedException(
                        "AAC: unit of %d bytes, %d there".formatted(sizes[i], payload.length() - at));
            }
            if (sizes[i] > 0) {
                Bytes unit = payload.slice(at, at + sizes[i]);
                sink.frame(parameters.codec(), timestamp + i * ticksPerUnit, true, unit.copy());
            }
            at += sizes[i];
        }
    }

    /// 3.2.1.1: size and index of each unit. Returns how many there are.
    private int readSizes(BitReader in, int headerBits) {
        int count = 0;
        long end = in.remaining() - headerBits;
        while (in.remaining() > end) {
            if (count == MAX_UNITS) {
                throw new MalformedException("AAC: more than %d units in a packet".formatted(MAX_UNITS));
            }
            long before = in.remaining();
            long size = parameters.sizeBits() > 0 ? in.bits(parameters.sizeBits()) : parameters.constantBytes();
            long index = in.bits(count == 0 ? parameters.indexBits() : parameters.indexDeltaBits());
            if (size > MAX_UNIT_BYTES || count > 0 && index != 0) {
                throw new MalformedException("AAC: unit of %d bytes, index %d".formatted(size, index));
            }
            skipTimes(in, count == 0);
            if (in.remaining() == before) {
                throw new MalformedException("AAC: a header of no bits");
            }
            sizes[count++] = (int) size;
        }
        if (count == 0) {
            throw new MalformedException("AAC: packet without a header");
        }
        return count;
    }

    private void skipTimes(BitReader in, boolean first) {
        if (parameters.ctsDeltaBits() > 0 && in.flag()) {
            if (first) {
                throw new MalformedException("AAC: CTS-flag in the first header");
            }
            in.skip(parameters.ctsDeltaBits());
        }
        if (parameters.dtsDeltaBits() > 0 && in.flag()) {
            in.skip(parameters.dtsDeltaBits());
        }
        in.skip(parameters.randomAccess() ? 1 : 0);
        in.skip(parameters.streamStateBits());
    }

    /// 3.2.2.
    private int auxiliaryBytes(Bytes rest) {
        if (parameters.auxiliaryBits() == 0) {
            return 0;
        }
        long bits = parameters.auxiliaryBits() + new BitReader(rest).bits(parameters.auxiliaryBits());
        return (int) Math.min(Integer.MAX_VALUE / 2, (bits + 7) / 8);
    }

    /// 3.2.3.1: each part is in a packet of its own, and each says the size of the whole.
    private void part(Bytes bytes, int size, long timestamp, Sink sink) {
        if (!part.isOf(timestamp) || part.wholeBytes() != size) {
            part.drop();
            part.begin(size, timestamp);
        }
        Bytes whole = part.add(bytes);
        if (!whole.isEmpty()) {
            sink.frame(parameters.codec(), timestamp, true, whole);
        }
    }

    @Override
    public void gap(long packets) {
        part.gap(packets);
    }

    @Override
    public Optional<Codec> described() {
        return Optional.of(parameters.codec());
    }

    @Override
    public long missingFrames() {
        return part.missingFrames();
    }
}
