package tapedeck.mix;

/// Keeps a sum of voices from clipping: a little before a sample would be too loud everything is turned down, without a
/// step, and up again slowly. What is not too loud passes unchanged, only [#BLOCK] samples later.
final class Limiter {
    /// 10 ms at 48 kHz; how far it looks ahead.
    static final int BLOCK = 480;
    /// -1 dB of full scale: what AAC makes of a sample may be a little larger than it was.
    static final float CEILING = 0.891f;
    /// How much of what is missing comes back with each block: most of it in a fifth of a second.
    private static final float RELEASE = 0.1f;

    private final float[][] held;
    private final float[][] out;
    private float heldMost = 1;
    private float gain = 1;
    private boolean holding;

    Limiter(int channels) {
        held = new float[channels][BLOCK];
        out = new float[channels][BLOCK];
    }

    /// Takes a block and gives the one before, or nothing the first time.
    ///
    /// @return whether [#out] has a block
    boolean next(float[][] samples, int from) {
        float peak = 0;
        for (float[] channel : samples) {
            for (int i = from; i < from + BLOCK; i++) {
                peak = Math.max(peak, Math.abs(channel[i]));
            }
        }
        float most = peak > CEILING ? CEILING / peak : 1;
        boolean given = holding;
        if (given) {
            give(most);
        }
        for (int i = 0; i < held.length; i++) {
            System.arraycopy(samples[i], from, held[i], 0, BLOCK);
        }
        heldMost = most;
        holding = true;
        return given;
    }

    /// Gives the last block.
    boolean last() {
        boolean given = holding;
        if (given) {
            give(1);
            holding = false;
        }
        return given;
    }

    /// From the gain that the block before ended with to one that neither this nor the next block is too loud with; in
    /// between it is no larger than at its ends.
    private void give(float nextMost) {
        float end = Math.min(Math.min(heldMost, nextMost), gain + (1 - gain) * RELEASE);
        for (int c = 0; c < held.length; c++) {
            for (int i = 0; i < BLOCK; i++) {
                out[c][i] = held[c][i] * (gain + (end - gain) * i / BLOCK);
            }
        }
        gain = end;
    }

    /// Valid until the next call.
    float[][] out() {
        return out;
    }
}
