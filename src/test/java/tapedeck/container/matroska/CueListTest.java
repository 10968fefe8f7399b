package tapedeck.container.matroska;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class CueListTest {
    @Test
    void pointsCloserThanTheDistanceAreLeftOut() {
        CueList cues = new CueList(500, 100);
        for (long time = 0; time < 5000; time += 40) {
            cues.add(time, 1, time * 10);
        }
        assertEquals(10, cues.count());
    }

    @Test
    void aFullListKeepsEverySecondPointAndGoesOn() {
        CueList cues = new CueList(0, 64);
        for (long i = 0; i < 10_000; i++) {
            cues.add(i * 100, 1, i * 1000);
        }
        assertTrue(cues.count() >= 32 && cues.count() <= 64, cues.count() + " points");
        var points = EbmlReader.children(cues.content());
        long last = -1;
        long largest = 0;
        for (var point : points.subList(1, points.size())) {
            long time = point.children().getFirst().uint();
            assertEquals(0, time % 100);
            largest = Math.max(largest, time - last);
            last = time;
        }
        assertTrue(last > 900_000 && largest <= 65_000, "evenly over the whole file: %d, %d".formatted(last, largest));
    }
}
