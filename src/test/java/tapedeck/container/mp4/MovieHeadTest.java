package tapedeck.container.mp4;

import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.bytes.MalformedException;

/// A `moov` whose boxes are not where they belong, or without end.
class MovieHeadTest {
    private static final int HEADER_BYTES = 8;

    @TempDir
    private Path folder;

    private static void box(ByteBuffer out, int bytes, String type) {
        out.putInt(bytes).put(type.getBytes(StandardCharsets.US_ASCII));
    }

    private void assertRefused(ByteBuffer moov) throws Exception {
        Path file = folder.resolve("file.mp4");
        Files.write(file, moov.array());
        try (FileChannel channel = FileChannel.open(file)) {
            assertThrows(MalformedException.class, () -> MovieTracks.of(channel));
        }
    }

    @Test
    void tracksInTracksAreNotFollowed() throws Exception {
        int levels = 100_000;
        ByteBuffer moov = ByteBuffer.allocate((levels + 1) * HEADER_BYTES);
        box(moov, moov.capacity(), "moov");
        for (int i = levels; i > 0; i--) {
            box(moov, i * HEADER_BYTES, "trak");
        }
        assertRefused(moov);
    }

    @Test
    void moreTracksThanThereMayBeAreRefused() throws Exception {
        int tracks = Mp4Muxer.MAX_TRACKS + 1;
        ByteBuffer moov = ByteBuffer.allocate((tracks + 1) * HEADER_BYTES);
        box(moov, moov.capacity(), "moov");
        for (int i = 0; i < tracks; i++) {
            box(moov, HEADER_BYTES, "trak");
        }
        assertRefused(moov);
    }

    @Test
    void emptyBoxesWithoutEndAreRefused() throws Exception {
        ByteBuffer moov = ByteBuffer.allocate(Movie.MAX_HEAD_BYTES + 2 * HEADER_BYTES);
        box(moov, moov.capacity(), "moov");
        while (moov.hasRemaining()) {
            box(moov, HEADER_BYTES, "free");
        }
        assertRefused(moov);
    }
}
