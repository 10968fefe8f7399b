package tapedeck.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.io.UncheckedIOException;
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
import tapedeck.container.ts.TsDemuxer;
import tapedeck.media.Frame;
import tapedeck.peers.Ffmpeg;

/// What real readers say of a recording.
final class Judge {
    private static final long NANOS_PER_MILLI = 1_000_000;

    private Judge() {}

    /// What a reader found of one packet.
    record Packet(long ptsMillis, String md5) {}

    /// The packets by kind of track (`video`, `audio`), in order.
    static Map<String, List<Packet>> packets(Path file) {
        if (file.toString().endsWith(".ts")) {
            return transportPackets(file);
        }
        Ffmpeg.Result result = Ffmpeg.ffprobe(
                "-v",
                "error",
                "-show_entries",
                "packet=codec_type,pts_time,data_hash",
                "-show_data_hash",
                "md5",
                "-of",
                "csv=nokey=0:p=0",
                file.toString());
        assertEquals("", complaints(result.err()), file.toString());
        Map<String, List<Packet>> packets = new TreeMap<>();
        for (String line : result.text().lines().toList()) {
            Map<String, String> fields = new TreeMap<>();
            for (String field : line.split(",")) {
                String[] sides = field.split("=", 2);
                if (sides.length == 2) {
                    fields.put(sides[0], sides[1]);
                }
            }
            packets.computeIfAbsent(fields.get("codec_type"), _ -> new ArrayList<>())
                    .add(new Packet(
                            Math.round(Double.parseDouble(fields.get("pts_time")) * 1000),
                            fields.get("data_hash").replace("MD5:", "")));
        }
        return packets;
    }

    /// A transport stream's packets have start codes and headers, so they are read by our own reader, and ffprobe is
    /// asked how many there are.
    private static Map<String, List<Packet>> transportPackets(Path file) {
        Map<String, List<Packet>> packets = new TreeMap<>();
        TsDemuxer demuxer = new TsDemuxer(frame -> packets.computeIfAbsent(
                        frame.track().isVideo() ? "video" : "audio", _ -> new ArrayList<>())
                .add(new Packet(Math.round((double) frame.ptsNanos() / NANOS_PER_MILLI), md5(frame))));
        try {
            demuxer.receive(Bytes.wrap(Files.readAllBytes(file)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        demuxer.end();
        String counted = Ffmpeg.ffprobe(
                        "-v",
                        "error",
                        "-count_packets",
                        "-show_entries",
                        "stream=nb_read_packets",
                        "-of",
                        "default=nw=1:nk=1",
                        file.toString())
                .text();
        int found = packets.values().stream().mapToInt(List::size).sum();
        // Programs repeat their streams.
        assertEquals(found, counted.lines().mapToInt(Integer::parseInt).sum() / 2, file + ": " + counted);
        return packets;
    }

    /// That the file holds these frames, byte for byte, at these times (to the millisecond, from the file's own zero),
    /// and decodes without a complaint.
    static void assertHolds(Path file, List<Frame> frames) {
        Map<String, List<Frame>> expected = new TreeMap<>();
        for (Frame frame : frames) {
            expected.computeIfAbsent(frame.track().isVideo() ? "video" : "audio", _ -> new ArrayList<>())
                    .add(frame);
        }
        Map<String, List<Packet>> found = packets(file);
        assertEquals(expected.keySet(), found.keySet(), file.toString());
        long zero = frames.stream().mapToLong(Frame::ptsNanos).min().orElseThrow();
        for (String kind : expected.keySet()) {
            List<Frame> sent = expected.get(kind);
            List<Packet> packets = found.get(kind);
            assertEquals(sent.size(), packets.size(), "number of " + kind + " packets");
            long shift = Math.round((double) (sent.getFirst().ptsNanos() - zero) / NANOS_PER_MILLI)
                    - packets.getFirst().ptsMillis();
            for (int i = 0; i < sent.size(); i++) {
                assertEquals(md5(sent.get(i)), packets.get(i).md5(), kind + " packet " + i);
                long millis = Math.round((double) (sent.get(i).ptsNanos() - zero) / NANOS_PER_MILLI) - shift;
                assertFalse(
                        Math.abs(millis - packets.get(i).ptsMillis()) > 1,
                        "%s packet %d at %d, not at %d"
                                .formatted(kind, i, packets.get(i).ptsMillis(), millis));
            }
            // Opus in Matroska starts before zero by what a decoder drops.
            assertFalse(Math.abs(shift) > 10, kind + " is shifted by " + shift + " ms");
        }
        assertDecodes(file);
    }

    static void assertDecodes(Path file) {
        assertEquals("", complaints(Ffmpeg.decodeErrors(file)), file.toString());
    }

    /// ffprobe 8 says this at the end of every Matroska file with Opus, also of its own.
    private static String complaints(String err) {
        return err.replaceAll("(?m)^\\[opus @ \\w+] Error parsing Opus packet header\\.\\n", "");
    }

    /// That a reader which is not FFmpeg opens the file, knows this many tracks and sees no fault.
    static void assertOpensElsewhere(Path file, int tracks) {
        Ffmpeg.Result result = Ffmpeg.run(List.of("timeout", "30", "mkvmerge", "-J", file.toString()));
        assertEquals(0, result.exitCode(), result.text());
        assertEquals(tracks, result.text().split("\"codec\":").length - 1, result.text());
        assertFalse(result.text().contains("\"supported\": false"), result.text());
    }

    private static String md5(Frame frame) {
        try {
            return HexFormat.of()
                    .formatHex(
                            MessageDigest.getInstance("MD5").digest(frame.data().toByteArray()));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }
}
