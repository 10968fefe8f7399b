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
    void badBytesCostTheClustersThatTheyAreIn() throws IOException {
        Bytes whole = Samples.growing(WEBM, FRAMES, Samples.OPTIONS).content();
        List<Integer> clusters = clusters(whole);
        List<MatroskaBlock> blocks = Samples.expected(FRAMES);
        Random random = new Random(7);
        for (int run = 0; run < 300; run++) {
            byte[] array = whole.toByteArray();
            int from = clusters.getFirst() + random.nextInt(array.length - clusters.getFirst());
            int most = run % 3 == 0 ? 4 : array.length;
            int to = from + 1 + random.nextInt(Math.min(most, array.length - from));
            for (int i = from; i < to; i++) {
                array[i] = run % 2 == 0 ? 0 : (byte) ~array[i];
            }
            List<MatroskaBlock> expected = new ArrayList<>();
            for (int i = 0; i + 1 < clusters.size(); i++) {
                Bytes now = Bytes.wrap(array, clusters.get(i), clusters.get(i + 1));
                if (now.equals(whole.slice(clusters.get(i), clusters.get(i + 1)))) {
                    expected.addAll(blocks.subList(i * 75, i * 75 + 75));
                }
            }
            MemoryFile file = new MemoryFile(Bytes.wrap(array));
            String where = "bytes %d to %d".formatted(from, to);
            if (expected.isEmpty()) {
                assertThrows(MalformedException.class, () -> WEBM.finish(file), where);
                continue;
            }
            WEBM.finish(file);
            assertEquals(expected, Samples.blocks(file), where);
            ElementTree.of(file.content());
        }
    }

    @Test
    void aCrashWhileBadBytesAreCoveredLosesNothing() throws IOException {
        Bytes whole = Samples.growing(WEBM, FRAMES, Samples.OPTIONS).content();
        byte[] array = whole.toByteArray();
        for (int cluster : List.of(0, 2, 3)) {
            int at = clusters(whole).get(cluster);
            java.util.Arrays.fill(array, at, at + 20, (byte) 0);
        }
        Bytes damaged = Bytes.wrap(array);
        MemoryFile clean = new MemoryFile(damaged);
        WEBM.finish(clean);
        List<MatroskaBlock> expected = Samples.blocks(clean);
        assertEquals(3 * 75, expected.size());
        for (int crash = 0; crash < clean.changes(); crash++) {
            MemoryFile file = new MemoryFile(damaged).crashingAt(crash, 0.5);
            assertThrows(MemoryFile.Crash.class, () -> WEBM.finish(file));
            MemoryFile again = new MemoryFile(file.content());
            WEBM.finish(again);
            assertEquals(expected, Samples.blocks(again), "crash at " + crash);
            ElementTree.of(again.content());
        }
    }

    /// A publisher can put whatever it likes into its frames: the search for the next cluster stays bounded.
    @Test
    void contentThatLooksLikeClustersIsNotLookedAtForEver() throws IOException {
        byte[] fake = new byte[ClusterScan.MAX_CANDIDATES * 16 * 2];
        Bytes header = Bytes.ofHex("1f43b675 10001000 bf84 00000000 ec80");
        for (int i = 0; i + 16 <= fake.length; i += 16) {
            header.copyTo(0, fake, i, 16);
        }
        List<Frame> frames = new ArrayList<>(FRAMES.subList(0, 60));
        frames.add(new Frame(Samples.VP8, 1_300_000_000L, 1_300_000_000L, true, Bytes.wrap(fake)));
        frames.add(new Frame(Samples.VP8, 1_400_000_000L, 1_400_000_000L, true, Bytes.ofU8(1)));
        Bytes whole = Samples.growing(WEBM, frames, Samples.OPTIONS).content();
        byte[] array = whole.toByteArray();
        array[clusters(whole).get(1)] = 0;
        MemoryFile file = new MemoryFile(Bytes.wrap(array));
        WEBM.finish(file);
        assertEquals(Samples.expected(FRAMES).subList(0, 60), Samples.blocks(file));
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

    private static List<Frame> largeFrames(int count) {
        List<Frame> frames = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Bytes data = Bytes.wrap(new byte[100_000]);
            frames.add(new Frame(Samples.VP8, i * 1_000_000_000L, i * 1_000_000_000L, true, data));
        }
        return frames;
    }

    /// Far from the tail, where nothing is checked unless something does not fit.
    @Test
    void aClusterThatLiesAboutItsEndCostsNoOther() throws IOException {
        List<Frame> frames = largeFrames(100);
        Bytes whole = Samples.growing(WEBM, frames, Samples.OPTIONS).content();
        byte[] array = whole.toByteArray();
        // Cluster | size in three bytes: 100,000 and some become more than a million.
        array[clusters(whole).get(10) + 4] |= 0x10;
        MemoryFile file = new MemoryFile(Bytes.wrap(array));
        WEBM.finish(file);
        List<MatroskaBlock> expected = new ArrayList<>(Samples.expected(frames));
        expected.remove(10);
        assertEquals(expected, Samples.blocks(file));
    }

    @Test
    void finishingReadsTheHeadsOfClustersAndTheTailOnly() throws IOException {
        List<Frame> frames = largeFrames(300);
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
