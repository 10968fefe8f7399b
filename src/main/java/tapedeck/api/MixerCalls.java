package tapedeck.api;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tapedeck.bytes.MalformedException;
import tapedeck.mix.LiveMix;
import tapedeck.mix.LiveMixers;
import tapedeck.mix.MixerRefusedException;
import tapedeck.net.http.HttpExchange;
import tapedeck.net.http.HttpProblem;

/// `mixer/…`: live streams into one, with the bodies that `@flashphoner/websdk` sends.
final class MixerCalls {
    /// A mixer runs, in the words of that client.
    private static final String STATUS = "PROCESSED_LOCAL";

    private interface Call {
        void run(Json.Body body) throws MixerRefusedException;
    }

    private final LiveMixers mixers;

    MixerCalls(LiveMixers mixers) {
        this.mixers = mixers;
    }

    void start(HttpExchange exchange) throws Exception {
        run(
                exchange,
                body -> mixers.start(
                        body.text("uri"),
                        body.optionalText("localStreamName").filter(name -> !name.isEmpty()),
                        body.texts()));
    }

    void add(HttpExchange exchange) throws Exception {
        run(
                exchange,
                body -> mixers.add(
                        body.text("uri"),
                        which(body),
                        body.optionalFlag("hasVideo").orElse(true),
                        body.optionalFlag("hasAudio").orElse(true)));
    }

    void remove(HttpExchange exchange) throws Exception {
        run(exchange, body -> mixers.remove(body.text("uri"), which(body)));
    }

    void terminate(HttpExchange exchange) throws Exception {
        run(exchange, body -> mixers.terminate(body.text("uri")));
    }

    private static LiveMixers.Which which(Json.Body body) {
        LiveMixers.Which which =
                new LiveMixers.Which(body.optionalText("remoteStreamName"), body.optionalText("mediaSessionId"));
        if (which.streamName().isEmpty() && which.mediaSessionId().isEmpty()) {
            throw new MalformedException("\"remoteStreamName\" or \"mediaSessionId\" is missing");
        }
        return which;
    }

    /// 404 if there is none.
    void findAll(HttpExchange exchange) throws Exception {
        Json.body(exchange);
        List<Map<String, Object>> all =
                mixers.all().stream().map(MixerCalls::members).toList();
        if (all.isEmpty()) {
            throw new HttpProblem(404, "there is no mixer");
        }
        Json.respond(exchange, all);
    }

    /// Those down to `mediaSessions` are what clients of the Flashphoner server know.
    private static Map<String, Object> members(LiveMix mix) {
        Map<String, Object> members = new LinkedHashMap<>();
        members.put("localMediaSessionId", mix.mediaSessionId());
        members.put("remoteMediaSessionId", null);
        members.put("localStreamName", mix.streamName());
        members.put("remoteStreamName", null);
        members.put("uri", mix.uri());
        members.put("status", STATUS);
        members.put("hasVideo", mix.hasVideo());
        members.put("hasAudio", mix.hasAudio());
        members.put(
                "mediaSessions",
                mix.sources().stream()
                        .map(LiveMix.Source::mediaSessionId)
                        .filter(id -> !id.isEmpty())
                        .toList());
        members.put("width", mix.width());
        members.put("height", mix.height());
        members.put("fps", mix.fps());
        members.put("sources", mix.sources().stream().map(MixerCalls::members).toList());
        members.put("pictures", mix.pictures());
        members.put("droppedPictures", mix.droppedPictures());
        members.put("damagedPackets", mix.damagedPackets());
        members.put("restartedWorkers", mix.restartedWorkers());
        return members;
    }

    private static Map<String, Object> members(LiveMix.Source source) {
        Map<String, Object> members = new LinkedHashMap<>();
        members.put("streamName", source.streamName());
        members.put("mediaSessionId", source.mediaSessionId());
        members.put("hasVideo", source.hasVideo());
        members.put("hasAudio", source.hasAudio());
        members.put("state", source.state().name().toLowerCase(Locale.ROOT));
        members.put("packets", source.packets());
        members.put("droppedFrames", source.droppedFrames());
        return members;
    }

    private static void run(HttpExchange exchange, Call call) throws Exception {
        Json.Body body = Json.body(exchange);
        try {
            call.run(body);
        } catch (MixerRefusedException e) {
            throw new HttpProblem(status(e.reason()), String.valueOf(e.getMessage()));
        }
        exchange.respond(200);
    }

    private static int status(MixerRefusedException.Reason reason) {
        return switch (reason) {
            case NO_SUCH_MIXER, NO_SUCH_STREAM, NOT_MIXED -> 404;
            case TAKEN, LOOP -> 409;
            case SETTINGS -> 400;
            case BROKEN -> 500;
        };
    }
}
