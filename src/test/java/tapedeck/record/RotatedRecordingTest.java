package tapedeck.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.media.Frame;
import tapedeck.peers.TestMedia;
import tapedeck.record.Judge.Packet;
import tapedeck.stream.Feedback;
import tapedeck.stream.Publication;
import tapedeck.stream.Publisher.Expects;
import tapedeck.stream.Publisher.RecordWish;
import tapedeck.stream.StreamName;

/// `record_rotation`: the parts of a recording, read by a real reader, hold what was sent, each frame once.
@Tag("peer")
@Timeout(300)
class RotatedRecordingTest {
    private static final long MILLI = 1_000_000L;
    private static final long SECOND = 1_000 * MILLI;
    private static final Pattern PAGE_NAME = Pattern.compile("test-(\\d{13})-(\\d{13})_(\\d)\\.mp4");

    @TempDir
    Path dir;

    @Test
    void thePartsJoinedAreTheRecordingInEveryContainer() throws Exception {
        // Sound comes up to 150 ms before or after the pictures of its time.
        for (long soundLateNanos : List.of(0L, 150 * MILLI, -150 * MILLI)) {
            for (String format : List.of("mp4", "mkv", "webm")) {
                boolean vp8 = format.equals("webm");
                List<Frame> video = vp8 ? TestMedia.vp8(9) : TestMedia.h264WithBFrames(9);
                List<Frame> audio = vp8 ? TestMedia.opus(9) : TestMedia.aac(9);
                Path folder = dir.resolve(format + soundLateNanos);
                String formats = vp8 ? "vp8-webm" : "h264-" + format;
                try (TestStudio studio = new TestStudio(folder, "record_formats=" + formats, "record_rotation=2")) {
                    Publication publication = studio.publish("a", RecordWish.YES, Expects.BOTH);
                    studio.feed(publication, arriving(video, audio, soundLateNanos));
                    studio.end(publication);
                    assertEquals(
                            List.of("a_1.", "a_2.", "a_3.", "a_4.", "a_5.").stream()
                                    .map(name -> name + format)
                                    .toList(),
                            studio.names());
                    assertJoined(studio, video, audio);
                }
            }
        }
    }

    /// That the parts hold these frames in order, each once, and that each part's sound is of the time of its
    /// pictures.
    private static void assertJoined(TestStudio studio, List<Frame> video, List<Frame> audio) throws Exception {
        List<String> pictures = new ArrayList<>();
        List<String> sounds = new ArrayList<>();
        for (String name : studio.names()) {
            Map<String, List<Packet>> packets = Judge.packets(studio.file(name));
            List<Frame> partVideo = video.subList(
                    pictures.size(), pictures.size() + packets.get("video").size());
            int audioCount = packets.get("audio").size();
            List<Frame> partAudio = audio.subList(sounds.size(), sounds.size() + audioCount);
            long begin = partVideo.getFirst().ptsNanos();
            long end = partVideo.stream().mapToLong(Frame::ptsNanos).max().orElseThrow() + SECOND / 30;
            for (Frame frame : partAudio) {
                assertTrue(
                        frame.ptsNanos() >= begin && frame.ptsNanos() < end + MILLI || sounds.isEmpty(),
                        "%s: sound of %d in the part of %d to %d".formatted(name, frame.ptsNanos(), begin, end));
            }
            assertTrue(partVideo.getFirst().keyframe(), name);
            packets.get("video").forEach(packet -> pictures.add(packet.md5()));
            packets.get("audio").forEach(packet -> sounds.add(packet.md5()));
            Judge.assertHolds(studio.file(name), TestMedia.interleaved(partVideo, partAudio));
        }
        assertEquals(video.size(), pictures.size());
        assertEquals(audio.size(), sounds.size());
    }

