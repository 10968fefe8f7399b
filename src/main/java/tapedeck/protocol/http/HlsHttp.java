package tapedeck.protocol.http;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.container.Container;
import tapedeck.container.mp4.CodecName;
import tapedeck.media.Carried;
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

/// HLS: `GET /hls/NAME/index.m3u8` and what stands in it; `ts.m3u8` for players that know nothing but MPEG-TS.
public final class HlsHttp implements AutoCloseable, HlsSource.House {
    /// How long the first playlist may take: until there is a whole segment.
    static final long MAX_FIRST_NANOS = TimeUnit.SECONDS.toNanos(15);

    private static final String PATH = "/hls/*";
    private static final String INDEX = "index.m3u8";
    private static final String LIVE = "live.m3u8";
    private static final String TS = "ts.m3u8";
    private static final String DVR = "dvr.m3u8";
    private static final String PAST_MEDIA = "past.mp4";
    /// What has a name of its own; the others are pieces, which playlists name.
    public static final List<String> FILES = List.of(INDEX, LIVE, TS, DVR, PAST_MEDIA);

    private static final String SESSION = "session";
    private static final String REWIND = "rewind";
    private static final String PLAYLIST = "application/vnd.apple.mpegurl";
    private static final String MP4 = "video/mp4";
    private static final String MP2T = "video/mp2t";
    private static final long PART_WAIT_NANOS = TimeUnit.SECONDS.toNanos(5);
    private static final Pattern MEDIA =
            Pattern.compile("(?<kind>init|seg)-(?<number>\\d{1,15})\\.(?<extension>mp4|m4s|ts)");
    private static final Pattern PART = Pattern.compile("part-(\\d{1,15})-(\\d{1,4})\\.m4s");

    private final Rights rights;
    private final Streams streams;
    private final KeptBytes kept;
    private final Past past;
    private final HttpEntrance entrance;
    private final HlsVisitors visitors;
    // Guarded by this.
    private final Map<StreamName, HlsSource> sources = new HashMap<>();

    /// Whoever has the past of streams on disk.
    public interface Past {
        /// For servers that record nothing.
        Past NONE = (_, name, _, _) -> {
            throw new HttpProblem(404, "\"%s\" is not being recorded".formatted(name));
        };

        /// Answers a request of somebody who may play.
        ///
        /// @param file a playlist, or what it refers to
        /// @param query goes behind every address in a playlist
        void answer(HttpExchange exchange, StreamName name, String file, String query) throws Exception;
    }

    /// @param kept shared by all that keeps something for players
    /// @param past for players that go back in a live stream
    public HlsHttp(Rights rights, Streams streams, HttpRoutes routes, KeptBytes kept, Past past) {
        this.past = past;
        this.rights = rights;
        this.streams = streams;
        this.kept = kept;
        this.visitors = new HlsVisitors(streams, System::nanoTime);
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
        Matcher media = MEDIA.matcher(file);
        Matcher part = PART.matcher(file);
        if (!FILES.contains(file) && !media.matches() && !part.matches()) {
            throw new HttpProblem(404, "nothing is here");
        }
        boolean back =
                file.equals(INDEX) && exchange.query(REWIND).isPresent() || file.equals(DVR) || file.equals(PAST_MEDIA);
        if (back) {
            back(exchange, name, file);
            return;
        }
        boolean free = rights.isFree(Request.Action.PLAY);
        // Only a playlist hands the address on. A visit for each segment would push out those that are watched.
        boolean stays = file.equals(INDEX) || !free && (file.equals(LIVE) || file.equals(TS));
        String visitor = visitor(exchange, name, stays && streams.find(name).isPresent());
        switch (file) {
            case INDEX -> index(exchange, name, visitor);
            case LIVE -> live(exchange, name, visitor);
            case TS -> transportStream(exchange, name, visitor);
            default -> {
                if (media.matches()) {
                    media(exchange, name, visitor, media);
                } else {
                    HlsSource source = running(name);
                    long number = Long.parseLong(part.group(1));
                    int index = Integer.parseInt(part.group(2));
                    HlsWindow window = source == null ? null : source.window();
                    respond(
                            exchange,
                            visitor,
                            MP4,
                            window == null ? null : window.part(number, index, PART_WAIT_NANOS));
                }
            }
        }
    }

