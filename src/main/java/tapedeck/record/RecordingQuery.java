package tapedeck.record;

import org.jspecify.annotations.Nullable;
import tapedeck.container.Container;

/// Which files of the catalogue somebody wants to see. What is null does not matter.
///
/// @param text somewhere in the names of stream, file or login, however written
/// @param streamName the whole name
/// @param fromMillis started then or later
/// @param toMillis started before
/// @param page from 0
public record RecordingQuery(
        @Nullable String text,
        @Nullable String streamName,
        RecordingEntry.@Nullable State state,
        @Nullable Container container,
        @Nullable Long fromMillis,
        @Nullable Long toMillis,
        Sort sort,
        boolean descending,
        int page,
        int size) {
    public static final int MAX_SIZE = 500;
    /// What lies further back is found by asking more narrowly.
    public static final int MAX_PAGE = 20_000;
    /// A longer text is in no name.
    public static final int MAX_TEXT_CHARACTERS = 1024;

    public enum Sort {
        START("started_at"),
        END("ended_at"),
        DURATION("duration_millis"),
        SIZE("size_bytes"),
        STREAM("stream_name"),
        FILE("file_name"),
        STATE("state");

        private final String column;

        Sort(String column) {
            this.column = column;
        }

        String column() {
            return column;
        }
    }

    public RecordingQuery {
        if (size < 1 || size > MAX_SIZE || page < 0 || page > MAX_PAGE) {
            throw new IllegalArgumentException("page %d of %d".formatted(page, size));
        }
    }
}