    @Test
    void partsAreAsLongAsAskedWhereThePublisherAnswers() throws Exception {
        List<Frame> group = TestMedia.vp8(1);
        List<Frame> sound = TestMedia.opus(31);
        try (TestStudio studio = new TestStudio(dir, "record_rotation=5")) {
            AtomicBoolean asked = new AtomicBoolean();
            Publication publication = studio.streams.publish(
                    new StreamName("a"), TestStudio.publisher(RecordWish.YES, Expects.BOTH), answering(asked));
            int answerAt = 0;
            int soundAt = 0;
            for (int i = 0; i < 31 * 30; i++) {
                // A keyframe only when asked for one, 200 ms later: otherwise the deltas of one group for ever.
                if (answerAt == 0 && asked.getAndSet(false) && i > 0) {
                    answerAt = i + 6;
                }
                boolean key = i == 0 || i == answerAt;
                answerAt = i == answerAt ? 0 : answerAt;
                Frame shape = key ? group.getFirst() : group.get(1 + i % 29);
                long time = i * SECOND / 30;
                Frame frame = new Frame(shape.track(), time, time, key, shape.data());
                List<Frame> batch = new ArrayList<>();
                while (soundAt < sound.size() && sound.get(soundAt).dtsNanos() <= time) {
                    batch.add(sound.get(soundAt++));
                }
                batch.add(frame);
                batch.forEach(publication::write);
                studio.settle();
            }
            studio.end(publication);
            List<String> names = studio.names();
            assertEquals(
                    List.of("a_1.webm", "a_2.webm", "a_3.webm", "a_4.webm", "a_5.webm", "a_6.webm"),
                    names.subList(0, 6));
            int from = 0;
            for (int part = 0; part < 6; part++) {
                int count =
                        Judge.packets(studio.file(names.get(part))).get("video").size();
                double seconds = count / 30.0;
                // The first answer is not known yet: it costs its round trip.
                assertEquals(part == 0 ? 5.2 : 5.0, seconds, 0.11, "part " + part);
                from += count;
            }
            assertTrue(from >= 900, from + " frames");
        }
    }

    private static Feedback answering(AtomicBoolean asked) {
        return new Feedback() {
            @Override
            public void requestKeyframe() {
                asked.set(true);
            }

            @Override
            public void watched(boolean live) {}

            @Override
            public void terminate(String reason) {}
        };
    }

    @Test
    void aPartIsNeverLargerThanAskedAndNotMuchSmaller() throws Exception {
        for (String format : List.of("mp4", "mkv")) {
            List<Frame> video = large(12);
            try (TestStudio studio =
                    new TestStudio(dir.resolve(format), "record_formats=h264-" + format, "record_rotation=1M")) {
                studio.record("a", video);
                List<String> names = studio.names();
                assertTrue(
                        names.size() > 2,
                        names.stream()
                                .map(n -> n + " " + studio.file(n).toFile().length())
                                .toList()
                                .toString());
                int frames = 0;
                for (String name : names) {
                    Path file = studio.file(name);
                    frames += Judge.packets(file).get("video").size();
                    long media = Files.size(file);
                    assertTrue(media <= 1 << 20, name + ": " + media);
                    assertTrue(media >= 0.8 * (1 << 20) || name.equals(last(names)), name + ": " + media);
                }
                assertEquals(video.size(), frames);
            }
        }
    }

    private static String last(List<String> names) {
        return names.stream()
                .max(Comparator.comparingInt(name -> Integer.parseInt(name.replaceAll("\\D", ""))))
                .orElseThrow();
    }

    /// Several streams' worth of bytes: the same second again and again, each keyframe with its own picture.
    private static List<Frame> large(int seconds) {
        List<Frame> frames = new ArrayList<>();
        List<Frame> second = TestMedia.h264(1);
        int factor = 1
                + (300 << 10) / second.stream().mapToInt(f -> f.data().length()).sum();
        for (int i = 0; i < seconds * factor; i++) {
            frames.addAll(TestMedia.shifted(second, i * SECOND));
        }
        return frames;
    }

    @Test
    void aReserveThatStaysInTheFileCounts() throws Exception {
        try (TestStudio studio = new TestStudio(
                dir,
                "record_rotation=1M",
                "mp4_container_moov_first_reserve_space=true",
                "mp4_container_moov_reserved_space_size=512")) {
            studio.record("a", large(5));
            for (String name : studio.names()) {
                long size = Files.size(studio.file(name));
                assertTrue(size <= 1 << 20, name + ": " + size);
                assertTrue(size >= 512 << 10, "not less than the reserve: " + size);
            }
        }
    }

