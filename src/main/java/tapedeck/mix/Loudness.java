package tapedeck.mix;

import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import tapedeck.transcode.SoundEncoder;

/// Hears who is the loudest, slowly enough that the picture does not jump at every cough.
final class Loudness {
    /// What is compared: half a second.
    static final int WINDOW_SAMPLES = SoundEncoder.RATE_HZ / 2;
    /// Nobody is taken for a speaker below it: -50 dB of full scale.
    private static final double LEAST_POWER = 1e-5;
    /// A new one has to be so much louder than the one before: 3 dB.
    private static final double MUCH_LOUDER = 2;

    private final Sink sink;
    /// By window, then by source: the sum of squares.
    private final TreeMap<Long, Map<Integer, Double>> windows = new TreeMap<>();
    private int speaker = -1;

    /// Hears of a change.
    interface Sink {
        void loudest(long fromSample, int line);
    }

    Loudness(Sink sink) {
        this.sink = sink;
    }

    void add(int line, long at, float[] samples, int from, int count) {
        for (int i = 0; i < count; ) {
            long window = (at + i) / WINDOW_SAMPLES;
            int end = (int) Math.min(count, (window + 1) * WINDOW_SAMPLES - at);
            double sum = 0;
            for (; i < end; i++) {
                sum += (double) samples[from + i] * samples[from + i];
            }
            windows.computeIfAbsent(window, _ -> new HashMap<>()).merge(line, sum, Double::sum);
        }
    }

    /// Everything before this sample is there.
    void advance(long until) {
        while (!windows.isEmpty() && (windows.firstKey() + 1) * WINDOW_SAMPLES <= until) {
            var window = windows.pollFirstEntry();
            int loudest = -1;
            double most = LEAST_POWER * WINDOW_SAMPLES;
            for (var source : new TreeMap<>(window.getValue()).entrySet()) {
                if (source.getValue() > most) {
                    most = source.getValue();
                    loudest = source.getKey();
                }
            }
            double before = window.getValue().getOrDefault(speaker, 0.0);
            if (loudest >= 0 && loudest != speaker && most > before * MUCH_LOUDER) {
                speaker = loudest;
                sink.loudest(window.getKey() * WINDOW_SAMPLES, loudest);
            }
        }
    }
}
