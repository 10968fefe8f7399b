package tapedeck.settings;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/// Where values come from: command line, then environment, then file, then default.
public final class SettingsSource {
    /// `TAPEDECK_RECORD_DIR` gives `record_dir`.
    static final String ENVIRONMENT_PREFIX = "TAPEDECK_";

    private record Given(String value, String origin) {}

    private final Map<String, Given> given = new LinkedHashMap<>();

    private SettingsSource() {}

    /// Reads all settings.
    ///
    /// @param file a properties file in UTF-8; one that does not exist counts as empty
    /// @param environment environment variables; only those with the prefix are looked at
    /// @param assignments `key=value` from the command line
    public static Settings read(Path file, Map<String, String> environment, List<String> assignments)
            throws SettingsException {
        SettingsSource source = new SettingsSource();
        source.addFile(file);
        source.addEnvironment(environment);
        source.addAssignments(assignments);
        return new SettingsReader(source).read();
    }

    /// The value that was given for `key`, without white space around it.
    Optional<String> value(String key) {
        return Optional.ofNullable(given.get(key)).map(Given::value);
    }

    /// One line for a value that cannot be used.
    SettingsException refuse(String key, String value, String allowed) {
        Given from = given.get(key);
        return new SettingsException("%s=%s%s: %s".formatted(key, value, from == null ? "" : from.origin(), allowed));
    }

    private void addFile(Path file) throws SettingsException {
        if (!Files.exists(file)) {
            return;
        }
        Properties properties = new Properties();
        try (Reader reader = Files.newBufferedReader(file)) {
            properties.load(reader);
        } catch (IOException | IllegalArgumentException e) {
            throw new SettingsException("%s cannot be read: %s".formatted(file, e.getMessage()));
        }
        for (String key : properties.stringPropertyNames()) {
            put(key, properties.getProperty(key), " (in " + file + ")");
        }
    }

    private void addEnvironment(Map<String, String> environment) throws SettingsException {
        for (Map.Entry<String, String> variable : environment.entrySet()) {
            if (variable.getKey().startsWith(ENVIRONMENT_PREFIX)) {
                String key =
                        variable.getKey().substring(ENVIRONMENT_PREFIX.length()).toLowerCase(Locale.ROOT);
                put(key, variable.getValue(), " (in the environment)");
            }
        }
    }

    private void addAssignments(List<String> assignments) throws SettingsException {
        for (String assignment : assignments) {
            int equals = assignment.indexOf('=');
            if (equals < 1) {
                throw new SettingsException("--set %s: key=value is needed".formatted(assignment));
            }
            put(assignment.substring(0, equals).trim(), assignment.substring(equals + 1), " (on the command line)");
        }
    }

    private void put(String key, String value, String origin) throws SettingsException {
        if (!SettingsReader.KEYS.contains(key)) {
            String near = nearest(key);
            throw new SettingsException("%s=%s%s: unknown key%s"
                    .formatted(
                            key,
                            value,
                            origin,
                            near == null ? "; docs/settings.md lists all" : ", did you mean " + near + "?"));
        }
        given.put(key, new Given(value.trim(), origin));
    }

    private static @Nullable String nearest(String key) {
        String best = null;
        int bestDistance = Math.max(2, key.length() / 4) + 1;
        for (String candidate : SettingsReader.KEYS) {
            int distance = distance(key, candidate);
            if (distance < bestDistance) {
                best = candidate;
                bestDistance = distance;
            }
        }
        return best;
    }

    /// Levenshtein's distance.
    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int change = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(change, Math.min(row[j], row[j - 1]) + 1);
            }
        }
        return row[b.length()];
    }
}
