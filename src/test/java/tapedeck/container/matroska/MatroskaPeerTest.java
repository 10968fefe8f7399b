package tapedeck.container.matroska;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.container.MemoryFile;
import tapedeck.container.Summary;
import tapedeck.container.matroska.PeerFiles.Case;
import tapedeck.container.matroska.PeerFiles.Packets;
import tapedeck.media.Track;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.SharedMedia;

/// What real readers make of our files while they grow and when they are finished.
@Tag("peer")
class MatroskaPeerTest {
    private static final int SECONDS = 4;
    private static final int CUTS = 40;
    private static final String DEBIAN_FFPROBE = "/usr/bin/ffprobe";

    @TempDir
    Path folder;

    static Stream<Case> cases() {
        return PeerFiles.cases(SECONDS).stream();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void growingAndFinishedHoldEveryFrame(Case sample) throws IOException {
        MemoryFile file = Samples.growing(sample.format(), sample.frames(), Samples.OPTIONS);
        Packets expected = PeerFiles.expected(sample.frames());
        List<Track> tracks = Samples.tracks(sample.frames());
        check(sample, expected, tracks, write(sample, "growing", file.content()));
        sample.format().finish(file);
        check(sample, expected, tracks, write(sample, "finished", file.content()));
    }

    private Path write(Case sample, String state, Bytes content) throws IOException {
        String keep = System.getProperty("keep.files");
        Path where = keep == null ? folder : Files.createDirectories(Path.of(keep));
        return PeerFiles.write(where, sample.name() + "." + state + "." + sample.extension(), content);
    }

    private void check(Case sample, Packets expected, List<Track> tracks, Path file) throws IOException {
        for (String ffprobe : List.of(Ffmpeg.ffprobe(), DEBIAN_FFPROBE)) {
            assertEquals(expected, PeerFiles.packets(ffprobe, file, tracks), ffprobe + " " + file);
            assertEquals(SECONDS, PeerFiles.ffprobeDuration(ffprobe, file), 0.15, ffprobe + " " + file);
        }
        assertEquals("", Ffmpeg.decodeErrors(file), file.toString());
        var mkvmerge = PeerFiles.run("mkvmerge", "-J", file.toString());
        assertEquals(0, mkvmerge.exitCode(), mkvmerge.text());
        String json = mkvmerge.text().replaceAll("\\s", "");
        assertTrue(json.contains("\"recognized\":true,\"supported\":true"), json);
        assertTrue(json.contains("\"errors\":[]") && json.contains("\"warnings\":[]"), json);
        checkWithMediaInfo(sample, file);
        checkWithGStreamer(sample, file);
    }

    private static void checkWithMediaInfo(Case sample, Path file) {
        String inform = "--Inform=General;%Duration%|%VideoCount%|%AudioCount%|%Title%|%Encoded_Date%";
        String[] said = PeerFiles.run("mediainfo", inform, file.toString())
                .text()
                .strip()
                .split("\\|");
        assertEquals(SECONDS * 1000, Double.parseDouble(said[0]), 150, file.toString());
        assertEquals(sample.hasVideo() ? "1" : "", said[1], file.toString());
        assertEquals("camera 1", said[3], file.toString());
        assertTrue(said[4].contains("2026-03-04 05:06:07"), said[4]);
    }

    /// Every byte comes out of GStreamer's demuxer, and it reaches the end without an error.
    private void checkWithGStreamer(Case sample, Path file) throws IOException {
        List<String> command = new ArrayList<>(List.of("gst-launch-1.0", "-q", "filesrc", "location=" + file, "!"));
        command.addAll(List.of("matroskademux", "name=d"));
        int pads = Samples.tracks(sample.frames()).size();
        for (int i = 0; i < pads; i++) {
            command.addAll(List.of("d.", "!", "queue", "!", "filesink", "location=" + folder.resolve("pad" + i)));
        }
        var result = PeerFiles.run(command.toArray(String[]::new));
        assertEquals(0, result.exitCode(), result.err());
        long bytes = 0;
        for (int i = 0; i < pads; i++) {
            bytes += Files.size(folder.resolve("pad" + i));
        }
        assertEquals(
                sample.frames().stream()
                        .mapToLong(frame -> frame.data().length())
                        .sum(),
                bytes,
                file.toString());
    }

    static Stream<Case> tornCases() {
        return cases().filter(sample -> List.of("vp8-opus", "h264b-aac", "opus").contains(sample.name()));
    }

    /// Cut at random places it opens at once, and finishing it gives a file without a fault that lost one cluster.
    @ParameterizedTest
    @MethodSource("tornCases")
    void cutAnywhereItOpensAndIsRecovered(Case sample) throws IOException {
        Bytes whole = Samples.growing(sample.format(), sample.frames(), Samples.OPTIONS)
                .content();
        List<Track> tracks = Samples.tracks(sample.frames());
        int first = (int) ElementTree.of(whole)
                .lines()
                .filter(line -> line.contains(" Cluster "))
                .skip(1)
                .mapToLong(line -> Long.parseLong(line.strip().split(" ")[0]))
                .findFirst()
                .orElseThrow();
        Random random = new Random(11);
        for (int cut = 0; cut < CUTS; cut++) {
            int length = first + random.nextInt(whole.length() - first);
            Bytes content = whole.slice(0, length);
            MemoryFile file = new MemoryFile(content);
            Path torn = PeerFiles.write(folder, "torn." + sample.extension(), content);
            Path recovered = folder.resolve("recovered." + sample.extension());
            Summary summary = sample.format().finish(file);
            PeerFiles.write(folder, recovered.getFileName().toString(), file.content());
            String ffprobe = cut % 2 == 0 ? Ffmpeg.ffprobe() : DEBIAN_FFPROBE;
            Ffmpeg.Result opened =
                    Ffmpeg.run(List.of(ffprobe, "-v", "error", "-show_packets", "-of", "csv", torn.toString()));
            assertEquals(0, opened.exitCode(), "cut at " + length + ": " + opened.err());
            Packets packets = PeerFiles.packets(ffprobe, recovered, tracks);
            long count =
                    packets.byTrack().values().stream().mapToInt(List::size).sum();
            assertTrue(opened.text().lines().count() >= count, "cut at " + length);
            assertEquals(PeerFiles.expected(sample.frames().subList(0, (int) count)), packets, "cut at " + length);
            assertEquals(summary.durationNanos() / 1e9, PeerFiles.ffprobeDuration(ffprobe, recovered), 0.05);
            if (cut % 5 == 0) {
                assertEquals("", Ffmpeg.decodeErrors(recovered), "cut at " + length);
                assertEquals(0, PeerFiles.run("mkvmerge", "-J", torn.toString()).exitCode(), "cut at " + length);
            }
        }
    }

    /// Our reader and ffprobe see the same frames in files that others made.
    @Test
    void filesOfOthersHoldWhatFfprobeSays() throws IOException {
        for (Path path : SharedMedia.files("mkv", "mkv", "webm", "mka")) {
            List<MatroskaBlock> blocks;
            try {
                blocks = Samples.blocks(new MemoryFile(Bytes.wrap(Files.readAllBytes(path))));
            } catch (MalformedException refused) {
                continue;
            }
            Ffmpeg.Result result = Ffmpeg.ffprobe(
                    "-v", "quiet", "-show_packets", "-show_entries", "packet=size", "-of", "csv=p=0", path.toString());
            List<Integer> sizes = result.text()
                    .lines()
                    .map(line -> Integer.parseInt(line.split("\\D")[0]))
                    .toList();
            if (!sizes.isEmpty()) {
                assertEquals(
                        sizes,
                        blocks.stream().map(block -> block.data().length()).toList(),
                        path.toString());
            }
        }
    }
}
