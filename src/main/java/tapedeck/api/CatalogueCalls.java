package tapedeck.api;

import java.io.IOException;
import java.text.Normalizer;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.MalformedException;
import tapedeck.container.Container;
import tapedeck.net.http.HttpExchange;
import tapedeck.net.http.HttpProblem;
import tapedeck.record.CatalogueAwayException;
import tapedeck.record.Quality;
import tapedeck.record.RecordingEntry;
import tapedeck.record.RecordingEntry.Outcome;
import tapedeck.record.RecordingEntry.State;
import tapedeck.record.RecordingPage;
import tapedeck.record.RecordingQuery;
import tapedeck.record.RecordingQuery.Sort;
import tapedeck.record.Recordings;

/// `/recordings`: what is known of every recording, in pages, and deleting one.
final class CatalogueCalls {
    static final String PATH = "/recordings";
    static final int DEFAULT_SIZE = 50;

    private static final int MAX_ID_CHARACTERS = 64;

    /// @param type `video` or `audio`
    record FileTrack(String type, String codec, int width, int height, int sampleRate, int channels) {
        static FileTrack of(RecordingEntry.TrackFacts track) {
            return new FileTrack(
                    track.type(),
                    LiveStream.codecName(track.codec()),
                    track.width(),
                    track.height(),
                    track.sampleRate(),
                    track.channels());
        }
    }

    /// @param url null until there is something to fetch
    /// @param messagesUrl of what was said on data channels; null if nothing was
    /// @param endMillis null while it grows
    /// @param durationMillis -1 if nobody can read it
    record Entry(
            String id,
            String recordingId,
            String streamName,
            String mediaSessionId,
            String login,
            String protocol,
            int part,
            String fileName,
            @Nullable String url,
            @Nullable String messagesUrl,
            String mediaType,
            String container,
            List<FileTrack> tracks,
            long startMillis,
            @Nullable Long endMillis,
            long durationMillis,
            long size,
            String state,
            String reason,
            @Nullable Quality quality,
            @Nullable Outcome hook,
            @Nullable Outcome webhook) {
        static Entry of(RecordingEntry entry, Recordings recordings) {
            boolean there = entry.state().isFinished();
            String messages = entry.fileName() + Recordings.MESSAGES_SUFFIX;
            return new Entry(
                    entry.id(),
                    entry.recordingId(),
                    entry.streamName(),
                    entry.mediaSessionId(),
                    entry.login(),
                    entry.protocol(),
                    entry.part(),
                    entry.fileName(),
                    there ? SignedLinks.path(entry.fileName()) : null,
                    there && recordings.messages(messages).isPresent() ? SignedLinks.path(messages) : null,
                    entry.container().mediaType(entry.hasVideo()),
                    entry.container().extension(),
                    entry.tracks().stream().map(FileTrack::of).toList(),
                    entry.startedAtMillis(),
                    lastMillis(entry),
                    entry.durationMillis(),
                    entry.sizeBytes(),
                    entry.state().word(),
                    entry.reason(),
                    entry.quality(),
                    entry.hook(),
                    entry.webhook());
        }
    }

    /// On the same clock as the start: that of the time stamps, where the server's own runs a little behind the media.
    private static @Nullable Long lastMillis(RecordingEntry entry) {
        if (entry.endedAtMillis() == 0) {
            return null;
        }
        return entry.durationMillis() >= 0 ? entry.startedAtMillis() + entry.durationMillis() : entry.endedAtMillis();
    }

    /// @param size the most that a page has
    record Page(long total, long totalBytes, int page, int size, List<Entry> recordings) {}

    private final Recordings recordings;

    CatalogueCalls(Recordings recordings) {
        this.recordings = recordings;
    }

    void list(HttpExchange exchange) throws Exception {
        RecordingQuery query = query(exchange);
        try {
            RecordingPage page = recordings.find(query);
            List<Entry> entries = page.entries().stream()
                    .map(entry -> Entry.of(entry, recordings))
                    .toList();
            Json.respond(exchange, new Page(page.total(), page.totalBytes(), query.page(), query.size(), entries));
        } catch (CatalogueAwayException e) {
            throw away(e);
        }
    }

    void one(HttpExchange exchange) throws Exception {
        try {
            RecordingEntry entry = recordings.find(id(exchange)).orElseThrow(CatalogueCalls::unknown);
            Json.respond(exchange, Entry.of(entry, recordings));
        } catch (CatalogueAwayException e) {
            throw away(e);
        }
    }

