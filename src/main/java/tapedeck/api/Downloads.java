package tapedeck.api;

import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import tapedeck.bytes.MalformedException;
import tapedeck.net.http.HttpExchange;
import tapedeck.net.http.HttpProblem;
import tapedeck.record.CutRange;
import tapedeck.record.CutRefusedException;
import tapedeck.record.Cuts;
import tapedeck.record.FinishedRecording;
import tapedeck.record.Recordings;
import tapedeck.settings.Settings;

/// `/client/records/FILE`: finished recordings, whole or in ranges, from disk to the socket through one small buffer
/// for each download.
final class Downloads {
    static final String PREFIX = "/client/records/";
    /// What one download holds in memory.
    static final int BUFFER_BYTES = 64 * 1024;

    private static final String BOUNDARY = "tapedeck-range-7MA4YWxkTrZu0gW";

    /// Media types of files that are remembered.
    private static final int MAX_TYPES = 1000;

    /// @param tag of the file that was looked into
    private record Typed(String tag, String mediaType) {}

    private final Map<String, Typed> types = new ConcurrentHashMap<>();
    private final Recordings recordings;
    /// Those in which recordings are.
    private final List<Path> dirs;
    private final Settings.Http.Disposition disposition;
    private final Access access;
    private final SignedLinks links;
    private final RecordedHls hls;

    Downloads(Recordings recordings, Settings settings, Access access, SignedLinks links, RecordedHls hls) {
        this.hls = hls;
        this.recordings = recordings;
        dirs = List.of(settings.recording().dir(), settings.recording().multiDir());
        disposition = settings.http().disposition();
        this.access = access;
        this.links = links;
    }

    void handle(HttpExchange exchange) throws Exception {
        String asked = exchange.pathRest();
        boolean playlist = asked.endsWith(RecordedHls.SUFFIX);
        String fileName = playlist ? RecordedHls.recordingOf(asked) : asked;
        boolean linked = links.granted(exchange, fileName);
        demand(exchange, linked);
        if (playlist) {
            hls.playlist(exchange, fileName, linked ? SignedLinks.query(exchange) : "");
        } else if (exchange.query(RecordedHls.MEDIA)
                .map(RecordedHls.FRAGMENTS::equals)
                .orElse(false)) {
            hls.media(exchange, fileName);
        } else {
            file(exchange, fileName);
        }
    }

    private void demand(HttpExchange exchange, boolean linked) throws HttpProblem {
        if (linked) {
            // Whoever has the link may put it into any page.
            exchange.set("Cross-Origin-Resource-Policy", "cross-origin");
        } else if (!access.granted(exchange)) {
            throw access.refused(exchange);
        }
    }

