package tapedeck.container.matroska;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tapedeck.bytes.Bytes;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.TestMedia;

/// Files of real frames, and what real readers say of them.
final class PeerFiles {
    /// What a file holds of each track: packets as text, `milliseconds, K if a keyframe, hash`.
    record Packets(Map<Integer, List<String>> byTrack) {}

    record Case(String name, MatroskaFormat format, List<Frame> frames) {
        String extension() {
            return format.equals(MatroskaFormat.WEBM) ? "webm" : "mkv";
        }

        boolean hasVideo() {
            return frames.stream().anyMatch(frame -> frame.track().isVideo());
        }
    }

    private PeerFiles() {}

    /// Every mapping, at least once, and some pairs. Sound starts 120 ms late in one of them.
    static List<Case> cases(int seconds) {
        List<Frame> opus = TestMedia.opus(seconds);
        List<Frame> aac = TestMedia.aac(seconds);
        List<Frame> lateOpus = TestMedia.shifted(opus, 120_000_000);
        return List.of(
                new Case("vp8-opus", MatroskaFormat.WEBM, TestMedia.interleaved(TestMedia.vp8(seconds), lateOpus)),
                new Case("vp9-opus", MatroskaFormat.WEBM, TestMedia.interleaved(TestMedia.vp9(seconds), opus)),
                new Case("av1-opus", MatroskaFormat.WEBM, TestMedia.interleaved(TestMedia.av1(seconds), opus)),
                new Case("opus", MatroskaFormat.WEBM, opus),
                new Case("vp8", MatroskaFormat.WEBM, TestMedia.vp8(seconds)),
                new Case("h264-aac", MatroskaFormat.MKV, TestMedia.interleaved(TestMedia.h264(seconds), aac)),
                new Case(
                        "h264b-aac",
                        MatroskaFormat.MKV,
                        TestMedia.interleaved(TestMedia.h264WithBFrames(seconds), aac)),
                new Case("h264-opus", MatroskaFormat.MKV, TestMedia.interleaved(TestMedia.h264(seconds), opus)),
                new Case(
                        "h265b-aac",
                        MatroskaFormat.MKV,
                        TestMedia.interleaved(TestMedia.h265WithBFrames(seconds), aac)),
                new Case(
                        "h264-mp3",
                        MatroskaFormat.MKV,
                        TestMedia.interleaved(TestMedia.h264(seconds), TestMedia.mp3(seconds))),
                new Case("vp8-aac", MatroskaFormat.MKV, TestMedia.interleaved(TestMedia.vp8(seconds), aac)),
                new Case("alaw", MatroskaFormat.MKV, g711(new Codec.Pcma(8000, 1), seconds)),
                new Case("mulaw", MatroskaFormat.MKV, g711(new Codec.Pcmu(8000, 2), seconds)));
    }

    private static List<Frame> g711(Codec.Audio codec, int seconds) {
        Track track = new Track(Track.AUDIO, codec);
        List<Frame> frames = new ArrayList<>();
        for (int i = 0; i < seconds * 50; i++) {
            byte[] samples = new byte[160 * codec.channels()];
            for (int j = 0; j < samples.length; j++) {
                samples[j] = (byte) (i * 7 + j);
            }
            frames.add(new Frame(track, i * 20_000_000L, i * 20_000_000L, true, Bytes.wrap(samples)));
        }
        return frames;
    }

    static Path write(Path folder, String name, Bytes content) throws IOException {
        Path file = folder.resolve(name);
        Files.write(file, content.toByteArray());
        return file;
    }

    static Packets expected(List<Frame> frames) {
        Map<Integer, List<String>> byTrack = new TreeMap<>();
        List<MatroskaBlock> blocks = Samples.expected(frames);
        for (MatroskaBlock block : blocks) {
            byTrack.computeIfAbsent(block.trackNumber(), _ -> new ArrayList<>())
                    .add("%d %s %s"
                            .formatted(
                                    block.ptsNanos() / 1_000_000,
                                    block.keyframe() ? "K" : "_",
                                    md5(block.data().toByteArray())));
        }
        return new Packets(byTrack);
    }

    /// @param ffprobe which of them
    static Packets packets(String ffprobe, Path file, List<Track> tracks) {
        Ffmpeg.Result result = Ffmpeg.run(List.of(
                ffprobe,
                "-v",
                "error",
                "-show_packets",
                "-show_data_hash",
                "md5",
                "-show_entries",
                "packet=stream_index,pts_time,flags,data_hash",
                "-of",
                "compact=nk=1:p=0",
                file.toString()));
        // ffprobe 8 says this once at the end of every Opus track in Matroska, of FFmpeg's own making too.
        String errors = result.err().replaceAll("\\[opus @ \\w+] Error parsing Opus packet header\\.\n", "");
        assertEquals("", errors, file.toString());
        Map<Integer, List<String>> byTrack = new TreeMap<>();
        for (String line : result.text().lines().toList()) {
            String[] fields = line.split("\\|");
            byTrack.computeIfAbsent(tracks.get(Integer.parseInt(fields[0])).id(), _ -> new ArrayList<>())
                    .add("%d %s %s"
                            .formatted(
                                    Math.round(Double.parseDouble(fields[1]) * 1000),
                                    fields[2].charAt(0),
                                    fields[3].substring(fields[3].indexOf(':') + 1)));
        }
        return new Packets(byTrack);
    }

    static double ffprobeDuration(String ffprobe, Path file) {
        Ffmpeg.Result result = Ffmpeg.run(
                List.of(ffprobe, "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", file.toString()));
        return Double.parseDouble(result.text().strip());
    }

    static Ffmpeg.Result run(String... command) {
        return Ffmpeg.run(List.of(command));
    }

    private static String md5(byte[] data) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("MD5").digest(data));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }
}
