package tapedeck.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.bytes.Bytes;
import tapedeck.database.Database;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.peers.Beeps;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.FlashAndBeep;
import tapedeck.peers.TestMedia;
import tapedeck.settings.Settings;
import tapedeck.stream.Publication;
import tapedeck.stream.Publisher.Expects;
import tapedeck.stream.Publisher.RecordWish;
import tapedeck.stream.Renditions;
import tapedeck.transcode.Transcodes;

/// What a recorder writes of a stream whose sound is not AAC, with real workers.
@Tag("peer")
@Timeout(value = 240, unit = TimeUnit.SECONDS)
class ConvertedSoundTest {
    private static final long SECOND = TestStudio.SECOND;

    private static Transcodes transcodes;

    @TempDir
    Path dir;

    @BeforeAll
    static void open() {
        transcodes = new Transcodes(new Settings.Aac(44_100, 2, 5));
    }

    @AfterAll
    static void close() {
        transcodes.close();
    }

    private Path record(Renditions renditions, List<Frame> frames, Expects expects, String file, String... settings)
            throws Exception {
        try (TestStudio studio = new TestStudio(dir, renditions, settings)) {
            Publication publication = studio.publish("a", RecordWish.YES, expects);
            studio.feed(publication, frames);
            studio.end(publication);
            return studio.file(file);
        }
    }

    private static String codecs(Path file) {
        return Ffmpeg.ffprobe("-v", "error", "-show_entries", "stream=codec_name", "-of", "csv=p=0", file.toString())
                .text()
                .strip()
                .replace('\n', ' ');
    }

    private static double soundSeconds(Path file) {
        return Judge.packets(file).get("audio").size() * 1024 / 44_100.0;
    }

    @Test
    void soundAndPicturesStayWhole() throws Exception {
        List<Frame> video = TestMedia.h264WithBFrames(6);
        Path file = record(transcodes, TestMedia.interleaved(video, TestMedia.opus(6)), Expects.BOTH, "a.mp4");
        assertEquals("h264 aac", codecs(file));
        assertEquals(video.size(), Judge.packets(file).get("video").size());
        assertEquals(6, soundSeconds(file), 0.06);
        Judge.assertDecodes(file);
        Judge.assertOpensElsewhere(file, 2);
    }

    @Test
    void soundAloneIsAnMp4WithAac() throws Exception {
        for (List<Frame> frames : List.of(TestMedia.opus(4), TestMedia.mp3(4), Beeps.g711(4, 1, 0.1))) {
            for (Expects expects : List.of(Expects.AUDIO, Expects.UNKNOWN, Expects.BOTH)) {
                Path file = record(transcodes, frames, expects, "a.mp4");
                assertEquals("aac", codecs(file));
                assertEquals(4, soundSeconds(file), 0.08);
                Judge.assertDecodes(file);
                Judge.assertOpensElsewhere(file, 1);
                java.nio.file.Files.delete(file);
            }
        }
    }

    @Test
    void whatAFileCanHaveIsNotConverted() throws Exception {
        List<Frame> opus = TestMedia.opus(3);
        Path webm = record(transcodes, TestMedia.interleaved(TestMedia.vp8(3), opus), Expects.BOTH, "a.webm");
        assertEquals("vp8 opus", codecs(webm));
        List<Frame> h264 = TestMedia.interleaved(TestMedia.h264(3), opus);
        Judge.assertHolds(record(transcodes, h264, Expects.BOTH, "a.mkv", "record_formats=h264-mkv"), h264);
        Judge.assertHolds(record(transcodes, h264, Expects.BOTH, "a.mp4", "record_mp4_audio=copy"), h264);
    }

    /// Nothing is lost where nothing can be converted.
    @Test
    void withoutWorkersTheSoundIsStoredAsItComes() throws Exception {
        List<Frame> frames = TestMedia.interleaved(TestMedia.h264(3), TestMedia.opus(3));
        try (Transcodes none = Transcodes.with(new Settings.Aac(44_100, 2, 5), List.of("/bin/false"))) {
            Judge.assertHolds(record(none, frames, Expects.BOTH, "a.mp4"), frames);
        }
    }