    /// For whoever goes back in what is live. This playlist is loaded again and again under its own address, so a new
    /// visitor is sent to one that says who it is. Where everybody may play nobody needs to be known.
    private void back(HttpExchange exchange, StreamName name, String file) throws Exception {
        if (rights.isFree(Request.Action.PLAY)) {
            past.answer(exchange, name, file, "");
            return;
        }
        String known = exchange.query(SESSION).orElse("");
        String visitor = visitor(exchange, name, !file.equals(PAST_MEDIA));
        String rewind = exchange.query(REWIND).orElse("");
        if (!visitor.equals(known) && !visitor.isEmpty() && rewind.matches("\\d*")) {
            String seconds = rewind.isEmpty() ? "" : "&" + REWIND + "=" + rewind;
            exchange.set("Location", file + query(visitor) + seconds)
                    .set("Cache-Control", "no-store")
                    .respond(302);
            return;
        }
        past.answer(exchange, name, file, query(visitor));
    }

    /// Who asks; "" for somebody who may, but is not known.
    ///
    /// @param stays whether somebody new will be known from now on
    private String visitor(HttpExchange exchange, StreamName name, boolean stays) throws HttpProblem {
        String known = exchange.query(SESSION).orElse("");
        if (visitors.isKnown(known, name)) {
            return known;
        }
        entrance.demand(exchange, name.value());
        return stays ? visitors.admit(name, exchange.peer()) : "";
    }

    /// What goes behind the address of a playlist.
    private static String query(String visitor) {
        return visitor.isEmpty() ? "" : "?" + SESSION + "=" + visitor;
    }

    /// What goes behind the addresses in a playlist. Where everybody may play they are the same for everybody, so that
    /// a cache in between can help.
    private String mediaQuery(String visitor) {
        return rights.isFree(Request.Action.PLAY) ? "" : query(visitor);
    }

    /// RFC 8216 4.3.4.2.
    private void index(HttpExchange exchange, StreamName name, String visitor) throws Exception {
        HlsSource source = source(exchange, name, false);
        List<Track> tracks = source.carried().tracks();
        StringBuilder out = new StringBuilder("#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-STREAM-INF:");
        out.append(String.format(
                Locale.ROOT,
                "BANDWIDTH=%d,AVERAGE-BANDWIDTH=%d,CODECS=\"%s\"",
                Math.max(1, source.window().peakBitsPerSecond()),
                Math.max(1, source.window().averageBitsPerSecond()),
                CodecName.ofAll(tracks)));
        for (Track track : tracks) {
            if (track.codec() instanceof Codec.Video video && video.width() > 0) {
                out.append(String.format(Locale.ROOT, ",RESOLUTION=%dx%d", video.width(), video.height()));
            }
        }
        out.append('\n').append(LIVE).append(query(visitor)).append('\n');
        exchange.respond(200, PLAYLIST, Bytes.ofUtf8(out.toString()));
    }

    private void live(HttpExchange exchange, StreamName name, String visitor) throws Exception {
        HlsSource source = source(exchange, name, false);
        long number = number(exchange, "_HLS_msn");
        long part = number(exchange, "_HLS_part");
        if (part >= 0 && number < 0) {
            throw new HttpProblem(400, "_HLS_part needs _HLS_msn");
        }
        if (number >= 0) {
            switch (source.window().awaitReload(number, part)) {
                case THERE -> {}
                case TOO_FAR -> throw new HttpProblem(400, "segment %d is too far in the future".formatted(number));
                case TOO_LATE ->
                    throw LiveHttp.retry(exchange, 503, "segment %d did not come in time".formatted(number));
            }
        }
        playlist(exchange, name, source.window().playlist(mediaQuery(visitor)));
    }

    private void transportStream(HttpExchange exchange, StreamName name, String visitor) throws Exception {
        HlsSource source = source(exchange, name, true);
        if (!source.window().awaitTransportStream(MAX_FIRST_NANOS)) {
            throw LiveHttp.retry(exchange, 503, "stream \"%s\" has no whole segment yet".formatted(name));
        }
        playlist(exchange, name, source.window().transportPlaylist(mediaQuery(visitor)));
    }

    private static void playlist(HttpExchange exchange, StreamName name, String text) throws Exception {
        if (text.isEmpty()) {
            throw LiveHttp.retry(exchange, 404, "nobody watched \"%s\" for a while".formatted(name));
        }
        exchange.respond(200, PLAYLIST, Bytes.ofUtf8(text));
    }

