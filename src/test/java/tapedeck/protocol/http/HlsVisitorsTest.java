package tapedeck.protocol.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetSocketAddress;
import org.junit.jupiter.api.Test;
import tapedeck.stream.Session;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;

class HlsVisitorsTest {
    private static final StreamName NAME = new StreamName("a");

    private static final InetSocketAddress PEER = new InetSocketAddress("192.0.2.7", 50123);

    private final Streams streams = new Streams();
    private long nanos;

    @Test
    void beyondTheBoundOnlyWhoHasNotBeenThereForLongestIsForgotten() {
        HlsVisitors visitors = new HlsVisitors(streams, () -> nanos);
        String watching = visitors.admit(NAME, PEER);
        String eldest = visitors.admit(NAME, PEER);
        for (int i = 2; i < HlsVisitors.MAX_VISITORS; i++) {
            visitors.admit(NAME, PEER);
        }
        assertTrue(visitors.isKnown(watching, NAME));
        String newest = visitors.admit(NAME, PEER);
        assertEquals(HlsVisitors.MAX_VISITORS, visitors.size());
        assertFalse(visitors.isKnown(eldest, NAME));
        assertTrue(visitors.isKnown(watching, NAME));
        assertTrue(visitors.isKnown(newest, NAME));
    }

    @Test
    void whoHasBeenAwayIsAskedAgainAndOtherStreamsAreNotForThem() {
        HlsVisitors visitors = new HlsVisitors(streams, () -> nanos);
        String id = visitors.admit(NAME, PEER);
        assertFalse(visitors.isKnown(id, new StreamName("b")));
        nanos += HlsVisitors.IDLE_NANOS;
        assertTrue(visitors.isKnown(id, NAME));
        nanos += HlsVisitors.IDLE_NANOS + 1;
        assertFalse(visitors.isKnown(id, NAME));
    }

    @Test
    void visitorsAreSessionsUntilTheyStayAwayOrAreSentAway() {
        HlsVisitors visitors = new HlsVisitors(streams, () -> nanos);
        String stays = visitors.admit(NAME, PEER);
        String leaves = visitors.admit(NAME, PEER);
        assertEquals(2, streams.sessions().size());
        Session shown = streams.sessions().iterator().next();
        assertEquals("192.0.2.7:50123", shown.report().path().orElseThrow().remote());
        assertFalse(shown.report().id().equals(stays) || shown.report().id().equals(leaves), "a secret is not shown");
        nanos += HlsVisitors.IDLE_NANOS;
        assertTrue(visitors.isKnown(stays, NAME));
        nanos++;
        visitors.forgetIdle();
        assertEquals(1, streams.sessions().size());
        assertFalse(visitors.isKnown(leaves, NAME));
        streams.sessions().iterator().next().terminate("enough");
        assertFalse(visitors.isKnown(stays, NAME));
        assertEquals(0, streams.sessions().size());
    }
}
