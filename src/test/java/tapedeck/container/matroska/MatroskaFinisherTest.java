package tapedeck.container.matroska;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.container.MemoryFile;
import tapedeck.container.MuxerOptions;
import tapedeck.container.Summary;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.peers.SharedMedia;

class MatroskaFinisherTest {
    private static final MatroskaFormat WEBM = MatroskaFormat.WEBM;
    private static final List<Frame> FRAMES = Samples.frames(Samples.VP8, Samples.OPUS, 6, 0);

    /// With room for Cues in front, and without.
    static Stream<MuxerOptions> options() {
        return Stream.of(4096, 0).map(reserve -> new MuxerOptions(Samples.OPTIONS.startedAt(), reserve, "a"));
    }

    @ParameterizedTest
    @MethodSource("options")
    void finishingTwiceChangesNothing(MuxerOptions options) throws IOException {
        MemoryFile file = Samples.growing(WEBM, FRAMES, options);
        Summary summary = WEBM.finish(file);
        Bytes finished = file.content();
        int changes = file.changes();
        assertEquals(summary, WEBM.finish(file));
        assertEquals(finished, file.content());
        assertEquals(changes, file.changes());
        assertTrue(ElementTree.of(finished).contains("Cues"));
    }

    /// The file after a crash is read and finished as if nothing had been; also when that is killed again.
    @ParameterizedTest
    @MethodSource("options")
    void aCrashAtAnyWriteOfFinishingLosesNothing(MuxerOptions options) throws IOException {
        Bytes growing = withTornTail(Samples.growing(WEBM, FRAMES, options).content());
        MemoryFile clean = new MemoryFile(growing);
        WEBM.finish(clean);
        String expected = ElementTree.of(clean.content());
        assertTrue(clean.changes() >= 6, "there is something to crash in");
        for (double part : new double[] {0, 0.3, 0.5, 0.97}) {
            for (int first = 0; first < clean.changes(); first++) {
                MemoryFile crashed = new MemoryFile(growing).crashingAt(first, part);
                assertThrows(MemoryFile.Crash.class, () -> WEBM.finish(crashed));
                Bytes left = crashed.content();
                check(left, expected, "crash at " + first);
                for (int second = 0; second < clean.changes() + 2; second++) {
                    MemoryFile again = new MemoryFile(left).crashingAt(second, part);
                    try {
                        WEBM.finish(again);
                    } catch (MemoryFile.Crash expectedCrash) {
                        // the usual case
                    }
                    check(again.content(), expected, "crash at " + first + " and again at " + second);
                }
            }
        }
    }

    private static Bytes withTornTail(Bytes content) {
        return Bytes.wrap(content.toByteArray(), 0, content.length() - 300);
    }

    private static void check(Bytes left, String expected, String when) throws IOException {
        assertEquals(
                Samples.expected(FRAMES).subList(0, 250),
                Samples.blocks(new MemoryFile(left)).subList(0, 250),
                when);
        assertEquals(
                List.of(Samples.VP8, Samples.OPUS),
                WEBM.probe(new MemoryFile(left)).tracks(),
                when);
        MemoryFile file = new MemoryFile(left);
        WEBM.finish(file);
        assertEquals(expected, ElementTree.of(file.content()), when);
    }

    @ParameterizedTest
    @MethodSource("options")
    void aFileCutAnywhereLosesAtMostItsLastCluster(MuxerOptions options) throws IOException {
        List<Frame> frames = Samples.frames(Samples.VP8, Samples.OPUS, 3, 0);
        Bytes whole = Samples.growing(WEBM, frames, options).content();
        List<MatroskaBlock> expected = Samples.expected(frames);
        List<Integer> clusters = clusters(whole);
        for (int length = 0; length < whole.length(); length++) {
            MemoryFile file = new MemoryFile(whole.slice(0, length));
            int cut = length;
            long wholeClusters =
                    clusters.stream().skip(1).filter(end -> end <= cut).count();
            if (wholeClusters == 0) {
                assertThrows(MalformedException.class, () -> WEBM.finish(file), "cut at " + length);
                continue;
            }
            List<MatroskaBlock> open = Samples.blocks(file);
            assertEquals(expected.subList(0, open.size()), open);
            assertTrue(open.size() >= wholeClusters * 75, "before finishing, cut at " + length);
            Summary summary = WEBM.finish(file);
            assertEquals(expected.subList(0, (int) wholeClusters * 75), Samples.blocks(file), "cut at " + length);
            assertEquals(wholeClusters * 1_000_000_000L, summary.durationNanos());
            ElementTree.of(file.content());
        }
    }

    /// Positions at which the first cluster starts and each one ends.
    private static List<Integer> clusters(Bytes file) {
        List<Integer> positions = new ArrayList<>();
        for (String line : ElementTree.of(file).lines().toList()) {
            if (line.contains(" Cluster ")) {
                positions.add(Integer.parseInt(line.strip().split(" ")[0]));
            }
        }
        positions.add(file.length());
        return positions;
    }

