package tapedeck.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntUnaryOperator;
import tapedeck.peers.FlvFile;
import tapedeck.peers.RtmpClient;
import tapedeck.peers.ServerProcess;

/// C2, C3, C5: publishers whose timestamps wrap or jump, or whose tracks begin late, five times faster than real time.
final class Timestamps {
    private static final int SECONDS = 20;
    private static final int SPEED = 5;
    private static final int JUMP_AT_MILLIS = 8_000;

    private Timestamps() {}

    /// C2: the extended timestamp of FLV begins at 2^24 ms, its sign changes at 2^31, all of it wraps at 2^32.
    static void wrap(Trial trial) throws Exception {
        List<FlvFile.Tag> tags = Clip.tags(SECONDS);
        Path data = trial.folder("wrap");
        int[] bits = {24, 31, 32};
        List<Path> files;
        List<Thread> senders = new ArrayList<>();
        try (Scene scene = new Scene(new ServerProcess(data, Scene.recording()))) {
            for (int bit : bits) {
                int offset = (int) ((1L << bit) - SECONDS * 500);
                senders.add(send(scene, "wrap" + bit, tags, millis -> millis + offset));
            }
            files = finished(scene, data, senders);
        }
        for (Path file : files) {
            RecordedFile read = RecordedFile.read(file);
            assertEquals(SECONDS * 1_000 / Clip.FRAME_MILLIS, read.video().size());
            assertEquals(0, Scene.missing(read, tags, 0));
            assertEquals(SECONDS * 1_000 - Clip.FRAME_MILLIS, read.spanMillis(), 1, file.toString());
            Scene.foreignReadersAgree(file);
        }
        trial.result(
                "FLV timestamps over 2^24, 2^31 and 2^32 ms: 3 recordings of %d s exact to 1 ms, every picture in its place",
                SECONDS);
    }

    /// C3: the publisher's clock is set in mid-stream: 3 h forward, 10 s back; and one second forward, which is a
    /// pause.
    static void jumps(Trial trial) throws Exception {
        List<FlvFile.Tag> tags = Clip.tags(SECONDS);
        Path data = trial.folder("jumps");
        int[] jumps = {3 * 3_600_000, -10_000, 1_000};
        List<Path> files;
        List<Thread> senders = new ArrayList<>();
        try (Scene scene = new Scene(new ServerProcess(data, Scene.recording()))) {
            for (int jump : jumps) {
                senders.add(send(scene, "jump" + jump, tags, millis -> millis + (millis >= JUMP_AT_MILLIS ? jump : 0)));
            }
            files = finished(scene, data, senders);
        }
        double skew = 0;
        for (Path file : files) {
            RecordedFile read = RecordedFile.read(file);
            assertEquals(SECONDS * 1_000 / Clip.FRAME_MILLIS, read.video().size(), file.toString());
            boolean pause = file.endsWith("jump1000.mp4");
            double expected = SECONDS * 1_000 - Clip.FRAME_MILLIS + (pause ? 1_000 : 0);
            assertEquals(expected, read.spanMillis(), Clip.FRAME_MILLIS + 1, file + ": a jump costs a frame at most");
            skew = Math.max(skew, Math.abs(skewMillis(read, tags)));
            Scene.foreignReadersAgree(file);
        }
        assertTrue(skew < 40, "sound and picture are %.1f ms apart".formatted(skew));
        trial.result(
                "3 h forward, 10 s back, 1 s forward: every picture kept, a step of one frame (the second is a pause),"
                        + " sound and picture %.1f ms apart afterwards",
                skew);
    }

    /// How much later the last sound is than it should be beside the last picture.
    private static double skewMillis(RecordedFile read, List<FlvFile.Tag> tags) {
        FlvFile.Tag picture = tags.stream()
                .filter(tag -> tag.video() && tag.media())
                .reduce((_, last) -> last)
                .orElseThrow();
        FlvFile.Tag sound = tags.stream()
                .filter(tag -> tag.audio() && tag.media())
                .reduce((_, last) -> last)
                .orElseThrow();
        double sent = sound.timestampMillis() - picture.timestampMillis();
        return read.endMillis(read.audio()) - read.endMillis(read.video()) - sent;
    }