    void delete(HttpExchange exchange) throws Exception {
        try {
            switch (recordings.delete(id(exchange))) {
                case DELETED -> exchange.respond(204);
                case UNKNOWN -> throw unknown();
                case CHANGED -> throw new HttpProblem(409, "its file was changed or exchanged; look at it again first");
                case BUSY -> throw new HttpProblem(409, "it is still being recorded, finished or handed to the hook");
            }
        } catch (CatalogueAwayException e) {
            throw away(e);
        } catch (IOException e) {
            throw new HttpProblem(500, "the file cannot be deleted: " + e);
        }
    }

    private static String id(HttpExchange exchange) throws HttpProblem {
        String id = exchange.pathRest();
        if (id.isEmpty() || id.length() > MAX_ID_CHARACTERS) {
            throw unknown();
        }
        return id;
    }

    private static HttpProblem unknown() {
        return new HttpProblem(404, "no such recording");
    }

    private static HttpProblem away(CatalogueAwayException e) {
        return new HttpProblem(503, String.valueOf(e.getMessage()));
    }

    static RecordingQuery query(HttpExchange exchange) {
        String sort = exchange.query("sort").orElse("-start");
        boolean descending = sort.startsWith("-");
        return new RecordingQuery(
                text(exchange, "q"),
                text(exchange, "stream"),
                one(exchange.query("state").orElse(null), "state", State.values(), State::word),
                one(exchange.query("container").orElse(null), "container", Container.values(), Container::extension),
                time(exchange, "from"),
                time(exchange, "to"),
                required(one(
                        descending ? sort.substring(1) : sort,
                        "sort",
                        Sort.values(),
                        each -> each.name().toLowerCase(Locale.ROOT))),
                descending,
                number(exchange, "page", 0, 0, RecordingQuery.MAX_PAGE),
                number(exchange, "size", DEFAULT_SIZE, 1, RecordingQuery.MAX_SIZE));
    }

    private static Sort required(@Nullable Sort sort) {
        return sort == null ? Sort.START : sort;
    }

    private static @Nullable String text(HttpExchange exchange, String name) {
        Optional<String> text = exchange.query(name).filter(given -> !given.isEmpty());
        if (text.isPresent() && text.get().length() > RecordingQuery.MAX_TEXT_CHARACTERS) {
            throw new MalformedException("\"%s\": at most %d characters allowed, %d given"
                    .formatted(
                            name, RecordingQuery.MAX_TEXT_CHARACTERS, text.get().length()));
        }
        return text.map(given -> Normalizer.normalize(given, Normalizer.Form.NFC))
                .orElse(null);
    }

    private static <T> @Nullable T one(@Nullable String given, String name, T[] values, Function<T, String> word) {
        if (given == null || given.isEmpty()) {
            return null;
        }
        for (T value : values) {
            if (word.apply(value).equals(given)) {
                return value;
            }
        }
        String allowed = Stream.of(values).map(word).collect(Collectors.joining(", "));
        throw new MalformedException("\"%s\": %s allowed".formatted(name, allowed));
    }

    private static int number(HttpExchange exchange, String name, int preset, int least, int most) {
        String given = exchange.query(name).orElse("");
        if (given.isEmpty()) {
            return preset;
        }
        if (given.matches("\\d{1,9}")) {
            int value = Integer.parseInt(given);
            if (value >= least && value <= most) {
                return value;
            }
        }
        throw new MalformedException("\"%s\": %d to %d allowed".formatted(name, least, most));
    }

    /// Milliseconds since 1970, a day (UTC), or a time with its offset as in RFC 3339.
    private static @Nullable Long time(HttpExchange exchange, String name) {
        String given = exchange.query(name).orElse("");
        if (given.isEmpty()) {
            return null;
        }
        if (given.matches("\\d{1,15}")) {
            return Long.valueOf(given);
        }
        try {
            Instant instant = given.length() <= 10
                    ? LocalDate.parse(given).atStartOfDay(ZoneOffset.UTC).toInstant()
                    : OffsetDateTime.parse(given).toInstant();
            return instant.toEpochMilli();
        } catch (DateTimeException | ArithmeticException e) {
            throw new MalformedException(
                    "\"%s\": milliseconds since 1970, 2026-01-31 or 2026-01-31T10:00:00Z allowed".formatted(name), e);
        }
    }
}
