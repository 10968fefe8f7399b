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

    @Test
    void otherProgramsAreNotExcused() {
        assertFalse(complained(TIMES).isGood());
        assertFalse(complained(TIMES).withoutTimes().isGood());
        assertTrue(complained("").isGood());
    }
}
