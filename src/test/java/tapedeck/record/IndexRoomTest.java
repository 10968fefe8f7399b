package tapedeck.record;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.media.Frame;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.TestMedia;

/// Where the index of a recording is in the end, on file systems that can make room inside a file and on others.
class IndexRoomTest {
    /// A file system in memory, which cannot.
    private static final Path MEMORY = Path.of("/dev/shm");

    private static final long PART = 5_000_000_000L;

    @TempDir
    Path dir;

    /// Five minutes of pictures and sound: an index of more than 32 KiB.
    private static List<Frame> frames() {
        List<Frame> once = TestMedia.interleaved(TestMedia.h264WithBFrames(4), TestMedia.aac(4));
        List<Frame> frames = new ArrayList<>();
        for (int copy = 0; copy < 60; copy++) {
            frames.addAll(TestMedia.shifted(once, copy * PART));
        }
        return frames;
    }

    @Test
    void aHoleIsInsertedWithoutTouchingWhatIsAroundIt() throws IOException {
        byte[] content = new byte[3 * 4096 + 17];
        new Random(1).nextBytes(content);
        Path file = Files.write(dir.resolve("Zoë – 1.mp4"), content);
        if (!new HoleInFile(file).insert(4096, 8192)) {
            System.out.println("SKIPPED: the temporary folder's file system cannot make room inside a file");
            return;
        }
        byte[] after = Files.readAllBytes(file);
        assertEquals(content.length + 8192, after.length);
        assertArrayEquals(Arrays.copyOf(content, 4096), Arrays.copyOf(after, 4096));
        assertArrayEquals(new byte[8192], Arrays.copyOfRange(after, 4096, 4096 + 8192));
        assertArrayEquals(
                Arrays.copyOfRange(content, 4096, content.length),
                Arrays.copyOfRange(after, 4096 + 8192, after.length));
        assertFalse(new HoleInFile(file).insert(100, 4096), "between blocks");
        assertArrayEquals(after, Files.readAllBytes(file));
    }

    @Test
    void aFileSystemThatCannotSaysSo() throws IOException {
        Path file = Files.createTempFile(MEMORY, "tapedeck", ".test");
        try {
            Files.write(file, new byte[10_000]);
            assertFalse(new HoleInFile(file).insert(4096, 4096));
            assertEquals(10_000, Files.size(file));
        } finally {
            Files.delete(file);
        }
    }

    @Test
    void theIndexIsInFrontWithoutAReserveThatStays() throws Exception {
        List<String> boxes = record(dir, dir.resolve("growing"));
        assertEquals(List.of("ftyp", "moov", "free", "mdat"), boxes);
    }

    @Test
    void theIndexIsInFrontWhereTheFolderOfGrowingFilesIsInMemory() throws Exception {
        Path memory = Files.createTempDirectory(MEMORY, "tapedeck");
        try {
            assertEquals(List.of("ftyp", "moov", "free", "mdat"), record(dir, memory));
        } finally {
            delete(memory);
        }
    }

    @Test
    void theIndexIsInFrontWhereNothingCanMakeRoom() throws Exception {
        Path memory = Files.createTempDirectory(MEMORY, "tapedeck");
        try {
            assertEquals(List.of("ftyp", "moov", "free", "mdat"), record(memory, memory.resolve("growing")));
        } finally {
            delete(memory);
        }
    }

    @Test
    void aReserveThatShallStayStays() throws Exception {
        List<String> boxes = record(dir, dir.resolve("growing"), "mp4_container_moov_first_reserve_space=true");
        assertEquals(List.of("ftyp", "moov", "free", "mdat"), boxes);
        assertTrue(Files.size(recorded(dir)) > 2048 << 10, "as large as the reserve at the least");
    }

    @Test
    void aReserveThatShallStayGrowsIfItMust() throws Exception {
        List<String> boxes = record(
                dir,
                dir.resolve("growing"),
                "mp4_container_moov_first_reserve_space=true",
                "mp4_container_moov_reserved_space_size=8");
        assertEquals(List.of("ftyp", "moov", "free", "mdat"), boxes);
    }

    @Test
    void theIndexIsAtTheEndWhereThatIsWanted() throws Exception {
        List<String> boxes = record(dir, dir.resolve("growing"), "mp4_container_moov_first=false");
        assertEquals(List.of("ftyp", "mdat", "moov"), boxes);
    }

    /// Records, looks at the result with another reader, and returns the boxes of the file.
    private static List<String> record(Path dir, Path growing, String... assignments) throws Exception {
        List<Frame> frames = frames();
        List<String> all = new ArrayList<>(List.of(assignments));
        all.add("record_tmp_dir=" + growing);
        try (TestStudio studio = new TestStudio(dir, all.toArray(String[]::new))) {
            studio.record("a", frames);
            assertEquals(List.of("a.mp4"), studio.names());
            assertEquals(
                    List.of("a.mp4"),
                    studio.allFiles().stream()
                            .filter(name -> name.contains(".mp4"))
                            .toList());
            assertEquals(300e9, studio.recordings.finished().getFirst().durationNanos(), 1.2e9);
        }
        String packets = Ffmpeg.ffprobe(
                        "-v",
                        "error",
                        "-count_packets",
                        "-show_entries",
                        "stream=nb_read_packets",
                        "-of",
                        "csv=p=0",
                        recorded(dir).toString())
                .text();
        int read = packets.lines()
                .mapToInt(line -> Integer.parseInt(line.replace(",", "").strip()))
                .sum();
        assertEquals(frames.size(), read);
        return boxes(recorded(dir));
    }

    private static Path recorded(Path dir) {
        return dir.resolve("records").resolve("a.mp4");
    }

    private static List<String> boxes(Path file) throws IOException {
        List<String> types = new ArrayList<>();
        try (RandomAccessFile in = new RandomAccessFile(file.toFile(), "r")) {
            for (long at = 0; at < in.length(); ) {
                in.seek(at);
                long size = Integer.toUnsignedLong(in.readInt());
                byte[] type = new byte[4];
                in.readFully(type);
                types.add(tapedeck.bytes.Bytes.wrap(type).toUtf8());
                at += size == 1 ? in.readLong() : size;
            }
        }
        return types;
    }

    private static void delete(Path dir) throws IOException {
        try (var files = Files.walk(dir)) {
            for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
