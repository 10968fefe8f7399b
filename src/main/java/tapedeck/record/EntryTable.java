package tapedeck.record;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.Query;
import org.jdbi.v3.core.statement.SqlStatement;
import org.jspecify.annotations.Nullable;
import tapedeck.container.Container;
import tapedeck.record.RecordingEntry.Outcome;
import tapedeck.record.RecordingEntry.State;
import tapedeck.record.RecordingEntry.TrackFacts;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.json.JsonMapper;

/// The catalogue's table, in words that H2 and PostgreSQL both understand. Values are always parameters.
final class EntryTable {
    private static final String COLUMNS =
            "recording_id, node, stream_name, media_session_id, login, protocol, part, file_name, container, tracks, "
                    + "started_at, ended_at, modified_at, duration_millis, size_bytes, state, reason, frames_missing, "
                    + "freeze_millis, filled_millis, drift_millis, hook_state, hook_exit, hook_message, webhook_state, "
                    + "webhook_exit, webhook_message, search_text";
    private static final List<String> NAMES = List.of(COLUMNS.split(", "));
    private static final String INSERT =
            "INSERT INTO recording (id, %s) VALUES (:id, :%s)".formatted(COLUMNS, String.join(", :", NAMES));
    private static final String UPDATE = "UPDATE recording SET %s WHERE id = :id"
            .formatted(String.join(", ", NAMES.stream().map(n -> n + " = :" + n).toList()));
    private static final String FINISHED = "state IN ('ready', 'interrupted')";

    // As wide as the columns.
    static final int NAME_CHARACTERS = 512;
    private static final int LONG_CHARACTERS = 1024;
    private static final int SESSION_CHARACTERS = 128;
    private static final int SEARCH_CHARACTERS = 4096;

    private final String node;
    private final ObjectMapper json = JsonMapper.builder().build();

    /// What is needed to compare the table with the folder.
    record Known(String id, String fileName, State state, long sizeBytes, long modifiedAtMillis) {}

    /// @param node whose rows these are, in a table that several servers share
    EntryTable(String node) {
        this.node = node;
    }

    void put(Handle handle, RecordingEntry entry) {
        if (entry.state().isFinished() && entry.part() > 0) {
            // The folder was looked at between the file's move and this news of it.
            // Or it was taken for an older one of this name, which somebody had moved away.
            handle.createUpdate("DELETE FROM recording WHERE node = :node AND file_name = :file_name AND id <> :id "
                            + "AND (part = 0 OR size_bytes = :size AND modified_at = :modified) "
                            + "AND state NOT IN ('recording', 'finishing')")
                    .bind("node", node)
                    .bind("id", entry.id())
                    .bind("size", entry.sizeBytes())
                    .bind("modified", entry.modifiedAtMillis())
                    .bind("file_name", clean(entry.fileName(), NAME_CHARACTERS))
                    .execute();
        }
        // One writer for each row: nobody comes between.
        if (bind(handle.createUpdate(UPDATE), entry).execute() == 0) {
            bind(handle.createUpdate(INSERT), entry).execute();
        }
    }

