package tapedeck.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import tapedeck.record.Naming.Element;
import tapedeck.settings.Settings.NameEncoding;

class NamingTest {
    private static final String DEFAULT_TEMPLATE = "stream-{mediaSessionId}-{login}";

    /// Template, excluded characters, stream name, and the name that the recording page gives or demands.
    private record Case(String template, String excluded, String streamName, String expected) {}

    private static final List<Case> CASES = List.of(
            // The recording page's examples.
            new Case(
                    DEFAULT_TEMPLATE,
                    "/",
                    "any",
                    "stream-57882100-ac49-11e9-afdd-6752f5be57a9-jtdvnittjkrd8rsc3dnfbger2o"),
            new Case("{streamName}", "/", "stream_ffmpeg", "stream_ffmpeg"),
            new Case("{streamName}-{startTime}-{endTime}", "/", "test", "test-1553577643961-1553577663988"),
            new Case("test", "/", "any", "test"),
            new Case("{streamName}-{mediaSessionId}", "/", "test", "test-57882100-ac49-11e9-afdd-6752f5be57a9"),
            new Case("{streamName}", ":.,/", "a:b.c,d/e", "abcde"),
            new Case("{streamName}", "/", "a/b", "ab"),
            // Every element.
            new Case("{duration}", "/", "any", "20027"),
            new Case("{startTimeMillis}-{endTimeMillis}", "/", "any", "1628821032180-1628821151750"),
            new Case("{audioCodec}{videoCodec}", "/", "any", "opush264"),
            new Case("{sessionId}", "/", "any", "MTI3LjAuMC4xOjUwMTIzL8O8"),
            // What nobody knows stays.
            new Case("{streamName}{unknown}{", "/", "a", "a{unknown}{"),
            new Case("{streamname}", "/", "a", "{streamname}"),
            // A value is never read as a template, and a dollar is a dollar.
            new Case("{streamName}", "/", "$1\\{login}", "$1_{login}"),
            // What would not be one visible name in the folder.
            new Case("{streamName}", ":", "a/b", "a_b"),
            new Case("../{streamName}", "", "x", "_._x"),
            new Case("{streamName}", "/", "..", "_."),
            new Case("{streamName}", "/", ".hidden", "_hidden"),
            new Case("{streamName}", "/", "-o", "_o"),
            new Case("{streamName}", "/", "a\nb\u0000c\u202ed", "a_b_c_d"),
            new Case("{streamName}", "abc", "abc", "recording"),
            new Case("{streamName}", "/", "Käse 日本", "Käse 日本"));

    @Test
    void namesAreWhatTheRecordingPageSays() {
        List<String> wrong = new ArrayList<>();
        for (Case one : CASES) {
            String name = new Naming(one.template(), NameEncoding.PLAIN, one.excluded()).base(values(one.streamName()));
            if (!name.equals(one.expected())) {
                wrong.add(one + " → " + name);
            }
        }
        assertEquals(List.of(), wrong);
    }

    @Test
    void aNameCanBeEncodedAndBecomesAFileNameWhateverItHolds() {
        Map<Element, String> values = values("a/b:ü");
        assertEquals("612f623ac3bc", new Naming("{streamName}", NameEncoding.HEX, "").base(values));
        assertEquals("YS9iOsO8", new Naming("{streamName}", NameEncoding.BASE64, "").base(values));
        assertFalse(Naming.base64("???>>>ÿÿÿ").contains("/"));
        assertFalse(Naming.base64("???>>>ÿÿÿ").contains("="));
    }

    @Test
    void whileItGrowsANameShowsWhatIsNotYetKnown() {
        Map<Element, String> values = values("test");
        values.remove(Element.END_TIME);
        assertEquals(
                "test-1553577643961-{endTime}",
                new Naming("{streamName}-{startTime}-{endTime}", NameEncoding.PLAIN, "/").base(values));
        assertEquals("test-{endTime}", new Naming("{streamName}-{endTime}", NameEncoding.HEX, "/").base(values));
    }

    @Test
    void elementsAreCutToTheirLargestSize() {
        Map<Element, String> values = new EnumMap<>(Element.class);
        for (Element element : Element.values()) {
            values.put(element, "é".repeat(100));
        }
        assertEquals("é".repeat(60), new Naming("{sessionId}", NameEncoding.PLAIN, "").base(values));
        assertEquals("é".repeat(36), new Naming("{mediaSessionId}", NameEncoding.PLAIN, "").base(values));
        assertEquals("é".repeat(32), new Naming("{login}", NameEncoding.PLAIN, "").base(values));
        assertEquals("é".repeat(20), new Naming("{startTime}", NameEncoding.PLAIN, "").base(values));
        assertEquals("é".repeat(4), new Naming("{videoCodec}", NameEncoding.PLAIN, "").base(values));
        assertEquals("é".repeat(100), new Naming("{streamName}", NameEncoding.PLAIN, "").base(values));
    }

    @Test
    void aFileNameIsCutTo255BytesAndKeepsItsSuffix() {
        assertEquals("a.mp4", Naming.file("a", 0, 1, "mp4"));
        assertEquals("a_3.mp4", Naming.file("a", 3, 1, "mp4"));
        assertEquals("a_3-2.webm", Naming.file("a", 3, 2, "webm"));
        String cut = Naming.file("😀".repeat(100), 12, 345, "webm");
        assertTrue(cut.endsWith("😀_12-345.webm"), cut);
        int bytes = cut.getBytes(StandardCharsets.UTF_8).length;
        assertTrue(bytes <= Naming.MAX_NAME_BYTES && bytes > Naming.MAX_NAME_BYTES - 4, bytes + " bytes");
        assertEquals(255, Naming.file("x".repeat(1000), 0, 1, "mkv").length());
    }

    @Test
    void noNameLeavesTheFolder() {
        Path folder = Path.of("/records");
        for (String name :
                List.of("..", "../x", "/etc/passwd", "a/../../b", "\\..\\x", "~", "...", ". ", "./.", "\0")) {
            for (String excluded : List.of("", "/", ".", "./")) {
                String file = Naming.file(
                        new Naming("{streamName}", NameEncoding.PLAIN, excluded).base(values(name)), 0, 1, "mp4");
                Path path = folder.resolve(file).normalize();
                assertEquals(folder, path.getParent(), name + " → " + file);
                assertFalse(file.startsWith("."), file);
            }
        }
    }

    private static Map<Element, String> values(String streamName) {
        Map<Element, String> values = new EnumMap<>(Element.class);
        values.put(Element.STREAM_NAME, streamName);
        values.put(Element.DURATION, "20027");
        values.put(Element.START_TIME, "1553577643961");
        values.put(Element.END_TIME, "1553577663988");
        values.put(Element.START_TIME_MILLIS, "1628821032180");
        values.put(Element.END_TIME_MILLIS, "1628821151750");
        values.put(Element.SESSION_ID, Naming.base64("127.0.0.1:50123/ü"));
        values.put(Element.MEDIA_SESSION_ID, "57882100-ac49-11e9-afdd-6752f5be57a9");
        values.put(Element.LOGIN, "jtdvnittjkrd8rsc3dnfbger2o");
        values.put(Element.AUDIO_CODEC, "opus");
        values.put(Element.VIDEO_CODEC, "h264");
        return values;
    }
}
