package tapedeck.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiskGuardTest {
    private static final Path A = Path.of(System.getProperty("java.io.tmpdir"));
    private static final Path B = Path.of(System.getProperty("user.dir"));

    @Test
    void everyFolderNeedsTheSpace() {
        AtomicLong now = new AtomicLong();
        DiskGuard guard = new DiskGuard(List.of(A, B), 100, folder -> folder.equals(A) ? 1000 : 99, now::get);
        assertFalse(guard.enough());
        assertTrue(new DiskGuard(List.of(A), 100, _ -> 100, now::get).enough());
    }

    @Test
    void theFileSystemIsAskedTwiceASecondAtMost() {
        AtomicLong now = new AtomicLong();
        AtomicInteger asked = new AtomicInteger();
        AtomicLong space = new AtomicLong(100);
        DiskGuard guard = new DiskGuard(
                List.of(A, A),
                100,
                _ -> {
                    asked.incrementAndGet();
                    return space.get();
                },
                now::get);
        space.set(0);
        for (int i = 0; i < 1000; i++) {
            guard.enough();
        }
        assertTrue(guard.enough());
        assertEquals(1, asked.get());
        now.addAndGet(DiskGuard.ASK_EVERY_NANOS);
        assertFalse(guard.enough());
        assertEquals(2, asked.get());
        space.set(100);
        now.addAndGet(DiskGuard.ASK_EVERY_NANOS);
        assertTrue(guard.enough());
    }

    @Test
    void whoBeginsAgainHearsOfTheSpaceThatBeganIt() {
        AtomicLong now = new AtomicLong();
        AtomicLong space = new AtomicLong(0);
        DiskGuard guard = new DiskGuard(List.of(A), 100, _ -> space.get(), now::get);
        space.set(105);
        assertFalse(guard.enoughAgain(), "it would stop again at once");
        assertFalse(guard.enough());
        space.set(106);
        assertTrue(guard.enoughAgain());
        assertTrue(guard.enough(), "no answer from before");
    }

    @Test
    void aFolderThatIsGoneHasNoSpace(@TempDir Path folder) {
        assertTrue(new DiskGuard(List.of(folder), 0).enough());
        assertFalse(new DiskGuard(List.of(folder.resolve("gone")), 0).enough());
    }

    @Test
    void aDiskThatRefusedAWriteHasToTakeAFileFirst(@TempDir Path folder) throws Exception {
        AtomicLong now = new AtomicLong();
        Path disk = folder.resolve("disk");
        Files.createDirectory(disk);
        DiskGuard guard = new DiskGuard(List.of(disk), 1, _ -> 100, now::get);
        Files.delete(disk);
        assertTrue(guard.enough(), "the space alone says nothing");
        guard.doubt();
        assertFalse(guard.enough());
        Files.createDirectory(disk);
        now.addAndGet(DiskGuard.ASK_EVERY_NANOS);
        assertTrue(guard.enough());
        try (var left = Files.list(disk)) {
            assertEquals(0, left.count());
        }
    }
}
