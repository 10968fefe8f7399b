package tapedeck.rtp.payload;

import java.util.Optional;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.codec.opus.OpusHead;
import tapedeck.codec.opus.OpusPacket;
import tapedeck.media.Codec;

/// Codecs whose packet is a frame: Opus, RFC 7587 4.2; G.711 and G.722, RFC 3551 4.5.14 and 4.5.2.
final class AudioDepacketizer implements Depacketizer {
    private final Codec.Audio codec;
    private long missingFrames;
    /// Those of the missing frames that a repeat may still bring.
    private long openFrames;
    private long lastTimestamp = Long.MIN_VALUE;

    AudioDepacketizer(Codec.Audio codec) {
        this.codec = codec;
    }

    static Codec.Audio codec(PayloadFormat format) {
        if (format.is("opus")) {
            return new Codec.Opus(format.channels(), OpusHead.USUAL_PRE_SKIP);
        }
        if (format.is("PCMU")) {
            return new Codec.Pcmu(format.clockRateHz(), format.channels());
        }
        if (format.is("PCMA")) {
            return new Codec.Pcma(format.clockRateHz(), format.channels());
        }
        if (format.is("G722")) {
            // RFC 3551 4.5.2: the clock says 8000 by an old mistake, the codec runs at 16000.
            return new Codec.G722(format.channels());
        }
        throw new IllegalArgumentException("no depacketizer for " + format);
    }

    @Override
    public void packet(Bytes payload, long timestamp, boolean marker, Sink sink) {
        if (payload.isEmpty()) {
            return;
        }
        if (codec instanceof Codec.Opus) {
            OpusPacket.samples(payload);
        }
        sink.frame(codec, timestamp, true, payload.copy());
        lastTimestamp = timestamp;
        openFrames = 0;
    }

    /// A packet that was sent before, and that the caller gives again in front of the next one. It is handed on if it
    /// fills a gap, and else it was here already. A damaged one is as good as none.
    void repeated(Bytes payload, long timestamp, Sink sink) {
        if (openFrames == 0 || timestamp <= lastTimestamp || payload.isEmpty()) {
            return;
        }
        if (codec instanceof Codec.Opus) {
            try {
                OpusPacket.samples(payload);
            } catch (MalformedException _) {
                return;
            }
        }
        sink.frame(codec, timestamp, true, payload.copy());
        lastTimestamp = timestamp;
        openFrames--;
        missingFrames--;
    }

    @Override
    public void gap(long packets) {
        missingFrames += packets;
        openFrames += packets;
    }

    @Override
    public Optional<Codec> described() {
        return Optional.of(codec);
    }

    @Override
    public long missingFrames() {
        return missingFrames;
    }
}
