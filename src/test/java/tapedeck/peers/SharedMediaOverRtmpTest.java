package tapedeck.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.bytes.Bytes;

/// Whatever file a publisher sends by RTMP, unchanged, is recorded with just those packets, or refused with the reason.
@Tag("peer")
@Timeout(600)
class SharedMediaOverRtmpTest {
    private static final int TOGETHER = 6;
    /// What is sent of each file.
    private static final int SECONDS = 5;
    /// Of those that are made here: ffmpeg does not write VP8 into FLV, and FLAC is refused.
    private static final int NOT_RECORDED = 2;

    private static final Set<String> TAKEN =
            Set.of("h264", "hevc", "vp8", "vp9", "av1", "aac", "opus", "mp3", "pcm_alaw", "pcm_mulaw");

    /// Files whose pictures no decoder takes.
    private static final String DAMAGED = ".*(invalid[-_](vp9[-_])?bitstream|encrypted|webm_doctype).*";

    private static final String[] SETTINGS = {
        "record_formats=h264-mp4, h265-mp4, vp8-mkv, vp9-mkv, av1-mkv", "record_mp4_audio=copy"
    };

    @TempDir
    private Path folder;

    private enum Outcome {
        RECORDED,
        REFUSED,
        /// FLV has no place for it, or there is no packet in it.
        NOT_SENT,
        /// Every packet is damaged or encrypted.
        UNREADABLE
    }

    /// @param millis from the first of its kind on
    private record Packet(double millis, int size, String hash) {}

    @Test
    void everyFileThatCanBeSentIsRecordedOrRefused() throws Exception {
        List<Path> files = new ArrayList<>(made());
        int made = files.size();
        files.addAll(SharedMedia.files("flv", "flv"));
        files.addAll(SharedMedia.files("mp4", "mp4", "mov", "m4b", "3gp"));
        files.addAll(SharedMedia.files("mkv", "mkv", "webm", "mka"));
        files.addAll(SharedMedia.files("ts", "ts"));
        files.addAll(SharedMedia.files("audio"));
        Map<Path, Future<Outcome>> outcomes = new LinkedHashMap<>();
        Map<Outcome, Integer> counts = new LinkedHashMap<>();
        List<String> failures = new ArrayList<>();
        try (TestServer server = new TestServer(folder.resolve("data"), SETTINGS);
                ExecutorService threads = Executors.newFixedThreadPool(TOGETHER)) {
            for (Path file : files) {
                String name = "file" + outcomes.size();
                outcomes.put(file, threads.submit(() -> send(server, name, file)));
            }
            for (Map.Entry<Path, Future<Outcome>> entry : outcomes.entrySet()) {
                try {
                    counts.merge(entry.getValue().get(), 1, Integer::sum);
                } catch (java.util.concurrent.ExecutionException e) {
                    failures.add(entry.getKey() + ": " + e.getCause());
                }
            }
        }
        System.out.printf("%d files over RTMP, %d of them made here: %s%n", files.size(), made, counts);
        assertEquals("", String.join("\n", failures));
        assertTrue(counts.getOrDefault(Outcome.RECORDED, 0) >= made - NOT_RECORDED, counts.toString());
        assertTrue(counts.getOrDefault(Outcome.REFUSED, 0) >= 1, counts.toString());
    }

