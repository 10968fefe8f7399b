package tapedeck.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.Bytes;
import tapedeck.container.Container;
import tapedeck.container.MemoryFile;
import tapedeck.container.Muxer;
import tapedeck.container.MuxerOptions;
import tapedeck.media.Frame;
import tapedeck.peers.TestMedia;

class RecordedFilesTest {
    private static final long DEADLINE_SECONDS = 60;
    private static final long SECOND_NANOS = 1_000_000_000L;
    private static final int RESERVE_BYTES = 64 << 10;

    private final AtomicLong nanos = new AtomicLong(1);
    private final RecordedFiles files = new RecordedFiles(nanos::get);

    private static MemoryFile recording(int seconds) throws Exception {
        MemoryFile file = new MemoryFile();
        List<Frame> frames = TestMedia.of("h264+aac", seconds);
        try (Muxer muxer = Container.MP4.muxer(
                file, TestMedia.tracks(frames), new MuxerOptions(Instant.EPOCH, RESERVE_BYTES, "test"))) {
            long next = SECOND_NANOS;
            for (Frame frame : frames) {
                if (frame.dtsNanos() >= next) {
                    muxer.flush();
                    next += SECOND_NANOS;
                }
                muxer.write(frame);
            }
        }
        return file;
    }

    @Test
    void aFileThatIsWholeIsReadOnce() throws Exception {
        MemoryFile file = recording(3);
        RecordedFiles.Seen seen = files.look("a", true, file);
        long read = file.bytesRead();
        assertSame(seen, files.look("a", true, file));
        assertEquals(read, file.bytesRead());
    }

    @Test
    void aPlaylistIsMadeAnewWhenThereIsMoreOfTheFile() throws Exception {
        Bytes whole = recording(9).content();
        MemoryFile half = new MemoryFile(whole.slice(0, whole.length() * 2 / 3));
        RecordedFiles.Seen first = files.look("a", false, half);
        assertSame(first.playlist(), files.look("a", false, half).playlist());
        RecordedFiles.Seen more = files.look("a", false, new MemoryFile(whole));
        assertTrue(
                more.playlist().segments().size() > first.playlist().segments().size());
    }

    @Test
    void whatNobodyAsksForIsForgotten() throws Exception {
        MemoryFile file = recording(1);
        files.look("a", true, file);
        nanos.addAndGet(RecordedFiles.IDLE_NANOS);
        files.look("b", true, file);
        assertEquals(2, files.size());
        nanos.addAndGet(1);
        files.look("b", true, file);
        assertEquals(1, files.size());
        for (int i = 0; i < 2 * RecordedFiles.MAX_FILES; i++) {
            files.look("file " + i, true, file);
        }
        assertEquals(RecordedFiles.MAX_FILES, files.size());
    }

    @Test
    void whoReadsOneFileKeepsNobodyWaitingForAnother() throws Exception {
        MemoryFile file = recording(1);
        synchronized (files.known("slow", false)) {
            CompletableFuture<RecordedFiles.Seen> other = CompletableFuture.supplyAsync(() -> {
                try {
                    return files.look("other", true, file);
                } catch (Exception e) {
                    throw new AssertionError(e);
                }
            });
            assertTrue(other.get(DEADLINE_SECONDS, TimeUnit.SECONDS).base() > 0);
        }
    }
}