    private <S extends SqlStatement<S>> S bind(S statement, RecordingEntry entry) {
        Quality quality = entry.quality();
        bind(statement, "hook", entry.hook());
        bind(statement, "webhook", entry.webhook());
        return statement
                .bind("id", entry.id())
                .bind("recording_id", entry.recordingId())
                .bind("node", node)
                .bind("stream_name", clean(entry.streamName(), NAME_CHARACTERS))
                .bind("media_session_id", clean(entry.mediaSessionId(), SESSION_CHARACTERS))
                .bind("login", clean(entry.login(), LONG_CHARACTERS))
                .bind("protocol", entry.protocol())
                .bind("part", entry.part())
                .bind("file_name", clean(entry.fileName(), NAME_CHARACTERS))
                .bind("container", entry.container().extension())
                .bind("tracks", json.writeValueAsString(entry.tracks()))
                .bind("started_at", entry.startedAtMillis())
                .bind("ended_at", entry.endedAtMillis())
                .bind("modified_at", entry.modifiedAtMillis())
                .bind("duration_millis", entry.durationMillis())
                .bind("size_bytes", entry.sizeBytes())
                .bind("state", entry.state().word())
                .bind("reason", clean(entry.reason(), LONG_CHARACTERS))
                .bind("frames_missing", quality == null ? null : (Long) quality.framesMissing())
                .bind("freeze_millis", quality == null ? null : (Long) quality.freezeMillis())
                .bind("filled_millis", quality == null ? null : quality.filledMillis())
                .bind("drift_millis", quality == null ? null : quality.driftMillis())
                .bind("search_text", searched(entry));
    }

    private static void bind(SqlStatement<?> statement, String prefix, @Nullable Outcome outcome) {
        statement.bind(prefix + "_state", outcome == null ? "" : outcome.state());
        statement.bind(prefix + "_exit", outcome == null ? null : (Integer) outcome.exitStatus());
        statement.bind(prefix + "_message", outcome == null ? "" : clean(outcome.message(), LONG_CHARACTERS));
    }

    private static String searched(RecordingEntry entry) {
        String all = String.join(
                "\n", entry.streamName(), entry.fileName(), entry.login(), entry.mediaSessionId(), entry.id());
        return clean(folded(all), SEARCH_CHARACTERS);
    }

    /// However it was typed: composed or not, in capitals or not.
    private static String folded(String text) {
        return Normalizer.normalize(text, Normalizer.Form.NFC).toLowerCase(Locale.ROOT);
    }

    /// What both databases store: no NUL, no half of a character, no more than fits.
    static String clean(String text, int maxCharacters) {
        StringBuilder kept = new StringBuilder(Math.min(text.length(), maxCharacters));
        for (int i = 0; i < text.length(); ) {
            int c = text.codePointAt(i);
            i += Character.charCount(c);
            if (kept.length() + Character.charCount(c) > maxCharacters) {
                break;
            }
            kept.appendCodePoint(c == 0 || Character.getType(c) == Character.SURROGATE ? '\uFFFD' : c);
        }
        return kept.toString();
    }

    void tell(Handle handle, String id, FileEvent.Told.Listener listener, Outcome outcome) {
        String prefix = listener.name().toLowerCase(Locale.ROOT);
        var update = handle.createUpdate(
                "UPDATE recording SET %1$s_state = :%1$s_state, %1$s_exit = :%1$s_exit, ".formatted(prefix)
                        + "%1$s_message = :%1$s_message WHERE id = :id".formatted(prefix));
        bind(update, prefix, outcome);
        update.bind("id", id).execute();
    }

    void remove(Handle handle, String id) {
        handle.createUpdate("DELETE FROM recording WHERE id = :id AND node = :node")
                .bind("id", id)
                .bind("node", node)
                .execute();
    }

    /// A row of a recording that nobody works on any more and of which nothing is left.
    void giveUp(Handle handle, String id, String reason) {
        handle.createUpdate("UPDATE recording SET state = 'failed', reason = :reason WHERE id = :id AND node = :node "
                        + "AND state IN ('recording', 'finishing')")
                .bind("id", id)
                .bind("node", node)
                .bind("reason", reason)
                .execute();
    }

    Optional<RecordingEntry> find(Handle handle, String id) {
        return handle.createQuery("SELECT * FROM recording WHERE id = :id AND node = :node")
                .bind("id", id)
                .bind("node", node)
                .map((row, _) -> entry(row))
                .findOne();
    }

    /// What a query asks for, as SQL.
    private record Condition(String sql, List<Consumer<Query>> binds) {
        Query in(Handle handle, String before, String after) {
            Query query = handle.createQuery(before + " FROM recording WHERE " + sql + after);
            binds.forEach(bind -> bind.accept(query));
            return query;
        }
    }

