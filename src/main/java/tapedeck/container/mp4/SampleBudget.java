package tapedeck.container.mp4;

import tapedeck.bytes.MalformedException;

/// How many samples a file may have. A few bytes can claim 2^32 of them: what a box claims is taken from here before
/// anything is allocated for it.
final class SampleBudget {
    /// 24 hours of 60 pictures, and 200 frames of sound, a second.
    static final int MAX_SAMPLES = 24 * 3600 * 260;

    private long left;

    /// A sample has a byte of media at the least.
    SampleBudget(long fileBytes) {
        this(fileBytes, MAX_SAMPLES);
    }

    private SampleBudget(long fileBytes, long most) {
        left = Math.min(fileBytes, most);
    }

    /// Of one who goes through them and keeps none: only the file's bytes bound them.
    static SampleBudget ofWalk(long fileBytes) {
        return new SampleBudget(fileBytes, Long.MAX_VALUE);
    }

    int take(long samples) {
        if (samples > Math.min(left, Integer.MAX_VALUE)) {
            throw new MalformedException(
                    "MP4: %d samples more, only %d allowed in one file are left".formatted(samples, left));
        }
        left -= samples;
        return (int) samples;
    }
}
