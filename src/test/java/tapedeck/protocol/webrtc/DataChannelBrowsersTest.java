package tapedeck.protocol.webrtc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tapedeck.bytes.Bytes;
import tapedeck.peers.Await;
import tapedeck.peers.Browser;
import tapedeck.peers.FrameCollector;
import tapedeck.stream.Item;

/// Real browsers publish with data channels; what they say becomes messages of the stream, and answers come back.
@Tag("peer")
@Tag("realtime")
@Timeout(180)
class DataChannelBrowsersTest {
    private static final int[] SIZES = {1, 2, 3, 4, 100, 1120, 1121, 1122, 5000, 16_384, 40_000, 65_535, 65_536};
    private static final int COUNT = 1_000;
    private static final int FAST = 100;
    private static final int SECONDS = 60;
    private static final String SOMEBODY = "somebody";

    private final BlockingQueue<String> told = new LinkedBlockingQueue<>();
    private final List<String> heard = new ArrayList<>();
    private WebRtcHouse house;

    @BeforeEach
    void open() throws Exception {
        house = new WebRtcHouse();
        Path page = Path.of("src/test/resources/tapedeck/protocol/webrtc/data.html");
        house.routes
                .add(
                        "GET",
                        "/data",
                        exchange -> exchange.respond(200, "text/html", Bytes.wrap(Files.readAllBytes(page))))
                .add("POST", "/told", exchange -> {
                    told.add(exchange.body(10_000).toUtf8());
                    exchange.respond(204);
                });
    }

    @AfterEach
    void close() {
        house.close();
    }

    private static Bytes pattern(int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) (i * 7 + length);
        }
        return Bytes.wrap(bytes);
    }

    /// Lines may overtake each other: each is a request of its own.
    private void awaitTold(String line) throws InterruptedException {
        while (!heard.remove(line)) {
            String next = told.poll(SECONDS, TimeUnit.SECONDS);
            assertTrue(next != null, () -> "waited for \"" + line + "\", the page said " + heard);
            assertTrue(!next.startsWith("failed") && !next.startsWith("wrong"), next);
            heard.add(next);
        }
    }

    @ParameterizedTest
    @EnumSource(Browser.class)
    void whatAPageSaysBecomesMessagesOfTheStreamAndAnswersComeBack(Browser browser) throws Exception {
        FrameCollector collector = FrameCollector.of(house.streams, "talk");
        try (AutoCloseable _ = browser.show("http://127.0.0.1:" + house.httpPort() + "/data?name=talk")) {
            awaitTold("max message size 65536");
            int chats = 2 + SIZES.length + COUNT;
            Map<String, List<Item.Message>> byLabel = new HashMap<>();
            int seen = 0;
            while (byLabel.getOrDefault("chat", List.of()).size() < chats
                    || !byLabel.containsKey("timed")
                    || numbers(byLabel.getOrDefault("fast", List.of())).size() < FAST) {
                List<Item.Message> messages = collector.untilMessages(seen + 1);
                for (; seen < messages.size(); seen++) {
                    Item.Message message = messages.get(seen);
                    if (message.sender().equals(SOMEBODY)) {
                        continue; // our own
                    }
                    byLabel.computeIfAbsent(message.label(), _ -> new ArrayList<>())
                            .add(message);
                    if (message.label().equals("chat")) {
                        echo(collector, message);
                    }
                }
            }
            assertChat(byLabel.get("chat"));
            assertNoneTwice(byLabel.get("fast"));
            assertNoneTwice(byLabel.get("timed"));
            awaitTold("echo complete " + chats);
            awaitTold("closed chat");
            // On a channel that nobody opened so far.
            collector.stream().message(new Item.Message("news", "n", SOMEBODY, true, 0, Bytes.ofUtf8("hello")));
            awaitTold("server opened news n true: hello");
            Item.Message answer = null;
            for (; answer == null; seen++) {
                Item.Message message = collector.untilMessages(seen + 1).get(seen);
                answer = message.data().toUtf8().equals("answer to hello") ? message : null;
            }
            assertEquals("news", answer.label());
            assertTrue(collector.until(1).size() > 0, "pictures come all the while");
        }
    }

    /// As a viewer would.
    private static void echo(FrameCollector collector, Item.Message message) throws InterruptedException {
        Item.Message back =
                new Item.Message(message.label(), message.protocol(), SOMEBODY, message.text(), 0, message.data());
        // More at once than the stream takes in a second: its limit is not what is tested here.
        Await.await("room for a message", () -> collector.stream().message(back));
    }

    /// Of `fast ROUND NUMBER`.
    private static Set<String> numbers(List<Item.Message> messages) {
        return messages.stream()
                .map(message -> message.data().toUtf8().replaceAll(".* ", ""))
                .collect(Collectors.toSet());
    }

    private static void assertNoneTwice(List<Item.Message> messages) {
        List<String> texts =
                messages.stream().map(message -> message.data().toUtf8()).toList();
        assertEquals(texts.stream().distinct().toList(), texts);
        String label = messages.getFirst().label();
        assertTrue(texts.stream().allMatch(text -> text.matches(label + "( [0-9]{1,2}){2}")), texts.toString());
    }

    private static void assertChat(List<Item.Message> chat) {
        List<Object> expected = new ArrayList<>(List.of("", "grüß Gott 🎥"));
        for (int size : SIZES) {
            expected.add(pattern(size));
        }
        for (int i = 0; i < COUNT; i++) {
            expected.add("message " + i);
        }
        long lastNanos = 0;
        for (int i = 0; i < expected.size(); i++) {
            Item.Message message = chat.get(i);
            assertEquals(expected.get(i), message.text() ? message.data().toUtf8() : message.data(), "message " + i);
            assertEquals("echo", message.protocol());
            assertTrue(message.sender().startsWith("whip-"), message.sender());
            assertTrue(message.nanos() >= lastNanos && message.nanos() < 120_000_000_000L, message.toString());
            lastNanos = message.nanos();
        }
    }
}
