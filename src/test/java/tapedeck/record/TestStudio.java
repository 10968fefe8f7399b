package tapedeck.record;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.ToLongFunction;
import tapedeck.media.Frame;
import tapedeck.peers.Await;
import tapedeck.settings.Settings;
import tapedeck.settings.SettingsException;
import tapedeck.settings.SettingsSource;
import tapedeck.stream.Feedback;
import tapedeck.stream.NameTakenException;
import tapedeck.stream.Publication;
import tapedeck.stream.Publisher;
import tapedeck.stream.Renditions;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;

/// Real streams and real recordings in one folder, and a publisher that is faster than time.
final class TestStudio implements AutoCloseable {
    static final long SECOND = 1_000_000_000L;

    final Path dir;
    final Path records;
    final Path tmp;
    final Settings settings;
    // Media is faster than time here: no wish for a keyframe is too soon after the one before.
    private final AtomicLong streamClock = new AtomicLong();
    final Streams streams = new Streams(Clock.systemUTC(), () -> streamClock.addAndGet(SECOND));
    final Recordings recordings;
    volatile long usableSpace = Long.MAX_VALUE;

    TestStudio(Path dir, String... assignments) throws IOException, SettingsException {
        this(dir, Optional.empty(), assignments);
    }

    /// @param hook the script to run
    TestStudio(Path dir, Optional<Path> hook, String... assignments) throws IOException, SettingsException {
        this(dir, Renditions.NONE, hook, assignments);
    }

    TestStudio(Path dir, Renditions renditions, String... assignments) throws IOException, SettingsException {
        this(dir, renditions, Optional.empty(), assignments);
    }

    private TestStudio(Path dir, Renditions renditions, Optional<Path> hook, String... assignments)
            throws IOException, SettingsException {
        this.dir = dir;
        this.records = dir.resolve("records");
        this.tmp = dir.resolve("growing");
        this.settings = settings(dir, assignments);
        ToLongFunction<Path> space = _ -> usableSpace;
        // The clock moves on with every question, so that the guard asks each time.
        long[] clock = {0};
        DiskGuard guard = new DiskGuard(List.of(dir), settings.recording().minSpaceBytes(), space, () -> {
            synchronized (clock) {
                return clock[0] += SECOND;
            }
        });
        recordings = new Recordings(settings, streams, renditions, guard, new Hooks(hook), _ -> {});
    }

    static Settings settings(Path dir, String... assignments) throws SettingsException {
        List<String> all = new ArrayList<>(List.of(
                "data_dir=" + dir,
                "record_dir=" + dir.resolve("records"),
                "record_tmp_dir=" + dir.resolve("growing"),
                "record_flash_published_streams=true",
                "stream_record_policy_template={streamName}",
                "file_recorder_min_space=1m",
                "on_record_hook_script=",
                "on_multiple_record_hook_script="));
        all.addAll(List.of(assignments));
        return SettingsSource.read(dir.resolve("none.properties"), Map.of(), all);
    }

    static Publisher publisher(Publisher.RecordWish wish, Publisher.Expects expects) {
        return publisher(Publisher.Protocol.RTMP, wish, expects);
    }

    static Publisher publisher(Publisher.Protocol protocol, Publisher.RecordWish wish, Publisher.Expects expects) {
        return new Publisher(protocol, "127.0.0.1:50123", "session/1", "somebody", wish, expects);
    }

    Publication publish(String name) throws NameTakenException {
        return publish(name, Publisher.RecordWish.AS_CONFIGURED, Publisher.Expects.UNKNOWN);
    }

    Publication publish(String name, Publisher.RecordWish wish, Publisher.Expects expects) throws NameTakenException {
        return streams.publish(new StreamName(name), publisher(wish, expects), Feedback.NONE);
    }

    /// Writes the frames as fast as the recorders take them, without a gap.
    void feed(Publication publication, List<Frame> frames) throws InterruptedException {
        long waitAtNanos = Long.MIN_VALUE;
        for (Frame frame : frames) {
            publication.write(frame);
            if (frame.dtsNanos() >= waitAtNanos) {
                settle();
                waitAtNanos = frame.dtsNanos() + SECOND / 4;
            }
        }
        settle();
    }

    /// Waits until the recorders have done what they were woken for so far.
    void settle() throws InterruptedException {
        settle(recordings);
    }

    static void settle(Recordings recordings) throws InterruptedException {
        List<DiskWriter> writers = recordings.writers();
        CountDownLatch done = new CountDownLatch(writers.size());
        writers.forEach(writer -> writer.execute(done::countDown));
        if (!done.await(60, TimeUnit.SECONDS)) {
            throw new AssertionError("the writers are stuck");
        }
    }

    /// Ends the stream and waits for its file.
    void end(Publication publication) {
        publication.close();
        awaitFinished();
    }

    void awaitFinished() {
        Await.await("all recordings are finished", () -> recordings.active().isEmpty());
    }

    /// Records a stream of these frames from its beginning to its end.
    void record(String name, List<Frame> frames) throws NameTakenException, InterruptedException {
        Publication publication = publish(name);
        feed(publication, frames);
        end(publication);
    }

    /// The file of this name, which must be there.
    Path file(String name) {
        return recordings.file(name).orElseThrow(() -> new AssertionError(name + " is not in " + names()));
    }

    List<String> names() {
        return recordings.finished().stream()
                .map(FinishedRecording::fileName)
                .sorted()
                .toList();
    }

    /// Everything below the folders but the catalogue's, hidden or not.
    List<String> allFiles() {
        try (var files = Files.walk(dir)) {
            return files.filter(Files::isRegularFile)
                    .filter(file -> !file.startsWith(dir.resolve(Catalogue.PENDING)))
                    .filter(file -> !file.getFileName().toString().matches("node-id|catalogue\\.mv\\.db"))
                    .map(file -> file.getFileName().toString())
                    .filter(name -> !name.equals(FolderLock.NAME) && !name.equals(RecordFolder.MARKER))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /// A script that notes each call as one line of `REASON name path`.
    static Path notingHook(Path dir, Path notes) throws IOException {
        Path script = dir.resolve("hook.sh");
        Files.writeString(script, "#!/bin/sh\nprintf '%s %s %s\\n' \"$REASON\" \"$1\" \"$2\" >> " + notes + "\n");
        return Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwx------"));
    }

    static List<String> lines(Path file) {
        try {
            return Files.exists(file) ? Files.readAllLines(file) : List.of();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public void close() {
        recordings.close();
    }
}
