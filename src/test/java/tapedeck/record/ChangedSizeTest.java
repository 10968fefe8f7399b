package tapedeck.record;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tapedeck.container.ChangingPictures;
import tapedeck.container.SizeChange;
import tapedeck.media.Frame;
import tapedeck.stream.Feedback;
import tapedeck.stream.Publication;
import tapedeck.stream.Publisher;
import tapedeck.stream.StreamName;

/// Where a recording goes on when its picture changes its size.
@Tag("peer")
@Timeout(300)
class ChangedSizeTest {
    private static final int PICTURES_OF_A_SIZE = 30;

    @TempDir
    Path dir;

    private static void publish(TestStudio studio, Publisher.Protocol protocol, List<Frame> frames) throws Exception {
        Publisher publisher = TestStudio.publisher(protocol, Publisher.RecordWish.YES, Publisher.Expects.UNKNOWN);
        Publication publication = studio.streams.publish(new StreamName("a"), publisher, Feedback.NONE);
        studio.feed(publication, frames);
        studio.end(publication);
    }

    private static List<Frame> stored(List<Frame> frames) {
        return frames.stream().map(SizeChange.GOES_ON::stored).toList();
    }

    @ParameterizedTest
    @CsvSource({"WEBRTC, auto, 1", "RTMP, auto, 3", "RTMP, same_file, 1", "WEBRTC, new_part, 3"})
    void theProtocolDecidesUnlessTheSettingsDo(Publisher.Protocol protocol, String setting, int files)
            throws Exception {
        List<Frame> frames = ChangingPictures.of("h264", 1);
        try (TestStudio studio = new TestStudio(dir, "record_size_change=" + setting)) {
            publish(studio, protocol, frames);
            if (files == 1) {
                assertEquals(List.of("a.mp4"), studio.names());
                Judge.assertHolds(studio.file("a.mp4"), stored(frames));
                Judge.assertOpensElsewhere(studio.file("a.mp4"), 1);
                return;
            }
            assertEquals(List.of("a.mp4", "a_2.mp4", "a_3.mp4"), studio.names());
            for (int part = 0; part < files; part++) {
                List<Frame> own = frames.subList(part * PICTURES_OF_A_SIZE, (part + 1) * PICTURES_OF_A_SIZE);
                Judge.assertHolds(studio.file(part == 0 ? "a.mp4" : "a_" + (part + 1) + ".mp4"), own);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"h264, mkv", "h265, mp4", "h264, ts"})
    void everyContainerOfTheseCodecsGoesOn(String codec, String container) throws Exception {
        List<Frame> frames = ChangingPictures.withSound(codec, 1);
        try (TestStudio studio = new TestStudio(dir, "record_formats=%s-%s".formatted(codec, container))) {
            publish(studio, Publisher.Protocol.WEBRTC, frames);
            assertEquals(List.of("a." + container), studio.names());
            // A transport stream has them in band anyway, and its reader takes them out.
            Judge.assertHolds(studio.file("a." + container), container.equals("ts") ? frames : stored(frames));
        }
    }

    @Test
    void rotationCutsWhereItWouldHave() throws Exception {
        List<Frame> frames = ChangingPictures.of("h264", 1);
        try (TestStudio studio = new TestStudio(dir, "record_rotation=2")) {
            publish(studio, Publisher.Protocol.WEBRTC, frames);
            assertEquals(List.of("a_1.mp4", "a_2.mp4"), studio.names());
            List<Frame> whole = stored(frames);
            Judge.assertHolds(studio.file("a_1.mp4"), whole.subList(0, 60));
            Judge.assertHolds(studio.file("a_2.mp4"), whole.subList(60, 90));
        }
    }
}
