package tapedeck.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// 429 before the work, for those who call too often or when too much is under way.
class CallLimitTest {
    private static final String STOP = "{\"mediaSessionId\": \"nobody\"}";

    @TempDir
    Path dir;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "recorder/startup",
                "recorder/terminate",
                "stream/startRecording",
                "stream/stopRecording",
                "stream/terminate"
            })
    void whoCallsTooOftenIsTold(String call) throws Exception {
        try (ApiServer server = new ApiServer(dir, "rest_calls_per_second=5")) {
            for (int i = 0; i < 5 * CallLimit.BURST_SECONDS; i++) {
                assertEquals(404, server.post("/rest-api/" + call, STOP).statusCode());
            }
            HttpResponse<byte[]> refused = server.post("/rest-api/" + call, STOP);
            assertEquals(429, refused.statusCode());
            assertEquals("1", refused.headers().firstValue("Retry-After").orElse(""));
            assertTrue(ApiServer.json(refused).path("error").stringValue().startsWith("too many calls"));
            assertEquals(429, server.send("DELETE", "/recordings/x", "").statusCode(), "all calls together");
            assertEquals(200, server.post("/rest-api/recorder/find_all", "").statusCode(), "looking is free");
            String metrics = ApiServer.text(server.get("/metrics"));
            assertTrue(metrics.contains("\ntapedeck_rest_refused_total 2.0\n"), metrics);

            server.nanos.addAndGet(200_000_000L);
            assertEquals(404, server.post("/rest-api/" + call, STOP).statusCode(), "a fifth of a second later");
            assertEquals(429, server.post("/rest-api/" + call, STOP).statusCode());
        }
    }

    @Test
    void addressesDoNotDisturbEachOther() throws Exception {
        try (ApiServer server =
                new ApiServer(dir, "rest_calls_per_second=1", "http_trusted_proxies=127.0.0.1", "data_dir=" + dir)) {
            String[] one = {"X-Forwarded-For", "203.0.113.9", "Authorization", "Bearer " + server.token()};
            String[] other = {"X-Forwarded-For", "203.0.113.10", "Authorization", "Bearer " + server.token()};
            for (int i = 0; i < CallLimit.BURST_SECONDS; i++) {
                assertEquals(404, stop(server, one));
            }
            assertEquals(429, stop(server, one));
            assertEquals(404, stop(server, other));
            assertEquals(404, stop(server), "from this machine");
        }
    }

    @Test
    void whoMayNothingUsesUpNothing() throws Exception {
        try (ApiServer server = new ApiServer(dir, "rest_calls_per_second=1", "http_trusted_proxies=127.0.0.1")) {
            for (int i = 0; i < 5; i++) {
                assertEquals(401, stop(server, "X-Forwarded-For", "203.0.113.9"));
            }
            assertEquals(
                    404, stop(server, "X-Forwarded-For", "203.0.113.9", "Authorization", "Bearer " + server.token()));
        }
    }

    @Test
    void zeroIsNoLimit() throws Exception {
        try (ApiServer server = new ApiServer(dir, "rest_calls_per_second=0")) {
            for (int i = 0; i < 300; i++) {
                assertEquals(404, stop(server));
            }
        }
    }

    @Test
    void soManyAreServedAtOnceAndNoMore() throws Exception {
        try (ApiServer server = new ApiServer(dir);
                ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
            CountDownLatch inside = new CountDownLatch(CallLimit.MAX_AT_ONCE);
            CountDownLatch leave = new CountDownLatch(1);
            CallLimit limit = new CallLimit(server.access(), 0, server.nanos::get);
            server.routes.add("GET", "/slow", limit.query(exchange -> {
                inside.countDown();
                leave.await();
                exchange.respond(204);
            }));
            List<Future<Integer>> served = new ArrayList<>();
            for (int i = 0; i < CallLimit.MAX_AT_ONCE; i++) {
                served.add(callers.submit(() -> server.get("/slow").statusCode()));
            }
            inside.await();
            HttpResponse<byte[]> refused = server.get("/slow");
            assertEquals(429, refused.statusCode());
            assertEquals("1", refused.headers().firstValue("Retry-After").orElse(""));
            leave.countDown();
            for (Future<Integer> one : served) {
                assertEquals(204, one.get());
            }
            assertEquals(204, server.get("/slow").statusCode());
        }
    }

    @Test
    void addressesAreForgottenBeforeThereAreTooMany() throws Exception {
        try (ApiServer server = new ApiServer(dir)) {
            CallLimit limit = new CallLimit(server.access(), 1, () -> 0);
            InetAddress first = InetAddress.ofLiteral("10.0.0.0");
            for (int i = 0; i < CallLimit.BURST_SECONDS; i++) {
                assertEquals(0, limit.waitNanos(first));
            }
            assertEquals(1_000_000_000L, limit.waitNanos(first));
            for (int i = 1; i <= CallLimit.MAX_ADDRESSES; i++) {
                assertEquals(0, limit.waitNanos(InetAddress.ofLiteral("10.1.%d.%d".formatted(i >> 8, i & 255))));
            }
            assertEquals(0, limit.waitNanos(first));
        }
    }

    @Test
    void anIpv6NetworkIsOneAddress() throws Exception {
        try (ApiServer server = new ApiServer(dir)) {
            CallLimit limit = new CallLimit(server.access(), 1, () -> 0);
            for (int i = 0; i < CallLimit.BURST_SECONDS; i++) {
                assertEquals(0, limit.waitNanos(InetAddress.ofLiteral("2001:db8::" + i)));
            }
            assertFalse(limit.waitNanos(InetAddress.ofLiteral("2001:db8::ffff")) == 0);
            assertEquals(0, limit.waitNanos(InetAddress.ofLiteral("2001:db8:0:1::1")));
        }
    }

    private static int stop(ApiServer server, String... headers) throws Exception {
        return server.post("/rest-api/recorder/terminate", STOP, headers).statusCode();
    }
}
