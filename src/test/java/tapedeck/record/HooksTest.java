package tapedeck.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.peers.Await;

/// Real scripts that behave as badly as they can.
class HooksTest {
    private static final Duration SHORT = Duration.ofMillis(400);

    @TempDir
    Path folder;

    @Test
    void argumentsAndEnvironmentArriveAsTheyAre() throws Exception {
        Path seen = folder.resolve("seen");
        Path script = script("printf '%s\\n' \"$#\" \"$1\" \"$2\" \"$STREAM_NAME\" > " + seen);
        for (String name : List.of("plain", "$(touch x)", "`id`", ";id", "-o/x", "a b  c", "ü*?'\"\\", "--", "")) {
            run(script, Hooks.DEADLINE, List.of(name, "/records/" + name), Map.of("STREAM_NAME", name));
            assertEquals(List.of("2", name, "/records/" + name, name), Files.readAllLines(seen));
        }
        assertFalse(Files.exists(Path.of("x")), "no shell read the name");
    }

    @Test
    void aHookThatHangsIsKilledWithItsTree() throws Exception {
        Path pids = folder.resolve("pids");
        Path script = script("sleep 1000 & echo $! $$ > " + pids + "; wait");
        run(script, SHORT, List.of(), Map.of());
        for (String pid : Files.readString(pids).strip().split(" ")) {
            Await.await("process " + pid + " is gone", () -> !running(Long.parseLong(pid)));
        }
    }

    @Test
    void aDaemonThatLeftTheTreeIsKilledWithItAtTheDeadline() throws Exception {
        Path pid = folder.resolve("pid");
        // Forked twice and in a session of its own: nobody's descendant any more.
        Path script = script("(setsid sh -c 'echo $$ > %s; sleep 1000' >/dev/null 2>&1 &) ; sleep 1000".formatted(pid));
        run(script, Duration.ofSeconds(2), List.of(), Map.of());
        long daemon = Long.parseLong(Files.readString(pid).strip());
        Await.await("the daemon is gone", () -> !running(daemon));
    }

    @Test
    void howItEndedIsTold() throws Exception {
        record Case(Path script, int exitStatus, String problem) {}
        Path missing = folder.resolve("missing");
        for (Case one : List.of(
                new Case(script("exit 0"), 0, ""),
                new Case(script("echo first; echo no space left >&2; exit 3"), 3, "exit code 3: no space left"),
                new Case(script("kill -9 $$"), 137, "exit code 137"),
                new Case(script("sleep 1000"), -1, "killed after 1 s"),
                new Case(missing, -1, "not an executable file: " + missing))) {
            List<Hooks.Outcome> outcomes = new ArrayList<>();
            CountDownLatch ended = new CountDownLatch(1);
            try (Hooks hooks = new Hooks(Optional.of(one.script()), Duration.ofSeconds(1))) {
                hooks.run(List.of(), List.of(), Map.of(), _ -> {}, outcome -> {
                    outcomes.add(outcome);
                    ended.countDown();
                });
                assertTrue(ended.await(60, TimeUnit.SECONDS));
            }
            assertEquals(List.of(new Hooks.Outcome(one.exitStatus(), one.problem())), outcomes);
        }
    }

    @Test
    void asManyRunTogetherAsTheSettingsSay() throws Exception {
        Path order = folder.resolve("order");
        Path script = script("echo begin >> %s; sleep 0.1; echo end >> %s".formatted(order, order));
        CountDownLatch ended = new CountDownLatch(3);
        try (Hooks hooks = new Hooks(Optional.of(script), Hooks.DEADLINE, 1)) {
            for (int i = 0; i < 3; i++) {
                hooks.run(List.of(), List.of(), Map.of(), _ -> {}, _ -> ended.countDown());
            }
            assertTrue(ended.await(60, TimeUnit.SECONDS));
        }
        assertEquals(List.of("begin", "end", "begin", "end", "begin", "end"), lines(order));
    }

    @Test
    void endlessOutputIsReadAndForgotten() throws Exception {
        Path done = folder.resolve("done");
        Path script = script("head -c 50000000 /dev/zero; echo tail >&2; touch " + done);
        run(script, Hooks.DEADLINE, List.of(), Map.of());
        assertTrue(Files.exists(done), "the script was never stuck on a full pipe");
    }

