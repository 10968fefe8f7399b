package tapedeck.container;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class HolesTest {
    /// Milliseconds.
    private static final long HOLE = 3000;

    private static List<Holes.Hole> in(List<Long> times) {
        Holes holes = new Holes(HOLE);
        times.forEach(holes::picture);
        return holes.found();
    }

    private static List<Long> steady(int count, long step) {
        List<Long> times = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            times.add(i * step);
        }
        return times;
    }

    @Test
    void aHoleBeginsWhenTheLastPictureWasShownAsLongAsTheOneBefore() {
        List<Long> times = steady(100, 200);
        times.removeIf(time -> time > 4000 && time <= 8000);
        assertEquals(List.of(new Holes.Hole(4200, 8200)), in(times));
        assertEquals(
                List.of(new Holes.Hole(42, 82)),
                in(times).stream().map(hole -> hole.on(time -> time / 100)).toList());
        assertEquals(
                List.of(), in(steady(100, 200).stream().map(time -> time * 20).toList()), "slides");
    }

    /// As many as a codec may hold back, and as many again; of more than that none waits, however many there are.
    @Test
    void picturesThatAreReorderedAreNoHoles() {
        List<Long> late = steady(200, 2000);
        late.add(50 + Holes.MAX_REORDERED, late.remove(50));
        assertEquals(List.of(), in(late));
        List<Long> later = steady(200, 2000);
        later.add(50 + Holes.MAX_REORDERED + 1, later.remove(50));
        assertFalse(in(later).isEmpty(), "no picture is waited for so long");
    }
}
