package tapedeck.rights;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.net.Attempts;
import tapedeck.peers.Fuzz;
import tapedeck.rights.Decision.Allowed;
import tapedeck.rights.Decision.Unproven;
import tapedeck.rights.Decision.Unproven.Cause;

/// The users' file, and who is let in by it.
@Timeout(120)
class PasswordsTest {
    private static final int FEW = PasswordHash.MIN_ITERATIONS;

    @TempDir
    private Path folder;

    private final AtomicLong nanos = new AtomicLong(1);
    private final Attempts attempts = new Attempts("passwords", nanos::get);

    private Path file() {
        return folder.resolve("conf/users.properties");
    }

    private void write(String... lines) throws Exception {
        Files.createDirectories(file().getParent());
        Path next = folder.resolve("next");
        Files.write(next, List.of(lines));
        Files.move(next, file(), java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    }

    private static String line(String user, String password) {
        return user + "=" + PasswordHash.of(password, FEW).text();
    }

    private PasswordGuard guard() {
        return new PasswordGuard(new UserFile(file()), attempts, nanos::get);
    }

    private static Request request(String user, String password) {
        return new Request(
                Request.Action.PLAY,
                "cam",
                "whep",
                InetAddress.getLoopbackAddress(),
                new Request.Credentials(user, password, ""),
                Map.of());
    }

    private static Cause refused(PasswordGuard guard, String user, String password) throws InterruptedException {
        Unproven unproven = assertInstanceOf(Unproven.class, guard.may(request(user, password)));
        return unproven.cause();
    }

    @Test
    void onlyTheRightPasswordOfAUserWhoIsThereCounts() throws Exception {
        write("# a comment", line("alice", "wonderland"), line("bob", "Grüße 世界"));
        try (PasswordGuard guard = guard()) {
            assertEquals(new Allowed("alice"), guard.may(request("alice", "wonderland")));
            assertEquals(new Allowed("bob"), guard.may(request("bob", "Gru\u0308ße 世界")), "in another form");
            assertEquals(Cause.WRONG, refused(guard, "alice", "Grüße 世界"));
            assertEquals(Cause.WRONG, refused(guard, "Alice", "wonderland"));
            assertEquals(Cause.WRONG, refused(guard, "alice", ""));
            assertEquals(Cause.WRONG, refused(guard, "", "wonderland"));
            assertEquals(Cause.WRONG, refused(guard, "nobody", "wonderland"));
            assertEquals(Cause.WRONG, refused(guard, "alice", "x".repeat(100_000)));
            assertEquals(Cause.MISSING, refused(guard, "", ""));
            assertEquals(refusal(guard, "nobody", "x"), refusal(guard, "alice", "x"), "says not which was wrong");
        }
    }

    private static Decision refusal(PasswordGuard guard, String user, String password) throws InterruptedException {
        return guard.may(request(user, password));
    }

    @Test
    void theFileIsReadAgainWhenItChanged() throws Exception {
        try (PasswordGuard guard = guard()) {
            assertEquals(Cause.WRONG, refused(guard, "alice", "wonderland"), "no file, nobody");
            write(line("alice", "wonderland"));
            assertInstanceOf(Allowed.class, guard.may(request("alice", "wonderland")));
            write(line("alice", "looking glass"));
            assertEquals(Cause.WRONG, refused(guard, "alice", "wonderland"), "although it was right before");
            assertInstanceOf(Allowed.class, guard.may(request("alice", "looking glass")));
            Files.delete(file());
            assertEquals(Cause.WRONG, refused(guard, "alice", "looking glass"));
        }
    }

    @Test
    void aLineThatCannotBeReadCountsForNobody() throws Exception {
        String hash = PasswordHash.of("wonderland", FEW).text();
        write(
                "plain=wonderland",
                "empty=",
                "weak=" + hash.replace("$" + FEW + "$", "$" + (FEW - 1) + "$"),
                "slow=" + hash.replace("$" + FEW + "$", "$" + (PasswordHash.MAX_ITERATIONS + 1) + "$"),
                "sp\\ ace=" + hash,
                "good=" + hash);
        assertEquals(Set.of("good"), new UserFile(file()).users().keySet());
        write("broken=\\u12", "good=" + hash);
        assertEquals(Set.of(), new UserFile(file()).users().keySet());
        Files.write(file(), new byte[UserFile.MAX_FILE_BYTES + 1]);
        assertEquals(Set.of(), new UserFile(file()).users().keySet());
    }

    @Test
    void theCommandWritesALineAndLeavesTheOthers() throws Exception {
        write("# ours", line("bob", "builder!"), "alice = old");
        UserFile.put(file(), "alice", "wonderland");
        UserFile.put(file(), "alice.b", "wonderland");
        List<String> lines = Files.readAllLines(file());
        assertEquals(4, lines.size());
        assertEquals("# ours", lines.getFirst());
        assertFalse(Files.readString(file()).contains("wonderland"));
        assertEquals(
                Set.of("bob", "alice", "alice.b"), new UserFile(file()).users().keySet());
        assertTrue(new UserFile(file()).users().get("alice").hash().matches("wonderland"));
        assertTrue(UserFile.remove(file(), "alice"));
        assertFalse(UserFile.remove(file(), "alice"));
        assertEquals(Set.of("bob", "alice.b"), new UserFile(file()).users().keySet());
        Path other = folder.resolve("new/users");
        UserFile.put(other, "alice", "wonderland");
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(other)));
        assertEquals(
                PasswordHash.ITERATIONS,
                new UserFile(other).users().get("alice").hash().iterations());
    }

    @Test
    void namesAndPasswordsHaveBounds() {
        for (String name : List.of("", "a b", "a=b", "ä", "a".repeat(65), "#a")) {
            assertThrows(MalformedException.class, () -> UserFile.put(file(), name, "long enough"), name);
        }
        for (String password : List.of("", "short", "x".repeat(PasswordHash.MAX_PASSWORD_CHARACTERS + 1))) {
            assertThrows(MalformedException.class, () -> UserFile.put(file(), "alice", password));
        }
        assertFalse(Files.exists(file()));
    }

    @Test
    void everyHashHasASaltOfItsOwn() {
        PasswordHash one = PasswordHash.of("wonderland", FEW);
        assertNotEquals(one.text(), PasswordHash.of("wonderland", FEW).text());
        assertEquals(one, PasswordHash.parse(one.text()));
        // RFC 7914 11: PBKDF2-HMAC-SHA-256 of "Password" and "NaCl", 80,000 rounds; the first half.
        PasswordHash known = new PasswordHash(
                80_000,
                Bytes.ofUtf8("NaCl"),
                Bytes.ofHex("4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56"));
        assertTrue(known.matches("Password"));
    }

    @Test
    void damagedHashesAreRefused() {
        Bytes good = Bytes.ofUtf8(PasswordHash.of("wonderland", FEW).text());
        Fuzz.parser(List.of(good), List.of(), bytes -> PasswordHash.parse(bytes.toUtf8()));
    }

    /// What waits for its turn behind wrong guesses is not looked at once the address has guessed too often, and a
    /// login that was right once is not a way to guess faster.
    @Test
    void anAddressThatHasToWaitIsNotLookedAt() throws Exception {
        write(line("alice", "wonderland"));
        try (PasswordGuard guard = guard()) {
            for (int i = 0; i < Attempts.MAX_FAILURES; i++) {
                attempts.failed(InetAddress.getLoopbackAddress());
            }
            assertInstanceOf(Decision.Wait.class, guard.may(request("alice", "wonderland")));
            nanos.addAndGet(Attempts.WINDOW_NANOS);
            assertInstanceOf(Allowed.class, guard.may(request("alice", "wonderland")));
            nanos.addAndGet(PasswordGuard.REMEMBERED_NANOS);
            assertInstanceOf(Allowed.class, guard.may(request("alice", "wonderland")));
        }
    }
}
