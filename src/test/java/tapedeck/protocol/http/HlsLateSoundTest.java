package tapedeck.protocol.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tapedeck.bytes.Bytes;
import tapedeck.container.mp4.Mp4Frames;
import tapedeck.media.Frame;
import tapedeck.peers.TestMedia;
import tapedeck.stream.Item;
import tapedeck.stream.Publication;

/// Publishers over RTSP put much sound into one packet, which so comes behind its pictures.
class HlsLateSoundTest {
    private static final long SECOND_NANOS = 1_000_000_000L;
    /// Nearly a second.
    private static final int SOUNDS_IN_A_PACKET = 40;
    /// One of sound; times in between are cut somewhere.
    private static final double TOLERANCE_SECONDS = 0.025;

    @TempDir
    Path folder;

    private List<Frame> frames(Bytes init, Bytes data) throws Exception {
        Path file = folder.resolve("piece.mp4");
        try (var out = Files.newOutputStream(file)) {
            out.write(init.toByteArray());
            out.write(data.toByteArray());
        }
        try (FileChannel channel = FileChannel.open(file)) {
            return Mp4Frames.of(channel);
        }
    }

    /// As the player would get it: begins with a keyframe, and with the sound that comes after it.
    private static List<Frame> from(List<Frame> frames, int keyframe) {
        Frame begin = frames.stream()
                .filter(frame -> frame.track().isVideo() && frame.keyframe())
                .toList()
                .get(keyframe);
        return frames.subList(frames.indexOf(begin), frames.size());
    }

    @Test
    void eachPartHasTheSoundOfItsPictures() throws Exception {
        List<Frame> come = from(TestMedia.withSoundInPackets(TestMedia.of("h264b+aac", 9), SOUNDS_IN_A_PACKET), 3);
        long beginNanos = come.getFirst().dtsNanos();
        assertTrue(
                come.stream().anyMatch(frame -> frame.dtsNanos() < beginNanos - SECOND_NANOS / 5),
                "sound of before the first picture is in it");
        HlsWindow window = cut(come);
        String playlist = window.playlist("");
        Bytes init = window.init(1).data();
        double atSeconds = beginNanos / 1e9;
        int sounds = 0;
        for (double[] segment : segments(playlist)) {
            List<Frame> frames = frames(init, window.segment((long) segment[0]).data());
            sounds += assertCovers(frames, atSeconds, atSeconds + segment[1], playlist);
            atSeconds += segment[1];
        }
        assertEquals(
                come.stream()
                        .filter(frame -> !frame.track().isVideo() && frame.dtsNanos() >= beginNanos)
                        .count(),
                sounds,
                "no sound is lost");
        // rfc8216bis 4.4.4.9: so it is with each part.
        Matcher part = Pattern.compile("PART:DURATION=([\\d.]+),URI=\"part-(\\d+)-(\\d+)")
                .matcher(playlist);
        int parts = 0;
        double partAt = -1;
        while (part.find()) {
            double duration = Double.parseDouble(part.group(1));
            List<Frame> frames = frames(
                    init,
                    window.part(Long.parseLong(part.group(2)), Integer.parseInt(part.group(3)), 0)
                            .data());
            partAt = partAt < 0 ? seconds(frames, true).getFirst() : partAt;
            assertCovers(frames, partAt, partAt + duration, playlist);
            partAt += duration;
            parts++;
        }
        assertTrue(parts > 6, playlist);
    }

    @ParameterizedTest
    @ValueSource(ints = {100, 200, 300})
    void theLastPartEndsWhereTheSoundDoes(int millisWithoutSound) throws Exception {
        List<Frame> whole = TestMedia.withSoundInPackets(TestMedia.of("h264b+aac", 5), SOUNDS_IN_A_PACKET);
        long lastNanos = whole.stream()
                .filter(frame -> frame.track().isVideo())
                .toList()
                .getLast()
                .dtsNanos();
        List<Frame> come = whole.stream()
                .filter(frame ->
                        frame.track().isVideo() || frame.dtsNanos() < lastNanos - millisWithoutSound * 1_000_000L)
                .toList();
        HlsWindow window = cut(come);
        String playlist = window.playlist("");
        List<double[]> segments = segments(playlist);
        Bytes last = window.segment((long) segments.getLast()[0]).data();
        List<Frame> frames = frames(window.init(1).data(), last);
        assertEquals(
                segments.stream().mapToDouble(segment -> segment[1]).sum(),
                seconds(frames, false).getLast(),
                TOLERANCE_SECONDS,
                playlist);
        assertEquals(lastNanos / 1e9, seconds(frames, true).getLast(), 0.04, "no picture is lost");
    }

    /// A publication from its begin to its end.
    private static HlsWindow cut(List<Frame> come) throws Exception {
        HlsWindow window = new HlsWindow(1, new KeptBytes(Long.MAX_VALUE).open().orElseThrow());
        try (LiveHouse house = new LiveHouse();
                Publication publication = house.publish("a")) {
            HlsSegmenter segmenter =
                    new HlsSegmenter(window, publication.stream(), TestMedia.tracks(come), 0, () -> SECOND_NANOS);
            come.forEach(
                    frame -> segmenter.write(new Item.Media(frame, frame.track().isVideo() && frame.keyframe())));
            segmenter.finish();
        }
        window.end();
        return window;
    }

    private static List<double[]> segments(String playlist) {
        List<double[]> all = new ArrayList<>();
        Matcher segment = Pattern.compile("EXTINF:([\\d.]+),\nseg-(\\d+)").matcher(playlist);
        while (segment.find()) {
            all.add(new double[] {Double.parseDouble(segment.group(2)), Double.parseDouble(segment.group(1))});
        }
        return all;
    }

    private static List<Double> seconds(List<Frame> frames, boolean video) {
        return frames.stream()
                .filter(frame -> frame.track().isVideo() == video)
                .map(frame -> frame.dtsNanos() / 1e9)
                .toList();
    }

    /// @return how many sounds are in it
    private static int assertCovers(List<Frame> frames, double from, double to, String playlist) {
        List<Double> sound = seconds(frames, false);
        List<Double> picture = seconds(frames, true);
        assertEquals(from, picture.getFirst(), 0.002, playlist);
        assertEquals(from, sound.getFirst(), TOLERANCE_SECONDS, playlist);
        assertEquals(to, picture.getLast(), 0.04, playlist);
        assertEquals(to, sound.getLast(), 0.05, playlist);
        return sound.size();
    }
}
