package tapedeck.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.MalformedException;

class StreamNameTest {
    @Test
    void lettersDigitsAndAFewSignsAreAllowed() {
        for (String name : List.of(
                "a",
                "room/1/cam",
                "A-z_0.9~x",
                "with space",
                "Käse",
                "日本",
                "مرحبا",
                "x".repeat(StreamName.MAX_LENGTH))) {
            assertEquals(name, new StreamName(name).value());
        }
    }

    @Test
    void everythingElseIsRefused() {
        for (String name : List.of(
                "",
                " ",
                "/",
                "/a",
                "a/",
                "a//b",
                ".",
                "..",
                "a/../b",
                "./a",
                "a\nb",
                "a\u0000",
                "a\\b",
                "$(id)",
                "`id`",
                ";id",
                "a?b",
                "a%2e",
                "a:b",
                "a\u202eb",
                "\ud800",
                "x".repeat(StreamName.MAX_LENGTH + 1))) {
            assertThrows(MalformedException.class, () -> new StreamName(name), name);
        }
    }

    @Test
    void namesThatLookAlikeAreAlike() {
        assertEquals(new StreamName("Ka\u0308se"), new StreamName("K\u00e4se"));
    }
}
