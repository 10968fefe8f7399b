package tapedeck;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// What the docs say of tests and files is so.
class DocsTest {
    private static final Pattern TEST = Pattern.compile("`(?:[a-z]\\w*\\.)*([A-Z]\\w*Test)(?:\\.(\\w+))?`");
    private static final Pattern LINK = Pattern.compile("]\\(([^)#:]+)(?:#[^)]*)?\\)");
    private static final int LEAST_ROWS = 45;

    @Test
    void everyRowOfTheRecordingPageNamesATestThatExists() throws IOException {
        Map<String, String> tests = tests();
        String page = Files.readString(Path.of("docs/recording.md"));
        List<String> rows = page.substring(page.indexOf("row by row"))
                .lines()
                .filter(line -> line.startsWith("| ") && !line.startsWith("| key"))
                .toList();
        assertTrue(rows.size() >= LEAST_ROWS, rows.size() + " rows");
        List<String> wrong = new ArrayList<>();
        for (String row : rows) {
            if (!TEST.matcher(row).find()) {
                wrong.add("no test: " + row);
            }
            wrong.addAll(missing(row, tests));
        }
        assertEquals(List.of(), wrong);
    }

    @Test
    void everyTestThatIsNamedExists() throws IOException {
        Map<String, String> tests = tests();
        List<String> wrong = new ArrayList<>();
        for (Path page : pages()) {
            missing(Files.readString(page), tests).forEach(test -> wrong.add(page + ": " + test));
        }
        assertEquals(List.of(), wrong);
    }

    /// Tests that the text names and that are not there.
    private static List<String> missing(String text, Map<String, String> tests) {
        List<String> wrong = new ArrayList<>();
        for (Matcher named = TEST.matcher(text); named.find(); ) {
            String source = tests.getOrDefault(named.group(1), "");
            boolean exists =
                    named.group(2) == null ? !source.isEmpty() : source.contains("void " + named.group(2) + "(");
            if (!exists) {
                wrong.add("no such test: " + named.group());
            }
        }
        return wrong;
    }

    private static List<Path> pages() throws IOException {
        List<Path> pages = new ArrayList<>(List.of(Path.of("README.md"), Path.of("CHANGELOG.md")));
        try (var docs = Files.list(Path.of("docs"))) {
            docs.filter(path -> path.toString().endsWith(".md")).forEach(pages::add);
        }
        return pages;
    }

    @Test
    void everyLinkLeadsSomewhere() throws IOException {
        List<String> broken = new ArrayList<>();
        for (Path page : pages()) {
            Matcher link = LINK.matcher(Files.readString(page));
            while (link.find()) {
                if (!Files.exists(page.resolveSibling(link.group(1)))) {
                    broken.add(page + ": " + link.group(1));
                }
            }
        }
        assertEquals(List.of(), broken);
    }

    /// The sources by class; two classes of one name count as one.
    private static Map<String, String> tests() throws IOException {
        Map<String, String> tests = new HashMap<>();
        try (var files = Files.walk(Path.of("src/test/java"))) {
            for (Path file :
                    files.filter(path -> path.toString().endsWith("Test.java")).toList()) {
                String name = file.getFileName().toString().replace(".java", "");
                tests.merge(name, Files.readString(file), String::concat);
            }
        }
        return tests;
    }
}
