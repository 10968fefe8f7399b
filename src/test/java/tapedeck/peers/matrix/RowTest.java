package tapedeck.peers.matrix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RowTest {
    private static final Plan PLAN =
            new Plan(WayIn.RTMP, Clip.Codecs.H264_AAC, List.of(WayOut.RTSP_TCP, WayOut.HTTP_TS));
    private static final Taken GOOD = new Taken("yes", 0, List.of());

    private static Row row(Taken rtsp, Taken transport) {
        return new Row(PLAN, Map.of("RTSP_TCP", rtsp, "HTTP_TS", transport, Plan.FILE, GOOD), 1, "");
    }

    @Test
    void aCellThatFailedIsGoodByItsSecondTry() {
        Row first = row(Taken.failed("late"), GOOD);
        assertEquals(List.of("RTMP, H.264 + AAC → RTSP_TCP: late"), first.faults());
        assertEquals(1, first.failedCells());
        assertTrue(first.mendedBy(row(GOOD, Taken.failed("later"))).isGood());
    }

    @Test
    void aCellThatFailsTwiceStaysFailed() {
        Row both = row(Taken.failed("late"), GOOD).mendedBy(row(Taken.failed("later"), GOOD));
        assertEquals(List.of("RTMP, H.264 + AAC → RTSP_TCP: later"), both.faults());
    }

    @Test
    void aStreamThatWasNotPlayedIsMendedByOneThatWas() {
        Row none = Row.notPlayed(PLAN, new AssertionError("did not come"));
        assertEquals(3, none.failedCells());
        assertFalse(none.isGood());
        assertTrue(none.mendedBy(row(GOOD, GOOD)).isGood());
        assertFalse(none.mendedBy(none).isGood());
        assertFalse(row(Taken.failed("late"), GOOD).mendedBy(none).isGood());
    }

    @Test
    void whatIsNotAsTheTableSaysIsAFault() {
        assertFalse(GOOD.butShouldBe("picture").isGood());
        assertEquals("failed", GOOD.butShouldBe("picture").verdict());
    }
}
