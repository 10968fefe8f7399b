package tapedeck.record;

import org.jspecify.annotations.Nullable;
import tapedeck.bytes.MalformedException;
import tapedeck.codec.aac.Aac;
import tapedeck.codec.ac3.Ac3Header;
import tapedeck.codec.opus.OpusPacket;
import tapedeck.media.Codec;
import tapedeck.media.Frame;

/// Measures one file while it is written: a few additions for each frame, nothing kept but sums.
final class QualityMeter {
    private static final long NANOS_PER_MILLI = 1_000_000;
    private static final long NANOS_PER_SECOND = 1_000_000_000;
    /// A step of the sound's clock that is further off than this is a hole or a jump, and no drift.
    private static final long MAX_CLOCK_STEP_NANOS = 15 * NANOS_PER_MILLI;
    /// ITU-T G.722: 64 kbit/s, two samples of 16 kHz in a byte.
    private static final long G722_BYTES_PER_SECOND = 8000;

    private static final long NONE = Long.MIN_VALUE;

    private final boolean video;
    private long lastDtsNanos = NONE;
    private long lastShownDtsNanos = NONE;
    private long freezeNanos;
    private long soundEndNanos = NONE;
    private long driftNanos;
    private boolean sound;
    private long filledNanos = NONE;

    /// @param video whether the file has pictures
    QualityMeter(boolean video) {
        this.video = video;
    }

    void frame(Frame frame) {
        long dtsNanos = frame.dtsNanos();
        lastDtsNanos = Math.max(lastDtsNanos, dtsNanos);
        if (frame.track().isVideo() == video) {
            if (lastShownDtsNanos != NONE) {
                freezeNanos = Math.max(freezeNanos, dtsNanos - lastShownDtsNanos);
            }
            lastShownDtsNanos = dtsNanos;
        }
        if (frame.track().codec() instanceof Codec.Audio audio) {
            clock(frame, durationNanos(audio, frame));
        }
    }

    /// Each frame should begin where the one before it ends. What the small differences add up to is the drift.
    private void clock(Frame frame, long durationNanos) {
        if (durationNanos == 0) {
            return;
        }
        if (soundEndNanos != NONE) {
            long off = frame.ptsNanos() - soundEndNanos;
            if (Math.abs(off) <= MAX_CLOCK_STEP_NANOS) {
                driftNanos += off;
            }
        }
        sound = true;
        soundEndNanos = frame.ptsNanos() + durationNanos;
    }

    /// 0 where only a decoder knows.
    private static long durationNanos(Codec.Audio codec, Frame frame) {
        return switch (codec) {
            case Codec.Aac aac -> Aac.samplesPerFrame(aac) * NANOS_PER_SECOND / aac.sampleRateHz();
            case Codec.Opus _ -> opusNanos(frame);
            case Codec.Pcma pcm -> pcmNanos(frame, pcm.sampleRateHz() * (long) pcm.channels());
            case Codec.Pcmu pcm -> pcmNanos(frame, pcm.sampleRateHz() * (long) pcm.channels());
            case Codec.G722 _ -> pcmNanos(frame, G722_BYTES_PER_SECOND);
            case Codec.Ac3 ac3 -> Ac3Header.SAMPLES * NANOS_PER_SECOND / ac3.sampleRateHz();
            case Codec.Mp3 _ -> 0;
        };
    }

    private static long opusNanos(Frame frame) {
        try {
            return OpusPacket.durationNanos(frame.data());
        } catch (MalformedException _) {
            // Its container took it; how long it plays is for a decoder to find out.
            return 0;
        }
    }

    private static long pcmNanos(Frame frame, long bytesPerSecond) {
        return frame.data().length() * NANOS_PER_SECOND / bytesPerSecond;
    }

    /// Silence was put where no sound came.
    void filled(long nanos) {
        filledNanos = filledNanos == NONE ? nanos : filledNanos + nanos;
    }

    /// @param framesMissing counted by whoever misses them
    Quality report(long framesMissing) {
        // A picture that stands while the sound goes on to the end.
        long standing = lastShownDtsNanos == NONE ? 0 : lastDtsNanos - lastShownDtsNanos;
        return new Quality(
                framesMissing,
                Math.max(freezeNanos, standing) / NANOS_PER_MILLI,
                millis(filledNanos),
                sound ? (Long) (driftNanos / NANOS_PER_MILLI) : null);
    }

    private static @Nullable Long millis(long nanos) {
        return nanos == NONE ? null : (Long) (nanos / NANOS_PER_MILLI);
    }
}
