package tapedeck.record;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.ToLongFunction;
import tapedeck.bytes.Bytes;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.peers.Await;
import tapedeck.settings.Settings;
import tapedeck.stream.Feedback;
import tapedeck.stream.Publication;
import tapedeck.stream.Publisher;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;

/// A call of many participants, faster than time: what happens in it is put down first and then played, and the clock
/// of the streams goes along.
public final class MultiStudio implements AutoCloseable {
    public static final String URI = "multi-recorder://test-record";

    private static final long SETTLE_NANOS = 250_000_000L;

    public final Path records;
    public final Recordings recordings;
    final AtomicLong clock = new AtomicLong();
    final Streams streams = new Streams(Clock.systemUTC(), clock::get);
    private final List<Event> events = new ArrayList<>();
    private volatile long usableSpace = Long.MAX_VALUE;

    /// Something that happens at a time.
    private record Event(long nanos, Action action) {}

    /// What a test does.
    public interface Action {
        void run() throws Exception;
    }

    public MultiStudio(Path dir, String... assignments) throws Exception {
        this(dir, Optional.empty(), assignments);
    }

    /// @param hook started for each file
    public MultiStudio(Path dir, Optional<Path> hook, String... assignments) throws Exception {
        records = dir.resolve("records");
        List<String> all = new ArrayList<>(List.of("record_streams=false"));
        hook.ifPresent(script -> all.add("on_multiple_record_hook_script=" + script));
        all.addAll(List.of(assignments));
        Settings settings = TestStudio.settings(dir, all.toArray(String[]::new));
        ToLongFunction<Path> space = _ -> usableSpace;
        // The clock moves on with every question, so that the guard asks each time.
        AtomicLong asked = new AtomicLong();
        DiskGuard guard = new DiskGuard(
                List.of(dir), settings.recording().minSpaceBytes(), space, () -> asked.addAndGet(TestStudio.SECOND));
        recordings = new Recordings(settings, streams, guard, new Hooks(Optional.empty()), _ -> {});
    }

    public Publication publish(String name) throws Exception {
        return publish(name, Publisher.RecordWish.NO);
    }

    /// One that has a file of its own.
    Publication publishRecorded(String name) throws Exception {
        return publish(name, Publisher.RecordWish.YES);
    }

    private Publication publish(String name, Publisher.RecordWish wish) throws Exception {
        return streams.publish(
                new StreamName(name),
                TestStudio.publisher(Publisher.Protocol.WEBRTC, wish, Publisher.Expects.BOTH),
                Feedback.NONE);
    }

    public MultiRecordings multi() {
        return recordings.multi();
    }

    /// What the disk says from now on.
    void usableSpace(long bytes) {
        usableSpace = bytes;
    }

    public void at(double seconds, Action action) {
        events.add(new Event(Math.round(seconds * 1e9), action));
    }

    /// Publishes under this name and adds that to the recorder; ends, if that is asked for, after the last frame.
    public void participant(String name, double fromSeconds, List<Frame> frames) {
        Publication[] publication = new Publication[1];
        at(fromSeconds, () -> {
            publication[0] = publish(name);
            multi().add(URI, publication[0].stream().mediaSessionId());
        });
        frames(publication, fromSeconds, frames);
        double last = (frames.getLast().dtsNanos() + delayNanos(frames)) / 1e9;
        at(fromSeconds + last + 1e-6, () -> publication[0].close());
    }

    /// How long an encoder has to wait that sends pictures in the order of decoding.
    private static long delayNanos(List<Frame> frames) {
        return frames.stream()
                .mapToLong(frame -> frame.ptsNanos() - frame.dtsNanos())
                .max()
                .orElse(0);
    }

    /// @param publication of one element, filled by then
    public void frames(Publication[] publication, double fromSeconds, List<Frame> frames) {
        long delay = delayNanos(frames);
        for (Frame frame : frames) {
            at(fromSeconds + (frame.dtsNanos() + delay) / 1e9, () -> publication[0].write(frame));
        }
    }

    /// Lets all of it happen, in the order of time.
    public void play() throws Exception {
        events.sort(Comparator.comparingLong(Event::nanos));
        long settledNanos = 0;
        for (Event event : List.copyOf(events)) {
            if (event.nanos() - settledNanos > SETTLE_NANOS) {
                settledNanos = event.nanos();
                settle();
            }
            clock.set(event.nanos());
            event.action().run();
        }
        events.clear();
        settle();
    }

    public void settle() throws InterruptedException {
        TestStudio.settle(recordings);
    }

    /// Ends the recorder and waits for its file.
    public Path terminate() throws Exception {
        settle();
        multi().terminate(URI);
        awaitFinished();
        return files().getLast();
    }

    /// The file that grows, as far as it is on disk.
    public Path growing() {
        return multi().growing().values().iterator().next().file().path();
    }

    public void awaitFinished() throws InterruptedException {
        Await.await("all recorders are finished", () -> recordings.statistics().growing() == 0);
    }

    /// The finished files by name.
    public List<Path> files() {
        try (var files = Files.list(records)) {
            return files.filter(file ->
                            file.toString().endsWith(".mp4") || file.toString().endsWith(".mkv"))
                    .filter(file -> !file.getFileName().toString().startsWith("."))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /// One frame of 20 ms, stereo (RFC 6716 3.1).
    private static final byte OPUS_20_MILLIS = (byte) 0xFC;

    /// Frames of a few bytes, about `step` apart, that end at `untilNanos`.
    public static List<Frame> frames(Track track, long fromNanos, long stepNanos, long untilNanos) {
        List<Frame> frames = new ArrayList<>();
        long count = Math.max(1, Math.round((double) (untilNanos - fromNanos) / stepNanos));
        for (int number = 0; number < count; number++) {
            long at = fromNanos + (untilNanos - fromNanos) * number / count;
            boolean keyframe = track.isAudio() || number % 50 == 0;
            frames.add(new Frame(
                    track, at, at, keyframe, Bytes.wrap(new byte[] {OPUS_20_MILLIS, (byte) number, 2, 3, 4, 5, 6, 7})));
        }
        return frames;
    }

    public static Track video(Codec.Video codec) {
        return new Track(Track.VIDEO, codec);
    }

    public static Track audio(Codec.Audio codec) {
        return new Track(Track.AUDIO, codec);
    }

    @Override
    public void close() {
        recordings.close();
    }
}
