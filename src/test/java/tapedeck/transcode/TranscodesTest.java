package tapedeck.transcode;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tapedeck.bytes.Bytes;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.peers.Beeps;
import tapedeck.peers.Fuzz;
import tapedeck.peers.TestMedia;
import tapedeck.settings.Settings;

/// Real workers with real FFmpeg inside, judged by decoding what they made.
@Tag("peer")
@Timeout(value = 240, unit = TimeUnit.SECONDS)
class TranscodesTest {
    private static final long SECOND = 1_000_000_000L;
    private static final long BATCH_NANOS = 750_000_000L;
    private static final long PACKET_NANOS = 20_000_000L;
    private static final Settings.Aac DEFAULT = new Settings.Aac(44_100, 2, 5);

    private static Transcodes transcodes(Settings.Aac settings) {
        return new Transcodes(settings, 1, WorkerSlot.command());
    }

    private static boolean loud(double level) {
        return level > 0.02;
    }

    /// A tone from the first sample to the last, and nothing behind it.
    @Test
    void everyCodecBecomesAacOfTheSameLength() {
        try (Transcodes transcodes = transcodes(DEFAULT)) {
            for (List<Frame> frames : List.of(TestMedia.opus(5), TestMedia.mp3(5), Beeps.g711(5, 1, 1))) {
                String name = frames.getFirst().track().codec().name();
                Converted converted =
                        Converted.of(transcodes, frames, BATCH_NANOS).assertSeamless();
                assertEquals(
                        new Track(Track.AUDIO, tapedeck.codec.aac.Aac.lc(44_100, 2)),
                        converted.frames().getFirst().track());
                assertEquals(5, converted.frames().size() * 1024 / 44_100.0, 0.08, name);
                double[] levels = converted.levels();
                for (int i = 8; i < 490; i++) {
                    assertTrue(loud(levels[i]), name + " at " + i * 10 + " ms");
                }
            }
            assertEquals(0, transcodes.statistics().crashes());
            assertEquals(0, transcodes.statistics().streams());
            assertEquals(1, transcodes.statistics().workers());
        }
    }

    @Test
    void rateChannelsAndModeAreThoseOfTheSettings() {
        double before = 0;
        for (int mode = 1; mode <= 5; mode++) {
            try (Transcodes transcodes = transcodes(new Settings.Aac(48_000, 2, mode))) {
                Converted converted = Converted.of(transcodes, noise(8), BATCH_NANOS);
                assertEquals(48_000, converted.sampleRateHz());
                double rate = converted.kilobitsPerSecond();
                System.out.printf("mode %d: %.0f kbit/s%n", mode, rate);
                assertTrue(rate > before, "mode %d: %.0f kbit/s".formatted(mode, rate));
                before = rate;
            }
        }
        try (Transcodes transcodes = transcodes(new Settings.Aac(22_050, 1, 0))) {
            Converted converted = Converted.of(transcodes, noise(8), BATCH_NANOS);
            assertEquals(22_050, converted.sampleRateHz());
            assertEquals(56, converted.kilobitsPerSecond(), 6);
            assertEquals(1, ((Codec.Aac) converted.frames().getFirst().track().codec()).channels());
            assertTrue(loud(converted.levels()[200]));
        }
    }

    /// DTX, a lost packet, a pause: silence of the same length, and the sound behind it where it belongs.
    @Test
    void whatIsMissingIsSilence() {
        List<Frame> frames = new ArrayList<>(TestMedia.opus(6));
        frames.removeIf(frame -> frame.ptsNanos() >= 2 * SECOND && frame.ptsNanos() < 4 * SECOND);
        try (Transcodes transcodes = transcodes(DEFAULT)) {
            double[] levels = Converted.of(transcodes, frames, BATCH_NANOS)
                    .assertSeamless()
                    .levels();
            assertEquals(6, levels.length / 100.0, 0.06);
            for (int i = 8; i < 590; i++) {
                if (i < 196 || i > 405) {
                    assertTrue(loud(levels[i]), "sound at " + i * 10 + " ms");
                } else if (i > 204 && i < 394) {
                    assertTrue(levels[i] < 0.001, "silence at " + i * 10 + " ms");
                }
            }
        }
    }

    /// C3 of the reliability battery.
    @Test
    void afterAJumpTheSoundBeginsAnew() {
        List<Frame> frames = new ArrayList<>(TestMedia.opus(3));
        frames.addAll(TestMedia.shifted(TestMedia.opus(3), 3 * 3600 * SECOND));
        try (Transcodes transcodes = transcodes(DEFAULT)) {
            Converted all = Converted.of(transcodes, frames, BATCH_NANOS);
            Converted before = all.between(-1, 10).assertSeamless();
            Converted after = all.between(10, 1e6).assertSeamless();
            assertEquals(3, before.frames().size() * 1024 / 44_100.0, 0.06);
            assertEquals(3, after.frames().size() * 1024 / 44_100.0, 0.06);
            assertEquals(3 * 3600, after.frames().getFirst().ptsNanos() / 1e9, 0.01);
        }
    }

