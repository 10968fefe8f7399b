package tapedeck.container.matroska;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.Bytes;
import tapedeck.container.MemoryFile;
import tapedeck.container.MuxerOptions;
import tapedeck.media.Frame;
import tapedeck.peers.Fuzz;
import tapedeck.peers.SharedMedia;

class MatroskaFuzzTest {
    private static final int MAX_SEED_BYTES = 2500;

    private static List<Bytes> ours() throws IOException {
        var options = new MuxerOptions(Samples.OPTIONS.startedAt(), 100, "fuzz");
        List<Frame> frames = Samples.frames(Samples.VP8, Samples.AAC, 3, 0).stream()
                .filter(frame -> frame.dtsNanos() / 20_000_000 % 20 == 0)
                .toList();
        MemoryFile file = Samples.growing(MatroskaFormat.MKV, frames, options);
        Bytes growing = file.content();
        MatroskaFormat.MKV.finish(file);
        return List.of(growing, file.content());
    }

    private static List<Bytes> others() throws IOException {
        List<Bytes> others = new ArrayList<>();
        for (Path path : SharedMedia.files("mkv", "mkv", "webm", "mka")) {
            if (Files.size(path) <= MAX_SEED_BYTES) {
                others.add(Bytes.wrap(Files.readAllBytes(path)));
            }
        }
        return others;
    }

    @Test
    void readingRubbishEndsOrIsRefused() throws IOException {
        Fuzz.parser(ours(), others(), bytes -> {
            try {
                MemoryFile file = new MemoryFile(bytes);
                MatroskaFormat.MKV.probe(file);
                Samples.blocks(file);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    /// What finishing made of it, finishing leaves as it is.
    @Test
    void finishingRubbishEndsOrIsRefused() throws IOException {
        Fuzz.parser(ours(), others(), bytes -> {
            try {
                MemoryFile file = new MemoryFile(bytes);
                MatroskaFormat.MKV.finish(file);
                Bytes finished = file.content();
                MatroskaFormat.MKV.finish(file);
                assertEquals(finished, file.content());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    /// One of these files keeps another reader busy for ever.
    @Test
    void everyFileOfOthersIsReadToItsEndOrRefused() throws IOException {
        for (Path path : SharedMedia.files("mkv", "mkv", "webm", "mka")) {
            MemoryFile file = new MemoryFile(Bytes.wrap(Files.readAllBytes(path)));
            try {
                MatroskaFormat.MKV.probe(file);
                Samples.blocks(file);
            } catch (tapedeck.bytes.MalformedException refused) {
                System.out.println(path.getFileName() + ": " + refused.getMessage());
            }
        }
    }
}
