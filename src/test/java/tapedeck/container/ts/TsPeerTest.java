package tapedeck.container.ts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tapedeck.bytes.Bytes;
import tapedeck.container.Container;
import tapedeck.media.Frame;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.SharedMedia;
import tapedeck.peers.TestMedia;

/// What others say of our transport streams, and ours of theirs.
@Tag("peer")
class TsPeerTest {
    @TempDir
    private Path folder;

    static List<String> cases() {
        return TsCases.names();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void realReadersTakeEveryFile(String name) throws IOException {
        List<Frame> frames = TsCases.frames(name);
        Path file = folder.resolve("file.ts");
        Files.write(file, TsCases.recorded(frames).content().toByteArray());
        assertEquals("", Ffmpeg.decodeErrors(file));
        for (boolean video : new boolean[] {true, false}) {
            List<Frame> sent = frames.stream()
                    .filter(frame -> frame.track().isVideo() == video)
                    .toList();
            assertPackets(sent, Ffmpeg.ffprobe(probe(file, video)));
            // Debian's, three years older
            List<String> command = new ArrayList<>(List.of("/usr/bin/ffprobe"));
            command.addAll(List.of(probe(file, video)));
            Ffmpeg.Result older = Ffmpeg.run(command);
            if (name.startsWith("h265") && video) {
                // Its parser gives each picture the first zero of the next one.
                assertEquals(sent.size(), older.text().split("data_hash=").length - 1);
            } else {
                assertPackets(sent, older);
            }
        }
        Ffmpeg.Result mediainfo = Ffmpeg.run(
                List.of("mediainfo", "--Inform=General;%Format% %VideoCount% %AudioCount%", file.toString()));
        long pictures = TestMedia.tracks(frames).stream()
                .filter(track -> track.isVideo())
                .count();
        long sounds = TestMedia.tracks(frames).size() - pictures;
        assertEquals(
                "MPEG-TS " + (pictures > 0 ? "1" : "") + " " + (sounds > 0 ? "1" : ""),
                mediainfo.text().strip() + (sounds > 0 ? "" : " "));
    }

    @Test
    void theNameOfTheStreamIsTheService() throws IOException {
        Path file = folder.resolve("file.ts");
        Files.write(file, TsCases.recorded(TsCases.frames("h264+aac")).content().toByteArray());
        String text = Ffmpeg.ffprobe("-v", "error", "-show_entries", "program_tags=service_name", file.toString())
                .text();
        // This build of ffprobe leaves the selector of UTF-8 in, with which the name begins.
        assertTrue(text.contains("service_name=\u0015" + TsCases.TITLE), text);
    }

    @Test
    void gstreamerFindsTheSameFrames() throws IOException {
        List<Frame> frames = TsCases.frames("h264b+aac");
        Path file = folder.resolve("file.ts");
        Files.write(file, TsCases.recorded(frames).content().toByteArray());
        String pipeline = "filesrc location=" + file + " ! tsdemux name=d"
                + " d. ! queue ! h264parse ! video/x-h264,alignment=au,stream-format=avc ! filesink location="
                + folder.resolve("v") + " d. ! queue ! aacparse ! audio/mpeg,stream-format=raw ! filesink location="
                + folder.resolve("a");
        List<String> command = new ArrayList<>(List.of("gst-launch-1.0", "-q"));
        command.addAll(List.of(pipeline.split(" ")));
        Ffmpeg.Result result = Ffmpeg.run(command);
        assertEquals(0, result.exitCode(), result.err());
        long sound = frames.stream()
                .filter(frame -> frame.track().isAudio())
                .mapToLong(frame -> frame.data().length())
                .sum();
        // Its parser keeps the last one back, also of others' files.
        long heard = Files.size(folder.resolve("a"));
        assertTrue(heard > sound - 500 && heard <= sound, heard + " of " + sound);
        long picture = frames.stream()
                .filter(frame -> frame.track().isVideo())
                .mapToLong(frame -> frame.data().length())
                .sum();
        // Its parser leaves parameter sets and delimiters in.
        long found = Files.size(folder.resolve("v"));
        assertTrue(found >= picture && found < picture + frames.size() * 16L + 200, found + " of " + picture);
    }

    @Test
    void filesThatFfmpegMadeHoldWhatItPutIn() throws IOException {
        for (String options : List.of("", "-mpegts_m2ts_mode 1", "-pes_payload_size 0", "-muxrate 4000k")) {
            Path file = folder.resolve("ffmpeg.ts");
            List<String> arguments = new ArrayList<>(List.of(
                    "-v error -f lavfi -i testsrc2=s=320x180:r=25 -f lavfi -i sine=r=44100 -t 3 -c:v libx264 -bf 2 -c:a aac"
                            .split(" ")));
            arguments.addAll(options.isEmpty() ? List.of() : List.of(options.split(" ")));
            arguments.addAll(List.of("-f", "mpegts", file.toString()));
            Ffmpeg.ffmpeg(arguments.toArray(String[]::new));
            assertSameAsFfprobe(file);
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
                assertEquals(3.0, Container.TS.probe(channel).durationNanos() / 1e9, 0.05, options);
            }
        }
    }

