package tapedeck.api;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.net.http.HttpExchange;
import tapedeck.net.http.HttpProblem;
import tapedeck.record.GrowingRecording;
import tapedeck.record.Recordings;
import tapedeck.stream.Stream;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;

/// HLS over the fragments that stay intact inside our MP4s, while they grow and afterwards: nothing is cut or copied
/// for it.
final class RecordedHls {
    /// Behind the name of a recording.
    static final String SUFFIX = ".m3u8";
    /// What asks for the fragments' own file.
    static final String MEDIA = "media";

    static final String FRAGMENTS = "fragments";
    static final String DVR = "dvr.m3u8";
    static final String PAST = "past.mp4";

    /// Streams whose recording is remembered.
    static final int MAX_KNOWN = 64;
    /// How long a stream's recording is still had under the stream's name after somebody has asked while it was live.
    static final long AFTERWARDS_NANOS = TimeUnit.MINUTES.toNanos(10);
    /// What a player found in a playlist may be had for as long again (RFC 8216 6.2.2), but no longer than this.
    static final int MAX_SLACK_SECONDS = 60;

    private static final String MP4 = ".mp4";
    private static final String PLAYLIST = "application/vnd.apple.mpegurl";
    private static final int RETRY_AFTER_SECONDS = 1;

    /// A recording that can be read, wherever it is.
    private record Found(String fileName, Path path, boolean whole) {}

    /// Which recording somebody asked for last under a stream's name.
    private record Asked(String fileName, long nanos) {}

    private final Recordings recordings;
    private final Streams streams;
    private final RecordedFiles files;
    // Guarded by itself. Those that were asked for last are at its end.
    private final SequencedMap<String, Asked> lastAsked = new LinkedHashMap<>(16, 0.75f, true);
    private final int maxRewindSeconds;
    private final LongSupplier nanoClock;

    /// @param maxRewindSeconds how far back one may go in a live stream; 0 for not at all
    RecordedHls(Recordings recordings, Streams streams, int maxRewindSeconds, LongSupplier nanoClock) {
        this.recordings = recordings;
        this.streams = streams;
        this.maxRewindSeconds = maxRewindSeconds;
        this.nanoClock = nanoClock;
        files = new RecordedFiles(nanoClock);
    }

    /// The recording that a playlist is of: `a.m3u8` and `a.mp4.m3u8` are of `a.mp4`.
    static String recordingOf(String playlist) {
        String stem = playlist.substring(0, playlist.length() - SUFFIX.length());
        return stem.endsWith(MP4) ? stem : stem + MP4;
    }

    /// @param query goes behind the address in it
    void playlist(HttpExchange exchange, String fileName, String query) throws Exception {
        Found found = find(exchange, fileName);
        RecordedPlaylist.Kind kind = found.whole() ? RecordedPlaylist.Kind.WHOLE : RecordedPlaylist.Kind.GROWING;
        String uri = SignedLinks.path(fileName) + "?" + MEDIA + "=" + FRAGMENTS + query;
        respond(exchange, playlist(found).write(kind, uri, 0));
    }

    private static void respond(HttpExchange exchange, String playlist) throws Exception {
        exchange.set("Cache-Control", "no-cache").respond(200, PLAYLIST, Bytes.ofUtf8(playlist));
    }

    private RecordedPlaylist playlist(Found found) throws IOException, HttpProblem {
        try (FileChannel file = FileChannel.open(found.path(), StandardOpenOption.READ)) {
            return look(found, file).playlist();
        } catch (NoSuchFileException e) {
            throw missing();
        } catch (MalformedException e) {
            throw notOurs(found, e);
        }
    }

    private RecordedFiles.Seen look(Found found, FileChannel file) throws IOException {
        return files.look(found.path() + (found.whole() ? " " + file.size() : ""), found.whole(), file);
    }

    private static HttpProblem missing() {
        return new HttpProblem(404, "no such recording");
    }

    private static HttpProblem notOurs(Found found, MalformedException e) {
        return new HttpProblem(404, "%s: %s".formatted(found.fileName(), e.getMessage()));
    }

    private Found find(HttpExchange exchange, String fileName) throws HttpProblem {
        // While it is moved into its place it is in neither; so the first is asked again.
        Optional<Found> found = finished(fileName)
                .or(() -> recordings.growing(fileName).map(RecordedHls::found))
                .or(() -> finished(fileName));
        if (found.isEmpty() && recordings.isFinishing(fileName)) {
            exchange.set("Retry-After", String.valueOf(RETRY_AFTER_SECONDS));
            throw new HttpProblem(503, "the recording is just being finished");
        }
        return found.orElseThrow(RecordedHls::missing);
    }

