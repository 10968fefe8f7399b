package tapedeck.api;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Predicate;
import tapedeck.bytes.MalformedException;
import tapedeck.net.http.HttpProblem;
import tapedeck.relay.PullControls;
import tapedeck.relay.RelayRefusedException;
import tapedeck.relay.RelayReport;
import tapedeck.relay.Relays;
import tapedeck.stream.StreamName;

/// `pull/…`, `push/…` and `rtsp/…`: streams that are fetched from other servers and sent to them, with the members that
/// `@flashphoner/websdk` sends.
final class RelayCalls {
    /// A pull or push.
    ///
    /// @param mediaSessionId names it in `push/terminate`
    /// @param streamMediaSessionId of the live stream that it makes or sends; "" while there is none
    /// @param streamName of our stream; `localStreamName` is the same for those who know it so
    /// @param uri the other side, without its secrets; `rtmpUrl` is the same
    /// @param leftOut which codecs of the stream do not go along, in words; "" where all do
    /// @param status `CONNECTING`, `ACTIVE`, `WAITING` or `ENDED`
    record Entry(
            String mediaSessionId,
            String streamMediaSessionId,
            String direction,
            String streamName,
            String localStreamName,
            String uri,
            String rtmpUrl,
            String status,
            long attempts,
            String lastError,
            String leftOut,
            long startMillis,
            long statusMillis,
            boolean configured) {
        static Entry of(RelayReport report) {
            return new Entry(
                    report.id(),
                    report.mediaSessionId(),
                    report.direction().name().toLowerCase(Locale.ROOT),
                    report.stream().value(),
                    report.stream().value(),
                    report.address(),
                    report.address(),
                    report.state().name(),
                    report.attempts(),
                    report.lastError(),
                    report.leftOut(),
                    report.startedAt().toEpochMilli(),
                    report.since().toEpochMilli(),
                    report.configured());
        }
    }

    /// A call: JSON in, what becomes JSON out.
    interface Call {
        Object answer(Json.Body body) throws HttpProblem;
    }

    private static final String ENDED = "ended over REST";

    private final Relays relays;

    RelayCalls(Relays relays) {
        this.relays = relays;
    }

    /// `{"uri", "localStreamName", "remoteStreamName"}`: the last one is put behind the address. Without a local name
    /// one is made of the address.
    Object pull(Json.Body body) throws HttpProblem {
        String address = address(body, "uri", body.optionalText("remoteStreamName"));
        Optional<String> name = body.optionalText("localStreamName");
        try {
            StreamName stream = name.isPresent() ? new StreamName(name.get()) : Relays.nameOf(address);
            return Entry.of(relays.pull(address, stream, options(body)));
        } catch (RelayRefusedException e) {
            throw problem(e);
        }
    }

    /// The same for RTSP alone.
    Object pullRtsp(Json.Body body) throws HttpProblem {
        String uri = body.text("uri");
        if (!isRtsp(uri)) {
            throw new MalformedException("\"uri\": rtsp:// or rtsps:// is needed");
        }
        return pull(body);
    }

    /// `{"streamName", "rtmpUrl", "rtmpTransponderFullUrl"}`: the name is put behind the address unless it is full.
    Object push(Json.Body body) throws HttpProblem {
        String name = body.text("streamName");
        boolean full = body.optionalFlag("rtmpTransponderFullUrl").orElse(false);
        return push(name, address(body, "rtmpUrl", full ? Optional.empty() : Optional.of(name)), body);
    }

    /// `{"uri", "localStreamName", "remoteStreamName"}`.
    Object pushTo(Json.Body body) throws HttpProblem {
        String address = address(body, "uri", body.optionalText("remoteStreamName"));
        return push(body.text("localStreamName"), address, body);
    }

    private Object push(String name, String address, Json.Body body) throws HttpProblem {
        try {
            return Entry.of(relays.push(new StreamName(name), address, options(body)));
        } catch (RelayRefusedException e) {
            throw problem(e);
        }
    }

    private static String address(Json.Body body, String member, Optional<String> behind) {
        String address = body.text(member);
        return behind.map(name -> address + (address.endsWith("/") ? "" : "/") + name)
                .orElse(address);
    }

    /// `record` and what stands in `options`.
    private static Map<String, String> options(Json.Body body) {
        Map<String, String> options = new LinkedHashMap<>(body.object("options").texts());
        body.optionalFlag("record").ifPresent(record -> options.put("record", record.toString()));
        return options;
    }

