package tapedeck.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.bytes.Bytes;
import tapedeck.container.Container;

class RecordingFileTest {
    private static final int ROUNDS = 60;
    private static final RecordingFile.Options DIRECT =
            new RecordingFile.Options(OptionalLong.empty(), Container.MP4::filler);

    @TempDir
    private Path folder;

    /// A file of the kernel's that opens for writing but takes no such bytes stands for a file system that lets
    /// O_DIRECT through and refuses its writes: both say EINVAL.
    @Test
    void whereDirectWritesAreRefusedTheFileIsWrittenThroughThePageCache() throws Exception {
        Path refuses = Path.of("/proc/self/oom_score_adj");
        Path path = folder.resolve("file");
        byte[] media = new byte[3 * RecordingFile.LEAST_DIRECT_BYTES + 5];
        new Random(1).nextBytes(media);
        int[] opened = {0};
        try (DiskWriter writer = new DiskWriter("test");
                RecordingFile file = new RecordingFile(path, writer, DIRECT, _ -> {
                    opened[0]++;
                    return FileChannel.open(refuses, StandardOpenOption.WRITE);
                })) {
            for (int i = 0; i < 3; i++) {
                file.append(List.of(Bytes.wrap(media)));
            }
            assertEquals(3L * media.length, file.size());
        }
        assertEquals(1, opened[0]);
        byte[] onDisk = Files.readAllBytes(path);
        assertEquals(3 * media.length, onDisk.length);
        for (int i = 0; i < 3; i++) {
            assertEquals(
                    -1, Arrays.mismatch(media, Arrays.copyOfRange(onDisk, i * media.length, (i + 1) * media.length)));
        }
    }

    @Test
    void aFileIsSyncedAsOftenAsTheSettingsSay() throws Exception {
        record Case(OptionalLong fsyncMillis, long leastSyncs, long mostSyncs) {}
        for (Case one : List.of(
                new Case(OptionalLong.empty(), 0, 0),
                new Case(OptionalLong.of(0), 20, 20),
                // Longer than the test: only the time counts, not the appends.
                new Case(OptionalLong.of(3_600_000), 0, 0))) {
            Path path = folder.resolve("synced" + one.fsyncMillis());
            try (DiskWriter writer = new DiskWriter("test");
                    RecordingFile file =
                            new RecordingFile(path, writer, new RecordingFile.Options(one.fsyncMillis(), null))) {
                for (int i = 0; i < 20; i++) {
                    file.append(List.of(Bytes.ofUtf8("fragment")));
                }
                assertTrue(
                        writer.syncCalls() >= one.leastSyncs() && writer.syncCalls() <= one.mostSyncs(),
                        one + ": " + writer.syncCalls());
            }
        }
        Path path = folder.resolve("every 10 ms");
        try (DiskWriter writer = new DiskWriter("test");
                RecordingFile file =
                        new RecordingFile(path, writer, new RecordingFile.Options(OptionalLong.of(10), null))) {
            long began = System.nanoTime();
            int appends = 0;
            while (writer.syncCalls() < 5) {
                file.append(List.of(Bytes.ofUtf8("fragment")));
                appends++;
            }
            assertTrue(System.nanoTime() - began >= 50_000_000L, "five times ten milliseconds went by");
            assertTrue(appends > 5, "and not after every append");
        }
    }

    /// Appends of all sizes, holes and patches, past the page cache and through it, come out as in memory.
    @Test
    void everyMixOfWritesIsTheSameAsInMemory() throws Exception {
        for (int seed = 0; seed < 20; seed++) {
            Random random = new Random(seed);
            Path path = folder.resolve("file" + seed);
            byte[] expected = new byte[0];
            try (DiskWriter writer = new DiskWriter("test");
                    RecordingFile file = new RecordingFile(path, writer, DIRECT)) {
                for (int round = 0; round < ROUNDS; round++) {
                    expected = step(file, random, expected);
                    assertEquals(expected.length, file.size());
                    byte[] onDisk = Files.exists(path) ? Files.readAllBytes(path) : new byte[0];
                    assertTrue(onDisk.length - expected.length < 2 * DiskWriter.MAX_BLOCK_BYTES, "filler");
                    assertEquals(
                            -1, Arrays.mismatch(expected, Arrays.copyOf(onDisk, expected.length)), "round " + round);
                }
            }
            assertEquals(-1, Arrays.mismatch(expected, Files.readAllBytes(path)), "seed " + seed);
        }
    }

    private static byte[] step(RecordingFile file, Random random, byte[] expected) throws Exception {
        switch (random.nextInt(6)) {
            case 0 -> {
                int hole = random.nextInt(10_000);
                file.skip(hole);
                byte[] longer = Arrays.copyOf(expected, expected.length + hole);
                // A hole at the very end is there only once something follows.
                Bytes end = Bytes.ofU8(random.nextInt(256));
                file.append(List.of(end));
                return concat(longer, List.of(end));
            }
            case 1 -> {
                if (expected.length > 8) {
                    int at = expected.length - 8 - random.nextInt(Math.min(expected.length - 8, 9_000));
                    Bytes bytes = Bytes.wrap(randomBytes(random, 8));
                    file.patch(at, bytes);
                    bytes.copyTo(0, expected, at, 8);
                }
                return expected;
            }
            default -> {
                List<Bytes> parts = new ArrayList<>();
                for (int i = random.nextInt(4); i >= 0; i--) {
                    int most = random.nextInt(8) == 0 ? 1_200_000 : random.nextInt(3) == 0 ? 200 : 40_000;
                    parts.add(Bytes.wrap(randomBytes(random, random.nextInt(most))));
                }
                file.append(parts);
                return concat(expected, parts);
            }
        }
    }

    @Test
    void aLargeAppendIsOneWrite() throws Exception {
        try (DiskWriter writer = new DiskWriter("test");
                RecordingFile file = new RecordingFile(folder.resolve("file"), writer, DIRECT)) {
            for (int i = 1; i <= 5; i++) {
                file.append(List.of(Bytes.wrap(randomBytes(new Random(i), 300_001))));
                assertEquals(i, writer.writeCalls());
            }
        }
    }

    private static byte[] randomBytes(Random random, int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    private static byte[] concat(byte[] head, List<Bytes> parts) {
        int length = head.length;
        for (Bytes part : parts) {
            length += part.length();
        }
        byte[] all = Arrays.copyOf(head, length);
        int at = head.length;
        for (Bytes part : parts) {
            part.copyTo(0, all, at, part.length());
            at += part.length();
        }
        return all;
    }
}
