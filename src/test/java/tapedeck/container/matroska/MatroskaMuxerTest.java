package tapedeck.container.matroska;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import tapedeck.container.MemoryFile;
import tapedeck.container.Summary;
import tapedeck.media.Frame;

class MatroskaMuxerTest {
    private static final long MILLI = 1_000_000;

    @Test
    void whatIsWrittenIsRead() throws IOException {
        List<Frame> frames = Samples.frames(Samples.VP8, Samples.OPUS, 5, 0);
        MemoryFile file = Samples.growing(MatroskaFormat.WEBM, frames, Samples.OPTIONS);
        assertEquals(Samples.expected(frames), Samples.blocks(file));
        Summary growing = MatroskaFormat.WEBM.probe(file);
        assertEquals(new Summary(5_000 * MILLI, List.of(Samples.VP8, Samples.OPUS)), growing);
        Summary finished = MatroskaFormat.WEBM.finish(file);
        assertEquals(growing, finished);
        assertEquals(growing, MatroskaFormat.WEBM.probe(file));
        assertEquals(Samples.expected(frames), Samples.blocks(file));
    }
}
