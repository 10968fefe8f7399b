package tapedeck.container.matroska;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tapedeck.bytes.Bytes;
import tapedeck.container.MemoryFile;
import tapedeck.container.matroska.PeerFiles.Case;
import tapedeck.container.matroska.PeerFiles.Packets;
import tapedeck.media.Track;
import tapedeck.peers.Ffmpeg;

/// What real readers make of our files while they grow and when they are finished.
@Tag("peer")
class MatroskaPeerTest {
    private static final int SECONDS = 4;
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
}
