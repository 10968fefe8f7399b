package tapedeck.record;

import java.io.IOException;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.container.Container;
import tapedeck.container.Summary;
import tapedeck.database.Database;
import tapedeck.database.DatabaseException;
import tapedeck.record.EntryTable.Known;
import tapedeck.record.RecordFolder.Facts;
import tapedeck.record.RecordingEntry.State;
import tapedeck.record.RecordingEntry.TrackFacts;

/// Brings the catalogue in line with the folder: files that somebody put there are looked into and listed, renamed ones
/// keep what is known of them, those that are gone are forgotten.
final class FolderScan {
    /// Also where nothing seems to have changed.
    static final Duration EVERY = Duration.ofMinutes(10);
    /// A file that was written to more recently may still be growing under somebody's hand.
    static final Duration SETTLING = Duration.ofSeconds(20);
    /// A scan that people wait for takes at most this part of the time.
    static final int REST_FACTOR = 10;
    /// New files that are written together.
    static final int BATCH = 100;

    private static final Logger log = LoggerFactory.getLogger(FolderScan.class);
    private static final String UNREADABLE = "it cannot be read";

    private final RecordFolder folder;
    private final Journals journals;
    private final EntryTable table;
    private final Catalogue catalogue;

    private volatile @Nullable FileTime scanned;
    private volatile boolean settling;
    private volatile boolean isStrange;
    private volatile long endedNanos = System.nanoTime();
    private volatile long tookNanos;

    FolderScan(RecordFolder folder, Journals journals, EntryTable table, Catalogue catalogue) {
        this.folder = folder;
        this.journals = journals;
        this.table = table;
        this.catalogue = catalogue;
    }

    /// Whether a scan now would find something, and is not asked for too often.
    boolean changed() {
        boolean rested = System.nanoTime() - endedNanos >= tookNanos * REST_FACTOR;
        return rested && (settling || !folder.changedAt().equals(Optional.ofNullable(scanned)));
    }

    boolean due(boolean wanted) {
        return wanted || changed() || System.nanoTime() - endedNanos >= EVERY.toNanos();
    }

    /// A file of the folder that has no row.
    private record New(
            String fileName, Facts facts, @Nullable String idBefore) {}

    void run(Database database) throws DatabaseException {
        long began = System.nanoTime();
        // Before the look: what changes meanwhile is found the next time.
        FileTime changedAt = folder.changedAt().orElse(null);
        boolean marked = folder.isMarked();
        Map<String, Facts> files;
        try {
            files = folder.files();
        } catch (IOException e) {
            log.warn("{}", e.toString());
            return;
        }
        long settledMillis = System.currentTimeMillis() - SETTLING.toMillis();
        settling = files.values().stream().anyMatch(facts -> facts.modifiedAtMillis() > settledMillis);
        Map<String, String> open = database.ask(table::open);
        List<Known> rows = database.ask(table::known);
        Map<String, Known> known = byName(rows, files);
        giveUp(database, open);
        Set<String> taken = new HashSet<>(open.values());
        List<New> fresh = new ArrayList<>();
        files.forEach((name, facts) -> {
            Known row = known.get(EntryTable.clean(name, EntryTable.NAME_CHARACTERS));
            if (row == null ? !taken.contains(name) : differs(row, facts)) {
                fresh.add(new New(name, facts, row == null ? null : row.id()));
            }
        });
        List<Known> gone;
        boolean same;
        try {
            gone = gone(files, rows, known);
            if (!marked && gone.isEmpty()) {
                mark(rows, known);
            }
            // Before and after: its disk may come or go while the folder is looked at.
            same = isTheSame(marked && folder.isMarked(), gone);
        } catch (IOException e) {
            log.warn("{}", e.toString());
            return;
        }
        rename(database, fresh, gone);
        if (same) {
            forget(database, gone);
        }
        look(database, fresh);
        scanned = changedAt;
        endedNanos = System.nanoTime();
        tookNanos = endedNanos - began;
    }

