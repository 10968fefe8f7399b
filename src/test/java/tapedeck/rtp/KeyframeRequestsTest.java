package tapedeck.rtp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class KeyframeRequestsTest {
    private static final long MILLI = 1_000_000;
    private static final List<String> PLI = List.of("nack pli");

    /// Asks whenever it may in a minute; `packetsPerSecond` come.
    private static long requests(int packetsPerSecond, long roundTripNanos) {
        KeyframeRequests requests = new KeyframeRequests(1);
        for (long now = 0; now < 60_000 * MILLI; now += MILLI) {
            long packets = now / MILLI * packetsPerSecond / 1000;
            if (now >= requests.nanos(0, packets, roundTripNanos)) {
                requests.request(now, 2, PLI, packets);
            }
        }
        return requests.count();
    }

    @Test
    void aSourceThatSendsIsAskedThreeTimesASecond() {
        assertEquals(200, requests(1000, 20 * MILLI));
        assertEquals(60, requests(1000, 500 * MILLI), "an answer needs its time");
    }

    @Test
    void aSilentSourceIsAskedEverMoreRarely() {
        long asked = requests(0, 20 * MILLI);
        assertTrue(asked >= 12 && asked <= 20, asked + " requests in a minute");
    }

    @Test
    void whenItSendsAgainItIsAskedAsBefore() {
        KeyframeRequests requests = new KeyframeRequests(1);
        long now = 0;
        for (int i = 0; i < 10; i++) {
            now = requests.nanos(now, 7, 0);
            requests.request(now, 2, PLI, 7);
        }
        assertEquals(now + KeyframeRequests.MAX_INTERVAL_NANOS, requests.nanos(0, 7, 0));
        assertEquals(now + KeyframeRequests.MIN_INTERVAL_NANOS, requests.nanos(0, 8, 0));
    }

    @Test
    void whatThePeerUnderstandsIsSent() {
        KeyframeRequests requests = new KeyframeRequests(1);
        assertInstanceOf(Rtcp.PictureLoss.class, requests.request(0, 2, List.of("nack", "ccm fir", "nack pli"), 0));
        assertInstanceOf(Rtcp.FullIntraRequest.class, requests.request(0, 2, List.of("ccm fir"), 0));
        assertNull(requests.request(0, 2, List.of("nack"), 0));
        assertEquals(2, requests.count());
    }
}
