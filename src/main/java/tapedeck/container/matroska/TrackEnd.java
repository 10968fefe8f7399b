package tapedeck.container.matroska;

import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.codec.aac.Aac;
import tapedeck.codec.ac3.Ac3Header;
import tapedeck.codec.opus.OpusPacket;
import tapedeck.media.Codec;

/// Where a track ends, from its frames as they go by: a sound's last frame says how long it plays, a picture is
/// taken to stay as long as the one before it did.
final class TrackEnd {
    /// Bytes of a frame that [#add] looks at.
    static final int HEAD_BYTES = 2;
    /// A picture behind a pause does not stay as long as the pause was.
    private static final long MAX_PICTURE_NANOS = 1_000_000_000;

    private static final long NANOS_PER_SECOND = 1_000_000_000;

    private final Codec codec;
    private final long frameNanos;
    private long lastNanos = Long.MIN_VALUE;
    private long beforeNanos = Long.MIN_VALUE;
    private long endNanos;

    TrackEnd(Codec codec) {
        this.codec = codec;
        this.frameNanos = switch (codec) {
            case Codec.Aac aac -> Aac.samplesPerFrame(aac) * NANOS_PER_SECOND / aac.sampleRateHz();
            // ISO/IEC 11172-3 and 13818-3: 1152 samples, half of it at the low rates.
            case Codec.Mp3 mp3 -> (mp3.sampleRateHz() >= 32_000 ? 1152 : 576) * NANOS_PER_SECOND / mp3.sampleRateHz();
            case Codec.Ac3 ac3 -> Ac3Header.SAMPLES * NANOS_PER_SECOND / ac3.sampleRateHz();
            default -> 0;
        };
    }

    /// @param head the first bytes of the frame
    /// @param length of the whole frame
    void add(long ptsNanos, Bytes head, int length) {
        switch (codec) {
            case Codec.Video _ -> addPicture(ptsNanos);
            case Codec.Audio audio -> endNanos = Math.max(endNanos, ptsNanos + soundNanos(audio, head, length));
        }
    }

    /// Keeps the two latest times: pictures do not come in the order in which they are shown.
    private void addPicture(long ptsNanos) {
        if (ptsNanos > lastNanos) {
            beforeNanos = lastNanos;
            lastNanos = ptsNanos;
        } else if (ptsNanos > beforeNanos && ptsNanos < lastNanos) {
            beforeNanos = ptsNanos;
        }
    }

    private long soundNanos(Codec.Audio audio, Bytes head, int length) {
        return switch (audio) {
            case Codec.Opus _ -> opusNanos(head);
            case Codec.Aac _, Codec.Mp3 _, Codec.Ac3 _ -> frameNanos;
            case Codec.Pcma _, Codec.Pcmu _ ->
                length * NANOS_PER_SECOND / Math.max(1, (long) audio.sampleRateHz() * audio.channels());
            case Codec.G722 _ -> 0;
        };
    }

    /// A packet that no decoder can take plays for no time; it is no reason to lose the file.
    private static long opusNanos(Bytes packet) {
        try {
            return OpusPacket.durationNanos(packet);
        } catch (MalformedException e) {
            return 0;
        }
    }

    /// On the file's clock; 0 before the first frame.
    long endNanos() {
        if (beforeNanos == Long.MIN_VALUE) {
            return Math.max(endNanos, Math.max(0, lastNanos));
        }
        return lastNanos + Math.min(MAX_PICTURE_NANOS, lastNanos - beforeNanos);
    }
}
