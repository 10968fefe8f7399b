package tapedeck.mix;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;

/// A sum that is too loud is turned down, and nothing else happens.
class LimiterTest {
    private static float[] through(float[] samples) {
        Limiter limiter = new Limiter(1);
        float[] out = new float[samples.length];
        int at = 0;
        for (int from = 0; from < samples.length; from += Limiter.BLOCK) {
            if (limiter.next(new float[][] {samples}, from)) {
                System.arraycopy(limiter.out()[0], 0, out, at, Limiter.BLOCK);
                at += Limiter.BLOCK;
            }
        }
        assertTrue(limiter.last());
        System.arraycopy(limiter.out()[0], 0, out, at, Limiter.BLOCK);
        assertFalse(limiter.last());
        return out;
    }

    private static float[] tone(int blocks, double amplitude) {
        float[] samples = new float[blocks * Limiter.BLOCK];
        for (int i = 0; i < samples.length; i++) {
            samples[i] = (float) (amplitude * Math.sin(i * 0.05));
        }
        return samples;
    }

    @Test
    void whatIsNotTooLoudPassesUnchanged() {
        float[] samples = tone(20, 0.85);
        assertArrayEquals(samples, through(samples));
    }

    @Test
    void nothingIsEverTooLoud() {
        Random random = new Random(1);
        float[] samples = new float[200 * Limiter.BLOCK];
        for (int i = 0; i < samples.length; i++) {
            samples[i] = (float) (random.nextGaussian() * (i / 20_000 % 2 == 0 ? 0.1 : 6));
        }
        for (float sample : through(samples)) {
            assertTrue(Math.abs(sample) <= Limiter.CEILING + 1e-6, Float.toString(sample));
        }
    }

    @Test
    void loudnessChangesWithoutAStep() {
        float[] samples = tone(100, 0.5);
        for (int i = 30 * Limiter.BLOCK; i < 50 * Limiter.BLOCK; i++) {
            samples[i] *= 8;
        }
        float[] out = through(samples);
        float before = 1;
        for (int i = 0; i < samples.length; i++) {
            if (Math.abs(samples[i]) > 0.05) {
                float gain = out[i] / samples[i];
                assertTrue(Math.abs(gain - before) < 0.05, i + ": " + before + " to " + gain);
                before = gain;
            }
        }
        assertEquals(samples[samples.length - 100], out[samples.length - 100], 0.01, "and comes back");
    }
}
