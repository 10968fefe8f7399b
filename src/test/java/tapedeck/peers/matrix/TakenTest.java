package tapedeck.peers.matrix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class TakenTest {
    private static final String TIMES =
            "[null @ 0x1] Application provided invalid, non monotonically increasing dts to muxer in stream 0: 7 >= 7";

    private static Taken complained(String complaints) {
        List<String> faults = new ArrayList<>();
        Taken.complain(complaints, faults);
        return new Taken("yes", 0, faults);
    }

    @Test
    void timesOfItsOwnExcuseTimesAndNothingElse() {
        assertTrue(complained(TIMES).withTimesOfItsOwn().isGood());
        Taken broken = complained(TIMES + "\n[h264 @ 0x2] error while decoding MB 3 4");
        assertEquals(
                List.of("does not decode: [h264 @ 0x2] error while decoding MB 3 4"),
                broken.withTimesOfItsOwn().faults());
    }

    /// A keyframe and what follows it; of seconds that are alike only a whole one could be taken for another.
    @Test
    void whatAViewerGotAgainCountsOnce() {
        List<String> sent = List.of("k", "b", "c", "d", "e", "f");
        assertEquals(sent, Taken.withoutAgain(List.of("k", "b", "c", "k", "b", "c", "d", "e", "f")));
        assertEquals(sent, Taken.withoutAgain(sent));
        assertEquals(List.of("k", "b", "d", "k", "b", "c"), Taken.withoutAgain(List.of("k", "b", "d", "k", "b", "c")));
    }

    @Test
    void aBeepThatBeganBeforeThePlayerIsNotTimed() {
        assertTrue(heard(0.005, 0.9095, 1.9095, 2.9095, 3.9095).isEmpty());
        assertFalse(heard(0.5, 1.4, 2.5, 3.5).isEmpty());
        assertFalse(heard(0.005, 0.9, 1.8, 2.9).isEmpty());
        assertFalse(heard(0.005, 0.9).isEmpty());
    }

    private static List<String> heard(Double... beeps) {
        List<String> faults = new ArrayList<>();
        Taken.hearAlone(List.of(beeps), faults);
        return faults;
    }

    @Test
    void otherProgramsAreNotExcused() {
        assertFalse(complained(TIMES).isGood());
        assertFalse(complained(TIMES).withoutTimes().isGood());
        assertTrue(complained("").isGood());
    }
}
