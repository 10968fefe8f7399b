package tapedeck.rights;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.net.InetAddress;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tapedeck.rights.Decision.Allowed;
import tapedeck.rights.Decision.Unavailable;
import tapedeck.rights.Decision.Unproven;
import tapedeck.rights.Decision.Unproven.Cause;
import tapedeck.settings.Settings;
import tools.jackson.databind.json.JsonMapper;

/// Another server's word, and what becomes of peers when it says nothing sensible.
@Timeout(60)
class HookGuardTest {
    /// For answers that come: longer than a machine is busy.
    private static final int PATIENT_SECONDS = 30;
    /// For answers that never come.
    private static final int IMPATIENT_SECONDS = 1;

    private Hook hook;
    private HookGuard guard;

    @BeforeEach
    void open() throws Exception {
        hook = new Hook();
        guard = guard(hook.url(), PATIENT_SECONDS);
    }

    @AfterEach
    void close() {
        guard.close();
        hook.close();
    }

    private static HookGuard guard(URI url, int timeoutSeconds) {
        return new HookGuard(new Settings.AuthWebhook(Optional.of(url), timeoutSeconds), System::nanoTime);
    }

    private static Request request(Request.Credentials credentials) throws Exception {
        return new Request(
                Request.Action.PUBLISH,
                "a \"b\"\\",
                "rtmp",
                InetAddress.getByName("192.0.2.7"),
                credentials,
                Map.of("room", "7"));
    }

    private Decision ask() throws Exception {
        return ask(guard);
    }

    private static Decision ask(HookGuard asked) throws Exception {
        return asked.may(request(new Request.Credentials("", "", "secret")));
    }

    /// Of an answer that never comes.
    private void assertNotAwaited() throws Exception {
        try (HookGuard impatient = guard(hook.url(), IMPATIENT_SECONDS)) {
            assertInstanceOf(Unavailable.class, ask(impatient));
        }
    }

    @Test
    void theQuestionSaysAllThatIsKnown() throws Exception {
        assertEquals(new Allowed(""), guard.may(request(new Request.Credentials("bob", "word", ""))));
        JsonMapper json = new JsonMapper();
        assertEquals(json.readTree("""
                        {"action": "publish", "stream": "a \\"b\\"\\\\", "protocol": "rtmp", "address": "192.0.2.7",
                         "user": "bob", "token": "word", "parameters": {"room": "7"}}"""), json.readTree(hook.asked().getFirst()));
    }

    @Test
    void nothingBut200Allows() throws Exception {
        for (int status : List.of(201, 204, 206, 301, 400, 401, 403, 404, 418)) {
            hook.answers(Hook.status(status));
            assertEquals(Cause.WRONG, assertInstanceOf(Unproven.class, ask()).cause(), "status " + status);
        }
        hook.answers(Hook.status(403));
        Decision nothing = guard.may(request(Request.Credentials.NONE));
        assertEquals(Cause.MISSING, assertInstanceOf(Unproven.class, nothing).cause());
        hook.answers(Hook.status(503));
        assertInstanceOf(Unavailable.class, ask());
    }

    @Test
    void aRedirectIsNotFollowed() throws Exception {
        hook.answers(exchange -> {
            exchange.getResponseHeaders()
                    .set("Location", hook.url().resolve("/yes").toString());
            exchange.sendResponseHeaders(exchange.getRequestURI().getPath().equals("/ask") ? 307 : 200, -1);
        });
        assertInstanceOf(Unproven.class, ask());
        assertEquals(1, hook.asked().size());
    }

    @Test
    void aHookThatIsAwayAllowsNothing() throws Exception {
        hook.close();
        assertInstanceOf(Unavailable.class, ask());
    }

    @Test
    void aHookThatIsSlowAllowsNothing() throws Exception {
        CountDownLatch ended = new CountDownLatch(1);
        hook.answers(exchange -> {
            ended.await();
            exchange.sendResponseHeaders(200, -1);
        });
        assertNotAwaited();
        ended.countDown();
    }

    @Test
    void anAnswerThatComesDropByDropIsNotAwaited() throws Exception {
        CountDownLatch ended = new CountDownLatch(1);
        hook.answers(exchange -> {
            exchange.sendResponseHeaders(200, 0);
            exchange.getResponseBody().write('{');
            exchange.getResponseBody().flush();
            ended.await();
        });
        assertNotAwaited();
        ended.countDown();
    }

    @Test
    void anAnswerThatNeverEndsIsNotRead() throws Exception {
        hook.answers(Hook.body("y".repeat(OutsideCalls.MAX_ANSWER_BYTES + 1)));
        assertInstanceOf(Unavailable.class, ask());
        hook.answers(Hook.body("y".repeat(OutsideCalls.MAX_ANSWER_BYTES)));
        assertInstanceOf(Allowed.class, ask());
    }

    @Test
    void theHookIsNotAskedByMoreThanTheBoundAtOnce() throws Exception {
        int crowd = OutsideCalls.PARALLEL * 2;
        Semaphore places = new Semaphore(OutsideCalls.PARALLEL);
        CountDownLatch full = new CountDownLatch(OutsideCalls.PARALLEL);
        AtomicInteger beyond = new AtomicInteger();
        hook.answers(exchange -> {
            boolean within = places.tryAcquire();
            if (!within) {
                beyond.incrementAndGet();
            }
            full.countDown();
            full.await();
            if (within) {
                places.release();
            }
            exchange.sendResponseHeaders(200, -1);
        });
        List<Future<Decision>> all = new ArrayList<>();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < crowd; i++) {
                all.add(threads.submit(() -> guard.may(request(Request.Credentials.NONE))));
            }
            for (Future<Decision> one : all) {
                assertInstanceOf(Allowed.class, one.get());
            }
        }
        assertEquals(crowd, hook.asked().size());
        assertEquals(0, beyond.get());
    }
}
