package tapedeck.container.mp4;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tapedeck.container.FileOutput;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.peers.TestMedia;

class Mp4MuxerTest {
    @TempDir
    Path folder;

    static List<String> cases() {
        return Mp4Cases.names();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void everyFrameComesBackFromEveryState(String name) throws IOException {
        List<Frame> frames = Mp4Cases.frames(name);
        for (int reserve : List.of(Mp4Cases.ROOMY, Mp4Cases.TIGHT)) {
            Path file = folder.resolve(reserve + ".mp4");
            try (FileOutput output = Mp4Cases.record(file, frames, reserve)) {
                assertFrames(frames, output.channel());
                Mp4Finisher.finish(output.channel());
                assertFrames(frames, output.channel());
            }
        }
    }

    static void assertFrames(List<Frame> frames, FileChannel file) throws IOException {
        Mp4Reader reader = Mp4Reader.open(file);
        long zero = Mp4Cases.zeroNanos(frames);
        List<Track> tracks = TestMedia.tracks(frames);
        assertEquals(tracks.size(), reader.tracks().size());
        for (Mp4Reader.ReadTrack track : reader.tracks()) {
            List<Frame> expected =
                    frames.stream().filter(f -> f.track().id() == track.id()).toList();
            assertEquals(expected.getFirst().track().codec(), track.codec());
            assertEquals(expected.size(), track.samples().count());
            for (int i = 0; i < expected.size(); i++) {
                Frame frame = reader.frame(track, i);
                assertEquals(expected.get(i).data(), frame.data());
                assertEquals(expected.get(i).keyframe(), frame.keyframe());
                long pts = expected.get(i).ptsNanos() - zero;
                assertEquals(pts / 1e6, frame.ptsNanos() / 1e6, 0.5, "pts of " + i);
            }
        }
    }
}
