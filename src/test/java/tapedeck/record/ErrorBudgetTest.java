package tapedeck.record;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class ErrorBudgetTest {
    @Test
    void threeWithinTheIntervalAreTooMany() {
        ErrorBudget budget = new ErrorBudget(3, 100);
        assertFalse(budget.spent(0));
        assertFalse(budget.spent(50));
        assertTrue(budget.spent(100));
    }

    @Test
    void oldOnesAreForgotten() {
        ErrorBudget budget = new ErrorBudget(3, 100);
        for (int at = 0; at < 10_000; at += 60) {
            assertFalse(budget.spent(at), "at " + at);
        }
    }
}
