package bench;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.LoggerFactory;
import tapedeck.bytes.Bytes;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.record.Recordings;
import tapedeck.settings.Settings;
import tapedeck.settings.SettingsSource;
import tapedeck.stream.Feedback;
import tapedeck.stream.Publication;
import tapedeck.stream.Publisher;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;

/// Many streams into one file against as many files: see bench/multi.
public final class Multi {
    private static final String URI = "multi-recorder://bench";
    private static final long TICK_NANOS = 100_000_000L;
    private static final int SPEED = 10;
    private static final int VIDEO_RATE = 30;
    private static final int GOP = 60;
    private static final int KEYFRAME_BYTES = 60_000;
    private static final int FRAME_BYTES = 9_400;
    private static final int AUDIO_BYTES = 340;
    private static final long AUDIO_NANOS = 1024 * 1_000_000_000L / 48_000;
    /// Measured, and not worth more than what the same run differs by from turn to turn.
    private static final double TOLERANCE = 1.03;

    private final Track video = new Track(
            Track.VIDEO,
            new Codec.H264(
                    List.of(Bytes.ofHex("6742c01fda014016e9b808080a000003000200000300790d8c0065")),
                    List.of(Bytes.ofHex("68ce3c80")),
                    1280,
                    720));
    private final Track audio = new Track(Track.AUDIO, new Codec.Aac(Bytes.ofHex("1190"), 48_000, 2));
    private final Bytes keyframe = unit(0x65, KEYFRAME_BYTES);
    private final Bytes picture = unit(0x41, FRAME_BYTES);
    private final Bytes sound = Bytes.wrap(new byte[AUDIO_BYTES]);
    private final int streams;
    private final int seconds;

    private Multi(int streams, int seconds) {
        this.streams = streams;
        this.seconds = seconds;
    }

    private static Bytes unit(int type, int length) {
        byte[] bytes = new byte[length];
        bytes[1] = (byte) ((length - 4) >>> 16);
        bytes[2] = (byte) ((length - 4) >>> 8);
        bytes[3] = (byte) (length - 4);
        bytes[4] = (byte) type;
        return Bytes.wrap(bytes);
    }

    public static void main(String[] arguments) throws Exception {
        ((Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME)).setLevel(Level.WARN);
        int streams = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 8;
        int seconds = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 120;
        int turns = arguments.length > 2 ? Integer.parseInt(arguments[2]) : 5;
        Multi bench = new Multi(streams, seconds);
        bench.run(false);
        bench.run(true);
        List<Double> ratios = new ArrayList<>();
        for (int turn = 0; turn < turns; turn++) {
            // Whoever is first has no advantage.
            boolean oneFirst = turn % 2 == 1;
            double first = bench.run(oneFirst);
            double second = bench.run(!oneFirst);
            double one = oneFirst ? first : second;
            double single = oneFirst ? second : first;
            ratios.add(one / single);
            System.out.printf(
                    "%d streams: %.4f CPU s per stream-minute into one file, %.4f into a file each: %.2f%n",
                    streams, one, single, one / single);
        }
        ratios.sort(null);
        double middle = ratios.get(ratios.size() / 2);
        System.out.printf("the one file costs %.2f of as many files (in the middle of %d turns)%n", middle, turns);
        System.exit(middle <= TOLERANCE ? 0 : 1);
    }

    /// CPU seconds for a minute of a stream, finishing included.
    private double run(boolean oneFile) throws Exception {
        Path dir = Files.createTempDirectory("bench-multi");
        try {
            Settings settings = SettingsSource.read(
                    dir.resolve("none"),
                    Map.of(),
                    List.of(
                            "data_dir=" + dir,
                            "record_flash_published_streams=" + !oneFile,
                            "on_record_hook_script=",
                            "on_multiple_record_hook_script="));
            AtomicLong clock = new AtomicLong();
            Streams live = new Streams(Clock.systemUTC(), clock::get);
            OperatingSystemMXBean system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
            long before = system.getProcessCpuTime();
            long writes;
            try (Recordings recordings = new Recordings(settings, live)) {
                if (oneFile) {
                    recordings.multi().start(URI);
                }
                List<Publication> publications = new ArrayList<>();
                for (int i = 0; i < streams; i++) {
                    Publisher publisher = new Publisher(
                            Publisher.Protocol.RTMP,
                            "127.0.0.1:1",
                            "session-" + i,
                            "bench",
                            Publisher.RecordWish.AS_CONFIGURED,
                            Publisher.Expects.BOTH);
                    publications.add(live.publish(new StreamName("s" + i), publisher, Feedback.NONE));
                    if (oneFile) {
                        recordings.multi().add(URI, publications.getLast().stream().mediaSessionId());
                    }
                }
                feed(publications, clock);
                publications.forEach(Publication::close);
                writes = recordings.statistics().writeCalls();
            }
            check(dir, oneFile ? 1 : streams);
            double cpu = (system.getProcessCpuTime() - before) / 1e9;
            System.out.printf(
                    "  %s: %.2f CPU s, %.2f writes a second of each stream%n",
                    oneFile ? "one file " : "many files", cpu, (double) writes / streams / seconds);
            return cpu * 60 / seconds / streams;
        } finally {
            delete(dir);
        }
    }

    private void feed(List<Publication> publications, AtomicLong clock) {
        long ticks = seconds * 1_000_000_000L / TICK_NANOS;
        long start = System.nanoTime();
        for (long tick = 0; tick < ticks; tick++) {
            LockSupport.parkNanos(start + tick * TICK_NANOS / SPEED - System.nanoTime());
            clock.set((tick + 1) * TICK_NANOS);
            for (Publication publication : publications) {
                write(publication, tick * TICK_NANOS, (tick + 1) * TICK_NANOS);
            }
        }
    }

    private void write(Publication publication, long from, long until) {
        long number = Math.ceilDiv(from * VIDEO_RATE, 1_000_000_000L);
        long sample = Math.ceilDiv(from, AUDIO_NANOS);
        while (true) {
            long videoAt = number * 1_000_000_000L / VIDEO_RATE;
            long audioAt = sample * AUDIO_NANOS;
            if (Math.min(videoAt, audioAt) >= until) {
                return;
            }
            if (videoAt <= audioAt) {
                boolean key = number % GOP == 0;
                publication.write(new Frame(video, videoAt, videoAt, key, key ? keyframe : picture));
                number++;
            } else {
                publication.write(new Frame(audio, audioAt, audioAt, true, sound));
                sample++;
            }
        }
    }

    private void check(Path dir, int files) throws IOException {
        long bytes = 0;
        int found = 0;
        try (var all = Files.list(dir.resolve("records"))) {
            for (Path file : all.filter(path -> path.toString().endsWith(".mp4")).toList()) {
                bytes += Files.size(file);
                found++;
            }
        }
        long pictures = (long) seconds * VIDEO_RATE;
        long keyframes = Math.ceilDiv(pictures, (long) GOP);
        long media = keyframes * KEYFRAME_BYTES + (pictures - keyframes) * FRAME_BYTES;
        if (found != files || bytes < media * streams) {
            throw new IllegalStateException("%d files with %d bytes, %d of %d were to be there"
                    .formatted(found, bytes, files, media * streams));
        }
    }

    private static void delete(Path dir) throws IOException {
        try (var files = Files.walk(dir)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
