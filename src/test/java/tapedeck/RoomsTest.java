package tapedeck;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// The architecture as a test: which room may import which, and how large and how named things may be.
class RoomsTest {
    private static final int MAX_FILE_LINES = 500;
    private static final int MAX_METHOD_LINES = 60;
    private static final Path MAIN = Path.of("src/main/java");
    private static final Path TEST = Path.of("src/test/java");

    /// Room → rooms it may import. `protocol` rooms never import each other.
    private static final Map<String, Set<String>> MAY_IMPORT = Map.ofEntries(
            Map.entry("bytes", Set.of()),
            Map.entry("media", Set.of("bytes")),
            Map.entry("codec", Set.of("bytes", "media")),
            Map.entry("container", Set.of("bytes", "media", "codec")),
            Map.entry("rtp", Set.of("bytes", "media", "codec")),
            Map.entry("stream", Set.of("bytes", "media")),
            Map.entry("settings", Set.of("bytes")),
            Map.entry("net", Set.of("bytes", "settings")),
            Map.entry("rights", Set.of("bytes", "settings", "net")),
            Map.entry("relay", Set.of("bytes", "media", "stream", "settings", "net")),
            Map.entry(
                    "protocol",
                    Set.of(
                            "bytes",
                            "media",
                            "codec",
                            "container",
                            "rtp",
                            "stream",
                            "settings",
                            "net",
                            "rights",
                            "relay")),
            Map.entry("database", Set.of("settings")),
            Map.entry("transcode", Set.of("bytes", "media", "codec", "stream", "settings")),
            Map.entry("record", Set.of("bytes", "media", "codec", "container", "stream", "settings", "database")),
            Map.entry("mix", Set.of("bytes", "media", "container", "stream", "transcode", "settings", "database")),
            Map.entry(
                    "api",
                    Set.of(
                            "container",
                            "bytes",
                            "media",
                            "stream",
                            "record",
                            "transcode",
                            "mix",
                            "settings",
                            "net",
                            "relay")));

    private static final Pattern FORBIDDEN_NAME =
            Pattern.compile("(Manager|Helper|Utils?|Impl|Info|Context)$|^(Abstract|Base)[A-Z]|^I[A-Z][a-z]\\w*able$");

    private static final JavaClasses CLASSES = new ClassFileImporter().importPath(Path.of("target/classes"));

    @Test
    void roomsImportOnlyWhatTheTableAllows() {
        TreeSet<String> wrong = new TreeSet<>();
        for (JavaClass origin : CLASSES) {
            String from = room(origin);
            if (from.isEmpty()) {
                continue;
            }
            for (Dependency dependency : origin.getDirectDependenciesFromSelf()) {
                JavaClass target = dependency.getTargetClass();
                if (!target.getPackageName().startsWith("tapedeck")) {
                    continue;
                }
                String to = room(target);
                boolean sameHouse = from.equals(to)
                        && (!from.equals("protocol") || protocol(origin).equals(protocol(target)));
                if (!sameHouse && !MAY_IMPORT.getOrDefault(from, Set.of()).contains(to)) {
                    wrong.add(origin.getName() + " → " + target.getName());
                }
            }
        }
        assertTrue(CLASSES.size() > 20, "classes were found");
        assertEquals(Set.of(), wrong);
    }

    @Test
    void everyRoomIsInTheTable() {
        TreeSet<String> rooms = new TreeSet<>();
        for (JavaClass type : CLASSES) {
            rooms.add(room(type));
        }
        rooms.remove("");
        rooms.removeAll(MAY_IMPORT.keySet());
        assertEquals(Set.of(), rooms);
    }

    @Test
    void noTypeIsNamedAfterAPattern() {
        TreeSet<String> wrong = new TreeSet<>();
        for (JavaClass type : CLASSES) {
            if (FORBIDDEN_NAME.matcher(type.getSimpleName()).find()) {
                wrong.add(type.getName());
            }
        }
        assertEquals(Set.of(), wrong);
    }

    @Test
    void filesAndMethodsStayShort() throws IOException {
        List<String> wrong = new ArrayList<>();
        for (Path root : List.of(MAIN, TEST)) {
            for (Path file : sources(root)) {
                List<String> lines = Files.readAllLines(file);
                if (lines.size() > MAX_FILE_LINES) {
                    wrong.add(file + ": " + lines.size() + " lines");
                }
                longMethods(file, lines, wrong);
            }
        }
        assertEquals(List.of(), wrong);
    }

    @Test
    void everyPackageSaysWhatItIsForAndForbidsNull() throws IOException {
        List<String> wrong = new ArrayList<>();
        for (Path file : sources(MAIN)) {
            Path info = file.resolveSibling("package-info.java");
            if (!Files.exists(info) || !Files.readString(info).contains("NullMarked")) {
                wrong.add(file.getParent().toString());
            }
        }
        assertEquals(List.of(), wrong.stream().distinct().toList());
    }

    /// Relies on the formatter: a method of a top-level type starts and ends with four spaces, of a nested one with
    /// eight.
    private static void longMethods(Path file, List<String> lines, List<String> wrong) {
        Pattern start = Pattern.compile("^( {4}| {8})(?! )[^=;(]*\\([^=;]*\\)[^=;]*\\{$");
        for (int i = 0; i < lines.size(); i++) {
            var match = start.matcher(lines.get(i));
            if (!match.find()
                    || lines.get(i).contains(" record ")
                    || lines.get(i).contains(" class ")
                    || lines.get(i).contains(" -> ")) {
                continue;
            }
            String end = match.group(1) + "}";
            int j = i + 1;
            while (j < lines.size()
                    && !lines.get(j).equals(end)
                    && !lines.get(j).equals(end + ";")) {
                j++;
            }
            if (j - i - 1 > MAX_METHOD_LINES) {
                wrong.add("%s:%d: method of %d lines".formatted(file, i + 1, j - i - 1));
            }
        }
    }

    private static String room(JavaClass type) {
        String name = type.getPackageName();
        return name.equals("tapedeck") ? "" : name.split("\\.")[1];
    }

    private static String protocol(JavaClass type) {
        String[] parts = type.getPackageName().split("\\.");
        return parts.length > 2 ? parts[2] : "";
    }

    private static List<Path> sources(Path root) throws IOException {
        try (var files = Files.walk(root)) {
            return files.filter(file -> file.toString().endsWith(".java"))
                    .sorted()
                    .toList();
        }
    }
}