    /// The sound pauses for longer than the gaps of a recorder: silence takes its place while the pictures go on.
    @Test
    void whileNoSoundComesThereIsSilence() throws Exception {
        List<Frame> sound = new ArrayList<>(TestMedia.opus(20));
        sound.removeIf(frame -> frame.ptsNanos() > 2 * SECOND && frame.ptsNanos() < 17 * SECOND);
        try (Database database = new Database(new Settings.Database("", "", ""), dir);
                TestStudio studio = new TestStudio(dir, transcodes)) {
            studio.recordings.keepCatalogue(database);
            Publication publication = studio.publish("a", RecordWish.YES, Expects.BOTH);
            studio.feed(publication, TestMedia.interleaved(TestMedia.h264(20), sound));
            studio.end(publication);
            Path file = studio.file("a.mp4");
            assertEquals("h264 aac", codecs(file));
            assertEquals(20, soundSeconds(file), 0.06);
            Judge.assertDecodes(file);
            Quality quality = CatalogueCases.await(
                            studio.recordings,
                            list -> list.size() == 1 && list.getFirst().state().isFinished())
                    .getFirst()
                    .quality();
            assertEquals(15_000, quality.filledMillis(), 60);
        }
    }

    /// A process that dies in the middle costs less than a second of sound and nothing else.
    @Test
    void aKilledWorkerDoesNotHarmTheFile() throws Exception {
        List<Frame> video = TestMedia.h264(12);
        List<Frame> frames = TestMedia.interleaved(video, Beeps.g711(12, 1, 0.1));
        try (TestStudio studio = new TestStudio(dir, transcodes)) {
            Publication publication = studio.publish("a", RecordWish.YES, Expects.BOTH);
            studio.feed(
                    publication,
                    frames.stream()
                            .filter(frame -> frame.dtsNanos() < 4 * SECOND)
                            .toList());
            for (long pid : transcodes.pids()) {
                ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
            }
            studio.feed(
                    publication,
                    frames.stream()
                            .filter(frame -> frame.dtsNanos() >= 4 * SECOND)
                            .toList());
            studio.end(publication);
            Path file = studio.file("a.mp4");
            assertEquals(List.of("a.mp4"), studio.names());
            assertEquals(video.size(), Judge.packets(file).get("video").size());
            assertEquals(12, soundSeconds(file), 0.06);
            Judge.assertDecodes(file);
            List<Double> beeps = FlashAndBeep.measure(file).beepSeconds();
            assertTrue(beeps.size() >= 11, "beeps at " + beeps);
            for (double beep : beeps) {
                assertEquals(Math.rint(beep - 0.5) + 0.5, beep, 0.04, "beeps at " + beeps);
            }
        }
    }

    /// The parts' sound one after the other is that of a recording without parts, frame for frame. Media is faster than
    /// time here: pictures are not to go on without sound because ten seconds take a worker more than one.
    @Test
    void rotationLosesAndDoublesNothing() throws Exception {
        List<Frame> frames = TestMedia.interleaved(TestMedia.h264(10), TestMedia.opus(10));
        try (Transcodes patient = Transcodes.with(new Settings.Aac(44_100, 2, 5), () -> 0);
                TestStudio studio = new TestStudio(dir.resolve("rotated"), patient, "record_rotation=3")) {
            List<Judge.Packet> whole = Judge.packets(record(patient, frames, Expects.BOTH, "a.mp4"))
                    .get("audio");
            Publication publication = studio.publish("a", RecordWish.YES, Expects.BOTH);
            studio.feed(publication, frames);
            studio.end(publication);
            List<String> joined = new ArrayList<>();
            assertTrue(studio.names().size() >= 3, studio.names().toString());
            for (String name : studio.names()) {
                Map<String, List<Judge.Packet>> packets = Judge.packets(studio.file(name));
                packets.get("audio").forEach(packet -> joined.add(packet.md5()));
                // Sound and pictures of a part begin together.
                assertEquals(
                        packets.get("video").getFirst().ptsMillis(),
                        packets.get("audio").getFirst().ptsMillis(),
                        30,
                        name);
                Judge.assertDecodes(studio.file(name));
            }
            assertEquals(whole.stream().map(Judge.Packet::md5).toList(), joined);
        }
    }

    /// Another codec in the middle, as a publisher sends that comes back: the file goes on.
    @Test
    void soundThatChangesItsCodecStaysInOneFile() throws Exception {
        List<Frame> sound = new ArrayList<>(Beeps.g711(3, 1, 0.1));
        Track alaw = new Track(Track.AUDIO, new Codec.Pcma(8000, 1));
        byte[] silence = new byte[160];
        java.util.Arrays.fill(silence, (byte) 0xD5);
        for (long nanos = 3 * SECOND; nanos < 6 * SECOND; nanos += SECOND / 50) {
            sound.add(new Frame(alaw, nanos, nanos, true, Bytes.wrap(silence)));
        }
        Path file = record(transcodes, TestMedia.interleaved(TestMedia.h264(6), sound), Expects.BOTH, "a.mp4");
        assertEquals("h264 aac", codecs(file));
        assertEquals(6, soundSeconds(file), 0.06);
        Judge.assertDecodes(file);
    }
}