    List<Entry> allPulls() {
        return all(entry -> entry.direction().equals("pull"));
    }

    List<Entry> allPushes() {
        return all(entry -> entry.direction().equals("push"));
    }

    List<Entry> allRtsp() {
        return all(entry -> entry.direction().equals("pull") && isRtsp(entry.uri()));
    }

    private List<Entry> all(Predicate<Entry> wanted) {
        return relays.all().stream().map(Entry::of).filter(wanted).toList();
    }

    private static boolean isRtsp(String address) {
        String scheme = address.strip().toLowerCase(Locale.ROOT);
        return scheme.startsWith("rtsp://") || scheme.startsWith("rtsps://");
    }

    /// Those of the list that have all that the body names; 404 if there is none.
    List<Entry> found(List<Entry> all, Json.Body body) throws HttpProblem {
        Predicate<Entry> wanted = wanted(body);
        List<Entry> found = all.stream().filter(wanted).toList();
        if (found.isEmpty()) {
            throw new HttpProblem(404, "there is no such pull or push");
        }
        return found;
    }

    private Predicate<Entry> wanted(Json.Body body) {
        List<Predicate<Entry>> all = new ArrayList<>();
        body.optionalText("mediaSessionId")
                .ifPresent(id -> all.add(entry -> entry.mediaSessionId().equals(id)));
        body.optionalText("status")
                .ifPresent(status -> all.add(entry -> entry.status().equals(status)));
        for (String member : List.of("streamName", "localStreamName")) {
            body.optionalText(member)
                    .ifPresent(name -> all.add(entry -> entry.streamName().equals(name)));
        }
        body.optionalText("remoteStreamName")
                .ifPresent(name -> all.add(entry -> relays.isNamed(entry.mediaSessionId(), name)));
        for (String member : List.of("uri", "rtmpUrl")) {
            body.optionalText(member).ifPresent(address -> all.add(entry -> goesTo(entry, address)));
        }
        return all.stream().reduce(_ -> true, Predicate::and);
    }

    /// An address as it was given, with or without the name behind it.
    private boolean goesTo(Entry entry, String address) {
        boolean push = entry.direction().equals("push");
        return relays.isAt(entry.mediaSessionId(), push, address)
                || push
                        && relays.isAt(
                                entry.mediaSessionId(),
                                true,
                                address + (address.endsWith("/") ? "" : "/") + entry.streamName());
    }

    /// `{"mediaSessionId", "position"}`: does it with the pulls that the body names.
    ///
    /// @throws HttpProblem 404 if there are none, 409 if they cannot
    void control(Json.Body body, Consumer<PullControls> what) throws HttpProblem {
        if (body.texts().isEmpty()) {
            throw new MalformedException("nothing says which one");
        }
        List<PullControls> able = found(allPulls(), body).stream()
                .flatMap(entry -> relays.controls(entry.mediaSessionId()).stream())
                .toList();
        if (able.isEmpty()) {
            throw new HttpProblem(
                    409,
                    "only files, and playlists that are finished, can be paused, played and moved within; over HTTP the"
                            + " server has to answer ranges");
        }
        able.forEach(what);
    }

    /// In milliseconds.
    static long positionNanos(Json.Body body) {
        return body.optionalNumber("position")
                        .filter(millis -> millis >= 0 && millis < Integer.MAX_VALUE)
                        .orElseThrow(() -> new MalformedException("\"position\": milliseconds are needed"))
                * 1_000_000;
    }

    /// Ends those of the list that the body names, which has to name something.
    ///
    /// @throws HttpProblem 404 if none of them runs
    void terminate(List<Entry> all, Json.Body body) throws HttpProblem {
        if (body.texts().isEmpty()) {
            throw new MalformedException("nothing says which one");
        }
        boolean any = false;
        for (Entry entry : found(all, body)) {
            any |= relays.terminate(entry.mediaSessionId(), ENDED);
        }
        if (!any) {
            throw new HttpProblem(404, "it has ended already");
        }
    }

    private static HttpProblem problem(RelayRefusedException refused) {
        int status = switch (refused.reason()) {
            case ADDRESS -> 400;
            case NO_SUCH_STREAM -> 404;
            case CONFLICT -> 409;
            case LIMIT -> 429;
            case OTHER_SIDE -> 500;
        };
        return new HttpProblem(status, String.valueOf(refused.getMessage()));
    }
}
