package tapedeck.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.container.Container;
import tapedeck.database.Database;
import tapedeck.record.RecordingEntry.State;
import tapedeck.record.RecordingQuery.Sort;
import tapedeck.settings.Settings;

/// A catalogue that has grown for years.
@Timeout(300)
class ManyRecordingsTest {
    private static final int ROWS = 100_000;

    @TempDir
    Path dir;

    @Test
    void aPageOfAHundredThousandTakesLittleMemory() throws Exception {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (Database database = new Database(new Settings.Database("", "", ""), dir)) {
            database.open();
            EntryTable table = new EntryTable(database.node());
            for (int from = 0; from < ROWS; from += 5000) {
                int first = from;
                database.change(handle -> {
                    for (int i = first; i < first + 5000; i++) {
                        table.put(handle, entry(i));
                    }
                    return true;
                });
            }
            long began = System.nanoTime();
            for (Sort sort : Sort.values()) {
                RecordingPage page = database.ask(handle -> table.find(
                        handle, new RecordingQuery(null, null, null, null, null, null, sort, true, 1000, 50)));
                assertEquals(ROWS, page.total());
                assertEquals(50, page.entries().size());
            }
            System.out.printf("seven deep pages of 100,000 rows: %d ms%n", (System.nanoTime() - began) / 1_000_000);
            assertEquals(List.of("stream99999"), names(database, table, "STREAM99999"));
            for (State state : new State[] {null, State.READY}) {
                long before = threads.getCurrentThreadAllocatedBytes();
                began = System.nanoTime();
                database.ask(handle -> table.find(
                        handle, new RecordingQuery(null, null, state, null, null, null, Sort.START, true, 0, 50)));
                long allocatedBytes = threads.getCurrentThreadAllocatedBytes() - before;
                System.out.printf(
                        "the first page, state %s: %d ms, %d KiB%n",
                        state, (System.nanoTime() - began) / 1_000_000, allocatedBytes >> 10);
                assertTrue(allocatedBytes < 100L << 20, "%d bytes".formatted(allocatedBytes));
            }
        }
    }

    private static List<String> names(Database database, EntryTable table, String text) throws Exception {
        RecordingPage page = database.ask(handle ->
                table.find(handle, new RecordingQuery(text, null, null, null, null, null, Sort.START, true, 0, 50)));
        return page.entries().stream().map(RecordingEntry::streamName).toList();
    }

    private static RecordingEntry entry(int i) {
        State state = i % 100 == 0 ? State.FAILED : State.READY;
        String fileName = "file%d.mp4".formatted(ROWS - i);
        return new RecordingEntry(
                "id%06d".formatted(i),
                new RecordingEntry.Origin("r" + i, 1, "stream" + i, "media" + i, "login", "RTMP"),
                new RecordingEntry.Media(
                        fileName, Container.MP4, List.of(), 1_700_000_000_000L + i, i % 977, i % 1009, 1),
                new RecordingEntry.Stage(state, "stopped", 1_700_000_000_000L + 2L * i),
                new RecordingEntry.Report(new Quality(0, 40, null, 0L), null, null));
    }
}
