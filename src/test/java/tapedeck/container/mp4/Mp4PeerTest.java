package tapedeck.container.mp4;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tapedeck.bytes.Bytes;
import tapedeck.container.MemoryFile;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.TestMedia;

/// What others read in the files of each state.
@Tag("peer")
class Mp4PeerTest {
    /// Of the system, older than the bundled one.
    private static final String OLD_FFPROBE = "/usr/bin/ffprobe";

    private static final String OLD_FFMPEG = "/usr/bin/ffmpeg";

    @TempDir
    Path folder;

    static List<String> cases() {
        return Mp4Cases.names();
    }

    private record Written(String state, Path file) {}

    /// The same frames in states R, F and T.
    private List<Written> written(List<Frame> frames) throws IOException {
        List<Written> files = new ArrayList<>();
        MemoryFile growing = Mp4Cases.recorded(frames, Mp4Cases.ROOMY);
        files.add(new Written("R", file("R", growing)));
        Mp4Finisher.finish(growing);
        files.add(new Written("F", file("F", growing)));
        MemoryFile tight = Mp4Cases.recorded(frames, Mp4Cases.TIGHT);
        Mp4Finisher.finish(tight);
        files.add(new Written("T", file("T", tight)));
        return files;
    }

    private Path file(String name, MemoryFile content) throws IOException {
        return Files.write(folder.resolve(name + ".mp4"), content.content().toByteArray());
    }

    @ParameterizedTest
    @MethodSource("cases")
    void ffprobeSeesEveryPacketAtItsTime(String name) throws IOException {
        List<Frame> frames = Mp4Cases.frames(name);
        for (Written written : written(frames)) {
            for (String ffprobe : List.of(Ffmpeg.ffprobe(), OLD_FFPROBE)) {
                for (Track track : TestMedia.tracks(frames)) {
                    assertPackets(frames, track, packets(ffprobe, written.file(), track), written.state());
                }
            }
        }
    }

    /// Lines of `pts_time,flags,MD5:hash` of one track.
    private static List<String[]> packets(String ffprobe, Path file, Track track) {
        Ffmpeg.Result result = Ffmpeg.run(List.of(
                ffprobe,
                "-v",
                "error",
                "-select_streams",
                track.isVideo() ? "v:0" : "a:0",
                "-show_data_hash",
                "md5",
                "-show_entries",
                "packet=pts_time,flags,data_hash",
                "-of",
                "csv=p=0",
                file.toString()));
        assertEquals("", result.err());
        return result.text().lines().map(line -> line.split(",")).toList();
    }

    private static void assertPackets(List<Frame> frames, Track track, List<String[]> packets, String state) {
        List<Frame> expected =
                frames.stream().filter(f -> f.track().equals(track)).toList();
        assertEquals(expected.size(), packets.size(), state);
        long zero = Mp4Cases.zeroNanos(frames);
        // ffmpeg shifts fragments with negative composition offsets by the largest of them; all others do not, and
        // neither does ffmpeg in a finished file.
        double shiftMillis = state.equals("R") ? largestNegativeOffsetMillis(expected) : 0;
        for (int i = 0; i < packets.size(); i++) {
            Frame frame = expected.get(i);
            String[] packet = packets.get(i);
            String what = "%s %s packet %d".formatted(state, track.codec().name(), i);
            double ptsMillis = (frame.ptsNanos() - zero) / 1e6 + shiftMillis;
            assertEquals(ptsMillis, Double.parseDouble(packet[0]) * 1000, 0.51, what);
            assertEquals(frame.keyframe(), packet[1].startsWith("K"), what);
            assertEquals("MD5:" + md5(frame.data()), packet[2], what);
        }
    }

    /// How far decoding runs ahead of showing when both begin at 0.
    private static double largestNegativeOffsetMillis(List<Frame> frames) {
        long firstPts = frames.stream().mapToLong(Frame::ptsNanos).min().orElseThrow();
        long firstDts = frames.getFirst().dtsNanos();
        return frames.stream()
                        .mapToLong(f -> f.dtsNanos() - firstDts - (f.ptsNanos() - firstPts))
                        .max()
                        .orElseThrow()
                / 1e6;
    }