    @Test
    void filesOfOthersHoldWhatFfprobeFinds() throws IOException {
        for (Path file : SharedMedia.files("ts", "ts")) {
            if (file.getFileName().toString().matches("sample_h26[45](_iframes_only)?.ts")) {
                assertSameAsFfprobe(file);
            }
        }
    }

    private static void assertSameAsFfprobe(Path file) throws IOException {
        TsCases.Heard heard = TsCases.heard(Bytes.wrap(Files.readAllBytes(file)));
        long pictures = Ffmpeg.ffprobe(probe(file, true))
                .text()
                .lines()
                .filter(l -> l.contains("MD5:"))
                .count();
        assertEquals(pictures, heard.of(true).size(), file.toString());
        if (heard.unsupported.isEmpty()) {
            long sounds = Ffmpeg.ffprobe(probe(file, false))
                    .text()
                    .lines()
                    .filter(l -> l.contains("MD5:"))
                    .count();
            assertEquals(sounds, heard.of(false).size(), file.toString());
        }
    }

    private static String[] probe(Path file, boolean video) {
        return new String[] {
            "-v",
            "error",
            "-select_streams",
            video ? "v:0" : "a:0",
            "-show_packets",
            "-show_data_hash",
            "md5",
            "-show_entries",
            "packet=pts_time,flags,data_hash",
            "-of",
            "default=nw=1",
            file.toString()
        };
    }

    /// That the packets are the frames in the form of [ElementaryWriter], at their times; Opus without its headers.
    private static void assertPackets(List<Frame> sent, Ffmpeg.Result found) {
        assertEquals("", found.err().replaceAll("(?m)^.*opus.*Error parsing Opus packet header.*\\n", ""));
        List<List<String>> lines = new ArrayList<>();
        // The order of the fields differs between versions, but the hash is always the last.
        String ptsTime = "";
        String flags = "";
        for (String line : found.text().lines().toList()) {
            String value = line.substring(line.indexOf('=') + 1);
            if (line.startsWith("pts_time=")) {
                ptsTime = value;
            } else if (line.startsWith("flags=")) {
                flags = value;
            } else if (line.startsWith("data_hash=")) {
                lines.add(List.of(ptsTime, flags, value));
            }
        }
        assertEquals(sent.size(), lines.size());
        if (sent.isEmpty()) {
            return;
        }
        ElementaryWriter writer = new ElementaryWriter(sent.getFirst().track().codec());
        double first = Double.parseDouble(lines.getFirst().getFirst()) * 1000;
        for (int i = 0; i < sent.size(); i++) {
            Frame frame = sent.get(i);
            List<Bytes> parts = writer.parts(frame);
            List<Bytes> whole = frame.track().codec().name().equals("opus") ? List.of(frame.data()) : parts;
            List<String> fields = lines.get(i);
            assertEquals("MD5:" + TsCases.md5(whole), fields.get(2), "packet " + i);
            double millis = Double.parseDouble(fields.get(0)) * 1000 - first;
            double expected = (frame.ptsNanos() - sent.getFirst().ptsNanos()) / 1e6;
            assertEquals(expected, millis, 1.02, "packet " + i);
            assertEquals(frame.keyframe(), fields.get(1).startsWith("K"), "packet " + i);
        }
    }
}
