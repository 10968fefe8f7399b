package tapedeck.rtp.payload;

import java.io.ByteArrayOutputStream;
import java.util.List;
import java.util.Optional;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.codec.aac.Aac;
import tapedeck.codec.aac.LatmReader;
import tapedeck.media.Codec;

/// AAC in LATM, RFC 6416 6: an audio mux element in a packet, or in several of which the last has the marker. Its
/// configuration stands in the description (`cpresent=0`) or in the elements.
final class LatmDepacketizer implements Depacketizer {
    /// More than any element of one frame; there may be several in one.
    static final int MAX_ELEMENT_BYTES = 64 * 1024;

    private final LatmReader reader = new LatmReader();
    private final boolean inBand;
    private final int clockRateHz;
    private final ByteArrayOutputStream element = new ByteArrayOutputStream();
    private boolean broken;
    private long missingFrames;

    LatmDepacketizer(PayloadFormat format) {
        inBand = !"0".equals(format.parameter("cpresent"));
        clockRateHz = format.clockRateHz();
        if (format.parameter("config") != null) {
            reader.configure(AacParameters.hex(format, "config"));
        } else if (!inBand) {
            throw new MalformedException("MP4A-LATM without config");
        }
    }

    /// Whether packets of this format can be AAC that is described.
    static boolean isUsual(PayloadFormat format) {
        if (!format.is("MP4A-LATM")) {
            return false;
        }
        try {
            return new LatmDepacketizer(format).clockRateHz > 0;
        } catch (MalformedException _) {
            return false;
        }
    }

    @Override
    public void packet(Bytes payload, long timestamp, boolean marker, Sink sink) {
        if (element.size() + payload.length() > MAX_ELEMENT_BYTES) {
            broken = true;
        } else {
            element.writeBytes(payload.toByteArray());
        }
        if (!marker) {
            return;
        }
        Bytes whole = Bytes.wrap(element.toByteArray());
        boolean lost = broken;
        element.reset();
        broken = false;
        if (lost || whole.isEmpty()) {
            missingFrames += lost ? 1 : 0;
            return;
        }
        try {
            frames(inBand ? reader.read(whole) : reader.readBare(whole), timestamp, sink);
        } catch (MalformedException e) {
            missingFrames++;
            throw e;
        }
    }

    private void frames(List<Bytes> frames, long timestamp, Sink sink) {
        Codec.Aac codec = reader.codec();
        if (codec == null) {
            missingFrames++;
            return;
        }
        long ticks = (long) Aac.samplesPerFrame(codec) * clockRateHz / codec.sampleRateHz();
        for (int i = 0; i < frames.size(); i++) {
            if (!frames.get(i).isEmpty()) {
                sink.frame(codec, timestamp + i * ticks, true, frames.get(i));
            }
        }
    }

    /// Which element the lost packets were of is not known: the next one that begins behind a marker is whole.
    @Override
    public void gap(long packets) {
        missingFrames += packets;
        broken = true;
    }

    @Override
    public Optional<Codec> described() {
        return inBand ? Optional.empty() : Optional.ofNullable(reader.codec());
    }

    @Override
    public long missingFrames() {
        return missingFrames;
    }
}