    private Condition condition(RecordingQuery query) {
        List<String> conditions = new ArrayList<>();
        List<Consumer<Query>> binds = new ArrayList<>();
        conditions.add("node = :node");
        binds.add(q -> q.bind("node", node));
        where(conditions, binds, "search_text LIKE :text ESCAPE '!'", "text", like(query.text()));
        where(conditions, binds, "stream_name = :stream", "stream", stream(query.streamName()));
        State state = query.state();
        where(conditions, binds, "state = :state", "state", state == null ? null : state.word());
        Container container = query.container();
        where(
                conditions,
                binds,
                "container = :container",
                "container",
                container == null ? null : container.extension());
        where(conditions, binds, "started_at >= :from", "from", query.fromMillis());
        where(conditions, binds, "started_at < :to", "to", query.toMillis());
        return new Condition(String.join(" AND ", conditions), binds);
    }

    /// Ids of the matching files that grow: how large they are, the table does not know.
    Set<String> growing(Handle handle, RecordingQuery query) {
        return condition(query)
                .in(handle, "SELECT id", " AND state = 'recording'")
                .mapTo(String.class)
                .set();
    }

    RecordingPage find(Handle handle, RecordingQuery query) {
        Condition condition = condition(query);
        long[] totals = condition
                .in(handle, "SELECT count(*), coalesce(sum(size_bytes), 0)", "")
                .map((row, _) -> new long[] {row.getLong(1), row.getLong(2)})
                .one();
        // First the ids, so that what has to be sorted is small.
        // What is the same in all rows stands in front, as in the indexes: then H2 needs not sort at all.
        String same = query.state() == null || query.sort() != RecordingQuery.Sort.START ? "node, " : "node, state, ";
        String direction = query.descending() ? " DESC" : "";
        String order = " ORDER BY " + same + query.sort().column() + direction + ", id" + direction;
        List<String> ids = condition
                .in(handle, "SELECT id", order + " LIMIT :size OFFSET :skip")
                .bind("size", query.size())
                .bind("skip", (long) query.page() * query.size())
                .mapTo(String.class)
                .list();
        return new RecordingPage(totals[0], totals[1], inOrder(handle, ids));
    }

    private static void where(
            List<String> conditions,
            List<Consumer<Query>> binds,
            String condition,
            String name,
            @Nullable Object value) {
        if (value != null) {
            conditions.add(condition);
            binds.add(q -> q.bind(name, value));
        }
    }

    private static @Nullable String like(@Nullable String text) {
        return text == null
                ? null
                : "%" + clean(folded(text), SEARCH_CHARACTERS).replaceAll("[!%_]", "!$0") + "%";
    }

    private static @Nullable String stream(@Nullable String name) {
        return name == null ? null : clean(Normalizer.normalize(name, Normalizer.Form.NFC), NAME_CHARACTERS);
    }

    private List<RecordingEntry> inOrder(Handle handle, List<String> ids) {
        if (ids.isEmpty()) {
            return List.of();
        }
        Map<String, RecordingEntry> found = new HashMap<>();
        handle.createQuery("SELECT * FROM recording WHERE id IN (<ids>)")
                .bindList("ids", ids)
                .map((row, _) -> entry(row))
                .forEach(entry -> found.put(entry.id(), entry));
        return ids.stream().map(found::get).filter(Objects::nonNull).toList();
    }

    /// Finished files in the order in which they ended, from behind `after`.
    List<RecordingEntry> oldest(Handle handle, long afterMillis, String afterId, int count) {
        return handle.createQuery(
                        "SELECT * FROM recording WHERE node = :node AND " + FINISHED
                                + " AND (ended_at > :after OR ended_at = :after AND id > :id) ORDER BY ended_at, id LIMIT :count")
                .bind("node", node)
                .bind("after", afterMillis)
                .bind("id", afterId)
                .bind("count", count)
                .map((row, _) -> entry(row))
                .list();
    }