    /// What a machine that lost power leaves: a file as long as it was, with zeros or old bytes in what was not
    /// written.
    @Test
    void rubbishInTheTailEndsTheFileBeforeIt() throws IOException {
        Bytes whole = Samples.growing(WEBM, FRAMES, Samples.OPTIONS).content();
        List<Integer> clusters = clusters(whole);
        Random random = new Random(7);
        for (int run = 0; run < 200; run++) {
            byte[] array = whole.toByteArray();
            int from = clusters.get(1) + random.nextInt(array.length - clusters.get(1) - 1);
            int to = from + 1 + random.nextInt(array.length - from);
            for (int i = from; i < to; i++) {
                array[i] = run % 2 == 0 ? 0 : (byte) random.nextInt(256);
            }
            MemoryFile file = new MemoryFile(Bytes.wrap(array));
            WEBM.finish(file);
            long good = clusters.stream().skip(1).filter(end -> end <= from).count();
            List<MatroskaBlock> blocks = Samples.blocks(file);
            assertTrue(blocks.size() >= good * 75, "damaged from %d to %d".formatted(from, to));
            assertEquals(Samples.expected(FRAMES).subList(0, blocks.size()), blocks);
        }
    }

    @Test
    void soundAloneHasACueEveryFewSecondsAndVideoOneForEachKeyframe() throws IOException {
        List<Frame> sound = Samples.frames(Samples.VP8, Samples.OPUS, 60, 0).stream()
                .filter(frame -> frame.track().isAudio())
                .toList();
        MemoryFile audio = Samples.growing(WEBM, sound, Samples.OPTIONS);
        WEBM.finish(audio);
        assertEquals(12, cues(audio));
        MemoryFile video = Samples.growing(WEBM, Samples.frames(Samples.VP8, Samples.OPUS, 60, 0), Samples.OPTIONS);
        WEBM.finish(video);
        assertEquals(60, cues(video));
    }

    private static long cues(MemoryFile file) {
        return ElementTree.of(file.content())
                .lines()
                .filter(line -> line.contains("CuePoint "))
                .count();
    }

    /// Whatever is left of the room in front, one byte included, the file is a chain of whole elements.
    @Test
    void cuesFitIntoAnyRoomOrGoToTheEnd() throws IOException {
        List<Frame> frames = Samples.frames(Samples.VP8, Samples.OPUS, 3, 0);
        int inFront = 0;
        for (int reserve = 0; reserve < 220; reserve++) {
            MemoryFile file = Samples.growing(WEBM, frames, new MuxerOptions(Samples.OPTIONS.startedAt(), reserve, ""));
            WEBM.finish(file);
            String tree = ElementTree.of(file.content());
            inFront += tree.indexOf("Cues") < tree.indexOf("Cluster") ? 1 : 0;
            assertEquals(Samples.expected(frames), Samples.blocks(file));
        }
        assertTrue(inFront > 100 && inFront < 219, inFront + " of 220");
    }

    @Test
    void finishingReadsTheHeadsOfClustersAndTheTailOnly() throws IOException {
        Track video = Samples.VP8;
        List<Frame> frames = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            Bytes data = Bytes.wrap(new byte[100_000]);
            frames.add(new Frame(video, i * 1_000_000_000L, i * 1_000_000_000L, true, data));
        }
        var options = new MuxerOptions(Samples.OPTIONS.startedAt(), 1 << 16, "");
        MemoryFile file = Samples.growing(WEBM, frames, options);
        long size = file.size();
        WEBM.finish(file);
        assertTrue(size > 30_000_000);
        assertTrue(file.bytesRead() < 2L * ClusterScan.TAIL_BYTES + 300 * 256, file.bytesRead() + " bytes read");
        assertEquals(size, file.size());
        assertTrue(file.bytesWritten() < 10_000, file.bytesWritten() + " bytes written");
    }

    @Test
    void filesOfOthersStayAsTheyAre() throws IOException {
        for (Path path : SharedMedia.files("mkv", "mkv", "webm", "mka")) {
            Bytes content = Bytes.wrap(Files.readAllBytes(path));
            MemoryFile file = new MemoryFile(content);
            try {
                Summary summary = MatroskaFormat.MKV.finish(file);
                assertTrue(summary.durationNanos() > 0, path.toString());
            } catch (MalformedException expected) {
                assertTrue(expected.getMessage() != null);
            }
            assertEquals(content, file.content(), path.toString());
            assertEquals(0, file.changes(), path.toString());
        }
    }

    @Test
    void aHeadWithoutClustersHasNothingToRecover() {
        Bytes whole = Samples.growing(WEBM, FRAMES, Samples.OPTIONS).content();
        MemoryFile file = new MemoryFile(whole.slice(0, clusters(whole).getFirst()));
        assertThrows(MalformedException.class, () -> WEBM.finish(file));
        assertThrows(MalformedException.class, () -> WEBM.finish(new MemoryFile()));
    }
}
