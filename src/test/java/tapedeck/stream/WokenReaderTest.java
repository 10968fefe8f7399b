package tapedeck.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static tapedeck.stream.Frames.audio;
import static tapedeck.stream.Frames.video;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import tapedeck.media.Frame;

/// When readers are told that there is something for them.
class WokenReaderTest {
    private final Streams streams = new Streams();
    private final List<Item> taken = new ArrayList<>();
    private int woken;

    private Reader player(Publication publication) {
        return publication.stream()
                .subscribe(ReaderOptions.viewer("player", () -> woken++).soundWaiting());
    }

    private Publication publish() throws NameTakenException {
        return streams.publish(new StreamName("test"), Frames.PUBLISHER, Feedback.NONE);
    }

    private void write(Publication publication, Reader reader, Frame frame) {
        int before = woken;
        publication.write(frame);
        if (woken > before) {
            reader.drainTo(taken);
        }
    }

    /// Two frames of sound for each picture: one call for the three.
    @Test
    void soundGoesAlongWithThePicture() throws Exception {
        Publication publication = publish();
        Reader reader = player(publication);
        for (int i = 0; i < 100; i++) {
            write(publication, reader, video(i, 10));
            write(publication, reader, audio(2 * i));
            write(publication, reader, audio(2 * i + 1));
        }
        assertEquals(100, woken);
        assertEquals(298, taken.size());
        publication.close();
        assertEquals(101, woken, "the end and what waited before it");
        assertEquals(3, reader.drainTo(taken));
    }

    @Test
    void soundDoesNotWaitForPicturesThatDoNotCome() throws Exception {
        Publication publication = publish();
        Reader reader = player(publication);
        write(publication, reader, video(0, true));
        for (int i = 0; i < 90; i++) {
            write(publication, reader, audio(i));
        }
        assertEquals(1 + 30, woken, "40 ms of sound, of 20 ms each");
    }

    @Test
    void soundAloneIsToldAtOnce() throws Exception {
        Publication publication = publish();
        Reader reader = player(publication);
        for (int i = 0; i < 90; i++) {
            write(publication, reader, audio(i));
        }
        assertEquals(90, woken);
    }
}
