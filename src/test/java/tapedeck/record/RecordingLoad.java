package tapedeck.record;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;
import tapedeck.bytes.Bytes;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.peers.TestMedia;
import tapedeck.settings.Settings;
import tapedeck.stream.Feedback;
import tapedeck.stream.Publication;
import tapedeck.stream.Publisher;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;

/// What recording alone costs: many streams of 2.5 Mbit/s, made up, written into publications every 100 ms as a tick of
/// the network would. Run by hand: `RecordingLoad DIR STREAMS SECONDS [key=value…]`.
final class RecordingLoad {
    private static final long TICK_NANOS = 100_000_000L;
    private static final int VIDEO_RATE = 30;
    private static final int GOP = 60;
    private static final int KEYFRAME_BYTES = 60_000;
    private static final int FRAME_BYTES = 9_400;
    private static final int AUDIO_BYTES = 340;
    private static final long AUDIO_NANOS = 1024 * 1_000_000_000L / 48_000;
    private static final double WARM_UP = 0.4;

    private final Track video = TestMedia.h264(1).getFirst().track();
    private final Track audio = new Track(Track.AUDIO, new Codec.Aac(Bytes.ofHex("1190"), 48_000, 2));
    private final Bytes keyframe = Bytes.wrap(new byte[KEYFRAME_BYTES]);
    private final Bytes picture = Bytes.wrap(new byte[FRAME_BYTES]);
    private final Bytes sound = Bytes.wrap(new byte[AUDIO_BYTES]);

    private RecordingLoad() {}

    public static void main(String[] arguments) throws Exception {
        new RecordingLoad()
                .run(
                        Path.of(arguments[0]),
                        Integer.parseInt(arguments[1]),
                        Integer.parseInt(arguments[2]),
                        List.of(arguments).subList(3, arguments.length));
    }

    private void run(Path dir, int streams, int seconds, List<String> set) throws Exception {
        Settings settings = TestStudio.settings(dir, set.toArray(String[]::new));
        Streams live = new Streams();
        try (Recordings recordings = new Recordings(settings, live)) {
            List<Publication> publications = new ArrayList<>();
            for (int i = 0; i < streams; i++) {
                publications.add(live.publish(
                        new StreamName("s" + i),
                        TestStudio.publisher(Publisher.RecordWish.YES, Publisher.Expects.BOTH),
                        Feedback.NONE));
            }
            long ticks = seconds * 1_000_000_000L / TICK_NANOS;
            long warm = (long) (ticks * WARM_UP);
            long start = System.nanoTime();
            Measure before = null;
            for (long tick = 0; tick < ticks; tick++) {
                if (tick == warm) {
                    before = Measure.now(recordings);
                }
                LockSupport.parkNanos(start + tick * TICK_NANOS - System.nanoTime());
                // Streams do not begin together.
                for (int i = 0; i < streams; i++) {
                    write(publications.get(i), tick * TICK_NANOS, (tick + 1) * TICK_NANOS);
                }
            }
            Measure.now(recordings).print(before, streams, (ticks - warm) * TICK_NANOS / 1e9);
            long missing = recordings.active().stream()
                    .mapToLong(ActiveRecording::gapFrames)
                    .sum();
            long stop = System.nanoTime();
            publications.forEach(Publication::close);
            recordings.close();
            System.out.printf(
                    "missing frames %d, finishing %d files took %.2f s%n",
                    missing, recordings.finished().size(), (System.nanoTime() - stop) / 1e9);
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

    private record Measure(
            long cpuNanos, TreeMap<String, Long> threads, long gcMillis, Recordings.Statistics statistics) {
        static Measure now(Recordings recordings) {
            OperatingSystemMXBean system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
            ThreadMXBean threads = ManagementFactory.getThreadMXBean();
            TreeMap<String, Long> byName = new TreeMap<>();
            for (long id : threads.getAllThreadIds()) {
                var thread = threads.getThreadInfo(id);
                if (thread != null) {
                    byName.merge(thread.getThreadName(), threads.getThreadCpuTime(id), Long::sum);
                }
            }
            long gc = ManagementFactory.getGarbageCollectorMXBeans().stream()
                    .mapToLong(GarbageCollectorMXBean::getCollectionTime)
                    .sum();
            return new Measure(system.getProcessCpuTime(), byName, gc, recordings.statistics());
        }

        void print(Measure before, int streams, double seconds) {
            double perMinute = 60.0 / seconds / streams / 1e9;
            System.out.printf(
                    "CPU per stream-minute: %.4f s in all; by thread:%n", (cpuNanos - before.cpuNanos) * perMinute);
            threads.forEach((name, nanos) -> {
                double cost = (nanos - before.threads.getOrDefault(name, 0L)) * perMinute;
                if (cost > 0.0001) {
                    System.out.printf("  %-20s %.4f%n", name, cost);
                }
            });
            System.out.printf(
                    "GC %d ms; %.2f write calls per stream-second; %.1f MB/s written%n",
                    gcMillis - before.gcMillis,
                    (statistics.writeCalls() - before.statistics.writeCalls()) / seconds / streams,
                    (statistics.writtenBytes() - before.statistics.writtenBytes()) / seconds / 1e6);
        }
    }
}