    private static String md5(Bytes bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("MD5").digest(bytes.toByteArray()));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void ffmpegDecodesEveryStateWithoutAnError(String name) throws IOException {
        for (Written written : written(Mp4Cases.frames(name))) {
            for (String ffmpeg : List.of(Ffmpeg.ffmpeg(), OLD_FFMPEG)) {
                assertEquals("", decodeErrors(ffmpeg, written.file()), written.state());
            }
        }
    }

    private static String decodeErrors(String ffmpeg, Path file) {
        return Ffmpeg.run(List.of(ffmpeg, "-nostdin", "-v", "error", "-i", file.toString(), "-f", "null", "-"))
                .err();
    }

    @ParameterizedTest
    @ValueSource(strings = {"h264b+aac", "h264+opus", "vp9+opus", "aac", "late audio", "after ten hours"})
    void otherReadersOpenEveryState(String name) throws IOException {
        List<Frame> frames = Mp4Cases.frames(name);
        List<Track> tracks = TestMedia.tracks(frames);
        for (Written written : written(frames)) {
            String file = written.file().toString();
            Ffmpeg.Result mkvmerge = Ffmpeg.run(List.of("mkvmerge", "-J", file));
            assertEquals(0, mkvmerge.exitCode(), mkvmerge.text());
            assertEquals(tracks.size(), count(mkvmerge.text(), "\"codec\": "), mkvmerge.text());
            assertTrue(mkvmerge.text().contains("\"warnings\": []"), mkvmerge.text());

            String mediainfo = Ffmpeg.run(List.of("mediainfo", file)).text();
            assertEquals(
                    tracks.size(),
                    mediainfo
                            .lines()
                            .filter(line -> line.equals("Video") || line.equals("Audio"))
                            .count(),
                    mediainfo);
            assertFalse(mediainfo.contains("IsTruncated"), mediainfo);
            for (Track track : tracks) {
                assertEquals(
                        frames.stream().filter(f -> f.track().equals(track)).count(),
                        gstreamerBuffers(file, track),
                        written.state());
            }
        }
    }

    private static long gstreamerBuffers(String file, Track track) {
        Ffmpeg.Result result = Ffmpeg.run(List.of(
                "gst-launch-1.0",
                "-v",
                "filesrc",
                "location=" + file,
                "!",
                "qtdemux",
                "name=d",
                track.isVideo() ? "d.video_0" : "d.audio_0",
                "!",
                "fakesink",
                "silent=false"));
        assertEquals(0, result.exitCode(), result.err());
        return result.text()
                .lines()
                .filter(line -> line.contains("chain   ****"))
                .count();
    }

    private static int count(String text, String what) {
        return text.split(what, -1).length - 1;
    }

    @Test
    void aRecordingCutAnywhereOpensBeforeAndDecodesAfterRecovery() throws IOException {
        List<Frame> frames = Mp4Cases.frames("h264b+aac");
        Bytes recorded = Mp4Cases.recorded(frames, Mp4Cases.ROOMY).content();
        int first = Mp4Cases.ROOMY + recorded.length() / 4;
        Random random = new Random(7);
        for (int i = 0; i < 12; i++) {
            int cut = first + random.nextInt(recorded.length() - first);
            MemoryFile torn = new MemoryFile(recorded.slice(0, cut));
            Path file = file("cut", torn);
            String streams = Ffmpeg.ffprobe(
                            "-v", "fatal", "-show_entries", "stream=codec_name", "-of", "csv=p=0", file + "")
                    .text();
            assertEquals("h264\naac\n", streams, "cut at " + cut);
            String mediainfo = Ffmpeg.run(List.of("mediainfo", file.toString())).text();
            assertTrue(mediainfo.contains("AVC") && mediainfo.contains("AAC"), mediainfo);
            Mp4Finisher.finish(torn);
            assertEquals("", decodeErrors(Ffmpeg.ffmpeg(), file("recovered", torn)), "cut at " + cut);
        }
    }

    @Test
    void theTitleAndTheStartAreShown() throws IOException {
        for (Written written : written(Mp4Cases.frames("aac"))) {
            String text = Ffmpeg.ffprobe(
                            "-v",
                            "error",
                            "-show_entries",
                            "format_tags=title,creation_time",
                            "-of",
                            "csv=p=0",
                            written.file() + "")
                    .text();
            assertTrue(text.contains("camera 1 – été"), text);
            assertTrue(text.contains("2026-01-02T03:04:05"), text);
        }
    }
}
