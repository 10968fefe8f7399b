package tapedeck.protocol.webrtc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tapedeck.bytes.Bytes;
import tapedeck.peers.Browser;
import tapedeck.peers.Conditions;
import tapedeck.peers.FrameCollector;
import tapedeck.peers.Relay;
import tapedeck.stream.Item;

/// Pages that watch a stream and talk in it, while another page publishes.
@Tag("peer")
@Tag("realtime")
@Timeout(180)
class ViewerChatTest {
    private static final Path FOLDER = Path.of("src/test/resources/tapedeck/protocol/webrtc");
    private static final int SECONDS = 60;
    private static final int DTLS_APPLICATION_DATA = 23;
    private static final int LOST = 2;

    private final BlockingQueue<String> told = new LinkedBlockingQueue<>();
    private final List<String> heard = new ArrayList<>();
    private WebRtcHouse house;

    @BeforeEach
    void open() throws Exception {
        house = new WebRtcHouse();
        for (String page : List.of("data", "watch-data")) {
            house.routes.add(
                    "GET",
                    "/" + page,
                    exchange -> exchange.respond(
                            200, "text/html", Bytes.wrap(Files.readAllBytes(FOLDER.resolve(page + ".html")))));
        }
        house.routes.add("POST", "/told", exchange -> {
            told.add(exchange.body(10_000).toUtf8());
            exchange.respond(204);
        });
    }

    @AfterEach
    void close() {
        house.close();
    }

    private String page(String pathAndQuery) {
        return "http://127.0.0.1:" + house.httpPort() + "/" + pathAndQuery;
    }

    private void awaitTold(String line) throws InterruptedException {
        for (String next = null; !heard.contains(line); ) {
            next = told.poll(SECONDS, TimeUnit.SECONDS);
            assertTrue(next != null, () -> "waited for \"" + line + "\", heard " + heard);
            assertTrue(!next.contains("failed"), next);
            heard.add(next);
        }
    }

    @ParameterizedTest
    @EnumSource(Browser.class)
    void viewersHearThePublisherAndEachOtherButNotThemselves(Browser browser) throws Exception {
        FrameCollector collector = FrameCollector.of(house.streams, "talk");
        try (AutoCloseable _ = Browser.CHROMIUM.show(page("data?name=talk&quiet=1"))) {
            collector.until(1);
            try (AutoCloseable _ = browser.show(page("watch-data?name=talk&me=anna&label=chat"))) {
                awaitTold("anna open");
                // The publisher hears her, on the channel that it has for it.
                awaitTold("publisher heard greetings from anna");
                try (AutoCloseable _ = browser.show(page("watch-data?name=talk&me=bert&label=other"))) {
                    awaitTold("bert open");
                    awaitTold("anna heard greetings from bert on given other");
                    awaitTold("publisher heard greetings from bert");
                    // What the publisher answers to everything that it hears.
                    awaitTold("anna heard thanks for greetings from bert on given other");
                    awaitTold("bert heard thanks for greetings from bert on own other");
                    collector.stream()
                            .message(new Item.Message("news", "", "the server", true, 0, Bytes.ofUtf8("the end")));
                    awaitTold("bert heard the end on given news");
                    awaitTold("anna heard the end on given news");
                }
            }
            awaitTold("anna heard thanks for greetings from anna on own chat");
            assertTrue(
                    heard.stream()
                            .noneMatch(line -> line.startsWith("anna heard greetings from anna")
                                    || line.startsWith("bert heard greetings from bert")),
                    heard.toString());
            List<Item.Message> messages = collector.untilMessages(5);
            assertEquals("greetings from anna", messages.getFirst().data().toUtf8());
            assertTrue(messages.getFirst().sender().startsWith("whep-"));
        }
    }

    /// RFC 9260 6.3.3: nothing else is sent that would show the loss, so only time does.
    @Test
    void whatTheServerTellsAViewerComesAgainWhenItIsLost() throws Exception {
        FrameCollector collector = FrameCollector.of(house.streams, "talk");
        AtomicInteger toLose = new AtomicInteger();
        try (Relay relay = new Relay(house.udpPort(), 1);
                AutoCloseable _ = Browser.CHROMIUM.show(page("data?name=talk&quiet=1"))) {
            relay.set(
                    Relay.Way.TO_CLIENT,
                    Conditions.NONE.drops(datagram -> datagram[0] == DTLS_APPLICATION_DATA
                            && toLose.getAndUpdate(left -> Math.max(0, left - 1)) > 0));
            collector.until(1);
            try (AutoCloseable _ =
                    Browser.CHROMIUM.show(page("watch-data?name=talk&me=anna&label=chat&port=" + relay.port()))) {
                awaitTold("publisher heard greetings from anna");
                awaitTold("anna heard thanks for greetings from anna on own chat");
                toLose.set(LOST);
                collector.stream()
                        .message(new Item.Message("chat", "", "the server", true, 0, Bytes.ofUtf8("once more")));
                awaitTold("anna heard once more on own chat");
                assertEquals(LOST, relay.count(Relay.Way.TO_CLIENT, Relay.Fate.RULED_OUT));
            }
        }
    }
}