    private Optional<Found> finished(String fileName) {
        return recordings.file(fileName).map(path -> new Found(fileName, path, true));
    }

    private static Found found(GrowingRecording growing) {
        return new Found(growing.fileName(), growing.path(), false);
    }

    /// The fragments' own file, or a range of it.
    void media(HttpExchange exchange, String fileName) throws Exception {
        media(exchange, find(exchange, fileName), 0);
    }

    /// @param pastNanos how far back one may go; 0 for all of it
    private void media(HttpExchange exchange, Found found, long pastNanos) throws Exception {
        try (FileChannel file = FileChannel.open(found.path(), StandardOpenOption.READ)) {
            RecordedFiles.Seen seen = look(found, file);
            int initBytes = seen.playlist().initBytes();
            long first = pastNanos == 0 ? 0 : seen.playlist().pastOffset(pastNanos);
            long sizeBytes = file.size() - seen.base();
            Downloads.sendRange(
                    exchange,
                    file,
                    seen.base(),
                    sizeBytes,
                    "video/mp4",
                    range -> range.from() >= first || range.from() + range.count() <= initBytes);
        } catch (NoSuchFileException e) {
            throw missing();
        } catch (MalformedException e) {
            throw notOurs(found, e);
        }
    }

    /// What is recorded of a live stream, for whoever may play it.
    ///
    /// @param file the playlist or [#PAST]
    /// @param query goes behind the address in it
    void rewind(HttpExchange exchange, StreamName name, String file, String query) throws Exception {
        if (maxRewindSeconds == 0) {
            throw new HttpProblem(404, "hls_rewind is off here");
        }
        Found found = ofStream(exchange, name);
        if (file.equals(PAST)) {
            int slack = Math.min(maxRewindSeconds, MAX_SLACK_SECONDS) + RecordedPlaylist.TARGET_SECONDS;
            media(exchange, found, TimeUnit.SECONDS.toNanos(maxRewindSeconds + (long) slack));
            return;
        }
        String wanted = exchange.query("rewind").orElse(String.valueOf(maxRewindSeconds));
        long seconds = Math.min(maxRewindSeconds, seconds(wanted));
        RecordedPlaylist.Kind kind = found.whole() ? RecordedPlaylist.Kind.ENDED : RecordedPlaylist.Kind.PAST;
        respond(exchange, playlist(found).write(kind, PAST + query, TimeUnit.SECONDS.toNanos(seconds)));
    }

    private static long seconds(String text) {
        if (!text.matches("\\d{1,6}")) {
            throw new MalformedException("rewind has to be a number of seconds");
        }
        return Long.parseLong(text);
    }

    /// Its recording as long as it is live, and the one that it has become afterwards.
    private Found ofStream(HttpExchange exchange, StreamName name) throws HttpProblem {
        Stream stream = streams.find(name).orElse(null);
        if (stream != null) {
            Optional<GrowingRecording> growing = recordings.growingOf(stream.mediaSessionId());
            if (growing.isPresent() && growing.get().fileName().endsWith(MP4)) {
                asked(name, growing.get().fileName());
                return found(growing.get());
            }
            throw new HttpProblem(404, "\"%s\" is not being recorded as MP4, so one cannot go back".formatted(name));
        }
        Asked last = last(name);
        if (last == null) {
            throw new HttpProblem(404, "there is no stream \"%s\" now".formatted(name));
        }
        return find(exchange, last.fileName());
    }

    private void asked(StreamName name, String fileName) {
        synchronized (lastAsked) {
            long now = nanoClock.getAsLong();
            lastAsked.put(name.value(), new Asked(fileName, now));
            lastAsked.values().removeIf(asked -> now - asked.nanos() > AFTERWARDS_NANOS);
            if (lastAsked.size() > MAX_KNOWN) {
                lastAsked.pollFirstEntry();
            }
        }
    }

    private @Nullable Asked last(StreamName name) {
        synchronized (lastAsked) {
            Asked last = lastAsked.get(name.value());
            return last != null && nanoClock.getAsLong() - last.nanos() <= AFTERWARDS_NANOS ? last : null;
        }
    }
}