    /// Says that the folder is that of the rows; not if its disk was taken away since it was listed.
    private void mark(List<Known> rows, Map<String, Known> known) throws IOException {
        folder.mark();
        if (!gone(folder.files(), rows, known).isEmpty()) {
            folder.unmark();
        }
    }

    /// Whether the folder is the one that the rows are of. Where its disk is not mounted there is an empty one, and
    /// what is forgotten then, nobody knows when the disk is back.
    private boolean isTheSame(boolean marked, List<Known> gone) {
        boolean strange = !marked && !gone.isEmpty();
        if (strange && !isStrange) {
            log.warn(
                    "{}: {} recordings are missing and so is {}. Is its disk mounted? Nothing is forgotten or deleted"
                            + " until they are back, or until that file is made",
                    folder.path(),
                    gone.size(),
                    RecordFolder.MARKER);
        }
        isStrange = strange;
        return !strange;
    }

    /// Whether the folder seems to be another one, so that nothing of it may be deleted.
    boolean isStrange() {
        return isStrange;
    }

    private void forget(Database database, List<Known> gone) throws DatabaseException {
        for (Known row : gone) {
            if (!catalogue.isOpen(row.id())) {
                database.change(handle -> {
                    table.remove(handle, row.id());
                    return true;
                });
            }
        }
    }

    private static boolean differs(Known row, Facts facts) {
        return row.sizeBytes() != facts.sizeBytes() || row.modifiedAtMillis() != facts.modifiedAtMillis();
    }

    /// What an earlier server recorded, when neither the file nor its journal is left.
    private void giveUp(Database database, Map<String, String> open) throws DatabaseException {
        for (String id : open.keySet()) {
            if (!catalogue.isOpen(id) && !journals.isPending(id)) {
                database.change(handle -> {
                    table.giveUp(handle, id, "neither the file nor its journal is left");
                    return true;
                });
            }
        }
    }

    /// The row of each name: of several the one whose file is there, else the one whose file came last.
    private static Map<String, Known> byName(List<Known> rows, Map<String, Facts> files) {
        Map<String, Facts> there = new HashMap<>();
        files.forEach((name, facts) -> there.put(EntryTable.clean(name, EntryTable.NAME_CHARACTERS), facts));
        Comparator<Known> nearer = Comparator.<Known>comparingInt(row -> {
                    Facts facts = there.get(row.fileName());
                    return facts != null && !differs(row, facts) ? 1 : 0;
                })
                .thenComparingLong(Known::modifiedAtMillis)
                .thenComparing(Known::id);
        Map<String, Known> known = new HashMap<>();
        rows.forEach(row -> known.merge(row.fileName(), row, (a, b) -> nearer.compare(a, b) >= 0 ? a : b));
        return known;
    }

    /// Rows whose file is not there, or is there as that of another row.
    private List<Known> gone(Map<String, Facts> files, List<Known> rows, Map<String, Known> known) throws IOException {
        Set<String> there = new HashSet<>();
        files.keySet().forEach(name -> there.add(EntryTable.clean(name, EntryTable.NAME_CHARACTERS)));
        List<Known> gone = new ArrayList<>();
        for (Known row : rows) {
            // One that failed before it had its name never had a file here.
            boolean hadFile = row.modifiedAtMillis() > 0;
            boolean others = !row.equals(known.get(row.fileName()));
            if (!hadFile || !others && there.contains(row.fileName())) {
                continue;
            }
            // A recording can have got its name since the folder was listed.
            Optional<Facts> now = folder.facts(row.fileName());
            if (others ? now.isEmpty() || differs(row, now.get()) : now.isEmpty()) {
                gone.add(row);
            }
        }
        return gone;
    }

