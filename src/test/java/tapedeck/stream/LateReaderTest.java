package tapedeck.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static tapedeck.stream.Frames.video;

import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/// Readers that come in the middle of a long group of pictures.
class LateReaderTest {
    private final Streams streams = new Streams(Clock.systemUTC(), () -> 5);
    private final Frames.Back back = new Frames.Back();

    private Publication publish() throws NameTakenException {
        return streams.publish(new StreamName("test"), Frames.PUBLISHER, back);
    }

    private static List<Long> drained(Reader reader) {
        List<Item> items = new ArrayList<>();
        reader.drainTo(items);
        return items.stream()
                .filter(Item.Media.class::isInstance)
                .map(Frames::number)
                .toList();
    }

    /// A keyframe every ten seconds is what x264 makes if nobody says otherwise: longer than a viewer's backlog may be.
    @Test
    void howeverLongAgoTheEntryPointIsALateReaderBeginsThere() throws Exception {
        Publication publication = publish();
        for (int i = 0; i < 250; i++) {
            publication.write(video(i, 1_000));
        }
        Reader late = publication.stream().subscribe(ReaderOptions.viewer("late", () -> {}));
        publication.write(video(250, 1_000));
        assertEquals(LongStream.rangeClosed(0, 250).boxed().toList(), drained(late));
        assertEquals(0, late.droppedFrames());
        assertEquals(0, back.keyframeRequests.get());
    }

    @Test
    void theBoundOfALateReaderCountsFromWhereItBegan() throws Exception {
        Publication publication = publish();
        for (int i = 0; i < 250; i++) {
            publication.write(video(i, 1_000));
        }
        Reader late = publication.stream().subscribe(ReaderOptions.viewer("late", () -> {}));
        for (int i = 250; i < 375; i++) {
            publication.write(video(i, 1_000));
        }
        assertEquals(0, late.droppedFrames());
        publication.write(video(375, 1_000));
        assertEquals(376, late.droppedFrames());
        drained(late);
        // What it began with counts no more: five seconds of 25 pictures fit, the next one does not.
        for (int i = 376; i < 502; i++) {
            publication.write(video(i, i == 376));
        }
        assertEquals(376, late.droppedFrames());
        publication.write(video(502, false));
        assertEquals(376 + 127, late.droppedFrames());
    }

    @Test
    void aLateReaderWithoutBoundsLosesNothing() throws Exception {
        Publication publication = publish();
        publication.write(video(0, true));
        Reader late = publication.stream()
                .subscribe(new ReaderOptions("late", false, true, Long.MAX_VALUE, Long.MAX_VALUE, 0, () -> {}));
        for (int i = 1; i < 300; i++) {
            publication.write(video(i, 100));
        }
        assertEquals(LongStream.range(0, 300).boxed().toList(), drained(late));
        assertEquals(0, late.droppedFrames());
    }
}