    @Test
    void namesHoldTheTimesOfEachPartAsOnThePage() throws Exception {
        try (TestStudio studio = new TestStudio(
                dir, "record_rotation=2", "stream_record_policy_template={streamName}-{startTime}-{endTime}")) {
            Publication publication = studio.publish("test");
            studio.feed(publication, TestMedia.interleaved(TestMedia.h264(7), TestMedia.aac(7)));
            String growing = studio.recordings.active().getFirst().fileName();
            assertTrue(growing.matches("test-\\d{13}-\\{endTime}_4\\.mp4"), growing);
            studio.end(publication);
            List<String> names = studio.names();
            assertEquals(4, names.size());
            long zero = publication.stream().startedAt().toEpochMilli();
            long end = zero;
            for (int i = 0; i < 4; i++) {
                Matcher matcher = PAGE_NAME.matcher(names.get(i));
                assertTrue(matcher.matches(), names.get(i));
                assertEquals(i + 1, Integer.parseInt(matcher.group(3)));
                long start = Long.parseLong(matcher.group(1));
                assertTrue(Math.abs(zero + 2000L * i - start) <= 40, names.get(i));
                assertTrue(Math.abs(end - start) <= 40, "one begins where the other ends: " + names);
                end = Long.parseLong(matcher.group(2));
            }
        }
    }

    @Test
    void everyMediaSessionBeginsWithOneAndNoFileIsOverwritten() throws Exception {
        try (TestStudio studio = new TestStudio(dir, "record_rotation=1")) {
            for (int i = 0; i < 2; i++) {
                studio.record("a", TestMedia.h264(2));
            }
            assertEquals(List.of("a_1-2.mp4", "a_1.mp4", "a_2-2.mp4", "a_2.mp4"), studio.names());
            for (String name : studio.names()) {
                assertEquals(30, Judge.packets(studio.file(name)).get("video").size());
            }
        }
    }

    @Test
    void withoutAnIndexNamesAreExactlyTheTemplate() throws Exception {
        try (TestStudio studio = new TestStudio(dir, "record_rotation=1", "record_rotation_index_enabled=false")) {
            studio.record("a", TestMedia.h264(3));
            assertEquals(List.of("a-2.mp4", "a-3.mp4", "a.mp4"), studio.names(), "and nothing is overwritten");
        }
    }

    @Test
    void whatTheQueryDoesNotSayIsAsTheServerIsSet() throws Exception {
        record Case(String fileTemplate, String rotation, List<String> expected) {}
        for (Case one : List.of(
                // The page's own example.
                new Case("test", "disabled", List.of("test.mp4")),
                new Case("test", null, List.of("test_1.mp4", "test_2.mp4")),
                new Case(null, "1", List.of("a_1.mp4", "a_2.mp4", "a_3.mp4", "a_4.mp4")),
                new Case("{streamName}-x", "20M", List.of("a-x_1.mp4")))) {
            Path folder = Files.createTempDirectory(dir, "case");
            try (TestStudio studio = new TestStudio(folder, "record_rotation=2")) {
                Publication publication = studio.publish("a", RecordWish.NO, Expects.VIDEO);
                studio.recordings.start(
                        publication.stream().mediaSessionId(),
                        new RecordingRequest(one.fileTemplate(), one.rotation()));
                studio.feed(publication, TestMedia.h264(4));
                studio.end(publication);
                assertEquals(one.expected(), studio.names(), one.toString());
            }
        }
    }

    @Test
    void soundAloneRotatesToo() throws Exception {
        List<Frame> audio = TestMedia.aac(5);
        try (TestStudio studio = new TestStudio(dir, "record_rotation=2")) {
            Publication publication = studio.publish("a", RecordWish.YES, Expects.AUDIO);
            studio.feed(publication, audio);
            studio.end(publication);
            assertEquals(List.of("a_1.mp4", "a_2.mp4", "a_3.mp4"), studio.names());
            int at = 0;
            for (String name : studio.names()) {
                int count = Judge.packets(studio.file(name)).get("audio").size();
                Judge.assertHolds(studio.file(name), audio.subList(at, at + count));
                at += count;
            }
            assertEquals(audio.size(), at);
        }
    }

    /// All frames in the order in which they arrive when sound is late, or early.
    private static List<Frame> arriving(List<Frame> video, List<Frame> audio, long soundLateNanos) {
        record Arrival(Frame frame, long nanos) {}
        List<Arrival> all = new ArrayList<>();
        video.forEach(frame -> all.add(new Arrival(frame, frame.dtsNanos())));
        audio.forEach(frame -> all.add(new Arrival(frame, frame.dtsNanos() + soundLateNanos)));
        all.sort(Comparator.comparingLong(Arrival::nanos));
        return all.stream().map(Arrival::frame).toList();
    }
}
