package tapedeck.mix;

import java.nio.file.Path;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import org.jdbi.v3.core.Handle;

/// The queue's table, in words that H2 and PostgreSQL both understand. Values are always parameters.
final class JobTable {
    static final int MESSAGE_CHARACTERS = 1024;
    static final int URI_CHARACTERS = 1024;
    private static final long NONE = -1;

    private final String node;

    /// @param node whose rows these are, in a table that several servers share
    JobTable(String node) {
        this.node = node;
    }

    int insert(Handle handle, MixJob job) {
        return handle.createUpdate("INSERT INTO mix_job (id, node, file_path, creation_time, duration_millis, "
                        + "recorder_uri, state, attempts, created_at, ended_at, mixed_path, message) "
                        + "VALUES (:id, :node, :file, :creation, :duration, :uri, :state, 0, :created, 0, '', '')")
                .bind("id", job.id())
                .bind("node", node)
                .bind("file", job.file())
                .bind("creation", job.recording().creationTime().orElse(NONE))
                .bind("duration", job.recording().durationMillis().orElse(NONE))
                .bind("uri", job.recording().uri())
                .bind("state", word(job.state()))
                .bind("created", job.createdAtMillis())
                .execute();
    }

    int begin(Handle handle, String id) {
        return handle.createUpdate("UPDATE mix_job SET state = 'running', attempts = attempts + 1 "
                        + "WHERE node = :node AND id = :id AND state = 'waiting'")
                .bind("node", node)
                .bind("id", id)
                .execute();
    }

    int end(
            Handle handle,
            String id,
            MixJob.State state,
            long nowMillis,
            String mixedFile,
            int exitCode,
            String message) {
        return handle.createUpdate("UPDATE mix_job SET state = :state, ended_at = :ended, mixed_path = :mixed, "
                        + "exit_code = :code, message = :message WHERE node = :node AND id = :id")
                .bind("node", node)
                .bind("id", id)
                .bind("state", word(state))
                .bind("ended", nowMillis)
                .bind("mixed", mixedFile)
                .bind("code", exitCode)
                .bind("message", message.substring(0, Math.min(message.length(), MESSAGE_CHARACTERS)))
                .execute();
    }

    /// What ran when the server ended runs again.
    int revive(Handle handle) {
        return handle.createUpdate("UPDATE mix_job SET state = 'waiting' WHERE node = :node AND state = 'running'")
                .bind("node", node)
                .execute();
    }

    /// Those that are over and older than the last so many are forgotten.
    int forget(Handle handle, int kept) {
        List<String> old = handle.createQuery("SELECT id FROM mix_job WHERE node = :node "
                        + "AND state NOT IN ('waiting', 'running') ORDER BY created_at DESC, id OFFSET :kept")
                .bind("node", node)
                .bind("kept", kept)
                .mapTo(String.class)
                .list();
        for (String id : old) {
            handle.createUpdate("DELETE FROM mix_job WHERE id = :id")
                    .bind("id", id)
                    .execute();
        }
        return old.size();
    }

    /// The oldest that waits.
    Optional<MixJob> next(Handle handle) {
        return handle.createQuery("SELECT * FROM mix_job WHERE node = :node AND state = 'waiting' "
                        + "ORDER BY created_at, id FETCH FIRST 1 ROWS ONLY")
                .bind("node", node)
                .map((row, _) -> read(row))
                .findFirst();
    }

    List<MixJob> all(Handle handle) {
        return handle.createQuery("SELECT * FROM mix_job WHERE node = :node ORDER BY created_at DESC, id")
                .bind("node", node)
                .map((row, _) -> read(row))
                .list();
    }

    private static MixJob read(ResultSet row) throws SQLException {
        MixJob.State state = MixJob.State.valueOf(row.getString("state").toUpperCase(Locale.ROOT));
        return new MixJob(
                row.getString("id"),
                new MixCallback.Recording(
                        Path.of(row.getString("file_path")),
                        known(row.getLong("creation_time")),
                        known(row.getLong("duration_millis")),
                        row.getString("recorder_uri")),
                state,
                row.getInt("attempts"),
                row.getLong("created_at"),
                row.getLong("ended_at"),
                row.getString("mixed_path"),
                row.getInt("exit_code"),
                row.getString("message"),
                state == MixJob.State.DONE ? MixJobs.ALL_PERCENT : 0);
    }

    private static OptionalLong known(long value) {
        return value == NONE ? OptionalLong.empty() : OptionalLong.of(value);
    }

    private static String word(MixJob.State state) {
        return state.name().toLowerCase(Locale.ROOT);
    }
}
