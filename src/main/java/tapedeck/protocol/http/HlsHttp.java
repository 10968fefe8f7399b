package tapedeck.protocol.http;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.container.mp4.CodecName;
import tapedeck.media.Codec;
import tapedeck.media.Track;
import tapedeck.net.http.HttpExchange;
import tapedeck.net.http.HttpProblem;
import tapedeck.net.http.HttpRoutes;
import tapedeck.rights.HttpEntrance;
import tapedeck.rights.Request;
import tapedeck.rights.Rights;
import tapedeck.stream.Stream;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;

/// HLS: `GET /hls/NAME/index.m3u8` and what stands in it.
public final class HlsHttp implements AutoCloseable {
    /// How long the first playlist may take: until there is a whole segment.
    static final long MAX_FIRST_NANOS = TimeUnit.SECONDS.toNanos(15);

    static final int RETRY_AFTER_SECONDS = 2;
    private static final String PATH = "/hls/*";
    private static final String INDEX = "index.m3u8";
    private static final String LIVE = "live.m3u8";
    private static final String PLAYLIST = "application/vnd.apple.mpegurl";
    private static final String MP4 = "video/mp4";
    private static final long PART_WAIT_NANOS = TimeUnit.SECONDS.toNanos(5);
    private static final Pattern SEGMENT = Pattern.compile("(init|seg)-(\\d{1,15})\\.(?:mp4|m4s)");
    private static final Pattern PART = Pattern.compile("part-(\\d{1,15})-(\\d{1,4})\\.m4s");

    private final Rights rights;
    private final Streams streams;
    private final KeptBytes kept;
    private final HttpEntrance entrance;
    private final HlsVisitors visitors = new HlsVisitors(System::nanoTime);
    // Guarded by this.
    private final Map<StreamName, HlsSource> sources = new HashMap<>();

    /// @param kept shared by all that keeps something for players
    public HlsHttp(Rights rights, Streams streams, HttpRoutes routes, KeptBytes kept) {
        this.rights = rights;
        this.streams = streams;
        this.kept = kept;
        this.entrance = HttpEntrance.ofAddresses(rights, Request.Action.PLAY, "hls");
        routes.problemDetails(PATH).add("GET", PATH, this::get).add("OPTIONS", PATH, LiveHttp::options);
    }

    private void get(HttpExchange exchange) throws Exception {
        LiveHttp.allowOrigins(exchange);
        String path = exchange.pathRest();
        int slash = path.lastIndexOf('/');
        if (slash < 0) {
            throw new HttpProblem(404, "HLS is at /hls/NAME/index.m3u8");
        }
        StreamName name = new StreamName(path.substring(0, slash));
        String file = path.substring(slash + 1);
        String visitor = exchange.query("session").orElse("");
        if (!visitors.isKnown(visitor, name)) {
            entrance.demand(exchange, name.value());
            // Only a playlist hands the address on. A visit for each segment would push out those that are watched.
            boolean stays = file.equals(INDEX) || file.equals(LIVE);
            visitor = rights.isFree(Request.Action.PLAY) || !stays ? "" : visitors.admit(name);
        }
        String query = visitor.isEmpty() ? "" : "?session=" + visitor;
        Matcher segment = SEGMENT.matcher(file);
        Matcher part = PART.matcher(file);
        if (file.equals(INDEX)) {
            HlsSource source = source(exchange, name);
            exchange.respond(200, PLAYLIST, Bytes.ofUtf8(index(source, query)));
        } else if (file.equals(LIVE)) {
            playlist(exchange, source(exchange, name), query);
        } else if (segment.matches()) {
            long number = Long.parseLong(segment.group(2));
            boolean init = segment.group(1).equals("init");
            media(exchange, name, window -> init ? window.init(number) : window.segment(number));
        } else if (part.matches()) {
            part(exchange, name, Long.parseLong(part.group(1)), Integer.parseInt(part.group(2)));
        } else {
            throw new HttpProblem(404, "nothing is here");
        }
    }

    /// RFC 8216 4.3.4.2.
    private static String index(HlsSource source, String query) {
        List<Track> tracks = source.tracks();
        StringBuilder out = new StringBuilder("#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-STREAM-INF:");
        out.append(String.format(
                Locale.ROOT,
                "BANDWIDTH=%d,CODECS=\"%s\"",
                Math.max(1, source.window().peakBitsPerSecond()),
                CodecName.ofAll(tracks)));
        for (Track track : tracks) {
            if (track.codec() instanceof Codec.Video video && video.width() > 0) {
                out.append(String.format(Locale.ROOT, ",RESOLUTION=%dx%d", video.width(), video.height()));
            }
        }
        return out.append('\n').append(LIVE).append(query).append('\n').toString();
    }

