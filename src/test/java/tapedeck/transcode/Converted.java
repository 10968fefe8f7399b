package tapedeck.transcode;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.ShortBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.IntConsumer;
import tapedeck.bytes.ByteWriter;
import tapedeck.codec.aac.AdtsHeader;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.peers.Ffmpeg;
import tapedeck.stream.Rendition;

/// What a rendition made of frames, and what the real ffmpeg hears in it.
record Converted(List<Frame> frames, boolean failed) {
    private static final long DEADLINE_SECONDS = 60;

    /// Converts these frames in batches of so much media time, and waits for each answer.
    static Converted of(Transcodes transcodes, List<Frame> frames, long batchNanos) {
        return of(transcodes, frames, batchNanos, _ -> {});
    }

    /// @param between called with the number of each batch before it is written
    static Converted of(Transcodes transcodes, List<Frame> frames, long batchNanos, IntConsumer between) {
        Semaphore woken = new Semaphore(0);
        Track source = frames.getFirst().track();
        List<Frame> converted = new ArrayList<>();
        try (Rendition rendition = transcodes.aac(source).orElseThrow().begin(woken::release)) {
            int batches = 0;
            List<Frame> batch = new ArrayList<>();
            for (Frame frame : frames) {
                if (!batch.isEmpty() && frame.ptsNanos() - batch.getFirst().ptsNanos() >= batchNanos) {
                    between.accept(batches++);
                    rendition.write(batch, Long.MIN_VALUE);
                    batch = new ArrayList<>();
                    if (!answered(rendition, woken, converted)) {
                        return new Converted(converted, true);
                    }
                }
                batch.add(frame);
            }
            between.accept(batches);
            rendition.write(batch, Long.MIN_VALUE);
            rendition.finish();
            return new Converted(converted, !answered(rendition, woken, converted));
        }
    }

    private static boolean answered(Rendition rendition, Semaphore woken, List<Frame> target) {
        try {
            while (true) {
                switch (rendition.drainTo(target)) {
                    case IDLE -> {
                        return true;
                    }
                    case FAILED -> {
                        return false;
                    }
                    case WAITING, SLOW, LATE ->
                        assertTrue(woken.tryAcquire(DEADLINE_SECONDS, TimeUnit.SECONDS), "no answer comes");
                }
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    int sampleRateHz() {
        return ((Codec.Audio) frames.getFirst().track().codec()).sampleRateHz();
    }

    /// That each frame begins where the one before it ends, to the nanosecond's rounding.
    Converted assertSeamless() {
        long first = frames.getFirst().ptsNanos();
        for (int i = 0; i < frames.size(); i++) {
            long due = first + Math.round(i * 1024e9 / sampleRateHz());
            assertTrue(Math.abs(frames.get(i).ptsNanos() - due) <= 2, "frame " + i);
        }
        return this;
    }

    double kilobitsPerSecond() {
        long bytes = frames.stream().mapToLong(frame -> frame.data().length()).sum();
        return bytes * 8.0 * sampleRateHz() / 1024 / frames.size() / 1000;
    }

    /// The part of it between two times.
    Converted between(double fromSeconds, double toSeconds) {
        return new Converted(
                frames.stream()
                        .filter(frame -> frame.ptsNanos() >= fromSeconds * 1e9 && frame.ptsNanos() < toSeconds * 1e9)
                        .toList(),
                failed);
    }

    /// The first channel as ffmpeg decodes it. Sample 0 sounds at the first frame's stamp.
    ShortBuffer samples() {
        try {
            Path file = Files.createTempFile("converted", ".aac");
            try {
                Codec.Aac codec = (Codec.Aac) frames.getFirst().track().codec();
                ByteWriter adts = new ByteWriter(1 << 20);
                for (Frame frame : frames) {
                    adts.bytes(AdtsHeader.write(codec, frame.data().length())).bytes(frame.data());
                }
                Files.write(file, adts.toByteArray());
                Ffmpeg.Result result = Ffmpeg.ffmpeg(
                        "-v", "error", "-f", "aac", "-i", file.toString(), "-af", "pan=mono|c0=c0", "-f", "s16le", "-");
                assertEquals("", result.err());
                return ByteBuffer.wrap(result.out())
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .asShortBuffer();
            } finally {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// How loud each stretch of 10 ms is, as a part of full scale; the first at the first frame's stamp.
    double[] levels() {
        ShortBuffer samples = samples();
        int step = sampleRateHz() / 100;
        double[] levels = new double[samples.limit() / step];
        for (int i = 0; i < levels.length; i++) {
            double sum = 0;
            for (int j = 0; j < step; j++) {
                double sample = samples.get(i * step + j) / 32_768.0;
                sum += sample * sample;
            }
            levels[i] = Math.sqrt(sum / step);
        }
        return levels;
    }

    /// When, in seconds, sound above `level` begins after at least 50 ms below it.
    List<Double> onsets(double level) {
        ShortBuffer samples = samples();
        int quietSamples = sampleRateHz() / 20;
        double start = frames.getFirst().ptsNanos() / 1e9;
        List<Double> onsets = new ArrayList<>();
        int quiet = 0;
        for (int i = 0; i < samples.limit(); i++) {
            if (Math.abs(samples.get(i)) < level * 32_768) {
                quiet++;
            } else {
                if (quiet >= quietSamples) {
                    onsets.add(start + (double) i / sampleRateHz());
                }
                quiet = 0;
            }
        }
        return onsets;
    }
}
