package tapedeck.transcode;

/// Decides what is done about the difference between when sound should be and where it is: the stamps of the
/// packets are right, the number of their samples is not.
///
/// Small differences, as those of a sound card that is not quite as fast as it says, are stretched or squeezed away;
/// holes become silence and overlaps are cut. Positions are samples of the converted sound since the anchor.
final class SoundClock {
    /// From here on a lack of sound is a hole: less than any packet of speech, more than stamps in milliseconds vary.
    static final long HOLE_NANOS = 15_000_000L;
    /// From here on too much sound is cut.
    static final long OVERLAP_NANOS = 30_000_000L;
    /// What is stretched away: less is the noise of stamps.
    static final long SKEW_NANOS = 4_000_000L;
    /// A longer hole is a jump of the clock: the sound begins anew behind it.
    static final long MAX_SILENCE_NANOS = 10_000_000_000L;
    /// So many packets have to agree on a hole or an overlap, as far as they are there.
    static final int WITNESSES = 3;
    /// The most that is added or taken away: a twelfth of a semitone, and never suddenly.
    static final double MAX_STRETCH = 0.005;
    /// A difference is made good in about this time.
    private static final double STRETCH_SECONDS = 3;
    /// Over this time differences are averaged.
    private static final double AVERAGE_SECONDS = 1;

    private static final long NANOS_PER_SECOND = 1_000_000_000;

    private final int rateHz;
    private final long anchorNanos;
    private boolean aligned;
    private boolean stretching;
    private double skewSamples;

    SoundClock(int rateHz, long anchorNanos) {
        this.rateHz = rateHz;
        this.anchorNanos = anchorNanos;
    }

    long anchorNanos() {
        return anchorNanos;
    }

    /// Where sound of this time belongs.
    long sampleAt(long ptsNanos) {
        long nanos = ptsNanos - anchorNanos;
        long seconds = Math.floorDiv(nanos, NANOS_PER_SECOND);
        return seconds * rateHz + samples(Math.floorMod(nanos, NANOS_PER_SECOND), rateHz);
    }

    /// When this sample sounds.
    long nanosAt(long sample) {
        long seconds = Math.floorDiv(sample, rateHz);
        long rest = Math.floorMod(sample, (long) rateHz);
        return anchorNanos + seconds * NANOS_PER_SECOND + (rest * NANOS_PER_SECOND + rateHz / 2) / rateHz;
    }

    static long samples(long nanos, int rateHz) {
        return (nanos * rateHz + NANOS_PER_SECOND / 2) / NANOS_PER_SECOND;
    }

    /// What has to be done in front of a packet: so many samples of silence, or, negative, so many samples cut off.
    ///
    /// @param position where the packet's first sample would be if nothing was done
    /// @param targets where this packet belongs, and up to [#WITNESSES] with those behind it
    /// @param samples of this packet
    long step(long position, long[] targets, int samples) {
        long skew = targets[0] - position;
        if (!aligned) {
            // Exactly, even if all of this packet has to go for it.
            aligned = skew >= -samples;
            return skew;
        }
        long least = skew;
        long most = skew;
        for (int i = 1; i < targets.length; i++) {
            long other = targets[i] - position - (long) i * samples;
            least = Math.min(least, other);
            most = Math.max(most, other);
        }
        if (least > samples(HOLE_NANOS, rateHz)) {
            forget();
            return least;
        }
        if (most < -samples(OVERLAP_NANOS, rateHz)) {
            forget();
            aligned = most >= -samples;
            return most;
        }
        double weight = Math.min(1, samples / (AVERAGE_SECONDS * rateHz));
        skewSamples += weight * (skew - skewSamples);
        return 0;
    }

    /// A silence was put in, or a jump was made: what was averaged is over.
    void forget() {
        skewSamples = 0;
        stretching = false;
    }

    /// Samples to be added in each second; negative: to be taken away.
    int stretch() {
        double skew = Math.abs(skewSamples);
        stretching = skew > samples(SKEW_NANOS, rateHz) || stretching && skew > samples(SKEW_NANOS / 4, rateHz);
        double most = MAX_STRETCH * rateHz;
        return stretching ? (int) Math.round(Math.clamp(skewSamples / STRETCH_SECONDS, -most, most)) : 0;
    }
}
