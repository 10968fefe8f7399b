package tapedeck.container.mp4;

import tapedeck.bytes.MalformedException;

/// How many samples a file may have. A few bytes can claim 2^32 of them: what a box claims is taken from here before
/// anything is allocated for it.
final class SampleBudget {
    /// 24 hours of 60 pictures, and 200 frames of sound, a second.
    static final int MAX_SAMPLES = 24 * 3600 * 260;

    private int left;

    /// A sample has a byte of media at the least.
    SampleBudget(long fileBytes) {
        left = (int) Math.min(fileBytes, MAX_SAMPLES);
    }

    int take(long samples) {
        if (samples > left) {
            throw new MalformedException(
                    "MP4: %d samples more, only %d allowed in one file are left".formatted(samples, left));
        }
        left -= (int) samples;
        return (int) samples;
    }
}