    /// A file that is new under this name, and of the very size and time of one that is gone, is that file.
    private void rename(Database database, List<New> fresh, List<Known> gone) throws DatabaseException {
        Map<Facts, List<Known>> lost = new HashMap<>();
        for (Known row : gone) {
            lost.computeIfAbsent(new Facts(row.sizeBytes(), row.modifiedAtMillis()), _ -> new ArrayList<>())
                    .add(row);
        }
        Map<Facts, Integer> found = new HashMap<>();
        fresh.forEach(file -> found.merge(file.facts(), 1, Integer::sum));
        for (New file : List.copyOf(fresh)) {
            List<Known> candidates = lost.getOrDefault(file.facts(), List.of());
            if (file.idBefore() != null || candidates.size() != 1 || found.getOrDefault(file.facts(), 0) != 1) {
                continue;
            }
            Known row = candidates.getFirst();
            database.change(handle -> {
                table.find(handle, row.id())
                        .ifPresent(entry -> table.put(
                                handle,
                                entry.of(
                                        file.fileName(),
                                        file.facts().sizeBytes(),
                                        file.facts().modifiedAtMillis())));
                return true;
            });
            fresh.remove(file);
            gone.remove(row);
        }
    }

    private void look(Database database, List<New> fresh) throws DatabaseException {
        for (int from = 0; from < fresh.size(); from += BATCH) {
            List<RecordingEntry> entries = new ArrayList<>();
            for (New file : fresh.subList(from, Math.min(fresh.size(), from + BATCH))) {
                entries.add(entry(database, file));
            }
            // Looking takes a while; what finished meanwhile has its row by now, and keeps it.
            database.change(handle -> {
                Map<String, Set<String>> ids = new HashMap<>();
                table.known(handle)
                        .forEach(row -> ids.computeIfAbsent(row.fileName(), _ -> new HashSet<>())
                                .add(row.id()));
                for (RecordingEntry entry : entries) {
                    Set<String> rows = ids.get(EntryTable.clean(entry.fileName(), EntryTable.NAME_CHARACTERS));
                    if (rows == null || rows.contains(entry.id())) {
                        table.put(handle, entry);
                    }
                }
                return true;
            });
        }
    }

    private RecordingEntry entry(Database database, New file) throws DatabaseException {
        Facts facts = file.facts();
        Summary summary = folder.look(file.fileName(), facts);
        Container container = RecordFolder.container(file.fileName());
        long durationMillis = summary == null
                ? RecordingEntry.UNKNOWN
                : Duration.ofNanos(summary.durationNanos()).toMillis();
        String before = file.idBefore();
        Optional<RecordingEntry> known =
                before == null ? Optional.empty() : database.ask(handle -> table.find(handle, before));
        String id = before == null ? UUID.randomUUID().toString() : before;
        RecordingEntry entry = known.orElseGet(() -> new RecordingEntry(
                        id,
                        RecordingEntry.Origin.found(id),
                        new RecordingEntry.Media(
                                file.fileName(),
                                container == null ? Container.MP4 : container,
                                List.of(),
                                0,
                                durationMillis,
                                facts.sizeBytes(),
                                facts.modifiedAtMillis()),
                        new RecordingEntry.Stage(State.READY, "", facts.modifiedAtMillis()),
                        RecordingEntry.Report.NONE))
                .of(file.fileName(), facts.sizeBytes(), facts.modifiedAtMillis())
                .containing(durationMillis, summary == null ? List.of() : TrackFacts.of(summary.tracks()));
        if (entry.part() == 0) {
            entry = entry.startingAt(facts.modifiedAtMillis() - Math.max(durationMillis, 0));
        }
        State state =
                summary == null ? State.FAILED : entry.state() == State.INTERRUPTED ? State.INTERRUPTED : State.READY;
        String reason = summary == null ? UNREADABLE : entry.reason().equals(UNREADABLE) ? "" : entry.reason();
        return entry.with(state, reason, entry.part() == 0 ? facts.modifiedAtMillis() : entry.endedAtMillis());
    }
}
