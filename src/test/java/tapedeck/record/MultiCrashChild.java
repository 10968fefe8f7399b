package tapedeck.record;

import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import tapedeck.media.Frame;
import tapedeck.settings.Settings;
import tapedeck.stream.Feedback;
import tapedeck.stream.Publication;
import tapedeck.stream.Publisher;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;

/// A process that records a call in real time into one file until it is killed: somebody joins every moment, and half
/// of them leave again. How much each of them has sent is in memory that outlives it.
final class MultiCrashChild {
    static final int MAX_PARTICIPANTS = 200;
    static final String NAME = "mp4-";

    private static final long JOIN_NANOS = 250_000_000L;
    private static final long STAY_NANOS = 1_200_000_000L;
    private static final long PATIENCE_MILLIS = 5;

    private MultiCrashChild() {}

    /// @param format of the file: `mp4` or `mkv`
    static Recordings recordings(Path dir, Streams streams, String format) throws Exception {
        Settings settings = TestStudio.settings(
                dir,
                "record_streams=false",
                "multi_record_format=" + format,
                "on_multiple_record_hook_script=" + dir.resolve("hook.sh"));
        return new Recordings(settings, streams);
    }

    private static final class Participant {
        final Publication publication;
        final long beganNanos = System.nanoTime();
        int next;

        Participant(Publication publication) {
            this.publication = publication;
        }
    }

    public static void main(String[] arguments) throws Exception {
        Path dir = Path.of(arguments[0]);
        Streams streams = new Streams();
        List<Frame> loop = CrashChild.loop(NAME);
        LongBuffer written = CrashChild.written(dir, MAX_PARTICIPANTS);
        List<Participant> all = new ArrayList<>();
        try (Recordings recordings = recordings(dir, streams, arguments[1])) {
            recordings.multi().start(MultiStudio.URI);
            long beganNanos = System.nanoTime();
            System.out.println("publishing");
            while (all.size() < MAX_PARTICIPANTS) {
                if (System.nanoTime() - beganNanos >= all.size() * JOIN_NANOS) {
                    Publication publication = streams.publish(
                            new StreamName(NAME + all.size()),
                            TestStudio.publisher(Publisher.RecordWish.NO, Publisher.Expects.BOTH),
                            Feedback.NONE);
                    recordings.multi().add(MultiStudio.URI, publication.stream().mediaSessionId());
                    all.add(new Participant(publication));
                }
                for (int i = 0; i < all.size(); i++) {
                    publish(all.get(i), loop, i, written);
                }
                TimeUnit.MILLISECONDS.sleep(PATIENCE_MILLIS);
            }
        }
    }

    private static void publish(Participant one, List<Frame> loop, int number, LongBuffer written) {
        long nanos = System.nanoTime() - one.beganNanos;
        if (number % 2 == 1 && nanos > STAY_NANOS) {
            one.publication.close();
            return;
        }
        Frame frame = CrashChild.frame(loop, one.next);
        while (frame.dtsNanos() <= nanos) {
            one.publication.write(frame);
            one.next++;
            written.put(number, one.next);
            frame = CrashChild.frame(loop, one.next);
        }
    }
}