    /// One file for each codec, the last of which is refused.
    private List<Path> made() {
        List<Path> files = new ArrayList<>();
        for (String codecs : List.of(
                "libx264 -bf 2 | aac",
                "libx265 -x265-params log-level=none:bframes=2 | aac",
                "libvpx -deadline realtime | libopus",
                "libvpx-vp9 -deadline realtime -cpu-used 8 | libopus",
                "libaom-av1 -usage realtime -cpu-used 8 | libopus",
                "libx264 | libmp3lame",
                "libx264 | pcm_alaw -ar 8000",
                "libx264 | pcm_mulaw -ar 8000",
                "libx264 | flac -strict experimental")) {
            String[] sides = codecs.split(" \\| ");
            Path file = folder.resolve("made" + files.size() + ".mkv");
            List<String> arguments = new ArrayList<>(List.of(
                    "-v error -f lavfi -i testsrc2=s=320x180:r=30 -f lavfi -i sine=r=48000 -t 3 -g 30".split(" ")));
            arguments.add("-c:v");
            arguments.addAll(List.of(sides[0].split(" ")));
            arguments.add("-c:a");
            arguments.addAll(List.of(sides[1].split(" ")));
            arguments.addAll(List.of("-pix_fmt", "yuv420p", file.toString()));
            Ffmpeg.ffmpeg(arguments.toArray(String[]::new));
            files.add(file);
        }
        return files;
    }

    private Outcome send(TestServer server, String name, Path file) throws Exception {
        Path sent = folder.resolve(name + ".flv");
        if (copy(file, sent.toString()).exitCode() != 0) {
            return Outcome.NOT_SENT;
        }
        FlvFile tags = FlvFile.read(sent);
        Map<String, List<Packet>> expected = packets(sent);
        if (codecs(sent).contains("opus")) {
            // ffprobe takes the header of Opus in FLV for a packet, and says no times.
            expected.put("audio", opusPackets(tags));
        }
        Set<String> broken = brokenPictures(tags);
        expected.values().forEach(packets -> packets.removeIf(packet -> broken.contains(packet.hash())));
        if (expected.isEmpty()) {
            return Outcome.NOT_SENT;
        }
        if (!TAKEN.containsAll(codecs(sent))) {
            assertRefused(server, name, tags);
            return Outcome.REFUSED;
        }
        Ffmpeg.Result publishing = copy(file, server.rtmpUrl(name));
        assertEquals(0, publishing.exitCode(), publishing.err());
        if (file.toString().matches(DAMAGED)) {
            return Outcome.UNREADABLE;
        }
        Path recording = server.awaitRecordingOf(name);
        Map<String, List<Packet>> found = packets(recording);
        assertEquals(expected.keySet(), found.keySet());
        for (String kind : expected.keySet()) {
            assertSame(kind, expected.get(kind), found.get(kind), hasOurNalLengths(tags));
        }
        return Outcome.RECORDED;
    }

    /// That the publisher is told what is wrong. ffmpeg may be done with a short file before it hears of it.
    private static void assertRefused(TestServer server, String name, FlvFile file) throws IOException {
        try (RtmpClient client = RtmpClient.connected(server.port("RTMP"))) {
            client.publish(name);
            // The headers and first frames of both tracks are enough.
            client.send(file.tags().stream().filter(FlvFile.Tag::video).limit(3).toList());
            client.send(file.tags().stream().filter(FlvFile.Tag::audio).limit(3).toList());
            RtmpClient.Status status = client.awaitStatus();
            assertEquals("NetStream.Publish.Failed", status.code());
            assertTrue(status.description().contains(" is not supported: H.264, "), status.description());
        }
    }

    private static List<String> codecs(Path file) {
        return Ffmpeg.ffprobe(
                        "-v",
                        "quiet",
                        "-show_entries",
                        "stream=codec_name",
                        "-of",
                        "default=nw=1:nk=1",
                        file.toString())
                .text()
                .lines()
                .toList();
    }

    private static Ffmpeg.Result copy(Path file, String target) {
        List<String> command =
                new ArrayList<>(List.of(Ffmpeg.ffmpeg(), "-hide_banner", "-nostdin", "-y", "-v", "error"));
        if (target.startsWith("rtmp")) {
            command.addAll(List.of("-readrate", "8"));
        }
        command.addAll(List.of("-t", "" + SECONDS, "-i", file.toString()));
        command.addAll(List.of("-map", "0:V:0?", "-map", "0:a:0?", "-c", "copy"));
        if (target.startsWith("rtmp")) {
            command.addAll(List.of("-rtmp_enhanced_codecs", "hvc1,av01,vp09"));
        }
        command.addAll(List.of("-strict", "experimental", "-f", "flv", target));
        return Ffmpeg.run(command);
    }