    /// C4 of the reliability battery: 0.1 % fast for three hours, every beep where it was.
    @Test
    void aFastSenderStaysInSyncForThreeHours() {
        double rateHz = 8008;
        List<Frame> frames = Beeps.g711(3 * 3600, rateHz / 8000, 0.1);
        try (Transcodes transcodes = transcodes(new Settings.Aac(8000, 1, 1))) {
            Converted all = Converted.of(transcodes, frames, 8 * SECOND).assertSeamless();
            for (int from : new int[] {0, 600, 5400, 10_770}) {
                List<Double> onsets = all.between(from, from + 30).onsets(0.1);
                assertTrue(onsets.size() >= 28, from + " s: " + onsets);
                for (double onset : onsets) {
                    assertEquals(Math.rint(onset - 0.5) + 0.5, onset, 0.020, from + " s: " + onsets);
                }
            }
        }
    }

    /// The worker dies between two batches and another one goes on: no sound is lost, the stamps go on.
    @Test
    void aWorkerThatIsKilledCostsNothing() {
        List<Frame> frames = Beeps.g711(10, 1, 0.1);
        try (Transcodes transcodes = transcodes(DEFAULT)) {
            List<Double> undisturbed =
                    Converted.of(transcodes, frames, BATCH_NANOS).onsets(0.1);
            Converted disturbed = Converted.of(transcodes, frames, BATCH_NANOS, batch -> {
                        if (batch == 3 || batch == 7) {
                            kill(transcodes);
                        }
                    })
                    .assertSeamless();
            assertEquals(2, transcodes.statistics().crashes());
            List<Double> onsets = disturbed.onsets(0.1);
            assertEquals(undisturbed.size(), onsets.size());
            for (int i = 0; i < onsets.size(); i++) {
                assertEquals(undisturbed.get(i), onsets.get(i), 0.003);
            }
        }
    }

    private static void kill(Transcodes transcodes) {
        for (long pid : transcodes.pids()) {
            ProcessHandle worker = ProcessHandle.of(pid).orElseThrow();
            worker.destroyForcibly();
            worker.onExit().join();
        }
    }

    /// Damaged packets of every codec, beside a stream that must not notice.
    @Test
    void hostilePacketsDisturbNobodyElse() {
        Random random = new Random(11);
        List<Frame> hostile = new ArrayList<>();
        for (Frame frame : TestMedia.opus(30)) {
            hostile.add(new Frame(
                    frame.track(), frame.dtsNanos(), frame.ptsNanos(), true, Fuzz.damaged(frame.data(), random)));
        }
        for (Frame frame : TestMedia.mp3(30)) {
            long nanos = frame.dtsNanos() + 31 * SECOND;
            hostile.add(new Frame(frame.track(), nanos, nanos, true, Fuzz.damaged(frame.data(), random)));
        }
        for (int i = 0; i < 500; i++) {
            byte[] rubbish = new byte[random.nextInt(2000)];
            random.nextBytes(rubbish);
            long nanos = 62 * SECOND + i * PACKET_NANOS;
            hostile.add(new Frame(hostile.getFirst().track(), nanos, nanos, true, Bytes.wrap(rubbish)));
        }
        try (Transcodes transcodes = transcodes(DEFAULT)) {
            Converted converted = Converted.of(transcodes, hostile, BATCH_NANOS);
            assertFalse(converted.failed());
            System.out.println("hostile: " + transcodes.statistics());
            converted.assertSeamless();
            assertEquals(72, converted.frames().size() * 1024 / 44_100.0, 1);
            Converted other =
                    Converted.of(transcodes, Beeps.g711(3, 1, 0.1), BATCH_NANOS).assertSeamless();
            assertEquals(3, other.onsets(0.1).size());
        }
    }

    @Test
    void withoutAWorkerTheFramesComeBackAsTheyWere() {
        List<Frame> frames = TestMedia.opus(2);
        for (List<String> command : List.of(List.of("/nonexistent/java"), List.of("/bin/false"))) {
            try (Transcodes transcodes = new Transcodes(DEFAULT, 2, command)) {
                Converted converted = Converted.of(transcodes, frames, 10 * SECOND);
                assertTrue(converted.failed());
                assertEquals(frames, converted.frames());
                assertTrue(transcodes.aac(frames.getFirst().track()).isEmpty(), "nobody tries again at once");
            }
        }
    }

    @Test
    void noWorkerOutlivesItsServer() {
        List<Long> pids;
        try (Transcodes transcodes = transcodes(DEFAULT)) {
            assertEquals(List.of(), transcodes.pids(), "none before it is needed");
            Converted.of(transcodes, TestMedia.opus(1), BATCH_NANOS);
            pids = transcodes.pids();
        }
        assertEquals(1, pids.size());
        pids.forEach(
                pid -> ProcessHandle.of(pid).ifPresent(worker -> worker.onExit().join()));
    }

    /// White noise, which needs the most bits.
    private static List<Frame> noise(int seconds) {
        Track track = new Track(Track.AUDIO, new Codec.Pcma(8000, 1));
        Random random = new Random(3);
        List<Frame> frames = new ArrayList<>();
        for (int i = 0; i < seconds * 50; i++) {
            byte[] data = new byte[160];
            random.nextBytes(data);
            frames.add(new Frame(track, i * PACKET_NANOS, i * PACKET_NANOS, true, Bytes.wrap(data)));
        }
        return frames;
    }
}
