package tapedeck.container.mp4;

import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.codec.aac.Aac;
import tapedeck.codec.ac3.Ac3Header;
import tapedeck.codec.opus.OpusPacket;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;

/// Turns nanoseconds into ticks of a track, each from its own stamp, so that no error adds up.
///
/// Sound that follows on without a hole keeps the steps of its own sample count as long as they stay within
/// [#SLACK_NANOS] of the stamps: RTMP rounds stamps to milliseconds, and 1024, 1024, 1024 is what was meant by 23, 46,
/// 70. That keeps the clock of the sound even and the tables short, and every stamp still rounds to the same
/// millisecond. Where the first stamp was rounded far from what was meant, the first second moves to the grid that fits
/// all that follow.
final class TrackClock {
    /// Just under half a millisecond; not less, or no grid would fit stamps that were rounded.
    static final long SLACK_NANOS = 499_999;
    /// Further off than this is a hole or a jump, not rounding.
    static final long JUMP_NANOS = 2_000_000;

    /// What nanoseconds in 64 bits can say: 292 years.
    private static final long MAX_SECONDS = Long.MAX_VALUE / 1_000_000_000 - 1;

    private static final long NANOS_PER_SECOND = 1_000_000_000;

    private final Track track;
    private final int timescale;
    private final int fixedSamples;
    private long expectedTicks = Long.MIN_VALUE;

    TrackClock(Track track) {
        this.track = track;
        timescale = InitMovie.timescale(track);
        fixedSamples = samplesPerFrame(track.codec());
    }

    private static int samplesPerFrame(Codec codec) {
        return switch (codec) {
            case Codec.Aac aac -> Aac.samplesPerFrame(aac);
            // ISO/IEC 11172-3 2.4.2.1, ISO/IEC 13818-3 2.4.2.1: half as many at the low rates
            case Codec.Mp3 mp3 -> mp3.sampleRateHz() < 32_000 ? 576 : 1152;
            case Codec.Ac3 _ -> Ac3Header.SAMPLES;
            case Codec.Opus _, Codec.Pcma _, Codec.Pcmu _, Codec.G722 _, Codec.Video _ -> 0;
        };
    }

    /// How long a frame of this track usually is, 0 if that cannot be said.
    static int usualTicks(Track track) {
        return switch (track.codec()) {
            // 20 ms, as all of WebRTC has it
            case Codec.Opus _ -> InitMovie.timescale(track) / 50;
            case Codec.Audio _, Codec.Video _ -> samplesPerFrame(track.codec());
        };
    }

    Track track() {
        return track;
    }

    /// Nearest tick; exact for every time that a file can have.
    long nearest(long nanos) {
        return ticks(nanos, timescale);
    }

    static long ticks(long nanos, long timescale) {
        long seconds = Math.floorDiv(nanos, NANOS_PER_SECOND);
        long rest = Math.floorMod(nanos, NANOS_PER_SECOND);
        return seconds * timescale + (rest * timescale + NANOS_PER_SECOND / 2) / NANOS_PER_SECOND;
    }

    /// The nanoseconds of ticks, rounded to the nearest.
    static long nanos(long ticks, long timescale) {
        long seconds = Math.floorDiv(ticks, timescale);
        if (Math.abs(seconds) > MAX_SECONDS) {
            throw new MalformedException("MP4: a time of %d ticks of 1/%d s".formatted(ticks, timescale));
        }
        long rest = Math.floorMod(ticks, timescale);
        return seconds * NANOS_PER_SECOND + (rest * NANOS_PER_SECOND + timescale / 2) / timescale;
    }

    /// The tick of the next frame of this track.
    long next(Frame frame, long nanos) {
        long ticks = nearest(nanos);
        int samples = samples(frame.data());
        if (samples > 0) {
            ticks = settled(nanos, ticks);
            expectedTicks = ticks + samples;
        }
        return ticks;
    }

    private long settled(long nanos, long ticks) {
        long jump = nearest(JUMP_NANOS);
        if (expectedTicks == Long.MIN_VALUE || Math.abs(ticks - expectedTicks) > jump) {
            return ticks;
        }
        // Rounded to a tick, the stamp itself would be up to half a tick off.
        long earliest = -floor(SLACK_NANOS - nanos, timescale);
        long latest = floor(nanos + SLACK_NANOS, timescale);
        return earliest > latest ? ticks : Math.clamp(expectedTicks, earliest, latest);
    }

    private static long floor(long nanos, long timescale) {
        long seconds = Math.floorDiv(nanos, NANOS_PER_SECOND);
        long rest = Math.floorMod(nanos, NANOS_PER_SECOND);
        return seconds * timescale + rest * timescale / NANOS_PER_SECOND;
    }

    /// How many ticks the frame plays, or 0 if only the next one tells.
    int samples(Bytes data) {
        return switch (track.codec()) {
            case Codec.Aac _, Codec.Mp3 _, Codec.Ac3 _ -> fixedSamples;
            case Codec.Opus _ -> opusSamples(data);
            case Codec.Pcma pcm -> data.length() / pcm.channels();
            case Codec.Pcmu pcm -> data.length() / pcm.channels();
            case Codec.G722 _, Codec.Video _ -> 0;
        };
    }

    /// A packet that is none is stored all the same; its stamp stands.
    private static int opusSamples(Bytes packet) {
        try {
            return OpusPacket.samples(packet);
        } catch (MalformedException _) {
            return 0;
        }
    }
}
