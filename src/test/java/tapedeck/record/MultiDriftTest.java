package tapedeck.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.bytes.Bytes;
import tapedeck.container.DescribedTrack;
import tapedeck.container.mp4.MovieTracks;
import tapedeck.container.mp4.Mp4Frames;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.stream.Publication;

/// Publishers whose clocks do not run alike, for an hour, by a clock that the test moves.
@Timeout(300)
class MultiDriftTest {
    private static final long MILLI = 1_000_000L;
    private static final int HOUR_SECONDS = 3600;
    private static final int SLOT_MILLIS = 100;
    private static final int SLOTS = HOUR_SECONDS * 1000 / SLOT_MILLIS;
    /// What the issue allows between pictures and sounds of different people.
    private static final double MOST_MILLIS = 40;

    private static final Track PICTURE = MultiStudio.video(new Codec.Vp8(320, 240));
    private static final Track SOUND = MultiStudio.audio(new Codec.Opus(2, 0));

    @TempDir
    Path dir;

    /// How long the frames of a moment are on their way, in the same order that they are sent.
    private static int jitterMillis(int slot) {
        return slot * 7919 % 30;
    }

    private static Bytes numbered(int slot) {
        return Bytes.wrap(new byte[] {(byte) 0xFC, (byte) (slot >> 16), (byte) (slot >> 8), (byte) slot});
    }

    /// A sound and every other time a picture, ten times a second.
    private static void talk(MultiStudio studio, String name, int millionths) {
        Publication[] publication = new Publication[1];
        studio.at(0, () -> {
            publication[0] = studio.publish(name);
            studio.multi().add(MultiStudio.URI, publication[0].stream().mediaSessionId());
        });
        for (int slot = 0; slot < SLOTS; slot++) {
            long real = slot * SLOT_MILLIS * MILLI;
            long own = real + real / 1_000_000 * millionths;
            int number = slot;
            studio.at((real + (1 + jitterMillis(slot)) * MILLI) / 1e9, () -> {
                if (number % 2 == 0) {
                    publication[0].write(new Frame(PICTURE, own, own, number % 100 == 0, numbered(number)));
                }
                publication[0].write(new Frame(SOUND, own, own, true, numbered(number)));
            });
        }
    }

    /// When each frame is in the file, less when it was captured.
    private static Map<String, List<Double>> offMillis(Path file) throws Exception {
        Map<String, List<Double>> off = new HashMap<>();
        try (FileChannel channel = FileChannel.open(file)) {
            Map<Integer, String> names = new HashMap<>();
            for (DescribedTrack track : MovieTracks.of(channel)) {
                names.put(track.id(), track.identity().streamName() + (track.isVideo() ? " seen" : " heard"));
            }
            for (Frame frame : Mp4Frames.of(channel)) {
                String name = names.get(frame.track().id());
                if (name != null) {
                    Bytes data = frame.data();
                    int slot = data.u8(1) << 16 | data.u8(2) << 8 | data.u8(3);
                    off.computeIfAbsent(name, _ -> new ArrayList<>())
                            .add(frame.ptsNanos() / 1e6 - (double) slot * SLOT_MILLIS);
                }
            }
        }
        return off;
    }

    @Test
    void whoseClockRunsFastOrSlowIsTogetherWithTheOthersAfterAnHour() throws Exception {
        try (MultiStudio studio = new MultiStudio(dir)) {
            studio.multi().start(MultiStudio.URI);
            Map<String, Integer> people = Map.of("exact", 0, "fast", 200, "slow", -200);
            people.forEach((name, millionths) -> talk(studio, name, millionths));
            studio.play();
            Map<String, List<Double>> off = offMillis(studio.terminate());
            assertEquals(6, off.size());
            double exact = off.get("exact heard").getFirst();
            off.forEach((name, millis) -> {
                assertTrue(millis.size() > (name.endsWith("seen") ? SLOTS / 2 - 10 : SLOTS - 10), name + millis.size());
                double step = 0;
                double most = 0;
                for (int i = 0; i < millis.size(); i++) {
                    most = Math.max(most, Math.abs(millis.get(i) - exact));
                    step = Math.max(step, i == 0 ? 0 : Math.abs(millis.get(i) - millis.get(i - 1)));
                }
                System.out.printf("%s: %.1f ms off at most, steps of %.2f ms%n", name, most, step);
                assertTrue(most <= MOST_MILLIS, "%s: %.1f ms off".formatted(name, most));
                assertTrue(step < 3, "%s: a step of %.2f ms".formatted(name, step));
            });
        }
    }
}
