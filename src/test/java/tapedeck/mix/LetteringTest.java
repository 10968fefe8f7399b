package tapedeck.mix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tapedeck.transcode.picture.Area;
import tapedeck.transcode.picture.Overlay;

/// Names in many scripts, drawn with the fonts that `./check` installs. A letter that no font has is drawn as
/// a box, the same for all of them.
class LetteringTest {
    private static final int LETTERS = 32;
    private static final int WIDE = 2_000;
    /// Of private use (Unicode 23.5): no font of a system has it.
    private static final String NOBODYS_LETTER = "\uF1FE";

    private static final int MIDDLE_GREY = 100;
    private static final String SHIN = "\u05E9";
    private static final String DALET = "\u05D3";

    private final Lettering lettering = new Lettering();

    @ParameterizedTest
    @CsvSource({
        "Latin, Zoë, Amy",
        "Cyrillic, Юлия, Борис",
        "Greek, Ελένη, Πέτρο",
        "Hebrew, שלום, דויד",
        "Arabic, سمير, ليلى",
        "Devanagari, अनिता, रोहित",
        "Bengali, অনিতা, রোহিত",
        "Tamil, அருண், கமலா",
        "Thai, สมชาย, มานะดี",
        "Armenian, Արամ, Հակո",
        "Georgian, გიორ, ნინო",
        "Ethiopic, አበበ, ከበደ",
        "Han, 李小龙, 王大明",
        "Kana, さくら, ひなた",
        "Hangul, 김민수, 이영희"
    })
    void namesOfTheScriptAreDrawnWithLettersOfTheirOwn(String script, String one, String other) {
        for (String name : List.of(one, other)) {
            Set<List<String>> letters = new HashSet<>();
            int[] different =
                    name.codePoints().filter(Character::isLetter).distinct().toArray();
            for (int letter : different) {
                letters.add(columns(Character.toString(letter)));
            }
            assertEquals(different.length, letters.size(), script + ": letters of " + name + " that look the same");
            assertFalse(letters.contains(columns(NOBODYS_LETTER)), script + ": a box in " + name);
        }
        assertFalse(columns(one).equals(columns(other)), script);
    }

    /// Unicode's bidirectional algorithm (UAX 9): the first letter is the rightmost.
    @Test
    void hebrewBeginsAtTheRight() {
        List<String> first = columns(SHIN);
        List<String> name = columns(SHIN + DALET);
        assertEquals(first, name.subList(name.size() - first.size(), name.size()));
        // What is Latin beside it is not turned.
        List<String> latin = columns("ab");
        assertEquals(latin, columns(SHIN + " ab").subList(0, latin.size()));
    }

    /// Arabic letters take the form of their place: three that are joined are narrower than three alone.
    @Test
    void arabicLettersAreJoined() {
        String beh = "\u0628";
        assertTrue(columns(beh.repeat(3)).size() < 2 * columns(beh).size());
    }

    /// VOWEL SIGN I is written behind its consonant and drawn in front of it (Unicode 12.1).
    @Test
    void devanagariVowelsGoWhereTheyBelong() {
        List<String> ka = columns("\u0915");
        List<String> ki = columns("\u0915\u093F");
        assertTrue(ki.size() > ka.size());
        assertFalse(ka.equals(ki.subList(0, ka.size())), "the sign is behind its consonant");
    }

    /// A long name is cut where there is no room, in every script at whole letters, and ends with three dots.
    @Test
    void longNamesAreCut() {
        for (String letter : List.of("a", SHIN, "\u674E", "\u0915")) {
            Overlay cut = lettering.draw(letter.repeat(150), LETTERS, 400);
            assertTrue(cut != null && cut.width() <= 400, letter);
        }
        assertNull(lettering.draw(" ", LETTERS, 400));
        assertNull(lettering.label("name", new Area(0, 0, 8, 8)));
    }

    /// What is drawn, a text for each column of pixels, from the first with something in it to the last.
    private List<String> columns(String text) {
        Overlay drawn = lettering.draw(text, LETTERS, WIDE);
        assertTrue(drawn != null, text + " is not drawn");
        List<String> columns = new ArrayList<>();
        int end = 0;
        for (int x = 0; x < drawn.width(); x++) {
            StringBuilder column = new StringBuilder();
            for (int y = 0; y < drawn.height(); y++) {
                column.append(drawn.luma().u8(y * drawn.width() + x) > MIDDLE_GREY ? '#' : '.');
            }
            if (column.indexOf("#") >= 0 || !columns.isEmpty()) {
                columns.add(column.toString());
            }
            end = column.indexOf("#") >= 0 ? columns.size() : end;
        }
        return List.copyOf(columns.subList(0, end));
    }
}