    long finishedBytes(Handle handle) {
        return handle.createQuery(
                        "SELECT coalesce(sum(size_bytes), 0) FROM recording WHERE node = :node AND " + FINISHED)
                .bind("node", node)
                .mapTo(Long.class)
                .one();
    }

    /// Whether another row, finished or not, has the file name of this one.
    boolean hasNamesake(Handle handle, RecordingEntry entry) {
        return handle.createQuery(
                                "SELECT count(*) FROM recording WHERE node = :node AND file_name = :name AND id <> :id")
                        .bind("node", node)
                        .bind("name", clean(entry.fileName(), NAME_CHARACTERS))
                        .bind("id", entry.id())
                        .mapTo(Long.class)
                        .one()
                > 0;
    }

    /// The rows of files that nobody works on. Two can have one name: the older file was moved away.
    List<Known> known(Handle handle) {
        return handle.createQuery("SELECT id, file_name, state, size_bytes, modified_at FROM recording "
                        + "WHERE node = :node AND state NOT IN ('recording', 'finishing')")
                .bind("node", node)
                .map((row, _) -> known(row))
                .list();
    }

    /// Ids of the rows that somebody should be working on, with their file names.
    Map<String, String> open(Handle handle) {
        Map<String, String> open = new HashMap<>();
        handle.createQuery("SELECT id, file_name FROM recording "
                        + "WHERE node = :node AND state IN ('recording', 'finishing')")
                .bind("node", node)
                .map((row, _) -> Map.entry(row.getString("id"), row.getString("file_name")))
                .forEach(each -> open.put(each.getKey(), each.getValue()));
        return open;
    }

    private static Known known(ResultSet row) throws SQLException {
        return new Known(
                row.getString("id"),
                row.getString("file_name"),
                state(row),
                row.getLong("size_bytes"),
                row.getLong("modified_at"));
    }

    private static State state(ResultSet row) throws SQLException {
        return State.valueOf(row.getString("state").toUpperCase(Locale.ROOT));
    }

    private RecordingEntry entry(ResultSet row) throws SQLException {
        return new RecordingEntry(
                row.getString("id"),
                new RecordingEntry.Origin(
                        row.getString("recording_id"),
                        row.getInt("part"),
                        row.getString("stream_name"),
                        row.getString("media_session_id"),
                        row.getString("login"),
                        row.getString("protocol")),
                new RecordingEntry.Media(
                        row.getString("file_name"),
                        Container.valueOf(row.getString("container").toUpperCase(Locale.ROOT)),
                        List.of(json.readValue(row.getString("tracks"), TrackFacts[].class)),
                        row.getLong("started_at"),
                        row.getLong("duration_millis"),
                        row.getLong("size_bytes"),
                        row.getLong("modified_at")),
                new RecordingEntry.Stage(state(row), row.getString("reason"), row.getLong("ended_at")),
                new RecordingEntry.Report(quality(row), outcome(row, "hook"), outcome(row, "webhook")));
    }

    private static @Nullable Quality quality(ResultSet row) throws SQLException {
        Long missing = number(row, "frames_missing");
        return missing == null
                ? null
                : new Quality(
                        missing,
                        row.getLong("freeze_millis"),
                        number(row, "filled_millis"),
                        number(row, "drift_millis"));
    }

    private static @Nullable Long number(ResultSet row, String column) throws SQLException {
        long value = row.getLong(column);
        return row.wasNull() ? null : (Long) value;
    }

    private static @Nullable Outcome outcome(ResultSet row, String prefix) throws SQLException {
        String state = row.getString(prefix + "_state");
        return state.isEmpty()
                ? null
                : new Outcome(state, row.getInt(prefix + "_exit"), row.getString(prefix + "_message"));
    }
}
