package tapedeck.record;

import java.io.IOException;
import java.nio.LongBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import tapedeck.media.Frame;
import tapedeck.peers.Await;
import tapedeck.peers.TestMedia;
import tapedeck.settings.Settings;
import tapedeck.stream.Feedback;
import tapedeck.stream.Publication;
import tapedeck.stream.Publisher;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;

/// A process that records and is killed, or kills itself at one of the steps of finishing. Killing is the test's
/// business; this tells what was published, in memory that outlives it.
final class CrashChild {
    static final int LOOP_SECONDS = 4;
    private static final long LOOP_NANOS = LOOP_SECONDS * 1_000_000_000L;
    private static final long LONGEST_FRAME_NANOS = 23_000_000;
    private static final int HALTED = 86;

    /// How names of streams begin whose picture changes its size in one MP4.
    static final String SIZES = "sizes";

    private CrashChild() {}

    /// What is published under `name`: the first word of it says which codecs.
    static List<Frame> loop(String name) {
        // Encoders give a packet more than fits: repeated, time would go back.
        return all(name).stream()
                .filter(frame -> frame.dtsNanos() <= LOOP_NANOS - LONGEST_FRAME_NANOS)
                .toList();
    }

    private static List<Frame> all(String name) {
        return switch (name.split("-")[0]) {
            case "mp4" -> TestMedia.of("h264+aac", LOOP_SECONDS);
            case "webm" -> TestMedia.of("vp8+opus", LOOP_SECONDS);
            case "mkv" -> TestMedia.of("vp9+opus", LOOP_SECONDS);
            case "ts" -> TestMedia.of("h265+aac", LOOP_SECONDS);
            case SIZES -> sizes();
            default -> TestMedia.aac(LOOP_SECONDS);
        };
    }

    /// Another size in each second.
    private static List<Frame> sizes() {
        List<Frame> frames = new ArrayList<>();
        for (int second = 0; second < LOOP_SECONDS; second++) {
            String size = List.of("320x180", "480x270", "160x90", "640x360").get(second);
            frames.addAll(TestMedia.shifted(TestMedia.sized("h264", size, 1), second * 1_000_000_000L));
        }
        return TestMedia.interleaved(frames, TestMedia.aac(LOOP_SECONDS));
    }

    /// The n-th frame of the endless repetition of `loop`.
    static Frame frame(List<Frame> loop, int number) {
        return TestMedia.shifted(List.of(loop.get(number % loop.size())), number / loop.size() * LOOP_NANOS)
                .getFirst();
    }

    static Recordings recordings(Path dir, Streams streams, String step) throws Exception {
        Settings settings = TestStudio.settings(dir, "record_formats=h264-mp4,vp8-webm,vp9-mkv,h265-ts");
        Consumer<FinishStep> steps = at -> {
            if (at.name().equals(step)) {
                Runtime.getRuntime().halt(HALTED);
            }
        };
        DiskGuard guard = new DiskGuard(List.of(dir), 1);
        return new Recordings(settings, streams, guard, new Hooks(Optional.of(dir.resolve("hook.sh"))), steps);
    }

    /// `record DIR STEP NAME…`: publishes in real time for ever; `once DIR STEP NAME…`: publishes one loop and ends;
    /// `recover DIR STEP`: recovers. STEP names the step at which it dies, or none.
    public static void main(String[] arguments) throws Exception {
        Path dir = Path.of(arguments[1]);
        Streams streams = new Streams();
        try (Recordings recordings = recordings(dir, streams, arguments[2])) {
            recordings.recover();
            List<String> names = List.of(arguments).subList(3, arguments.length);
            switch (arguments[0]) {
                case "record" -> publishForEver(dir, streams, names);
                case "once" -> publishOnce(recordings, streams, names);
                default -> System.out.println("recovered");
            }
        }
    }

    private static Publication publish(Streams streams, String name) throws Exception {
        Publisher.Expects expects = name.startsWith("audio") ? Publisher.Expects.AUDIO : Publisher.Expects.BOTH;
        Publisher.Protocol protocol = name.startsWith(SIZES) ? Publisher.Protocol.WEBRTC : Publisher.Protocol.RTMP;
        return streams.publish(
                new StreamName(name), TestStudio.publisher(protocol, Publisher.RecordWish.YES, expects), Feedback.NONE);
    }

    private static void publishOnce(Recordings recordings, Streams streams, List<String> names) throws Exception {
        List<Publication> publications = new ArrayList<>();
        for (String name : names) {
            publications.add(publish(streams, name));
            loop(name).forEach(publications.getLast()::write);
        }
        TestStudio.settle(recordings);
        publications.forEach(Publication::close);
        Await.await("finished", () -> recordings.active().isEmpty());
    }

    private static void publishForEver(Path dir, Streams streams, List<String> names) throws Exception {
        List<List<Frame>> loops = new ArrayList<>();
        for (String name : names) {
            loops.add(loop(name));
        }
        LongBuffer written = written(dir, names.size());
        List<Publication> publications = new ArrayList<>();
        for (String name : names) {
            publications.add(publish(streams, name));
        }
        int[] next = new int[names.size()];
        long startNanos = System.nanoTime();
        System.out.println("publishing");
        while (true) {
            for (int i = 0; i < next.length; i++) {
                Frame frame = frame(loops.get(i), next[i]);
                while (frame.dtsNanos() <= System.nanoTime() - startNanos) {
                    publications.get(i).write(frame);
                    next[i]++;
                    written.put(i, next[i]);
                    frame = frame(loops.get(i), next[i]);
                }
            }
            TimeUnit.MILLISECONDS.sleep(10);
        }
    }

    /// How many frames each stream was given so far; shared with whoever maps the file.
    static LongBuffer written(Path dir, int streams) throws IOException {
        try (FileChannel file = FileChannel.open(
                dir.resolve("written"), StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            return file.map(FileChannel.MapMode.READ_WRITE, 0, 8L * streams).asLongBuffer();
        }
    }
}
