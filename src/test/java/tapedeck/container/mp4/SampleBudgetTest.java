package tapedeck.container.mp4;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import tapedeck.bytes.MalformedException;

class SampleBudgetTest {
    @Test
    void whoKeepsSamplesTakesSoManyAtMost() {
        SampleBudget budget = new SampleBudget(Long.MAX_VALUE);
        assertEquals(SampleBudget.MAX_SAMPLES, budget.take(SampleBudget.MAX_SAMPLES));
        assertThrows(MalformedException.class, () -> budget.take(1));
    }

    @Test
    void whoGoesThroughThemTakesAsManyAsTheFileHasBytes() {
        long bytes = 3L * SampleBudget.MAX_SAMPLES;
        SampleBudget budget = SampleBudget.ofWalk(bytes);
        assertEquals(2 * SampleBudget.MAX_SAMPLES, budget.take(2L * SampleBudget.MAX_SAMPLES));
        assertThrows(MalformedException.class, () -> budget.take(SampleBudget.MAX_SAMPLES + 1L));
        assertThrows(
                MalformedException.class, () -> SampleBudget.ofWalk(1L << 40).take(1L << 32));
    }
}
