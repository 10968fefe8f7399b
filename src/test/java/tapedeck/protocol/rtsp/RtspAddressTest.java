package tapedeck.protocol.rtsp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tapedeck.bytes.MalformedException;
import tapedeck.stream.StreamName;

/// What addresses, track names and transports mean.
class RtspAddressTest {
    @ParameterizedTest
    @CsvSource({
        "rtsp://h:5554/live/a, x, a",
        "rtsp://h:5554/live/a/b, x, a/b",
        "rtsp://h:5554/flvplayback, test, test",
        "rtsp://h:5554/flvplayback/, test, test",
        "rtsp://h:5554/cam, No Name, cam",
        "rtsp://h:5554/cam, '', cam",
        "rtsp://h:5554/cam, Session streamed with GStreamer, cam",
        "rtsp://h/live/a%20b, x, a b",
        "rtsp://h/live/a?user=u&password=p, x, a"
    })
    void aPublishersNameIsInThePathOrTheTitle(String uri, String title, String name) {
        assertEquals(new StreamName(name), RtspAddress.parse(uri).published(title));
    }

    @Test
    void aPlayersNameStandsWithOrWithoutAnApplication() {
        assertEquals(
                List.of(new StreamName("a")), RtspAddress.parse("rtsp://h/a").played());
        assertEquals(
                List.of(new StreamName("a"), new StreamName("live/a")),
                RtspAddress.parse("rtsp://h/live/a").played());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"rtsp://h", "rtsp://h/live/../x", "rtsp://h/live/%2e%2e/x", "rtsp://h/live/%00", "rtsp://h/%zz"})
    void wrongNamesAreRefused(String uri) {
        assertThrows(MalformedException.class, () -> RtspAddress.parse(uri).published(""));
        assertThrows(MalformedException.class, () -> RtspAddress.parse(uri).played());
    }

    @Test
    void credentialsStandBehindTheName() {
        assertEquals(
                Map.of("user", "u", "password", "a/b", "token", "t"),
                RtspAddress.parse("rtsp://h/live/a?user=u&password=a%2Fb&token=t/streamid=0")
                        .parameters());
    }

    @ParameterizedTest
    @CsvSource({
        "rtsp://h/live/a/streamid=1, 1",
        "rtsp://h/live/a/streamid=0, 0",
        "rtsp://h/live/a?token=x/streamid=1, 1",
        "rtsp://h/live/a/streamid=1/, 1",
        "rtsp://h/live/a/streamid=10, 2",
        "rtsp://h/live/a/streamid=7, -1",
        "rtsp://h/live/a, -1"
    })
    void aTrackIsCalledByItsControlAttribute(String uri, int index) {
        assertEquals(index, RtspTarget.index(uri, List.of("streamid=0", "streamid=1", "streamid=10"), _ -> false));
    }

    @Test
    void aTrackWithoutANameIsTheNextOne() {
        assertEquals(0, RtspTarget.index("rtsp://h/live/a", List.of("trackID=1"), _ -> false));
        assertEquals(1, RtspTarget.index("rtsp://h/live/a", List.of("", ""), i -> i == 0));
    }

    @Test
    void theFirstKnownTransportIsTaken() {
        TransportHeader udp = TransportHeader.best(
                        "RTP/SAVP;unicast;client_port=1-2, RTP/AVP;multicast, RTP/AVP;unicast;client_port=5000-5003;mode=\"PLAY\"")
                .orElseThrow();
        assertEquals(new TransportHeader(false, OptionalInt.of(5000), OptionalInt.of(5003), false), udp);
        TransportHeader tcp =
                TransportHeader.best("RTP/AVP/TCP;interleaved=4;mode=record").orElseThrow();
        assertEquals(new TransportHeader(true, OptionalInt.of(4), OptionalInt.of(5), true), tcp);
        assertTrue(TransportHeader.best("RTP/AVP;unicast").isEmpty());
        assertFalse(TransportHeader.best("RTP/AVP/TCP").orElseThrow().first().isPresent());
        assertThrows(MalformedException.class, () -> TransportHeader.best("RTP/AVP/TCP;interleaved=300-301"));
        assertThrows(MalformedException.class, () -> TransportHeader.best("x,".repeat(TransportHeader.MAX_OFFERS)));
    }
}