    /// C5: sound 8 s before or after the picture, one of the two never, or only after 30 s.
    static void late(Trial trial) throws Exception {
        List<FlvFile.Tag> tags = Clip.tags(40);
        Path data = trial.folder("late");
        Map<String, List<FlvFile.Tag>> cases = Map.of(
                "late-sound", from(tags, 8_000, 0),
                "late-picture", from(tags, 0, 8_000),
                "no-sound", from(tags, Integer.MAX_VALUE, 0),
                "no-picture", from(tags, 0, Integer.MAX_VALUE),
                "sound-after-30-s", from(tags, 30_000, 0));
        List<Thread> senders = new ArrayList<>();
        try (Scene scene = new Scene(new ServerProcess(data, Scene.recording()))) {
            for (String name : new TreeSet<>(cases.keySet())) {
                senders.add(send(scene, name, cases.get(name), IntUnaryOperator.identity()));
            }
            List<Path> files = finished(scene, data, senders);
            List<String> found = new ArrayList<>();
            for (Path file : files) {
                RecordedFile read = RecordedFile.read(file);
                Scene.foreignReadersAgree(file);
                found.add("%s %d pictures %d sounds"
                        .formatted(
                                file.getFileName(),
                                read.video().size(),
                                read.audio().size()));
            }
            assertAligned(data, tags, "late-sound", 8_000);
            assertAligned(data, tags, "late-picture", 0);
            assertAligned(data, tags, "sound-after-30-s", 30_000);
            trial.result("%s", String.join(", ", found));
        }
    }

    /// All pictures are there, and the last part has sound and picture as far apart as they were sent.
    private static void assertAligned(Path data, List<FlvFile.Tag> tags, String name, int audioFromMillis)
            throws Exception {
        List<Path> parts = Scene.files(data.resolve("records")).stream()
                .filter(file -> file.getFileName().toString().startsWith(name))
                .toList();
        int pictures = 0;
        int sounds = 0;
        double skew = Double.NaN;
        for (Path part : parts) {
            RecordedFile read = RecordedFile.read(part);
            pictures += read.video().size();
            sounds += read.audio().size();
            if (!read.audio().isEmpty() && !read.video().isEmpty()) {
                skew = skewMillis(read, tags);
            }
        }
        assertTrue(Math.abs(skew) < 40, parts + ": sound and picture are " + skew + " ms apart");
        int expected = (int) tags.stream()
                .filter(tag -> tag.audio() && tag.media() && tag.timestampMillis() >= audioFromMillis)
                .count();
        // Where sound begins in the middle it waits for the next keyframe.
        assertTrue(sounds >= expected - 50, parts + ": " + sounds + " of " + expected + " sounds");
        assertTrue(pictures >= 30_000 / Clip.FRAME_MILLIS, parts + ": " + pictures + " pictures");
    }

    /// The same without the sound, and without the pictures, before a time. Sequence headers come with their track.
    private static List<FlvFile.Tag> from(List<FlvFile.Tag> tags, int audioFromMillis, int videoFromMillis) {
        List<FlvFile.Tag> chosen = new ArrayList<>();
        for (FlvFile.Tag tag : tags) {
            int from = tag.audio() ? audioFromMillis : tag.video() ? videoFromMillis : Integer.MAX_VALUE;
            if (tag.sequenceHeader() && from != Integer.MAX_VALUE) {
                chosen.add(tag.at(from));
            } else if (!tag.script() && tag.timestampMillis() >= from) {
                chosen.add(tag);
            }
        }
        chosen.sort(java.util.Comparator.comparingInt(FlvFile.Tag::timestampMillis));
        return chosen;
    }

    /// Sends at some times the speed of the timestamps, on a thread of its own.
    private static Thread send(Scene scene, String name, List<FlvFile.Tag> tags, IntUnaryOperator clock)
            throws Exception {
        RtmpClient client = RtmpClient.connected(scene.server.port("RTMP")).publish(name);
        return Thread.ofPlatform().daemon().name(name).start(() -> {
            try (client) {
                long start = System.nanoTime();
                for (FlvFile.Tag tag : tags) {
                    long due = start + tag.timestampMillis() * 1_000_000L / SPEED;
                    LockSupport.parkNanos(due - System.nanoTime());
                    client.send(tag.at(clock.applyAsInt(tag.timestampMillis())));
                }
                client.unpublish();
                // Closed with answers unread, the connection would be reset, and what is not yet received lost.
                client.socket().shutdownOutput();
                client.awaitClosed();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    private static List<Path> finished(Scene scene, Path data, List<Thread> senders) throws Exception {
        for (Thread sender : senders) {
            sender.join();
        }
        Path records = data.resolve("records");
        Scene.await(
                "all to be finished",
                () -> scene.rest("recorder/find_all", "").isEmpty()
                        && Scene.files(records).size() >= senders.size());
        return Scene.files(records);
    }
}