    @Test
    void aHookThatLeavesAProcessBehindHasEnded() throws Exception {
        Path pid = folder.resolve("pid");
        Path script = script("setsid sleep 1000 & echo $! > " + pid);
        run(script, Hooks.DEADLINE, List.of(), Map.of());
        ProcessHandle.of(Long.parseLong(Files.readString(pid).strip())).ifPresent(ProcessHandle::destroyForcibly);
    }

    @Test
    void exitCodesMissingFilesAndFilesThatAreNoProgramsAreJustTheEnd() throws Exception {
        run(script("exit 137"), Hooks.DEADLINE, List.of(), Map.of());
        run(script("kill -9 $$"), Hooks.DEADLINE, List.of(), Map.of());
        run(folder.resolve("missing"), Hooks.DEADLINE, List.of(), Map.of());
        run(folder, Hooks.DEADLINE, List.of(), Map.of());
        run(Files.writeString(folder.resolve("text"), "not executable"), Hooks.DEADLINE, List.of(), Map.of());
    }

    @Test
    void aFewRunAtOnceAndTheOthersWait() throws Exception {
        Path running = Files.createDirectory(folder.resolve("running"));
        Path most = folder.resolve("most");
        Path go = folder.resolve("go");
        Path script = script("touch %s/$$; ls %s | wc -l >> %s; while [ ! -e %s ]; do sleep 0.05; done; rm %s/$$"
                .formatted(running, running, most, go, running));
        int count = 3 * Hooks.MAX_PARALLEL;
        CountDownLatch ended = new CountDownLatch(count);
        try (Hooks hooks = new Hooks(Optional.of(script))) {
            for (int i = 0; i < count; i++) {
                hooks.run(List.of(), List.of(), Map.of(), _ -> {}, _ -> ended.countDown());
            }
            Await.await("as many as allowed run", () -> lines(most).size() == Hooks.MAX_PARALLEL);
            Files.createFile(go);
            assertTrue(ended.await(60, TimeUnit.SECONDS));
        }
        assertEquals(count, lines(most).size());
        for (String line : lines(most)) {
            assertTrue(Integer.parseInt(line.strip()) <= Hooks.MAX_PARALLEL, line);
        }
    }

    @Test
    void closingWaitsForThoseThatRunAndStartsNoOther() throws Exception {
        Path began = folder.resolve("began");
        Path done = folder.resolve("done");
        Path script = script("echo x >> %s; sleep 0.5; echo x >> %s".formatted(began, done));
        Hooks hooks = new Hooks(Optional.of(script));
        List<Integer> ended = new ArrayList<>();
        for (int i = 0; i < 2 * Hooks.MAX_PARALLEL; i++) {
            hooks.run(List.of(), List.of(), Map.of(), _ -> {}, _ -> {
                synchronized (ended) {
                    ended.add(1);
                }
            });
        }
        Await.await("the first ones run", () -> lines(began).size() == Hooks.MAX_PARALLEL);
        assertTrue(hooks.close(Duration.ofSeconds(60)));
        assertEquals(Hooks.MAX_PARALLEL, lines(done).size());
        assertEquals(Hooks.MAX_PARALLEL, lines(began).size());
        assertEquals(Hooks.MAX_PARALLEL, ended.size());
    }

    private void run(Path script, Duration deadline, List<String> arguments, Map<String, String> environment)
            throws InterruptedException {
        CountDownLatch ended = new CountDownLatch(1);
        AtomicLong pid = new AtomicLong();
        try (Hooks hooks = new Hooks(Optional.of(script), deadline)) {
            hooks.run(List.of(), arguments, environment, pid::set, _ -> ended.countDown());
            assertTrue(ended.await(60, TimeUnit.SECONDS), "the hook's end was seen");
        }
    }

    private Path script(String body) throws IOException {
        Path script = Files.createTempFile(folder, "hook", ".sh");
        Files.writeString(script, "#!/bin/sh\n" + body + "\n");
        return Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwx------"));
    }

    private static boolean running(long pid) {
        return ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false);
    }

    private static List<String> lines(Path file) {
        try {
            return Files.exists(file) ? Files.readAllLines(file) : List.of();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
