package tapedeck.settings;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import tapedeck.settings.Settings.Port;

/// Values of one kind each; what does not fit is refused with what is allowed.
final class SettingValues {
    private static final Pattern SIZE = Pattern.compile("(\\d{1,9})([gmGM])");

    private final SettingsSource source;

    SettingValues(SettingsSource source) {
        this.source = source;
    }

    String text(String key, String byDefault) {
        return source.value(key).orElse(byDefault);
    }

    List<String> list(String key) {
        List<String> values = new ArrayList<>();
        for (String value : text(key, "").split(",", -1)) {
            if (!value.isBlank()) {
                values.add(value.trim());
            }
        }
        return List.copyOf(values);
    }

    boolean flag(String key, boolean byDefault) throws SettingsException {
        String value = text(key, Boolean.toString(byDefault));
        return switch (value) {
            case "true" -> true;
            case "false" -> false;
            default -> throw source.refuse(key, value, "true or false");
        };
    }

    int number(String key, int byDefault, int least, int most) throws SettingsException {
        String value = text(key, Integer.toString(byDefault));
        if (value.matches("\\d{1,9}")) {
            int number = Integer.parseInt(value);
            if (number >= least && number <= most) {
                return number;
            }
        }
        throw source.refuse(key, value, "a number from %d to %d".formatted(least, most));
    }

    int oneOf(String key, int byDefault, List<Integer> allowed) throws SettingsException {
        String value = text(key, Integer.toString(byDefault));
        for (int number : allowed) {
            if (value.equals(Integer.toString(number))) {
                return number;
            }
        }
        throw source.refuse(
                key, value, "one of " + allowed.stream().map(String::valueOf).collect(Collectors.joining(", ")));
    }

    Port port(String key, int byDefault) throws SettingsException {
        if (text(key, "?").isEmpty()) {
            return new Port(key, OptionalInt.empty());
        }
        return new Port(key, OptionalInt.of(number(key, byDefault, 0, 65_535)));
    }

    /// Off unless it is set.
    Port optionalPort(String key) throws SettingsException {
        return text(key, "").isEmpty() ? new Port(key, OptionalInt.empty()) : port(key, 0);
    }

    long size(String key, String byDefault) throws SettingsException {
        String value = text(key, byDefault);
        Matcher size = SIZE.matcher(value);
        if (!size.matches()) {
            throw source.refuse(key, value, "a number with g or m, like 1g or 1024m");
        }
        return Long.parseLong(size.group(1)) << (size.group(2).equalsIgnoreCase("g") ? 30 : 20);
    }

    long optionalSize(String key) throws SettingsException {
        return text(key, "").isEmpty() ? 0 : size(key, "");
    }

    Path path(String key, Path byDefault) throws SettingsException {
        String value = text(key, "");
        if (value.isEmpty()) {
            return byDefault.toAbsolutePath().normalize();
        }
        try {
            return Path.of(value).toAbsolutePath().normalize();
        } catch (InvalidPathException e) {
            throw source.refuse(key, value, "a path is needed");
        }
    }

    /// A file that has to be there if it is named.
    Optional<Path> file(String key) throws SettingsException {
        if (text(key, "").isEmpty()) {
            return Optional.empty();
        }
        Path file = path(key, Path.of(""));
        if (!Files.isReadable(file)) {
            throw source.refuse(key, text(key, ""), "a file that can be read");
        }
        return Optional.of(file);
    }

    /// A script that was named must be there; the shipped one may be missing. An empty value turns the hook off.
    Optional<Path> script(String key, Path byDefault) throws SettingsException {
        Optional<String> value = source.value(key);
        if (value.isPresent() && value.get().isEmpty()) {
            return Optional.empty();
        }
        Path script = path(key, byDefault);
        if (Files.isExecutable(script)) {
            return Optional.of(script);
        }
        // As the recording page names them: by what they are called beside the shipped one.
        Path beside =
                byDefault.resolveSibling(script.getFileName()).toAbsolutePath().normalize();
        if (value.isPresent() && !value.get().contains("/") && Files.isExecutable(beside)) {
            return Optional.of(beside);
        }
        if (value.isPresent()) {
            throw source.refuse(key, value.get(), "an executable file is needed");
        }
        return Optional.empty();
    }

    <E extends Enum<E>> E choice(String key, E byDefault) throws SettingsException {
        String value = text(key, byDefault.name().toLowerCase(Locale.ROOT));
        return constant(key, value, value, byDefault.getDeclaringClass().getEnumConstants());
    }

    /// Any number of the names, separated by commas.
    <E extends Enum<E>> Set<E> choices(String key, Class<E> type) throws SettingsException {
        Set<E> chosen = EnumSet.noneOf(type);
        for (String name : list(key)) {
            chosen.add(constant(key, name, name, type.getEnumConstants()));
        }
        return chosen;
    }

    <E extends Enum<E>> E constant(String key, String value, String name, E[] constants) throws SettingsException {
        List<String> names = new ArrayList<>();
        for (E constant : constants) {
            String lower = constant.name().toLowerCase(Locale.ROOT);
            if (lower.equals(name)) {
                return constant;
            }
            names.add(lower);
        }
        throw source.refuse(key, value, "one of " + String.join(", ", names));
    }
}