    private void media(HttpExchange exchange, StreamName name, String visitor, Matcher file) throws Exception {
        HlsSource source = running(name);
        HlsWindow window = source == null ? null : source.window();
        long number = Long.parseLong(file.group("number"));
        HlsPiece piece = window == null
                ? null
                : switch (file.group("kind")) {
                    case "init" -> window.init(number);
                    case "seg" ->
                        file.group("extension").equals("ts") ? window.transportStream(number) : window.segment(number);
                    default -> throw new IllegalStateException(file.group());
                };
        respond(exchange, visitor, file.group("extension").equals("ts") ? MP2T : MP4, piece);
    }

    private void respond(HttpExchange exchange, String visitor, String type, @Nullable HlsPiece piece)
            throws Exception {
        if (piece == null) {
            throw new HttpProblem(404, "this segment is not there any more, or not yet");
        }
        try (piece) {
            visitors.took(visitor, piece.carried());
            // Its address never says anything else.
            String whose = rights.isFree(Request.Action.PLAY) ? "public" : "private";
            exchange.set("Cache-Control", whose + ", max-age=60, immutable").respond(200, type, piece.data());
        }
    }

    private static long number(HttpExchange exchange, String name) throws HttpProblem {
        String value = exchange.query(name).orElse("-1");
        if (!value.matches("-1|\\d{1,15}")) {
            throw new HttpProblem(400, name + " has to be a number");
        }
        return Long.parseLong(value);
    }

    private synchronized @Nullable HlsSource running(StreamName name) {
        HlsSource source = sources.get(name);
        if (source != null) {
            source.asked();
        }
        return source;
    }

    /// The source of this name once it has a playlist; begins it if need be.
    ///
    /// @param ts whether it is to have MPEG-TS too
    private HlsSource source(HttpExchange exchange, StreamName name, boolean ts) throws Exception {
        HlsSource source = running(name);
        if (source == null) {
            Stream stream = streams.find(name).orElse(null);
            if (stream == null) {
                throw LiveHttp.retry(exchange, 404, "there is no stream \"%s\" now".formatted(name));
            }
            List<Track> tracks = stream.awaitTracks();
            if (tracks.isEmpty()) {
                throw LiveHttp.retry(
                        exchange, 409, "stream \"%s\" has begun, but nothing of it has come yet".formatted(name));
            }
            Carried carried = LiveHttp.demand(exchange, tracks, HlsSegmenter::canCarry, "HLS", name);
            if (ts) {
                demandTransportStream(carried, name);
            }
            source =
                    begin(name, stream, carried, ts).orElseThrow(() -> LiveHttp.retry(exchange, 503, LiveHttp.NO_ROOM));
        }
        LiveHttp.nameLeftOut(exchange, source.carried());
        if (ts) {
            demandTransportStream(source.carried(), name);
            source.window().wantTransportStreams();
        }
        if (!source.window().awaitFirst(MAX_FIRST_NANOS)) {
            throw LiveHttp.retry(exchange, 503, "stream \"%s\" has no whole segment yet".formatted(name));
        }
        return source;
    }

    /// All sound that HLS has is in MPEG-TS too, so it is the pictures that may be missing.
    private static void demandTransportStream(Carried hls, StreamName name) throws HttpProblem {
        Carried carried = Carried.of(hls.tracks(), Container.TS::canCarry);
        if (!carried.isEnough()) {
            throw new HttpProblem(406, "MPEG-TS cannot carry %s of \"%s\"".formatted(carried.missing(), name));
        }
    }

    /// Empty if there is no room for another one.
    private synchronized Optional<HlsSource> begin(StreamName name, Stream stream, Carried carried, boolean ts) {
        HlsSource running = sources.get(name);
        if (running != null) {
            return Optional.of(running);
        }
        Optional<HlsSource> made = kept.open().map(share -> new HlsSource(streams, name, carried, share, this));
        made.ifPresent(source -> {
            if (ts) {
                source.window().wantTransportStreams();
            }
            sources.put(name, source);
            source.start(stream);
        });
        return made;
    }

    @Override
    public void tick() {
        visitors.forgetIdle();
    }

    @Override
    public synchronized void over(StreamName name) {
        sources.remove(name);
        visitors.forgetIdle();
    }

    @Override
    public synchronized void close() {
        sources.values().forEach(HlsSource::close);
    }
}
