package tapedeck.container.mp4;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.MalformedException;

/// The sample tables of a track (ISO/IEC 14496-12 8.5 to 8.7): full boxes, of which one reads a little at a time.
final class SampleTables {
    private static final Set<String> TYPES = Set.of("stts", "ctts", "stss", "stsz", "stsc", "stco", "co64");

    private final Map<String, StoredTable> tables = new HashMap<>();

    static boolean isOne(String type) {
        return TYPES.contains(type);
    }

    /// Those of an `stbl` in memory.
    static SampleTables of(List<Box> stbl) {
        SampleTables tables = new SampleTables();
        for (Box box : stbl) {
            if (isOne(box.type())) {
                tables.add(box.type(), StoredTable.of(box.type(), box.body()));
            }
        }
        return tables;
    }

    /// The first one of a type counts.
    void add(String type, StoredTable table) {
        tables.putIfAbsent(type, table);
    }

    @Nullable
    StoredTable find(String type) {
        return tables.get(type);
    }

    StoredTable need(String type) {
        StoredTable table = find(type);
        if (table == null) {
            throw new MalformedException("MP4: no %s in stbl".formatted(type));
        }
        return table;
    }
}
