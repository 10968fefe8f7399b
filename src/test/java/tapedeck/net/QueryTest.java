package tapedeck.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class QueryTest {
    @Test
    void whatHasAKeyIsThereInItsOrder() {
        List<String> pairs = new ArrayList<>();
        Query.split("a=1&&b=&=2&c&a=3=4&%20=%", (key, value) -> pairs.add(key + " " + value));
        assertEquals(List.of("a 1", "b ", "a 3=4", "%20 %"), pairs);
    }

    @Test
    void aPlusIsASpaceInFormsAlone() {
        assertEquals("a b+c\u00e4", Query.ofForm("a+b%2Bc%C3%A4"));
        assertEquals("a+b+c\u00e4", Query.withPlus("a+b%2Bc%C3%A4"));
        assertThrows(IllegalArgumentException.class, () -> Query.ofForm("100%"));
    }
}
