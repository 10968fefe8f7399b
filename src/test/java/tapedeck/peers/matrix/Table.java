package tapedeck.peers.matrix;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// A table of `docs/matrix.md`: what each line says, column by column.
///
/// @param heads of the columns that say which line it is
/// @param lines by these
record Table(String heads, Map<String, Map<String, String>> lines) {
    Table(String heads) {
        this(heads, new LinkedHashMap<>());
    }

    void put(String line, String column, String value) {
        lines.computeIfAbsent(line, _ -> new LinkedHashMap<>()).put(column, value);
    }

    /// What this one says, and where it says nothing, what the other one does, in the order of `order`.
    Table over(Table before, List<String> order) {
        Table both = new Table(heads);
        for (String line : order) {
            before.lines.getOrDefault(line, Map.of()).forEach((column, value) -> both.put(line, column, value));
            lines.getOrDefault(line, Map.of()).forEach((column, value) -> both.put(line, column, value));
        }
        return both;
    }

    /// The one in this file with these heads.
    static Table read(Path file, String heads) throws IOException {
        Table table = new Table(heads);
        String[] columns = {};
        int before = cells(heads).length;
        for (String text : Files.readAllLines(file)) {
            String[] cells = cells(text);
            if (!text.startsWith("|")) {
                columns = new String[0];
            } else if (text.startsWith("| " + heads + " |")) {
                columns = cells;
            } else if (columns.length == cells.length && !text.startsWith("|---")) {
                String line = String.join(" | ", Arrays.copyOf(cells, before));
                for (int i = before; i < cells.length; i++) {
                    table.put(line, columns[i], cells[i]);
                }
            }
        }
        return table;
    }

    private static String[] cells(String line) {
        return line.replaceAll("^\\| | \\|$", "").split(" \\| ", -1);
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("| " + heads + " |");
        Set<String> columns = new LinkedHashSet<>();
        lines.values().forEach(cells -> columns.addAll(cells.keySet()));
        columns.forEach(column -> text.append(' ').append(column).append(" |"));
        text.append('\n')
                .append("|---".repeat(cells(heads).length + columns.size()))
                .append("|\n");
        lines.forEach((line, cells) -> {
            text.append("| ").append(line).append(" |");
            columns.forEach(column ->
                    text.append(' ').append(cells.getOrDefault(column, "")).append(" |"));
            text.append('\n');
        });
        return text.toString();
    }
}