    private void file(HttpExchange exchange, String fileName) throws Exception {
        Path recording = find(fileName);
        Path file = cut(exchange, recording);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            send(exchange, channel, file, mediaType(fileName, tag(recording)));
        } catch (NoSuchFileException e) {
            throw missing();
        }
    }

    /// The part that `start` and `end` ask for, in a file of its own; containers that cannot be cut are sent whole.
    private Path cut(HttpExchange exchange, Path file) throws IOException, HttpProblem {
        Optional<CutRange> range;
        try {
            range = CutRange.parse(exchange.query("start"), exchange.query("end"));
        } catch (MalformedException e) {
            throw new HttpProblem(400, String.valueOf(e.getMessage()));
        }
        if (range.isEmpty() || !Cuts.canCut(file.getFileName().toString())) {
            return file;
        }
        try {
            return recordings.cuts().cut(file, range.get());
        } catch (NoSuchFileException e) {
            throw missing();
        } catch (CutRefusedException e) {
            int status = switch (e.reason()) {
                case NOTHING_THERE, CANNOT_BE_CUT -> 404;
                case NO_SPACE -> 507;
            };
            throw new HttpProblem(status, String.valueOf(e.getMessage()));
        }
    }

    /// The catalogue says which files there are; that they are inside the folder is checked again here, after all
    /// links.
    private Path find(String fileName) throws IOException, HttpProblem {
        Path file = recordings
                .file(fileName)
                .or(() -> recordings.messages(fileName))
                .orElseThrow(Downloads::missing);
        Path real;
        try {
            real = file.toRealPath();
        } catch (NoSuchFileException e) {
            throw missing();
        }
        if (!isInside(real) || !Files.isRegularFile(real, LinkOption.NOFOLLOW_LINKS)) {
            throw missing();
        }
        return real;
    }

    private boolean isInside(Path real) throws IOException {
        for (Path dir : dirs) {
            if (Files.exists(dir) && real.startsWith(dir.toRealPath())) {
                return true;
            }
        }
        return false;
    }

    /// The catalogue has looked into the file and knows audio from video. To ask it costs a look at the whole folder,
    /// which a player that fetches many ranges must not cause each time.
    private String mediaType(String fileName, String tag) {
        if (fileName.endsWith(Recordings.MESSAGES_SUFFIX)) {
            return "application/x-ndjson";
        }
        if (fileName.endsWith(Recordings.TIMELINE_SUFFIX)) {
            return "application/json";
        }
        Typed known = types.get(fileName);
        if (known != null && known.tag().equals(tag)) {
            return known.mediaType();
        }
        Optional<FinishedRecording> found = recordings.finished().stream()
                .filter(file -> file.fileName().equals(fileName))
                .findFirst();
        String mediaType = found.map(FinishedRecording::mediaType)
                .orElseGet(() -> Cuts.canCut(fileName) ? "video/mp4" : "application/octet-stream");
        if (found.isPresent() && found.get().durationNanos() != FinishedRecording.UNKNOWN) {
            if (types.size() >= MAX_TYPES) {
                types.clear();
            }
            types.put(fileName, new Typed(tag, mediaType));
        }
        return mediaType;
    }

    private static HttpProblem missing() {
        return new HttpProblem(404, "no such recording");
    }

    private static String tag(Path file) throws IOException {
        Instant modified = Files.getLastModifiedTime(file).toInstant();
        return "\"%x-%x-%x\"".formatted(Files.size(file), modified.getEpochSecond(), modified.getNano());
    }

    private void send(HttpExchange exchange, FileChannel channel, Path file, String type) throws Exception {
        long sizeBytes = channel.size();
        Instant modified = Files.getLastModifiedTime(file).toInstant();
        String tag = tag(file);
        exchange.set("ETag", tag)
                .set("Last-Modified", HttpDates.format(modified))
                .set("Accept-Ranges", "bytes")
                .set("Cache-Control", "private, no-cache");
        switch (Preconditions.check(exchange, tag, modified)) {
            case NOT_MODIFIED -> exchange.respond(304);
            case FAILED -> throw new HttpProblem(412, "the recording has changed");
            case GO_ON -> {
                exchange.set(
                        "Content-Disposition",
                        disposition(exchange, file.getFileName().toString()));
                ByteRanges ranges = Preconditions.rangeApplies(exchange, tag, modified)
                        ? exchange.header("Range")
                                .map(value -> ByteRanges.parse(value, sizeBytes))
                                .orElse(new ByteRanges.Whole())
                        : new ByteRanges.Whole();
                switch (ranges) {
                    case ByteRanges.Whole _ -> {
                        OutputStream out = exchange.start(200, type, sizeBytes);
                        copy(exchange, channel, 0, sizeBytes, out);
                    }
                    case ByteRanges.Parts parts -> sendParts(exchange, channel, type, sizeBytes, parts.ranges());
                    case ByteRanges.Unsatisfiable _ -> throw unsatisfiable(exchange, sizeBytes);
                }
            }
        }
    }

    /// A part of a file that is a file of its own to whoever asks; only the first range of several.
    ///
    /// @param allowed which ranges may be had (else 403)
    static void sendRange(
            HttpExchange exchange,
            FileChannel channel,
            long base,
            long sizeBytes,
            String type,
            Predicate<ByteRanges.Range> allowed)
            throws Exception {
        exchange.set("Accept-Ranges", "bytes").set("Cache-Control", "private, no-cache");
        ByteRanges ranges = exchange.header("Range")
                .map(value -> ByteRanges.parse(value, sizeBytes))
                .orElse(new ByteRanges.Whole());
        switch (ranges) {
            case ByteRanges.Whole _ -> {
                demand(allowed, new ByteRanges.Range(0, sizeBytes));
                copy(exchange, channel, base, sizeBytes, exchange.start(200, type, sizeBytes));
            }
            case ByteRanges.Parts parts -> {
                ByteRanges.Range range = parts.ranges().getFirst();
                demand(allowed, range);
                exchange.set("Content-Range", contentRange(range, sizeBytes));
                copy(exchange, channel, base + range.from(), range.count(), exchange.start(206, type, range.count()));
            }
            case ByteRanges.Unsatisfiable _ -> throw unsatisfiable(exchange, sizeBytes);
        }
    }

    private static void demand(Predicate<ByteRanges.Range> allowed, ByteRanges.Range range) throws HttpProblem {
        if (!allowed.test(range)) {
            throw new HttpProblem(403, "this is further back than one may go");
        }
    }

    private static HttpProblem unsatisfiable(HttpExchange exchange, long sizeBytes) {
        exchange.set("Content-Range", "bytes */" + sizeBytes);
        return new HttpProblem(416, "the recording has %d bytes".formatted(sizeBytes));
    }

    /// One range stands alone; more are a `multipart/byteranges` (RFC 9110 14.6).
    private static void sendParts(
            HttpExchange exchange, FileChannel channel, String type, long sizeBytes, List<ByteRanges.Range> ranges)
            throws Exception {
        if (ranges.size() == 1) {
            ByteRanges.Range range = ranges.getFirst();
            exchange.set("Content-Range", contentRange(range, sizeBytes));
            copy(exchange, channel, range.from(), range.count(), exchange.start(206, type, range.count()));
            return;
        }
        List<byte[]> heads = new ArrayList<>();
        byte[] tail = "\r\n--%s--\r\n".formatted(BOUNDARY).getBytes(StandardCharsets.US_ASCII);
        long total = tail.length;
        for (ByteRanges.Range range : ranges) {
            byte[] head = "\r\n--%s\r\nContent-Type: %s\r\nContent-Range: %s\r\n\r\n"
                    .formatted(BOUNDARY, type, contentRange(range, sizeBytes))
                    .getBytes(StandardCharsets.US_ASCII);
            heads.add(head);
            total += head.length + range.count();
        }
        OutputStream out = exchange.start(206, "multipart/byteranges; boundary=" + BOUNDARY, total);
        for (int i = 0; i < heads.size(); i++) {
            out.write(heads.get(i));
            copy(exchange, channel, ranges.get(i).from(), ranges.get(i).count(), out);
        }
        out.write(tail);
    }

    private static String contentRange(ByteRanges.Range range, long sizeBytes) {
        return "bytes %d-%d/%d".formatted(range.from(), range.to(), sizeBytes);
    }

    private static void copy(HttpExchange exchange, FileChannel channel, long from, long count, OutputStream out)
            throws IOException {
        if (exchange.method().equals("HEAD")) {
            return;
        }
        ByteBuffer buffer = ByteBuffer.allocate((int) Math.min(count, BUFFER_BYTES));
        for (long at = from; at < from + count; ) {
            buffer.clear().limit((int) Math.min(buffer.capacity(), from + count - at));
            int read = channel.read(buffer, at);
            if (read < 0) {
                throw new EOFException("the recording became shorter than it was at the start of the download");
            }
            out.write(buffer.array(), 0, read);
            at += read;
        }
    }

    /// The setting's word, or `attachment` on demand, and the name: RFC 6266 4.3, with RFC 8187 for what is not ASCII.
    private String disposition(HttpExchange exchange, String name) {
        boolean download = exchange.query("download").map("true"::equals).orElse(false);
        String kind = download ? "attachment" : disposition.name().toLowerCase(Locale.ROOT);
        String ascii = name.replaceAll("[^\\x20-\\x7E]|[\"\\\\%]", "_");
        Optional<String> extended = ascii.equals(name) ? Optional.empty() : Optional.of(extended(name));
        return "%s;filename=\"%s\"%s"
                .formatted(
                        kind,
                        ascii,
                        extended.map(value -> ";filename*=UTF-8''" + value).orElse(""));
    }

    private static String extended(String name) {
        StringBuilder encoded = new StringBuilder();
        for (byte b : name.getBytes(StandardCharsets.UTF_8)) {
            int c = b & 0xFF;
            boolean plain =
                    c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || "-._~".indexOf(c) >= 0;
            encoded.append(plain ? Character.toString(c) : "%%%02X".formatted(c));
        }
        return encoded.toString();
    }
}