    private static void playlist(HttpExchange exchange, HlsSource source, String query) throws Exception {
        long number = number(exchange, "_HLS_msn");
        long part = number(exchange, "_HLS_part");
        if (part >= 0 && number < 0) {
            throw new HttpProblem(400, "_HLS_part needs _HLS_msn");
        }
        if (number >= 0) {
            switch (source.window().awaitReload(number, part)) {
                case THERE -> {}
                case TOO_FAR -> throw new HttpProblem(400, "segment %d is too far in the future".formatted(number));
                case TOO_LATE -> throw retry(exchange, 503, "segment %d did not come in time".formatted(number));
            }
        }
        exchange.respond(200, PLAYLIST, Bytes.ofUtf8(source.window().playlist(query)));
    }

    private static long number(HttpExchange exchange, String name) throws HttpProblem {
        String value = exchange.query(name).orElse("-1");
        if (!value.matches("-1|\\d{1,15}")) {
            throw new HttpProblem(400, name + " has to be a number");
        }
        return Long.parseLong(value);
    }

    private void media(HttpExchange exchange, StreamName name, Function<HlsWindow, @Nullable Bytes> kept)
            throws Exception {
        HlsSource source = running(name);
        Bytes data = source == null ? null : kept.apply(source.window());
        respond(exchange, data);
    }

    private void part(HttpExchange exchange, StreamName name, long number, int part) throws Exception {
        HlsSource source = running(name);
        respond(exchange, source == null ? null : source.window().part(number, part, PART_WAIT_NANOS));
    }

    private void respond(HttpExchange exchange, @Nullable Bytes data) throws Exception {
        if (data == null) {
            throw new HttpProblem(404, "this segment is not there any more, or not yet");
        }
        // Its address never says anything else.
        String whose = rights.isFree(Request.Action.PLAY) ? "public" : "private";
        exchange.set("Cache-Control", whose + ", max-age=60, immutable").respond(200, MP4, data);
    }

    private synchronized @Nullable HlsSource running(StreamName name) {
        HlsSource source = sources.get(name);
        if (source != null) {
            source.asked();
        }
        return source;
    }

    /// The source of this name once it has a playlist; begins it if need be.
    private HlsSource source(HttpExchange exchange, StreamName name) throws Exception {
        HlsSource source = running(name);
        if (source == null) {
            Stream stream = streams.find(name).orElse(null);
            if (stream == null) {
                throw retry(exchange, 404, "there is no stream \"%s\" now".formatted(name));
            }
            List<Track> tracks = TrackWait.tracks(stream);
            if (tracks.isEmpty()) {
                throw retry(exchange, 409, "stream \"%s\" has begun, but nothing of it has come yet".formatted(name));
            }
            String missing = TrackWait.missing(tracks, HlsSegmenter::canCarry);
            if (missing != null) {
                throw new HttpProblem(406, "HLS cannot carry %s of \"%s\"".formatted(missing, name));
            }
            source = begin(name, stream, tracks).orElseThrow(() -> retry(exchange, 503, LiveHttp.NO_ROOM));
        }
        if (!source.window().awaitFirst(MAX_FIRST_NANOS)) {
            throw retry(exchange, 503, "stream \"%s\" has no whole segment yet".formatted(name));
        }
        return source;
    }

    /// Empty if there is no room for another one.
    private synchronized Optional<HlsSource> begin(StreamName name, Stream stream, List<Track> tracks) {
        HlsSource running = sources.get(name);
        if (running != null) {
            return Optional.of(running);
        }
        Optional<HlsSource> made =
                kept.open().map(share -> new HlsSource(streams, name, tracks, share, () -> over(name)));
        made.ifPresent(source -> {
            sources.put(name, source);
            source.start(stream);
        });
        return made;
    }

    private synchronized void over(StreamName name) {
        sources.remove(name);
    }

    private static HttpProblem retry(HttpExchange exchange, int status, String reason) {
        exchange.set("Retry-After", String.valueOf(RETRY_AFTER_SECONDS));
        return new HttpProblem(status, reason);
    }

    @Override
    public synchronized void close() {
        sources.values().forEach(HlsSource::close);
    }
}