    private static void assertSame(String kind, List<Packet> expected, List<Packet> found, boolean bytes) {
        assertEquals(expected.size(), found.size(), kind + " packets");
        for (int i = 0; i < expected.size(); i++) {
            String which = kind + " packet " + i;
            assertEquals(expected.get(i).millis(), found.get(i).millis(), 1.1, which);
            if (bytes) {
                assertEquals(expected.get(i).size(), found.get(i).size(), which);
                assertEquals(expected.get(i).hash(), found.get(i).hash(), which);
            }
        }
    }

    /// Lengths of NAL units of 1 or 2 bytes become 4 in a recording: the packets differ then.
    private static boolean hasOurNalLengths(FlvFile file) {
        return file.tags().stream()
                .filter(tag -> tag.video() && tag.sequenceHeader())
                .allMatch(tag -> (tag.body().u8(5 + 4) & 3) == 3);
    }

    /// The hashes of AVC pictures whose NAL units do not add up, which a damaged file can have: those are left out.
    private static Set<String> brokenPictures(FlvFile file) throws NoSuchAlgorithmException {
        Set<String> broken = new HashSet<>();
        for (FlvFile.Tag tag : file.tags()) {
            if (!hasOurNalLengths(file) || !tag.video() || (tag.body().u8(0) & 0x8F) != 7 || !tag.media()) {
                continue;
            }
            long at = 0;
            int length = tag.data().length();
            while (at >= 0 && at + 4 <= length) {
                at += 4 + tag.data().u32((int) at);
            }
            if (at != length) {
                broken.add(hash(tag.data()));
            }
        }
        return broken;
    }

    private static String hash(Bytes data) throws NoSuchAlgorithmException {
        return "MD5:"
                + HexFormat.of().formatHex(MessageDigest.getInstance("MD5").digest(data.toByteArray()));
    }

    private static List<Packet> opusPackets(FlvFile file) throws NoSuchAlgorithmException {
        List<Packet> packets = new ArrayList<>();
        int first = 0;
        for (FlvFile.Tag tag : file.tags()) {
            // CodedFrames under a FourCC
            if (tag.audio() && tag.body().length() > 5 && tag.body().u8(0) == 0x91) {
                first = packets.isEmpty() ? tag.timestampMillis() : first;
                Bytes data = tag.body().slice(5);
                packets.add(new Packet(tag.timestampMillis() - first, data.length(), hash(data)));
            }
        }
        return packets;
    }

    private static Map<String, List<Packet>> packets(Path file) throws IOException {
        assertTrue(Files.exists(file));
        Map<String, List<Packet>> packets = new LinkedHashMap<>();
        String text = Ffmpeg.ffprobe(
                        "-v",
                        "quiet",
                        "-show_packets",
                        "-show_data_hash",
                        "md5",
                        "-show_entries",
                        "packet=codec_type,pts_time,size,data_hash",
                        "-of",
                        "default=nw=1",
                        file.toString())
                .text();
        Map<String, Double> firsts = new LinkedHashMap<>();
        Map<String, String> fields = new LinkedHashMap<>();
        for (String line : text.lines().toList()) {
            int equals = line.indexOf('=');
            fields.put(line.substring(0, Math.max(0, equals)), line.substring(equals + 1));
            if (line.startsWith("data_hash=")) {
                String kind = fields.getOrDefault("codec_type", "");
                String time = fields.getOrDefault("pts_time", "N/A");
                double millis = time.equals("N/A") ? 0 : Double.parseDouble(time) * 1000;
                double first = firsts.computeIfAbsent(kind, _ -> millis);
                packets.computeIfAbsent(kind, _ -> new ArrayList<>())
                        .add(new Packet(
                                millis - first,
                                Integer.parseInt(fields.getOrDefault("size", "0")),
                                fields.getOrDefault("data_hash", "")));
            }
        }
        return packets;
    }
}
