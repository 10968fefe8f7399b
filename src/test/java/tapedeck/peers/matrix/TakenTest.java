package tapedeck.peers.matrix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
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

    private static List<String> withoutAgain(String got) {
        return Taken.withoutAgain(List.of(got.split("")), Set.of("k"));
    }

    /// A keyframe and what follows it.
    @Test
    void whatAViewerGotAgainCountsOnce() {
        assertEquals(List.of("kbcdef".split("")), withoutAgain("kbckbcdef"));
        for (String unlike : List.of("kbcdef", "kbdkbc", "kbbc", "kbcbcd")) {
            assertEquals(List.of(unlike.split("")), withoutAgain(unlike), unlike);
        }
    }

    @Test
    void ofABeepThatBeganBeforeThePlayerTheEndIsEnough() {
        assertTrue(heard(0.005, 0.9095, 1.9095, 2.9095, 3.9095).isEmpty());
        assertTrue(heard(0.9, 1.9, 2.9, 3.9).isEmpty());
        assertFalse(heard(0.005, 0.5, 1.5, 2.5).isEmpty());
        assertFalse(heard(0.5, 1.4, 2.3, 3.3).isEmpty());
        assertFalse(heard(0.5, 1.6, 2.6, 3.6).isEmpty());
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
